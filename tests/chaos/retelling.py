"""Tells a case's timeline again, line by line, with the twin: every line must be one that had to come, at the time it had to.

What comes from outside (a command, the roster's answer, the end of a message) is taken from the timeline at its time, after
everything that was due before. What comes by itself must stand there exactly as the twin says, with its true due time,
however late it was handled. The first line that does not fit ends the story, for nothing after it means anything.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.journal import OPEN, CaseFile, Shown, Word
from tests.chaos.matrix import matrix, people
from tests.chaos.twin import SYSTEM, Line, Twin
from tests.chaos.twin_deeds import WORDS, Standing, Unlawful, ask_how_it_was, obey
from tests.chaos.twin_time import answered, failed, fire, next_due

PATIENCE = timedelta(
    seconds=20
)  # how late a due thing may still be on its way when the record is read, with everything up
SEEN = timedelta(seconds=10)  # until a new episode is in the store, which may be locked
SKEW = timedelta(milliseconds=50)  # one machine, but two clocks of different grain
MOVES_ON = ("acknowledge", "assign", "escalate", "hand-back", "resolve", "close", "cancel", "merge")

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """Something that must not be: `what` is the rule that is broken, `case` whose, `text` how."""

    what: str
    case: str
    text: str


class Broken(Exception):
    """The timeline does not go on as it must."""


@dataclass
class Told:
    """What the retelling of a case found: its twin at the end of each episode, how it stood when, and every fault."""

    twins: list[Twin] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    skipped: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    failed: dict[str, str | None] = field(default_factory=dict)
    lines_of: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def retell(file: CaseFile, merges: Mapping[str, list[Word]], asked: datetime) -> Told:
    """Tell the whole case again. `merges` are the merge words into this case; `asked` is when the record was read."""
    told = Told()
    pool = [*file.words, *(_adoption(word) for word in merges.get(file.id, ()))]
    before: Twin | None = None
    for shown in file.shown:
        story = _Story(file, shown, pool, told, before)
        try:
            story.tell(asked)
        except (Broken, Unlawful) as broken:
            told.faults.append(Fault("timeline", file.id, f"episode {shown.episode}: {broken}"))
        if story.twin is not None:
            told.twins.append(story.twin)
        before = story.twin
    return told


def _adoption(merge: Word) -> Word:
    """What the target of a merge is told by the API."""
    made = Word(merge.body["into"], "adopt", merge.by, {"child": merge.case}, f"{merge.key}/adopt")
    made.tries, made.settled = merge.tries, merge.settled
    return made


class _Story:
    def __init__(self, file: CaseFile, shown: Shown, pool: list[Word], told: Told, before: Twin | None) -> None:
        self._file, self._shown, self._pool, self._told, self._before = file, shown, pool, told, before
        self._rest = deque(shown.timeline)
        self.twin: Twin | None = None

    def tell(self, asked: datetime) -> None:
        twin = self.twin = self._opened()
        while self._rest:
            here = self._rest[0]
            outside = self._from_outside(here)
            if outside is None:
                self._by_itself(twin, _at(here))
                continue
            answers = outside in (_duty, _overtaken)  # which may be of the very instant at which they were asked for
            self._time_comes(twin, _at(here), inclusive=answers)
            if self._rest[0] is not here:
                continue
            if (
                _at(here) < twin.now and twin.live
            ):  # a survey after closing is written down beside the last messages' ends
                raise Broken(f"goes back in time to {_words(here)}")
            twin.now = _at(here)
            outside(twin, here)
            self._follows(twin)
            self._time_comes(twin, twin.now, inclusive=True)
        self._ended(twin, asked)

    def _opened(self) -> Twin:
        document, first = self._shown.document, self._rest[0]
        opening = next(word for word in self._file.words if word.name == OPEN)
        policy, roster, before = matrix(document["policy"]["name"]), people(), self._before
        twin = Twin(
            self._file.id, self._shown.episode, policy, roster, self._file.customer, opening.body["priority"], _at(first)
        )  # fmt: skip
        twin.lines.append(Line("opened", None))
        for name in ("resolution", "closure", "customer_update"):
            twin.start(name)
        if before is None:
            _within(opening, twin.now)
            twin.enter(0, policy.tiers[0].team, "opened")
        else:
            self._goes_on(twin, before)
        twin.notice("opened")
        self._follows(twin)
        self._time_comes(twin, twin.now, inclusive=True)
        return twin

    def _goes_on(self, twin: Twin, before: Twin) -> None:
        """An episode that begins where the closed one ended."""
        word = self._said(self._rest[1])
        twin.priority, twin.reopened = before.priority, before.reopened + 1
        twin.lines.append(Line("reopened", word.by))
        resolver = before.resolution["by"] if before.resolution else None
        twin.enter(before.tier, twin.policy.tiers[before.tier].team, "reopened", first=resolver)

    def _from_outside(self, here: Raw) -> Callable[[Twin, Raw], None] | None:
        """What to do with a line that comes from outside; None for what comes by itself."""
        kind, text, data = here["kind"], here["text"], here["data"]
        overdue = text.startswith("owner of last resort") or text.endswith("root cause is overdue")
        if kind == "nobody_on_duty" or (kind == "told" and not overdue):
            return _duty
        if kind == "skipped":
            return self._skipped if "key" in data else _overtaken
        if kind == "delivery_failed":
            return self._failed
        if kind == "customer_told" and self.twin is not None and self.twin.status == "closed":
            return self._asked
        return self._command if here["actor"] != SYSTEM else None

    def _by_itself(self, twin: Twin, at: datetime) -> None:
        due = next_due(twin)
        if due is None or due.at > at:
            waiting = f"due next: {due.kind} at {due.at}" if due else "nothing is due"
            raise Broken(f"nobody expects {_words(self._rest[0])}; {waiting}")
        fire(twin, due)
        self._follows(twin)

    def _time_comes(self, twin: Twin, at: datetime, *, inclusive: bool) -> None:
        while (due := next_due(twin)) is not None and (due.at < at or (inclusive and due.at == at)):
            fire(twin, due)
            self._follows(twin)

    def _follows(self, twin: Twin) -> None:
        """The lines the twin expects stand next, at the time it has come to."""
        for wanted in twin.expected():
            if not self._rest:
                raise Broken(f"ends, and {_wanted(wanted, twin.now)} is missing")
            here = self._rest.popleft()
            if not _fits(here, wanted, twin.now):
                raise Broken(f"{_wanted(wanted, twin.now)} must come, but there stands {_words(here)}")
        self._told.standings.append(Standing.of(twin))

    def _ended(self, twin: Twin, asked: datetime) -> None:
        due = next_due(twin)
        if due is not None and due.at < asked - PATIENCE:
            raise Broken(f"stands still: {due.kind} was due at {due.at}, and the record was read at {asked}")
        survey = _survey_due(twin)
        settled = twin.asked_how_it_was or twin.survey is not None or self._next_episode is not None
        if survey is not None and survey < asked - PATIENCE and not settled:
            raise Broken(f"never asked the customer how it was, which was due at {survey}")
        if twin.asked:
            raise Broken(f"nobody was ever told of step {twin.asked[0].step + 1} of entry {twin.asked[0].entry}")

    def _command(self, twin: Twin, here: Raw) -> None:
        word = self._said(here)
        _within(word, twin.now)
        obey(twin, word.name, word.by, word.body)

    def _said(self, here: Raw) -> Word:
        """The word that left this line; each word leaves one."""
        found = next((word for word in self._candidates(here) if self._left(word, here)), None)
        if found is None:
            raise Broken(f"nobody said what stands in {_words(here)}, or it stands there twice")
        self._pool.remove(found)
        self._told.lines_of[found.key] = 1
        return found

    def _candidates(self, here: Raw) -> Iterator[Word]:
        kind = here["kind"]
        names = {name for name, leaves in WORDS.items() if leaves == kind}
        if kind == "acknowledged" and here["text"].endswith("acknowledged by resolving it"):
            names = {"resolve"}
        return (word for word in self._pool if word.name in names and word.end in ("applied", "unheard"))

    def _left(self, word: Word, here: Raw) -> bool:
        told = str(self._rest[1] if word.name == "resolve" and here["kind"] == "acknowledged" else here)
        if (word.by or "customer") != here["actor"] or (word.mark and word.mark not in told):
            return False
        shared = {"assign": "to", "watch": "person", "survey": "score", "merge": "into", "adopt": "child"}
        name = shared.get(word.name)
        return name is None or here["data"].get(name) == word.body[name]

    def _skipped(self, twin: Twin, here: Raw) -> None:
        """A message that did not go out: its case had moved on by then."""
        key, why = here["data"]["key"], here["data"]["reason"]
        message = twin.messages.get(key)
        if message is None:
            raise Broken(f"skips a message nobody made: {key}")
        self._told.skipped[key] = (twin.now, why)
        later = [one for one in twin.messages.values() if one.made >= message.made and one.key != key]
        same = (message.kind, message.entry, message.person, message.channel)
        said_again = any((one.kind, one.entry, one.person, one.channel) == same for one in later)
        left = message.entry < twin.entry or (message.kind == "step" and twin.status != "open")
        if twin.live and not left and not said_again and not self._moving_on(twin.now):
            raise Broken(f"skips {key} ({why}), although the case has not moved on")
        twin.lines.append(Line("skipped", SYSTEM))

    def _moving_on(self, at: datetime) -> bool:
        """A word that moves the case on had been said by then. After a crash it may have to be said again, and counts later."""
        said = (word for word in self._pool if word.name in MOVES_ON and word.end == "applied")
        return any(word.tries[0].sent <= at for word in said)

    def _asked(self, twin: Twin, here: Raw) -> None:
        """The customer is asked how it was: once, not too early, and not who is back or has said it."""
        due, again = _survey_due(twin), self._next_episode
        said = twin.survey is not None and self._rated_before(here)
        if due is None or twin.now < due or twin.asked_how_it_was or said:
            raise Broken(
                f"the survey was due at {due} and answered with {twin.survey}, but there stands {_words(here)}"
            )
        if again is not None and twin.now > again + SEEN:
            raise Broken(f"asks who is back since {again}: {_words(here)}")
        ask_how_it_was(twin)

    def _rated_before(self, here: Raw) -> bool:
        """The answer was written down before this line: an answer counts from when it came, which is a little earlier."""
        ratings = (one for one in self._shown.timeline if one["kind"] == "note" and "score" in one["data"])
        return any(rating["seq"] < here["seq"] for rating in ratings)

    @property
    def _next_episode(self) -> datetime | None:
        """When the customer was back."""
        later = (_at(one.timeline[0]) for one in self._file.shown if one.episode == self._shown.episode + 1)
        return next(later, None)

    def _failed(self, twin: Twin, here: Raw) -> None:
        key = here["data"].get("key")
        if key not in twin.messages:
            raise Broken(f"a message nobody made has failed: {key}")
        code = self._told.failed[key] = here["data"].get("code")
        failed(twin, key, code)


def _survey_due(twin: Twin) -> datetime | None:
    after = twin.policy.survey_after
    return twin.closed_at + after if twin.status == "closed" and after is not None and twin.closed_at else None


def _duty(twin: Twin, here: Raw) -> None:
    """The roster's answer to the step asked longest ago, which is still wanted."""
    if not twin.asked:
        raise Broken(f"nobody asked for {_words(here)}")
    asked = twin.asked[0]
    if asked.entry != twin.entry or twin.status != "open":
        raise Broken(f"tells somebody of an entry that is left: {_words(here)}")
    answered(twin, twin.people.responder(asked.team, asked.selector))


