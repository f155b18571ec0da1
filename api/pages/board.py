"""The board: every open case, due next first, as its address filters it; the page people leave open.

Without a script it is a page of forms and links. With one it keeps itself up to date: it fetches `fragment=rows` of its own
address whenever `/board/events` says that something changed.
"""

from dataclasses import dataclass
from functools import partial
from secrets import token_urlsafe
from typing import Any

from fastapi import APIRouter, Request, Response

from activities.wording import word
from api.pages.board_act import COMMANDS, back_to
from api.pages.board_query import MINE, NOBODY, SORTED_BY, Wanted, plain
from api.pages.board_rows import Clock, Row, row_of
from api.pages.desk_forms import sensible
from api.pages.frame import PageRoute, redirect
from api.pages.signed_in import TESTERS, Posted, Reader, Session, desk_page
from api.services import Services, Wired
from domain.errors import Invalid
from domain.roster import Roster
from domain.state import LIVE
from domain.tickets import PRIORITIES
from records.board import Counts
from records.views import View

PATH = "/"
VIEWS = "/board/views"
PAGE = 50
LONGEST_NAME = 60  # characters of a view's
IN_MENU = tuple(one for one in COMMANDS if one != "acknowledge")  # of a row; that one has a button beside it

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Shown:
    """A page of the board; `following` is where the next one begins."""

    rows: tuple[Row, ...]
    following: str | None
    counts: Counts
    roster: Roster


@router.get(PATH)
def show(request: Request, session: Reader, services: Wired, after: str = "", fragment: str = "") -> Response:
    """The open cases that fit; `after` is where the page before ended."""
    wanted = Wanted.of(request.query_params)
    shown = _shown(services, session, wanted, plain(after))
    template = "board_rows.html.j2" if fragment == "rows" else "board.html.j2"
    return desk_page(services, session, template, **_fields(services, session, wanted, shown, plain(after)))


@router.post(VIEWS)
def keep_view(session: Reader, services: Wired, posted: Posted) -> Response:
    """Give the filters of a board a name, or forget one; back to the board."""
    name, query = plain(posted.get("name", ""))[:LONGEST_NAME], Wanted.read(posted.get("query", "")).query()
    owner = _owner(session)
    if posted.get("command") == "forget-view":
        services.views.forget(owner, name)
    elif name:
        services.views.save(owner, View(name, query), services.now())
    return redirect(services, back_to(query))


def _shown(services: Services, session: Session, wanted: Wanted, after: str) -> Shown:
    filters, now = wanted.filters(session.caller.person), services.now()
    try:
        found, following = services.escalations.list_page(filters, wanted.sort, PAGE, after or None)
    except Invalid:  # the place it goes on from is not there, or of another order: from the beginning, then
        found, following = services.escalations.list_page(filters, wanted.sort, PAGE)
    roster, clock = services.roster.current(), Clock(session.timezone, session.language, now)
    rows = tuple(row_of(case, clock, roster, session.caller.person) for case in found)
    return Shown(rows, following, services.board.counts(), roster)


def _fields(services: Services, session: Session, wanted: Wanted, shown: Shown, after: str) -> dict[str, Any]:
    return {
        "wanted": wanted,
        "rows": shown.rows,
        "counts": shown.counts,
        "actions_overdue": services.actions.overdue(shown.roster, services.now()),
        "problems_open": services.problems.unresolved(),
        "more": wanted.query(after=shown.following) if shown.following else None,
        "first": wanted.query() if after else None,
        "here": wanted.query(after=after),
        "may_act": session.caller.role in TESTERS,
        "person": session.caller.person,
        "commands": COMMANDS,
        "menus": {one: [command for command in IN_MENU if command in sensible(one)] for one in LIVE},
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
