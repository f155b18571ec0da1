"""The independent checker: from what was sent and what was received alone, whether the run kept every promise.

It knows the agents' journal, the providers' receipts, when the monkey struck, and what the public API shows at the end. It
shares no code with the product. Each promise is a function that yields what breaks it; an empty list is a good run.
"""

from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from tests.chaos import weather
from tests.chaos.journal import OPEN, Blow, CaseFile, Evidence, Receipt, Shown, Try, Word
from tests.chaos.lessons import check_lessons, without_lessons
from tests.chaos.matrix import people
from tests.chaos.retelling import Fault, Told, retell
from tests.chaos.twin import AFTER_CLOSING, Clock, Message, Twin
from tests.chaos.twin_deeds import REFUSED_WHEN, Standing

# A send that was claimed just before a case closed may still reach the provider: the vendors' clients take up to five
# seconds to connect, and a claim may wait for the store's lock for one more.
IN_HAND = timedelta(seconds=6)
# Between a provider's answer and the mark in the store a worker may die. The mark is one transaction, which waits up to
# five seconds for the lock.
UNMARKED = timedelta(seconds=6)
LOSING = weather.LOSING  # what leaves the sender in doubt
KILLS = (weather.WORKER, weather.WORKERS, weather.EVERYTHING)
FINAL = ("sent", "delivered", "failed", "skipped", "unknown")
SLACK = timedelta(seconds=1)  # between a state as the timeline dates it and a refusal as the agent heard it


@dataclass
class Verdict:
    """What is broken, and what the retellings found, for the summary."""

    faults: list[Fault] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    duplicates: int = 0
    shown_possible: int = 0
    lost: int = 0


def check(evidence: Evidence) -> Verdict:
    """Hold the whole run against its promises."""
    verdict = Verdict()
    merges: dict[str, list[Word]] = defaultdict(list)
    for word in (word for file in evidence.cases for word in file.words if word.name == "merge"):
        merges[word.body["into"]].append(word)
    receipts: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in evidence.receipts:
        receipts[receipt.reference].append(receipt)
    for file in without_lessons(evidence).cases:
        told = verdict.told[file.id] = retell(file, merges, evidence.ended)
        verdict.faults += [*told.faults, *_words(file, told), *_end_state(file, told), *_meant(file)]
        if told.faults:  # then nobody knows which messages there must be
            verdict.faults += _never_ended(file, verdict)
        else:
            verdict.faults += _messages(file, told, receipts, evidence.blows, verdict)
        verdict.faults += _after_the_end(file, receipts)
    verdict.faults += [*_strangers(evidence), *check_lessons(evidence)]
    verdict.faults += [Fault("process", "-", death) for death in evidence.deaths]
    verdict.faults += [Fault("unfinished", "-", f"nobody could finish: {name}") for name in evidence.unfinished]
    return verdict


def reference_of(key: str) -> str:
    """The opaque word a provider knows a message by: the first twelve signs of its hash, in base 32."""
    return b32encode(sha256(key.encode()).digest()).decode().lower()[:12]


# words


def _words(file: CaseFile, told: Told) -> Iterator[Fault]:
    """Every word that was taken stands in the timeline once, every refused one never; a repeat changed nothing."""
    for word in file.words:
        if word.end == "unheard":
            yield Fault("unheard", file.id, f"nobody ever decided on {_shown_word(word)}")
        elif word.end == "refused":
            yield from _refused(word, told)
        elif word.name != OPEN and word.key not in told.lines_of and not told.faults and not _said_again(word, told):
            yield Fault("command lost", file.id, f"{_shown_word(word)} was taken, and stands nowhere in the timeline")
        yield from _tries(word)


def _refused(word: Word, told: Told) -> Iterator[Fault]:
    if word.mark and word.key in told.lines_of:
        yield Fault("refused and done", word.case, f"{_shown_word(word)} stands in the timeline")
    rule = REFUSED_WHEN.get(word.code or "")
    if rule is None or not any(rule(one) for one in _while_on_its_way(word, told.standings)):
        yield Fault("wrong refusal", word.case, f"{_shown_word(word)}: the case was never so that it had to be refused")


