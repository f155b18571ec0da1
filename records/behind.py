"""The cases behind a number of a report, as conditions on a list of escalations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists

from domain.calendars import WEEKDAYS
from domain.errors import Invalid
from records.counted import COUNTED, COUNTED_IN, DIMENSIONS, RATE, is_one, of_counted_systems
from records.facts import EPOCH, QUARTER
from records.tables import escalations, facts, problem_cases, tier_facts

LONGEST = timedelta(days=1100)  # of a list by hour: three years have some 600 quarters of one hour of the week


class Wanted(Protocol):
    """The part of `Filters` that reports use."""

    @property
    def opened_from(self) -> datetime | None: ...
    @property
    def opened_to(self) -> datetime | None: ...
    @property
    def closed_from(self) -> datetime | None: ...
    @property
    def closed_to(self) -> datetime | None: ...
    @property
    def came_to(self) -> str | None: ...
    @property
    def breached_at_tier(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def counted_in(self) -> str | None: ...
    @property
    def opened_hour(self) -> str | None: ...
    @property
    def timezone(self) -> str: ...


def of_reports(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """What of these filters is set. Raises Invalid `invalid_field`."""
    for column, since, until in (
        (escalations.c.opened_at, wanted.opened_from, wanted.opened_to),
        (escalations.c.closed_at, wanted.closed_from, wanted.closed_to),
    ):
        if since is not None:
            yield column >= since
        if until is not None:
            yield column < until
    if of_facts := list(_of_facts(wanted)):
        same = and_(facts.c.id == escalations.c.id, facts.c.episode == escalations.c.episode)
        yield exists().where(same, *of_facts).correlate(escalations)  # the list itself may be of facts, too
    yield from _at_tiers(wanted)
    if wanted.problem is not None:
        same = and_(problem_cases.c.escalation == escalations.c.id, problem_cases.c.episode == escalations.c.episode)
        yield exists().where(same, problem_cases.c.problem == wanted.problem)


def _of_facts(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    named = {name: getattr(wanted, name) for name in ("product", "category", "cause", "origin")}
    yield from (is_one(name, value) for name, value in named.items() if value is not None)
    if wanted.counted_in is not None:
        yield _counted_in(wanted, wanted.counted_in)
    if wanted.opened_hour is not None:
        yield facts.c.opened_quarter.in_(_quarters(wanted, wanted.opened_hour))


def _at_tiers(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    same = and_(tier_facts.c.id == escalations.c.id, tier_facts.c.episode == escalations.c.episode)
    if wanted.came_to is not None:
        yield exists().where(same, tier_facts.c.tier == wanted.came_to)
    if wanted.breached_at_tier is not None:
        yield exists().where(same, tier_facts.c.tier == wanted.breached_at_tier, tier_facts.c.breaches > 0)


def _counted_in(wanted: Wanted, name: str) -> ColumnElement[bool]:
    if name not in COUNTED:
        raise Invalid("invalid_field", f"counted_in: it is one of {', '.join(COUNTED)}", field="counted_in")
    if name != RATE:
        return COUNTED_IN[name]
    if wanted.opened_from is None or wanted.opened_to is None:
        words = f"counted_in: with {RATE} give opened_from and opened_to too, for tickets are counted by time"
        raise Invalid("invalid_field", words, field="counted_in")
    given = {one: value for one in DIMENSIONS if (value := getattr(wanted, one)) is not None}
    return of_counted_systems(wanted.opened_from, wanted.opened_to, given)


def _quarters(wanted: Wanted, hour: str) -> list[int]:
    """The quarters of an hour since 1970 that are this hour of the week on the clock of the zone."""
    begin, end = wanted.opened_from, wanted.opened_to
    if begin is None or end is None or end - begin > LONGEST:
        words = f"opened_hour: give opened_from and opened_to too, at most {LONGEST.days} days apart"
        raise Invalid("invalid_field", words, field="opened_hour")
    zone, day = ZoneInfo(wanted.timezone), WEEKDAYS.index(hour[:3])
    first, last = (begin - EPOCH) // QUARTER, (end - EPOCH) // QUARTER
    local = ((number, (EPOCH + number * QUARTER).astimezone(zone)) for number in range(first, last + 1))
    return [number for number, at in local if (at.weekday(), at.hour) == (day, int(hour[4:]))]
