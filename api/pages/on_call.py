"""The page of duty: who answers now, who comes next, the weeks ahead as bands, gaps in words; and forms that change the plan.

What changes the plan takes the path of `POST /v1/roster/overrides` and `/absences`, for the same roles: operators and admins.
Filters stand in the address; times are those of the reader's own clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response
from markupsafe import Markup
from pydantic import ValidationError

from api.errors import status_of
from api.pages.frame import PageRoute, redirect
from api.pages.local_times import Unreadable, typed
from api.pages.on_call_band import Reading, band
from api.pages.on_call_plan import Plan, absences, overrides, plan
from api.pages.on_call_view import Entry, Now, bad_words, entry_of, gap_words, now_of, own_shifts, shift_words
from api.pages.signed_in import Posted, Reader, Session, allow, desk_page
from api.pages.words import TEXTS
from api.roster import Section, add_entry, remove_entry
from api.services import Services, Wired, in_thread
from domain.calendars import wall_to_utc
from domain.errors import DomainError, NotFound, PolicyFaults
from domain.roster import Absence, Override, Roster, Team

PATH = "/on-call"
WEEKS = (1, 2, 4, 8, 12)  # a choice; the API answers no longer stretch either
USUAL = 4
OPERATORS = ("operator", "admin")
SECTIONS: Mapping[str, Section] = {"take-over": "overrides", "absence": "absences"}
REMOVED: Mapping[str, Section] = {"remove-override": "overrides", "remove-absence": "absences"}
NAMED: Mapping[Section, tuple[str, ...]] = {
    "overrides": ("person", "instead_of", "team"),
    "absences": ("person", "delegate"),
}
TYPED = ("command", "person", "instead_of", "team", "delegate", "from", "to")

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Text = Annotated[str, Query()]
Operator = Annotated[Session, Depends(allow("operator", "admin"))]


@dataclass(frozen=True)
class Wanted:
    """What the address asks for: a team or all, the first day on the reader's clock (None: today), how many weeks."""

    team: str
    first: date | None
    weeks: int

    @classmethod
    def of(cls, team: str, first: str, weeks: str) -> "Wanted":
        """What cannot be read counts as not asked for."""
        try:
            day = date.fromisoformat(first)
        except ValueError:
            day = None
        known = int(weeks) if weeks.isdecimal() and len(weeks) < 3 and int(weeks) in WEEKS else USUAL
        return cls(team, day if day and 1900 < day.year < 2200 else None, known)

    def query(self, **changes: object) -> str:
        """As an address says it."""
        found = {"team": self.team, "from": self.first, "weeks": self.weeks if self.weeks != USUAL else "", **changes}
        return urlencode({name: value for name, value in found.items() if value})


@dataclass(frozen=True)
class Shown:
    """A team on the page."""

    id: str
    name: str
    now: Now
    turns: bool
    gaps: tuple[str, ...]
    shifts: tuple[str, ...]
    entries: tuple[Entry, ...]
    drawing: Markup


@router.get(PATH)
def show(
    session: Reader,
    services: Wired,
    team: Text = "",
    from_: Annotated[str, Query(alias="from")] = "",
    weeks: Text = "",
    saved: Text = "",
) -> Response:
    """Everybody's duty. Raises NotFound `team_not_found`."""
    return _page(services, session, Wanted.of(team, from_, weeks), saved=saved == "1")


@router.post(PATH)
async def change(session: Operator, services: Wired, fields: Posted) -> Response:
    """Write a shift taken over or an absence down, or take one away; back to the page, or the page with the reason why not."""
    wanted = Wanted.of(fields.get("view_team", ""), fields.get("view_from", ""), fields.get("view_weeks", ""))
    try:
        await _change(services, session, fields)
    except Unreadable as unread:
        notice = [_unread(session, fields, unread.field)]
    except ValidationError:
        notice = [TEXTS[session.language]["duty_ends_first"]]
    except PolicyFaults as refused:
        notice = [fault.message for fault in refused.faults]
    except DomainError as refused:
        words = TEXTS[session.language].get(f"duty_{refused.code}", refused.message)
        return await in_thread(_refused, services, session, wanted, [words], fields, status_of(refused)[0])
    else:
        return redirect(services, f"{PATH}?{wanted.query(saved=1)}")
    return await in_thread(_refused, services, session, wanted, notice, fields, 422)