def _said_again(word: Word, told: Told) -> bool:
    """An acknowledgement by whoever has the case already changes nothing and leaves no line."""
    if word.name != "acknowledge":
        return False
    return any(one.owner == word.by for one in _while_on_its_way(word, told.standings))


def _while_on_its_way(word: Word, standings: Sequence[Standing]) -> Iterator[Standing]:
    begins, ends = word.tries[0].sent - SLACK, (word.ended_at or word.tries[-1].heard) + SLACK
    ends = max(ends, word.tries[-1].heard)
    for place, one in enumerate(standings):
        until = (
            standings[place + 1].since if place + 1 < len(standings) else datetime.max.replace(tzinfo=one.since.tzinfo)
        )
        if one.since <= ends and until >= begins:
            yield one


def _tries(word: Word) -> Iterator[Fault]:
    for one in word.tries:
        if one.status is not None and one.status >= 500 and one.status != 503:
            yield Fault("broken answer", word.case, f"{_shown_word(word)} was answered {one.status}: {one.body}")
    for again in word.repeats:
        first = word.answer
        if first is not None and _gist(again) != _gist(first) and not _kept_again(first, again):
            yield Fault("repeat differs", word.case, f"{_shown_word(word)}: first {_gist(first)}, then {_gist(again)}")


def _kept_again(first: Try, again: Try) -> bool:
    """The answer was given and could not be remembered (the store was locked), so the same word was kept for a worker again."""
    return (first.status, again.status) == (200, 202) and first.command_id == again.command_id is not None


def _gist(answer: Try) -> tuple[object, ...]:
    """What must be the same in a repeat. A try that takes over from one that died may show the case as it then stands."""
    body = answer.body if isinstance(answer.body, dict) else {}
    return (answer.status, *(body.get(name) for name in ("id", "episode", "command_id", "code")))


def _shown_word(word: Word) -> str:
    sent = word.tries[0].sent if word.tries else "never"
    return f"{word.name} by {word.by} ({word.key}, {word.end} {word.code or ''}, first sent {sent})"


# end states


def _meant(file: CaseFile) -> Iterator[Fault]:
    """The case stands as its script meant it to."""
    if not file.shown:
        yield Fault("end state", file.id, "the API knows no such case")
        return
    document, meant = file.shown[-1].document, file.meant
    found = {
        "status": document["status"],
        "summary": (document["resolution"] or {}).get("summary"),
        "resolver": (document["resolution"] or {}).get("by"),
        "cause": (document["root_cause"] or {}).get("description"),
        "parent": document["parent"],
        "children": document["children"],
        "episode": document["episode"],
    }
    for name, value in found.items():
        if name in meant and meant[name] != value:
            yield Fault("end state", file.id, f"{name} is {value!r}, and the script meant {meant[name]!r}")
    if meant.get("last_resort") and "owner of last resort" not in str(file.shown[0].timeline):
        yield Fault("end state", file.id, "the last resort was seen to be told, and the record has lost it")


def _end_state(file: CaseFile, told: Told) -> Iterator[Fault]:
    """Each episode stands as everything said and everything due makes it."""
    if told.faults:
        return
    for shown, twin in zip(file.shown, told.twins, strict=True):
        document = shown.document
        for name, wanted in _wanted(twin).items():
            if _found(document, name) != wanted:
                text = f"episode {shown.episode}: {name} is {_found(document, name)!r} and must be {wanted!r}"
                yield Fault("end state", file.id, text)
        yield from _targets(file.id, shown, twin)


def _wanted(twin: Twin) -> dict[str, Any]:
    return {
        "status": twin.status,
        "priority": twin.priority,
        "tier.index": twin.tier,
        "team": twin.team,
        "entry": twin.entry,
        "owner": twin.owner,
        "accountable": twin.accountable,
        "responders_told": twin.told,
        "watchers": twin.watchers,
        "resolution.summary": twin.resolution and twin.resolution["summary"],
        "resolution.by": twin.resolution and twin.resolution["by"],
        "root_cause.description": twin.cause and twin.cause["description"],
        "root_cause.by": twin.cause and twin.cause["by"],
        "reopen_count": twin.reopened,
        "reopened_from": twin.episode - 1 or None,
        "parent": twin.parent,
        "children": twin.children,
        "survey.score": twin.survey,
    }


