"""The cases behind a number of a report, as conditions on a list of escalations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists

from domain.calendars import WEEKDAYS
from domain.errors import Invalid
from records.counted import COUNTED_IN, is_one
from records.facts import EPOCH, QUARTER
from records.tables import escalations, facts, tier_facts

LONGEST = timedelta(days=1100)  # of a list by hour: three years have some 600 quarters of one hour of the week


class Wanted(Protocol):
    """The part of `Filters` that reports use."""

    @property
    def opened_from(self) -> datetime | None: ...
    @property
    def opened_to(self) -> datetime | None: ...
    @property
    def came_to(self) -> str | None: ...
    @property
    def counted_in(self) -> str | None: ...
    @property
    def opened_hour(self) -> str | None: ...
    @property
    def timezone(self) -> str: ...


def of_reports(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """What of these filters is set. Raises Invalid `invalid_field`."""
    opened = escalations.c.opened_at
    if wanted.opened_from is not None:
        yield opened >= wanted.opened_from
    if wanted.opened_to is not None:
        yield opened < wanted.opened_to
    named = {name: getattr(wanted, name) for name in ("product", "category", "cause", "origin")}
    of_facts = [is_one(name, value) for name, value in named.items() if value is not None]
    if wanted.counted_in is not None:
        of_facts.append(_counted_in(wanted.counted_in))
    if wanted.opened_hour is not None:
        of_facts.append(facts.c.opened_quarter.in_(_quarters(wanted, wanted.opened_hour)))
    if of_facts:
        same = and_(facts.c.id == escalations.c.id, facts.c.episode == escalations.c.episode)
        yield exists().where(same, *of_facts)
    if wanted.came_to is not None:
        same = and_(tier_facts.c.id == escalations.c.id, tier_facts.c.episode == escalations.c.episode)
        yield exists().where(same, tier_facts.c.tier == wanted.came_to)


def _counted_in(name: str) -> ColumnElement[bool]:
    if name not in COUNTED_IN:
        raise Invalid("invalid_field", f"counted_in: it is one of {', '.join(COUNTED_IN)}", field="counted_in")
    return COUNTED_IN[name]


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
