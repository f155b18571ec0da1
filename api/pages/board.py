"""The board: every open case, due next first, as its address filters it; the page people leave open.

Without a script it is a page of forms and links. With one it keeps itself up to date: `/board/rows` sends what has changed of
it, and after a word of the reader's own it fetches `fragment=rows` of its own address.
"""

from dataclasses import dataclass
from functools import partial
from secrets import token_urlsafe
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from activities.wording import word
from api.pages.board_act import COMMANDS, back_to
from api.pages.board_parts import PAGE, Eyes, drawn_row, paging
from api.pages.board_query import MINE, NOBODY, SORTED_BY, Wanted, plain
from api.pages.frame import PageRoute, redirect
from api.pages.signed_in import Posted, Reader, Session, desk_page
from api.services import Services, Wired
from domain.roster import Roster
from domain.state import LIVE
from domain.tickets import PRIORITIES
from records.board import Counts
from records.views import View

PATH = "/"
VIEWS = "/board/views"
LONGEST_NAME = 60  # characters of a view's

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Shown:
    """A page of the board; `following` is where the next one begins."""

    rows: list[Markup]
    following: str | None
    counts: Counts
    roster: Roster


@router.get(PATH)
def show(request: Request, session: Reader, services: Wired, after: str = "", fragment: str = "") -> Response:
    """The open cases that fit; `after` is where the page before ended."""
    wanted = Wanted.of(request.query_params)
    place = wanted.cursor(after)
    shown = _shown(services, session, wanted, place)
    template = "board_rows.html.j2" if fragment == "rows" else "board.html.j2"
    return desk_page(services, session, template, **_fields(services, session, wanted, shown, place))


@router.post(VIEWS)
def keep_view(session: Reader, services: Wired, posted: Posted) -> Response:
    """Give the filters of a board a name, or forget one; back to the board."""
    name, query = plain(posted.get("name", ""))[:LONGEST_NAME], Wanted.read(posted.get("back", "")).query()
    owner = _owner(session)
    if posted.get("command") == "forget-view":
        services.views.forget(owner, name)
    elif name:
        services.views.save(owner, View(name, query), services.now())
    return redirect(services, back_to(query))


def _shown(services: Services, session: Session, wanted: Wanted, after: str) -> Shown:
    filters = wanted.filters(session.caller.person)
    found, following = services.escalations.list_page(filters, wanted.sort, PAGE, after or None)
    roster = services.roster.current()
    rows = [drawn_row(services, case, Eyes.of(session), roster) for case in found]
    return Shown(rows, following, services.board.counts(), roster)


def _fields(services: Services, session: Session, wanted: Wanted, shown: Shown, after: str) -> dict[str, Any]:
    return {
        "wanted": wanted,
        "rows": shown.rows,
        "counts": shown.counts,
        "actions_overdue": services.actions.overdue(shown.roster, services.now()),
        "problems_open": services.problems.unresolved(),
        **paging(wanted, after, shown.following),
        "here": wanted.query(after=after),
        "may_act": Eyes.of(session).may_act,
        "person": session.caller.person,
        "commands": COMMANDS,
        "nonce": token_urlsafe(12),
        "word": partial(word, session.language),
        "statuses": LIVE,
        "priorities": tuple(reversed(PRIORITIES)),
        "sorts": SORTED_BY if wanted.sort in SORTED_BY else (*SORTED_BY, wanted.sort),
        "known_sorts": SORTED_BY,
        "tiers": _with(wanted.tier, [(one, one) for one in shown.counts.tiers]),
        "teams": _with(wanted.team, [(one.id, one.name or one.id) for one in shown.roster.teams]),
        "people": _with(
            "" if wanted.owner in (MINE, NOBODY) else wanted.owner, [(one.id, one.name) for one in shown.roster.people]
        ),
        "views": services.views.of(_owner(session)),
        "timezone": session.timezone,
        "read_at": services.now().isoformat(),
    }


def _with(chosen: str, options: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The ways to choose, with what is chosen among them even where nobody offers it any more."""
    return options if not chosen or chosen in dict(options) else [*options, (chosen, chosen)]


def _owner(session: Session) -> str:
    """Whose views they are."""
    return f"person:{session.caller.person}" if session.caller.person else f"key:{session.caller.id}"