def _overtaken(twin: Twin, here: Raw) -> None:
    """The roster's answer came when the case had moved on."""
    if not twin.asked:
        raise Broken(f"skips a step that never began: {_words(here)}")
    asked = twin.asked.popleft()
    if here["data"].get("entry") != asked.entry or (asked.entry == twin.entry and twin.status == "open"):
        raise Broken(f"skips step {asked.step + 1} of entry {asked.entry}, which was still wanted: {_words(here)}")
    twin.lines.append(Line("skipped", SYSTEM))


def _within(word: Word, at: datetime) -> None:
    """A word counts from when it was received: not before it was first said, not after its end was known."""
    first, ended = word.tries[0].sent, word.ended_at
    if at < first - SKEW or (ended is not None and at > ended + SKEW):
        raise Broken(f"{word.name} of {word.by} counts from {at}, but was on its way from {first} to {ended}")


def _fits(here: Raw, wanted: Line, at: datetime) -> bool:
    if here["kind"] != wanted.kind or wanted.actor not in (None, here["actor"]) or _at(here) != at:
        return False
    return all(_same(here["data"].get(name), value) for name, value in wanted.data)


def _same(shown: Any, wanted: Any) -> bool:
    return datetime.fromisoformat(shown) == wanted if isinstance(wanted, datetime) else bool(shown == wanted)


def _at(here: Raw) -> datetime:
    return datetime.fromisoformat(here["at"])


def _words(here: Raw) -> str:
    return f"line {here['seq']} ({here['at']} {here['kind']}: {here['text']!r} {here['data']})"


def _wanted(wanted: Line, at: datetime) -> str:
    return f"{wanted.kind} by {wanted.actor or 'anybody'} at {at} {dict(wanted.data)}"
