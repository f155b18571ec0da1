"""The routes of the roster: people, teams, rotations; overrides and absences as single edits; who is on duty."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api import feeds
from api.audit_notes import notes
from api.auth import Caller, Operator, Reader
from api.errors import BODY as REFUSALS
from api.errors import Json, problems
from api.idempotency import Acting, Answered
from api.services import Services, Wired, in_thread
from api.shapes import OnCall, OnCallList, OnCallUntil, ShiftItem
from api.uploads import BODY, UploadedRoster
from domain.errors import Invalid, NotAllowed, NotFound
from domain.roster import Absence, Override, Roster, acting_lead, lead, on_duty
from domain.roster_file import check_roster
from domain.roster_warnings import roster_warnings
from domain.shifts import shifts
from domain.tickets import Moment

router = APIRouter(prefix="/v1", tags=["roster"])
router.include_router(feeds.router)


class RosterWarning(BaseModel):
    """Where, and what is probably not meant; a place in a policy in use begins with its name."""

    path: str
    message: str


Entry = Override | Absence
Named = Mapping[str, object]
Section = Literal["overrides", "absences"]
LONGEST_LOOK = timedelta(days=92)  # a quarter, a few thousand questions; more is asked in parts


@router.get("/roster", response_model=Roster, responses=problems(401, 403, 503))
def show_roster(_: Reader, services: Wired) -> Response:
    """The whole roster, as the file would say it."""
    return Json(_shown(services.roster.current()))


class RosterInUse(Roster):
    """The roster, and what is allowed but probably not meant."""

    warnings: tuple[RosterWarning, ...]


@router.put("/roster", openapi_extra=BODY, response_model=RosterInUse, responses=problems(401, 403, *REFUSALS, 503))
def put_roster(body: UploadedRoster, caller: Operator, services: Wired) -> Response:
    """Replace the roster; it counts at once. Refused with every fault listed.

    The answer has `warnings`: allowed, but probably not meant, such as names that policies in use have and the roster lacks.
    """
    new = check_roster(body)
    services.roster.save(new, caller.name, services.now())
    found = roster_warnings(new, services.policies.latest_all())
    return Json({**_shown(new), "warnings": [{"path": one.path, "message": one.message} for one in found]})


@router.post(
    "/roster/overrides", status_code=201, response_model=Override, responses=problems(401, 403, 409, *REFUSALS, 503)
)
async def add_override(body: Override, caller: Operator, acting: Acting, services: Wired) -> Response:
    """Somebody stands in for somebody, or is on duty first, for a while."""
    return await acting.answer(partial(add_entry, services, caller, "overrides", body))


@router.post(
    "/roster/absences", status_code=201, response_model=Absence, responses=problems(401, 403, 409, *REFUSALS, 503)
)
async def add_absence(body: Absence, caller: Operator, acting: Acting, services: Wired) -> Response:
    """Somebody cannot be reached for a while."""
    return await acting.answer(partial(add_entry, services, caller, "absences", body))


@router.delete("/roster/overrides", status_code=204, responses=problems(401, 403, 404, 409, 422, 503))
def remove_override(
    caller: Operator,
    services: Wired,
    person: Annotated[str, Query()],
    from_: Annotated[Moment, Query(alias="from")],
    to: Annotated[Moment, Query()],
    instead_of: Annotated[str | None, Query(description="where several fit")] = None,
    team: Annotated[str | None, Query(description="where several fit")] = None,
) -> None:
    """Take an override away that was written by hand, named by what it says."""
    named = {"person": person, "from_": from_, "to": to, "instead_of": instead_of, "team": team}
    remove_entry(services, caller, "overrides", named)


@router.delete("/roster/absences", status_code=204, responses=problems(401, 403, 404, 409, 422, 503))
def remove_absence(
    caller: Operator,
    services: Wired,
    person: Annotated[str, Query()],
    from_: Annotated[Moment, Query(alias="from")],
    to: Annotated[Moment, Query()],
    delegate: Annotated[str | None, Query(description="where several fit")] = None,
) -> None:
    """Take an absence away that was written by hand, named by what it says."""
    named = {"person": person, "from_": from_, "to": to, "delegate": delegate}
    remove_entry(services, caller, "absences", named)


@router.get("/on-call", response_model=OnCallList, responses=problems(401, 403, 404, 422, 503))
def on_call(
    _: Reader,
    services: Wired,
    team: Annotated[str | None, Query(description="all teams when left out")] = None,
    at: Annotated[Moment | None, Query(description="RFC 3339; now when left out")] = None,
    until: Annotated[
        Moment | None, Query(description="RFC 3339; also every shift and gap from `at` until then")
    ] = None,
) -> Response:
    """Who is on duty, now or at an instant, and with `until` who will be."""
    when, roster = at or services.now(), services.roster.current()
    if until is not None and not timedelta(0) < until - when <= LONGEST_LOOK:
        message = (
            f"until: write a time after the beginning (now where none is named), at most {LONGEST_LOOK.days} days later"
        )
        raise Invalid("until_out_of_range", message, field="until")
    found = [_on_call(roster, one, when, until) for one in _teams(roster, team)]
    return Json({"items": [one.model_dump(mode="json") for one in found]})


async def add_entry(services: Services, caller: Caller, section: Section, entry: BaseModel) -> Answered:
    """Write an override or an absence down; it counts at once. Raises PolicyFaults."""

    def edit(roster: Roster) -> Roster:
        data = _shown(roster)
        return check_roster({**data, section: [*data.get(section, []), added]}, before=roster)

    added = entry.model_dump(mode="json", by_alias=True)
    notes().about(added["person"])
    await in_thread(services.roster.change, edit, caller.name, services.now())
    return Answered(201, added)


def remove_entry(services: Services, caller: Caller, section: Section, named: Named) -> None:
    """Take the one entry away that says that.

    Raises NotFound `entry_not_found`, NotAllowed `entry_of_a_feed` or `several_entries`.
    """
    given = {field: value for field, value in named.items() if value is not None}
    notes().about(str(given["person"]))

    def edit(roster: Roster) -> Roster:
        entries: Sequence[Entry] = getattr(roster, section)
        fit = [one for one in entries if all(getattr(one, field) == value for field, value in given.items())]
        gone = _the_one([one for one in fit if not one.source], fit, section)
        return roster.model_copy(update={section: tuple(one for one in entries if one != gone)})

    services.roster.change(edit, caller.name, services.now())


def _the_one(by_hand: Sequence[Entry], fit: Sequence[Entry], section: str) -> Entry:
    if not fit:
        raise NotFound("entry_not_found", f"none of the {section} says that; GET /v1/roster shows what they say")
    if not by_hand:
        message = f"it came from the feed '{fit[0].source}' and would come back: change it there, and import the feed"
        raise NotAllowed("entry_of_a_feed", message)
    if any(one != by_hand[0] for one in by_hand):
        raise NotAllowed("several_entries", f"several {section} say that: name what only the one to be removed says")
    return by_hand[0]


def _shown(roster: Roster) -> dict[str, Any]:
    return roster.model_dump(mode="json", by_alias=True)


def _teams(roster: Roster, team: str | None) -> list[str]:
    if team is None:
        return [one.id for one in roster.teams]
    if roster.team(team) is None:
        raise NotFound("team_not_found", f"the roster has no team '{team}'", field="team")
    return [team]


def _on_call(roster: Roster, team: str, at: datetime, until: datetime | None) -> OnCall:
    people = on_duty(roster, team, at)
    first, second = [*people, None, None][:2]
    now = OnCall(
        team=team,
        at=at,
        on_call=first,
        on_call_next=second,
        people=people,
        lead=lead(roster, team),
        acting_lead=acting_lead(roster, team, at),
    )
    if until is None:
        return now
    found = [ShiftItem.model_validate(shift) for shift in shifts(roster, team, at, until)]
    return OnCallUntil(**dict(now), until=until, shifts=found)
