"""A store full of made-up cases, to see and measure the pages as they are after years.

A thousand closed and a thousand open cases are played through the real rules; every other is one of these with another customer,
other words and other times (`local.seed_moulds`). Closed ones are written in the order of their closing, week by week, so memory
does not grow with their number. The newest and the open ones have timeline and messages; of older ones there are the row, its
facts and what is kept to find it again. The same seed and instant give the same store.
"""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

from sqlalchemy import Connection, Table, func, select, text

from domain.causes import Causes
from domain.facts import RECURS_WITHIN
from domain.holiday_dates import with_holidays
from domain.opening import opening_of
from domain.policy import Policy
from domain.roster import Roster
from domain.simulation import Course, course
from local.seed_lessons import seed_lessons
from local.seed_moulds import Cast, Mould, Row, mould_of, quoted
from local.seed_people import SYSTEMS, Buyer, Company, Wording
from local.seed_stories import OFFICE, Audience, arrival, asked, score, story
from local.seed_texts import Thing
from records.bulk import insert_many
from records.database import Database
from records.tables import closures, escalations, facts, messages, tickets_seen, tier_facts, timeline

MOULDS = 1_000  # played cases of each kind; more would take longer and look the same
WEEKS = 4  # in which they are played: as many as a team of the example has people who take turns
TRIES = 30  # to draw a played case that fits, before it is moved back instead
BATCH = 2_000  # cases in one transaction
A_WEEK = timedelta(days=7)
LATELY = (
    5 * A_WEEK
)  # nothing of it is written before all is planned: what would close in the future is moved back into it
GROWTH = 0.6  # the last week has so much more than the first
AGES = (0.5, 4, 24, 60)  # hours, medians of those that are open
FORGOTTEN = 0.1  # of these: taken, and no word since
LEAST = 0.1  # of what a week would have
A_LITTLE = 30  # seconds by which cases of one mould lie apart, so that hardly two have the same instant
SEEN = (6, 14)  # tickets for each one that was escalated
AUDIENCES = (*[Audience(False, "en"), Audience(False, "de")] * 4, Audience(True, "en"), Audience(True, "de"))
ORDER = (escalations, timeline, messages, closures, facts, tier_facts, tickets_seen)  # a row before those that name it


@dataclass(frozen=True)
class Size:
    """How much; `timelines` are the newest closed cases with all their history, `days` how far back they go."""

    open: int = 10_000
    closed: int = 1_000_000
    timelines: int = 50_000
    days: int = 1_095
    seed: int = 1


@dataclass(frozen=True)
class House:
    """By whose rules the cases went."""

    policy: Policy
    roster: Roster
    causes: Causes | None


@dataclass(frozen=True, order=True)
class _Planned:
    """A closed case that will be written when its time has come."""

    closed_at: datetime
    number: int
    mould: Mould = field(compare=False)
    buyer: Buyer = field(compare=False)
    wording: Wording = field(compare=False)
    by: timedelta = field(compare=False)


def how_many(database: Database) -> int:
    """The cases in the store."""
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(escalations)) or 0


def seed(
    database: Database, house: House, size: Size, now: datetime, say: Callable[[str], None] = lambda _: None
) -> None:
    """Put so many cases into the store, beside those that are there; `say` hears how far it is."""
    _Seeding(database, house, size, now.replace(microsecond=0), say).run()