def _found(document: Mapping[str, Any], name: str) -> Any:
    here: Any = document
    for part in name.split("."):
        here = here.get(part) if here is not None else None
    return here


def _targets(case: str, shown: Shown, twin: Twin) -> Iterator[Fault]:
    """Every target with its true times. Of promises long past the record keeps only the latest."""
    found = Counter(_shown_target(one) for one in shown.document["targets"])
    wanted = Counter(_wanted_target(clock) for clock in twin.clocks)
    for one in found - wanted:
        yield Fault("target", case, f"episode {shown.episode}: shows {one}; right would be one of {_like(one, wanted)}")
    for one in wanted - found:
        if one[0] != "customer_update":
            yield Fault("target", case, f"episode {shown.episode}: does not show {one}")


Target = tuple[str, str | None, datetime, datetime | None, datetime | None]


def _shown_target(one: Mapping[str, Any]) -> Target:
    times = [None if one[name] is None else datetime.fromisoformat(one[name]) for name in ("breached_at", "met_at")]
    return (one["name"], one["tier"], datetime.fromisoformat(one["started_at"]), times[0], times[1])


def _wanted_target(clock: Clock) -> Target:
    return (clock.name, clock.tier, clock.started, clock.breached, clock.met)


def _like(one: Target, others: Mapping[Target, int]) -> list[Target]:
    return [other for other in others if other[0] == one[0]]


# messages


def _messages(
    file: CaseFile, told: Told, receipts: Mapping[str, list[Receipt]], blows: Sequence[Blow], verdict: Verdict
) -> Iterator[Fault]:
    """Every message the policy demands is in the record, and went out or has a good reason why not; no other is."""
    for shown, twin in zip(file.shown, told.twins, strict=True):
        recorded = {one["key"]: one for one in shown.messages}
        for key in recorded.keys() - twin.messages.keys():
            yield Fault("message too many", file.id, f"{key} is in the record, and nothing asks for it")
        for key, message in twin.messages.items():
            if key not in recorded:
                verdict.lost += 1
                yield Fault("message lost", file.id, f"{key}, due {message.made}, is missing without a record")
                continue
            fate = _Fate(file, message, recorded[key], receipts.get(reference_of(key), []), blows, told)
            broken = list(fate.faults())
            verdict.lost += any(one.what == "message lost" for one in broken)
            verdict.duplicates += max(fate.taken - 1, 0)
            verdict.shown_possible += recorded[key]["code"] == "possible_duplicate"
            yield from broken


def _never_ended(file: CaseFile, verdict: Verdict) -> Iterator[Fault]:
    for one in (one for shown in file.shown for one in shown.messages if one["status"] not in FINAL):
        verdict.lost += 1
        yield Fault("message lost", file.id, f"{one['key']} is still {one['status']}")


