"""Who is on duty, at a terminal: the ladder of an instant, or every shift and gap of a stretch of time; this machine's clock."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape

from local import show
from local.times import moment_of

ROOM_FOR_NAMES = 110  # columns; below that the ids alone
NOBODY = "[bold red]nobody[/]"  # the word says it too

Row = Mapping[str, Any]
Names = Mapping[str, str]


def stretch(begin: str | None, end: str | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Both ends of the time asked for; None is what the API makes of none. Raises ValueError with what can be written."""
    start = moment_of(begin, now) if begin else None
    until = moment_of(end, start or now) if end else None
    if until is not None and until <= (start or now):
        raise ValueError(
            f"--until {end} is not after {'--from ' + begin if begin else 'now'}: write a later time, such as 7d"
        )
    return start, until


def by_turns(roster: Row) -> set[str]:
    """The teams whose members take turns, case by case."""
    return {team["id"] for team in roster.get("teams") or [] if team.get("choose") == "round_robin"}


def show_duty(items: Sequence[Row], roster: Row) -> None:
    """Shifts and gaps where a stretch was asked for, else who answers at the one instant."""
    width = show.console().width
    names = {one["id"]: one["name"] for one in roster.get("people") or []} if width >= ROOM_FOR_NAMES else {}
    turns = by_turns(roster) & {one["team"] for one in items}
    if any("shifts" in one for one in items):
        _shifts(items, names)
    else:
        lines = [
            [
                escape(one["team"]),
                *(_who(one.get(role), names, gap=role == "on_call") for role in ROLES),
                _lead(one, names),
            ]
            for one in items
        ]
        show.table(("team", "on call", "next", "lead"), lines, "no teams")
    for team in sorted(turns):
        show.console().print(
            f"{escape(team)}: its members share the cases evenly; whom a case begins with comes of its id, then it goes around"
        )


ROLES = ("on_call", "on_call_next")


def _shifts(items: Sequence[Row], names: Names) -> None:
    """One team needs no column of its own: 80 columns hold the rest, and the closing line names it."""
    several = len(items) > 1
    lines = [
        [*([escape(one["team"])] if several else []), clock(shift["from"]), clock(shift["to"]), show.length(_seconds(shift)),
         *(_who(shift[role], names, gap=role == "on_call") for role in ROLES)]
        for one in items
        for shift in one["shifts"]
    ]  # fmt: skip
    show.table((*(("team",) if several else ()), "from", "to", "for", "on call", "next"), lines, "no teams")
    show.console().print("the first and the last may be longer: they are cut off at the time asked for")
    for one in items:
        show.console().print(f"{escape(one['team'])}: {_gaps(one['shifts'])}")


def _gaps(shifts: Sequence[Row]) -> str:
    gaps = [_seconds(shift) for shift in shifts if shift["on_call"] is None]
    if not gaps:
        return "somebody is on call all the time"
    hours = f"{sum(gaps) / 3600:.1f}".removesuffix(".0")
    return f"{len(gaps)} {'gap' if len(gaps) == 1 else 'gaps'} with nobody on call, {hours} h in all"


def _lead(item: Row, names: Names) -> str:
    """`lee`, or `lee, away: kim` while somebody stands in."""
    lead, acting = _who(item["lead"], names), item.get("acting_lead")
    return lead if acting in (None, item["lead"]) else f"{lead}, away: {_who(acting, names)}"


def _who(person: str | None, names: Names, *, gap: bool = False) -> str:
    if person is None:
        return NOBODY if gap else "–"
    return escape(f"{person} ({names[person]})" if person in names else person)


def _seconds(shift: Row) -> float:
    return (datetime.fromisoformat(shift["to"]) - datetime.fromisoformat(shift["from"])).total_seconds()


def clock(text: str) -> str:
    """`Fri 2026-03-06 17:50` on this machine's clock; seconds where there are some."""
    at = datetime.fromisoformat(text).astimezone()
    return at.strftime("%a %Y-%m-%d %H:%M:%S" if at.second else "%a %Y-%m-%d %H:%M")


def rfc3339(at: datetime | None) -> str | None:
    """As the API takes it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