async def _change(services: Services, session: Session, fields: Mapping[str, str]) -> None:
    """Raises Unreadable, ValidationError, PolicyFaults, NotFound, NotAllowed."""
    command = fields.get("command", "")
    section = REMOVED.get(command) or SECTIONS.get(command, "absences")
    kind = Override if section == "overrides" else Absence
    written = {name: fields[name] for name in NAMED[section] if fields.get(name)}
    if command in REMOVED:
        gone = kind.model_validate({**written, "from": fields.get("from"), "to": fields.get("to")})
        named = {name: getattr(gone, name) for name in kind.model_fields if name != "source"}
        await in_thread(remove_entry, services, session.caller, section, named)
        return
    times = {"from": _when(session, fields, "from"), "to": _when(session, fields, "to", last=True)}
    entry = kind.model_validate({**written, **times})
    if entry not in getattr(services.roster.current(), section):  # else the button was pressed twice
        await add_entry(services, session.caller, section, entry)


def _when(session: Session, fields: Mapping[str, str], name: str, *, last: bool = False) -> datetime:
    at = typed(name, fields.get(name, ""), session.timezone, last=last)
    if at is None:
        raise Unreadable(name)
    return at


def _unread(session: Session, fields: Mapping[str, str], field: str) -> str:
    texts = TEXTS[session.language]
    label = texts["duty_begins" if field == "from" else "duty_ends"]
    return texts["duty_bad_time" if fields.get(field, "").strip() else "duty_no_time"].format(field=label)


def _refused(
    services: Services,
    session: Session,
    wanted: Wanted,
    notice: Sequence[str],
    fields: Mapping[str, str],
    status: int,
) -> Response:
    """The page again, with the reason and what was typed; a team that is not there any more counts as none."""
    team = wanted.team if services.roster.current().team(wanted.team) else ""
    return _page(services, session, replace(wanted, team=team), notice=notice, fields=fields, status=status)


def _page(
    services: Services,
    session: Session,
    wanted: Wanted,
    *,
    saved: bool = False,
    notice: Sequence[str] = (),
    fields: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    roster, reading = services.roster.current(), _reading(services, session)
    begins, ends = _stretch(wanted, session.timezone, reading.now)
    bad = bad_words(roster, services.bad_addresses.all(), session.language)
    person, may_change = session.caller.person, session.caller.role in OPERATORS
    plans = [plan(roster, one, begins, ends) for one in _teams(roster, wanted.team)]
    until = ends if begins <= reading.now < ends else reading.now + timedelta(weeks=wanted.weeks)
    first = begins.astimezone(ZoneInfo(session.timezone)).date()
    return desk_page(
        services,
        session,
        "on_call.html.j2",
        status,
        wanted=wanted,
        first=first,
        zone=session.timezone,
        weeks=WEEKS,
        teams=[_shown(roster, one, reading, bad, may_change=may_change) for one in plans],
        every_team=[(one.id, one.name or one.id) for one in roster.teams],
        people=[(one.id, one.name) for one in roster.people],
        own=own_shifts(roster, person, reading, until, plans) if person else None,
        earlier=wanted.query(**{"from": first - timedelta(weeks=wanted.weeks)}),
        later=wanted.query(**{"from": first + timedelta(weeks=wanted.weeks)}),
        today=wanted.query(**{"from": ""}),
        may_change=may_change,
        person_id=person or "",
        saved=saved,
        notice=notice,
        typed=dict.fromkeys(TYPED, "") | dict(fields or {}),
    )


def _reading(services: Services, session: Session) -> Reading:
    names = {one.id: one.name for one in services.roster.current().people}
    return Reading(session.language, session.timezone, services.now(), names)


def _stretch(wanted: Wanted, timezone: str, now: datetime) -> tuple[datetime, datetime]:
    """From the first day's midnight on the reader's clock, so many weeks."""
    zone = ZoneInfo(timezone)
    first = datetime.combine(wanted.first or now.astimezone(zone).date(), time())
    return wall_to_utc(first, zone), wall_to_utc(first + timedelta(weeks=wanted.weeks), zone)


def _teams(roster: Roster, team: str) -> Sequence[Team]:
    if not team:
        return roster.teams
    found = roster.team(team)
    if found is None:
        raise NotFound("team_not_found", f"the roster has no team '{team}'", field="team")
    return [found]


def _shown(
    roster: Roster, found: Plan, reading: Reading, bad: Mapping[str, Sequence[str]], *, may_change: bool
) -> Shown:
    team, stretch = found.team, (found.begins, found.ends)
    changes: list[Override | Absence] = [*overrides(roster, team, *stretch), *absences(roster, team, *stretch)]
    return Shown(
        team.id,
        team.name or team.id,
        now_of(roster, team, reading, bad),
        team.choose == "round_robin",
        tuple(gap_words(found, reading)),
        tuple(shift_words(found, reading)),
        tuple(entry_of(one, reading, may_change=may_change) for one in changes),
        Markup(band(found, reading)),  # noqa: S704 - made by ElementTree, which escapes
    )
