"""A run in words: a summary for whoever reads the result, and for each broken promise everything there is about its case."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.chaos import weather
from tests.chaos.checker import Verdict, reference_of
from tests.chaos.journal import Blow, CaseFile, Evidence, Receipt, Word

AFTER_A_KILL = timedelta(seconds=5)  # what falls due in this time after a kill tells how long a case stood still
RECOVERY = timedelta(seconds=6)  # after a blow, until lateness counts as that of calm weather
UNRECORDED = timedelta(seconds=1)  # before a blow: what fell due then may not be recorded yet, and waits for its end

Late = tuple[datetime, datetime]  # when something fell due, and when the store had it


def summary(evidence: Evidence, verdict: Verdict) -> list[str]:
    """What happened, in a dozen lines."""
    length = (evidence.ended - evidence.began).total_seconds()
    return [
        f"chaos: seed {evidence.seed}, {length:.0f} s with the finish",
        f"chaos: {_counted(Counter(_status(file) for file in evidence.cases))}",
        f"chaos: {_said(evidence)}",
        f"chaos: broken: {_counted(Counter(blow.what for blow in evidence.blows))}",
        f"chaos: providers: {_counted(Counter(one.fault for one in evidence.receipts if one.fault))}",
        f"chaos: {_messages(evidence, verdict)}",
        f"chaos: {_lateness(evidence, verdict)}",
        f"chaos: {len(verdict.faults)} promises broken",
    ]


def told_in_full(evidence: Evidence, verdict: Verdict) -> str:
    """The summary, every fault, and the whole story of each case that has one."""
    broken = list(dict.fromkeys(fault.case for fault in verdict.faults))
    files = [file for file in evidence.cases if file.id in broken]
    faults = [f"{fault.what}: {fault.case}: {fault.text}" for fault in verdict.faults]
    blows = [f"{blow.at:%H:%M:%S.%f} to {blow.back:%H:%M:%S.%f} {blow.what}" for blow in evidence.blows]
    stories = [line for file in files for line in story(file, evidence.receipts)]
    return "\n".join([*summary(evidence, verdict), *faults, *(["", "blows", *blows, *stories] if faults else [])])


def story(file: CaseFile, receipts: Sequence[Receipt]) -> Iterator[str]:
    """One case: what was said to it, its timeline, its messages, and what the providers received of it."""
    received: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        received.setdefault(receipt.reference, []).append(receipt)
    yield from ("", f"=== {file.id}: {file.script}, meant {file.meant}")
    yield from (line for word in file.words for line in _word(word))
    for shown in file.shown:
        yield f"--- episode {shown.episode}: {shown.document['status']}"
        yield from (
            f"  {one['seq']:3} {one['at']} {one['kind']}: {one['text']} {one['data']}" for one in shown.timeline
        )
        for one in shown.messages:
            yield f"  {one['key']}: {_fields(one, 'status', 'code', 'attempts', 'created_at', 'sent_at', 'reason')}"
            yield from (f"      {_receipt(each)}" for each in received.get(reference_of(one["key"]), ()))


def _word(word: Word) -> Iterator[str]:
    settled = _fields(word.settled or {}, "status", "code", "received_at", "settled_at")
    yield f"  {word.name} by {word.by}: {word.end} {word.code or ''} [{word.key}] {word.body} {settled}"
    for one in word.tries:
        yield f"      {one.sent:%H:%M:%S.%f} to {one.heard:%H:%M:%S.%f} {one.status or one.error} {one.code or ''}"


def _fields(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names if data.get(name) is not None}


def _receipt(one: Receipt) -> str:
    taken = "taken" if one.taken else "not taken"
    return f"{one.at:%H:%M:%S.%f} {one.channel} to {one.to}: {taken}, {one.fault or 'answered'}"


def _status(file: CaseFile) -> str:
    return f"cases {file.shown[-1].document['status'] if file.shown else 'lost'}"


def _said(evidence: Evidence) -> str:
    words = [word for file in evidence.cases for word in file.words]
    by_answer = Counter({201: "opened", 200: "200", 202: "202"}.get(word.status or 0, "refused") for word in words)
    tries = [one for word in words for one in word.tries]
    in_vain = sum(not one.decides for one in tries)
    return f"{len(words)} words ({_counted(by_answer)}), {len(tries)} requests, {in_vain} of them in vain"


def _messages(evidence: Evidence, verdict: Verdict) -> str:
    ends = Counter(one["status"] for file in evidence.cases for shown in file.shown for one in shown.messages)
    taken = sum(one.taken for one in evidence.receipts)
    text = f"{sum(ends.values())} messages ({_counted(ends)}), {taken} taken by providers, {evidence.lookups} look-ups"
    return (
        f"{text}; duplicates after lost answers {verdict.duplicates} (record shows {verdict.shown_possible} "
        f"possible), lost {verdict.lost}"
    )


def _lateness(evidence: Evidence, verdict: Verdict) -> str:
    late = list(_late(evidence, verdict))
    kills = [blow.at for blow in evidence.blows if blow.what == weather.WORKER]
    others = [blow for blow in evidence.blows if blow.what != weather.WORKER]
    stood = [
        made - max(due, at)
        for at in kills
        for due, made in late
        if at <= due < at + AFTER_A_KILL and not _troubled(at, others) and not _troubled(due, others)
    ]
    calm = [made - due for due, made in late if not _troubled(due, evidence.blows)]
    return (
        f"longest stand-still after the kill of one worker {_most(stood)}; worst lateness of a message "
        f"{_most(made - due for due, made in late)}, in calm weather {_most(calm)}"
    )


def _late(evidence: Evidence, verdict: Verdict) -> Iterator[Late]:
    """When each message fell due, and when it was recorded, which is right before it goes out."""
    for file in evidence.cases:
        twins = verdict.told[file.id].twins
        for shown, twin in zip(file.shown, twins, strict=False):
            for one in shown.messages:
                if one["key"] in twin.messages:
                    yield twin.messages[one["key"]].due, datetime.fromisoformat(one["created_at"])


def _troubled(at: datetime, blows: Sequence[Blow]) -> bool:
    return any(blow.at - UNRECORDED <= at <= blow.back + RECOVERY for blow in blows)


def _most(spans: Iterable[timedelta]) -> str:
    longest = max(spans, default=None)
    return "unknown" if longest is None else f"{longest.total_seconds():.1f} s"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common()) or "nothing"