class _Fate:
    """One message: what the record says became of it, and what the provider knows."""

    def __init__(
        self, file: CaseFile, message: Message, record: Mapping[str, Any], receipts: Sequence[Receipt],
        blows: Sequence[Blow], told: Told,
    ) -> None:  # fmt: skip
        self._file, self._message, self._record, self._receipts, self._told = file, message, record, receipts, told
        self._kills = [blow.at for blow in blows if blow.what in KILLS]
        self.taken = sum(one.taken for one in receipts)

    def faults(self) -> Iterator[Fault]:
        status = self._record["status"]
        if status not in FINAL:
            yield self._fault("message lost", f"is still {status}")
        elif status in ("sent", "delivered") and not self.taken:
            yield self._fault("message lost", "is recorded as sent, and the provider never took it")
        elif status == "skipped":
            yield from self._skipped()
        elif status == "failed":
            yield from self._failed()
        elif status == "unknown" and not self._in_doubt():
            yield self._fault("wrong end", "is unknown, and no answer was lost and no worker killed")
        yield from self._duplicates()
        yield from self._addresses()

    def _skipped(self) -> Iterator[Fault]:
        if self.taken:
            yield self._fault("wrong end", "is recorded as skipped, and the provider took it")
        if self._message.key not in self._told.skipped:
            yield self._fault("message lost", "is skipped, and the timeline does not say why")

    def _failed(self) -> Iterator[Fault]:
        code = self._record["code"]
        if self._message.key not in self._told.failed:
            yield self._fault("wrong end", "has failed, and the timeline does not say so")
        if code == "no_address":
            if self._address() is not None:
                yield self._fault("message lost", "has failed for want of an address that there is")
        elif not any(one.fault == weather.REFUSED for one in self._receipts):
            yield self._fault("message lost", f"has failed ({code}), and the provider never refused it")

    def _in_doubt(self) -> bool:
        lost = any(one.fault in LOSING for one in self._receipts)
        begins = datetime.fromisoformat(self._record["created_at"])
        return lost or any(at >= begins for at in self._kills)

    def _duplicates(self) -> Iterator[Fault]:
        """Taken twice only after an answer was lost or a worker killed with it, and then the record says so."""
        taken = sorted((one for one in self._receipts if one.taken), key=lambda one: one.at)
        for one in taken[:-1]:
            if one.told and not any(one.at - UNMARKED <= at <= one.at + UNMARKED for at in self._kills):
                yield self._fault("sent twice", f"was taken and answered at {one.at}, and sent again all the same")
        if len(taken) > 1 and self._message.channel == "sms":
            yield self._fault("sent twice", "was taken twice by Twilio, which could have been asked")
        if len(taken) > 1 and self._record["code"] != "possible_duplicate":
            yield self._fault("silent duplicate", f"was taken {len(taken)} times, and the record does not say so")

    def _addresses(self) -> Iterator[Fault]:
        for one in self._receipts:
            if one.to != self._address():
                yield self._fault("wrong address", f"went to {one.to}")

    def _address(self) -> str | None:
        if self._message.person is not None:
            return people().address(self._message.person, self._message.channel)
        found: str | None = self._file.customer.get("email" if self._message.channel == "email" else "phone")
        return found

    def _fault(self, what: str, text: str) -> Fault:
        received = "; ".join(f"{one.at:%H:%M:%S.%f} {one.fault or 'taken and answered'}" for one in self._receipts)
        record = {
            name: self._record[name] for name in ("status", "code", "attempts", "created_at", "sent_at", "reason")
        }
        return Fault(
            what, self._file.id, f"{self._message.key} {text}; received: {received or 'never'}; record: {record}"
        )


def _after_the_end(file: CaseFile, receipts: Mapping[str, list[Receipt]]) -> Iterator[Fault]:
    """Once a case has closed or was withdrawn, only the closed notice, the survey and the alert of a low answer go out."""
    endings = [word for word in file.words if word.name in ("close", "cancel", "merge") and word.end == "applied"]
    for shown in file.shown:
        ended_at = _known_end(shown, endings)
        if ended_at is None:
            continue
        for record in shown.messages:
            late = [one for one in receipts.get(reference_of(record["key"]), ()) if one.at > ended_at + IN_HAND]
            if late and record["kind"] not in AFTER_CLOSING:
                text = f"{record['key']} went out at {late[0].at}, and the case had ended by {ended_at}"
                yield Fault("after closing", file.id, text)


def _known_end(shown: Shown, endings: Sequence[Word]) -> datetime | None:
    """When the store knew that this episode had ended; a case that closes by itself is dated by its own line."""
    line = next(
        (one for one in shown.timeline if one["kind"] in ("closed", "cancelled") or "into" in one["data"]), None
    )
    if line is None:
        return None
    at = datetime.fromisoformat(line["at"])
    known = [
        word.ended_at for word in endings if word.ended_at is not None and word.tries[0].sent <= at <= word.ended_at
    ]
    return min(known, default=None)


def _strangers(evidence: Evidence) -> Iterator[Fault]:
    """Nothing reaches a provider that no case knows of."""
    known = {reference_of(one["key"]) for file in evidence.cases for shown in file.shown for one in shown.messages}
    for receipt in evidence.receipts:
        if receipt.reference not in known:
            yield Fault(
                "message too many", "-", f"nobody knows the message {receipt.reference} to {receipt.to}: {receipt}"
            )