class _Seeding:
    """One run."""

    def __init__(self, database: Database, house: House, size: Size, now: datetime, say: Callable[[str], None]) -> None:
        self._database, self._house, self._size, self._now, self._say = database, house, size, now, say
        self._chance = Random(size.seed)  # noqa: S311 - made-up cases, not a secret
        self._company = Company(self._chance, house.causes)
        self._number = how_many(database)  # every seeded case has a number below that, so no id comes twice
        self._troubles: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
        self._seen: Counter[tuple[datetime, str, Thing]] = Counter()
        self._monday = _monday(now - 6 * A_WEEK)  # of the last week in which closed moulds are played

    def run(self) -> None:
        written = _Written(self._database)
        with _index_afterwards(self._database, at_once=self._number > 0):
            self._say(f"playing {2 * MOULDS:,} cases at most through the rules of '{self._house.policy.name}' …")
            for done, planned in enumerate(self._closed()):
                full = done >= self._size.closed - self._size.timelines
                written.take(self._rows(planned, full=full))
                self._tell("closed", done, self._size.closed)
            for done, rows in enumerate(self._open()):
                written.take(rows)
                self._tell("open", done, self._size.open)
            written.take({tickets_seen: self._tickets()})
            written.flush()
            seed_lessons(self._database, self._house.roster, self._house.causes, self._chance, self._now)
            self._say("putting the indexes in order …")

    def _tell(self, what: str, done: int, of: int) -> None:
        if (done + 1) % 10_000 == 0 or done + 1 == of:
            self._say(f"{done + 1:,} of {of:,} {what}")

    def _closed(self) -> Iterator[_Planned]:
        """All closed cases in the order of their closing."""
        if not self._size.closed:
            return
        moulds = self._moulds(self._size.closed, self._finished)
        waiting: list[_Planned] = []
        for monday, count in self._weeks():
            drawn = [self._drawn(moulds, monday) for _ in range(count)]
            for mould, buyer, moved in sorted(drawn, key=lambda one: one[0].opened_at + one[2]):
                heappush(waiting, self._planned(mould, buyer, moved))
            settled = min(monday + A_WEEK, self._now - LATELY)  # what comes later closes later
            while waiting and waiting[0].closed_at < settled:
                yield heappop(waiting)
        while waiting:
            yield heappop(waiting)

    def _weeks(self) -> Iterator[tuple[datetime, int]]:
        """Each week's first instant, and how many cases arrive in it."""
        first, count = _monday(self._now - timedelta(days=self._size.days)), self._size.days // 7
        mondays = [_monday(first + timedelta(hours=12) + week * A_WEEK) for week in range(count + 1)]
        weights = [1 + GROWTH * week / len(mondays) for week in range(len(mondays))]
        weights[-1] *= max(min((self._now - mondays[-1]) / A_WEEK, 1), LEAST)  # it is not over yet
        lately = self._size.open * sum(weights) / max(self._size.closed, 1)  # those open now arrived then, too
        weights[-2:] = [max(one - lately / 2, LEAST * one) for one in weights[-2:]]
        done = 0
        for week, monday in enumerate(mondays):
            until = round(self._size.closed * sum(weights[: week + 1]) / sum(weights))
            yield monday, until - done
            done = until

    def _drawn(self, moulds: Mapping[Audience, Sequence[Mould]], monday: datetime) -> tuple[Mould, Buyer, timedelta]:
        """A customer, a played case for them, and how far it is moved into that week; it has closed by now."""
        chance = self._chance
        buyer = self._company.buyers.draw(chance)
        a_little = timedelta(seconds=chance.randrange(A_LITTLE))
        for _ in range(TRIES):
            mould = chance.choice(moulds[buyer.audience])
            moved = monday - _monday(mould.opened_at) + a_little
            if mould.ended + moved < self._now:
                return mould, buyer, moved
        while mould.ended + moved >= self._now:
            moved -= A_WEEK
        return mould, buyer, moved

    def _planned(self, mould: Mould, buyer: Buyer, by: timedelta) -> _Planned:
        wording = self._company.wording(self._chance, buyer.audience.tongue)
        self._number += 1
        if mould.cause_at is not None:
            insort(self._troubles[wording.cause.id, wording.thing.product], mould.cause_at + by)
        return _Planned((mould.closed_at or mould.opened_at) + by, self._number, mould, buyer, wording, by)

    def _open(self) -> Iterator[dict[Table, list[Row]]]:
        """The open cases, as they stand now."""
        moulds = self._moulds(self._size.open, self._unfinished) if self._size.open else {}
        planned = []
        for _ in range(self._size.open):
            buyer = self._company.buyers.draw(self._chance)
            mould = self._chance.choice(moulds[buyer.audience])
            by = -timedelta(seconds=self._chance.randrange(A_LITTLE))
            planned.append(self._planned(mould, buyer, by))
        for one in planned:  # by now all are known that may have had the same cause before
            yield self._rows(one, full=True)

    def _rows(self, planned: _Planned, *, full: bool) -> dict[Table, list[Row]]:
        """Everything that is written of one case."""
        mould, buyer, wording = planned.mould, planned.buyer, planned.wording
        system, ticket = self._chance.choice(SYSTEMS), f"S{planned.number:07}"
        who = {
            **{"id": f"{system}-{ticket}", "system": system, "ticket": ticket},
            **{"customer": buyer.id, "name": buyer.name, "email": buyer.email, "phone": buyer.phone},
        }
        cast = Cast({**wording.names, **who}, {**wording.quoted, **quoted(who)}, planned.by)
        self._seen[_day(mould.opened_at + planned.by), system, _kind(wording.thing)] += 1
        made = mould.casts(cast)
        rows = {
            escalations: [made],
            facts: [mould.casts_facts(cast, recurrence=self._recurs(planned))],
            tier_facts: [one.cast(cast) for one in mould.tiers],
        }
        if mould.closed_at is not None:
            rows[closures] = [_closure(wording, made, rows[facts][0]["origin"])]
        if full:
            rows[timeline] = [one.cast(cast) for one in mould.lines]
            rows[messages] = mould.casts_messages(cast)
        return rows

    def _recurs(self, planned: _Planned) -> bool:
        """What `domain.facts.recurs` says of it among all that are seeded; it has been planned, like all before it."""
        if planned.mould.cause_at is None:
            return False
        at = planned.mould.cause_at + planned.by
        known = self._troubles[planned.wording.cause.id, planned.wording.thing.product]
        if len(known) > BATCH and known[0] < at - 4 * RECURS_WITHIN:
            del known[: bisect_left(known, at - 3 * RECURS_WITHIN)]
        place = bisect_left(known, at)
        return place > 0 and known[place - 1] >= at - RECURS_WITHIN

    def _tickets(self) -> list[Row]:
        """How many tickets each system had on each day that is over."""
        with self._database.read() as connection:
            if connection.scalar(select(tickets_seen.c.system).limit(1)) is not None:
                return []  # somebody counts already
        return [
            {
                **{"system": system, "begins": day, "ends": day + timedelta(days=1)},
                **{"product": thing.product, "category": thing.category, "count": cases * self._chance.randint(*SEEN)},
                **{"said_at": day + timedelta(days=1), "said_by": "seed"},
            }
            for (day, system, thing), cases in sorted(
                self._seen.items(), key=lambda one: (*one[0][:2], one[0][2].product)
            )
            if day + timedelta(days=1) < self._now
        ]

    def _moulds(self, cases: int, play: Callable[[Audience], Course]) -> dict[Audience, list[Mould]]:
        """Played cases by audience, fewer where few are wanted."""
        made: defaultdict[Audience, list[Mould]] = defaultdict(list)
        ladder = [tier.name for tier in self._house.policy.tiers]
        for number in range(max(min(MOULDS, cases // 4), 2 * len(AUDIENCES))):
            audience = AUDIENCES[number % len(AUDIENCES)]
            played = play(audience)
            rated = score(self._chance) if played.state.closed_at else None
            made[audience].append(mould_of(played, audience, self._house.roster, rated, ladder))
        return made

    def _finished(self, audience: Audience) -> Course:
        """A case that has closed, of one of the weeks in which moulds are played: in each somebody else is on call."""
        for _ in range(TRIES):
            week = self._monday.astimezone(OFFICE) - self._chance.randrange(WEEKS) * A_WEEK
            opened_at = arrival(self._chance, week).astimezone(UTC)
            played = self._played(audience, opened_at, None)
            if played.state.status == "closed":
                return played
        raise RuntimeError(f"no made-up case closes under the policy '{self._house.policy.name}'")

    def _unfinished(self, audience: Audience) -> Course:
        """A case that is open now."""
        for _ in range(TRIES):
            forgotten = self._chance.random() < FORGOTTEN
            hours = AGES[-1] if forgotten else self._chance.choice(AGES)
            age = timedelta(hours=hours * self._chance.lognormvariate(0, 0.6))
            opened_at = (self._now - timedelta(seconds=60) - age).replace(microsecond=0)
            played = self._played(audience, opened_at, self._now, most=1 if forgotten else None)
            if played.state.live:
                return played
        raise RuntimeError(f"no made-up case stays open under the policy '{self._house.policy.name}'")

    def _played(
        self, audience: Audience, opened_at: datetime, until: datetime | None, most: int | None = None
    ) -> Course:
        """A case as it goes; of one open until now not more than `most` words are said."""
        house = self._house
        about = asked(self._chance, audience)
        opening = opening_of(about, with_holidays(house.policy, opened_at), opened_at, house.roster)
        words = story(self._chance, opening.priority, opened_at, _crew(house), _specialists(house))
        said = [one for one in words if until is None or one.received_at <= until][:most]
        return course(opening, house.roster, said, until=until)


class _Written:
    """Rows by table, written a batch at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: defaultdict[Table, list[Row]] = defaultdict(list)

    def take(self, rows: Mapping[Table, Sequence[Row]]) -> None:
        for table, some in rows.items():
            self._rows[table].extend(some)
        if len(self._rows[escalations]) >= BATCH:
            self.flush()

    def flush(self) -> None:
        with self._database.write() as connection, _words_unheard(connection):
            for table in ORDER:
                insert_many(connection, table, self._rows[table])
        self._rows.clear()


@contextmanager
def _words_unheard(connection: Connection) -> Iterator[None]:
    """SQLite's index of words is told of no row until the end of the block: row by row costs seven times what all at once does.

    The triggers are gone in this transaction only, so a run that is stopped half way leaves none out.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    of_words = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'closures'"
    triggers = connection.exec_driver_sql(of_words).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, made in triggers:
        connection.exec_driver_sql(made)


@contextmanager
def _index_afterwards(database: Database, *, at_once: bool) -> Iterator[None]:
    """The index of words is made in minutes from all rows, and in an hour row by row; then the database counts what is there."""
    if database.is_sqlite:
        yield
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO closure_words(closure_words) VALUES ('rebuild')")
        return
    [words] = [index for index in closures.indexes if "terms" in index.columns]
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not at_once:
            words.drop(connection)
        try:
            yield
        finally:
            if not at_once:
                words.create(connection)
        connection.execute(text("VACUUM ANALYZE"))


def _closure(wording: Wording, made: Mapping[str, Any], origin: str | None) -> Row:
    """The row of `closures`: that of its words, with what is this case's own."""
    own = {name: made[name] for name in ("id", "episode", "closed_at", "customer", "priority")}
    return {**wording.closure, **own, "origin": origin}


def _crew(house: House) -> Sequence[str]:
    """Who takes cases at the first tier."""
    first = house.policy.tiers[0].team
    return next((team.members for team in house.roster.teams if team.id == first), ())


def _specialists(house: House) -> str | None:
    """A team a functional escalation may go to: one that no tier of the policy has."""
    taken = {tier.team for tier in house.policy.tiers}
    return next((team.id for team in house.roster.teams if team.id not in taken), None)


def _kind(thing: Thing) -> Thing:
    """What tickets are counted by."""
    return Thing(thing.product, thing.category, "")


def _day(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _monday(at: datetime) -> datetime:
    """The midnight at the office with which that instant's week began."""
    local = at.astimezone(OFFICE)
    day = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.astimezone(UTC)
