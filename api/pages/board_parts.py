"""What of a board changes by itself: its numbers and its rows, made alike for the page and for boards that watch.

Nothing in them is of one session: no token, no name but what a case says. So boards that are alike share them, and a row is
made once for all who read it the same way.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from activities.wording import Language
from api.openings import Document
from api.pages.board_act import COMMANDS
from api.pages.board_query import Wanted
from api.pages.board_rows import Clock, row_of
from api.pages.desk_forms import sensible
from api.pages.frame import part
from api.pages.signed_in import TESTERS, Session
from api.services import Services
from api.watched_boards import Case, House, Rows
from domain.roster import Roster
from domain.state import LIVE
from records.board import Counts
from records.escalations import Filters

PAGE = 50
IN_MENU = tuple(one for one in COMMANDS if one != "acknowledge")  # of a row; that one has a button beside it
MENUS = {one: [command for command in IN_MENU if command in sensible(one)] for one in LIVE}


@dataclass(frozen=True)
class Eyes:
    """How somebody reads a board. `person` is who `you` means, `may_act` whether there are buttons."""

    person: str | None
    language: Language
    timezone: str
    may_act: bool

    @classmethod
    def of(cls, session: Session) -> "Eyes":
        """Those of who is signed in."""
        caller = session.caller
        return cls(caller.person, session.language, session.timezone, caller.role in TESTERS)


@dataclass(frozen=True)
class Shown:
    """A board that is watched: the same for all who read it the same way."""

    wanted: Wanted
    after: str
    eyes: Eyes
    services: Services = field(repr=False, compare=False)
    size: int = PAGE

    @cached_property
    def filters(self) -> Filters:
        """For the store."""
        return self.wanted.filters(self.eyes.person)

    @property
    def sort(self) -> str:
        """The order."""
        return self.wanted.sort

    @property
    def today(self) -> date:
        """On the reader's clock."""
        return self.services.now().astimezone(ZoneInfo(self.eyes.timezone)).date()

    def numbers(self, counts: Counts, house: House) -> str:
        """As JSON, for a script."""
        overdue, unresolved = house.actions_overdue, house.problems_open
        fields = {"counts": counts, "actions_overdue": overdue, "problems_open": unresolved}
        return json.dumps(part(self.services, "board_counts.html.j2", self.eyes.language, **fields))

    def table(self, cases: Sequence[Case], following: str | None, roster: Roster, rows: Rows) -> str:
        """As JSON, for a script."""
        fields = {
            "rows": [self._row(case, roster, rows) for case in cases],
            "wanted": self.wanted,
            "may_act": self.eyes.may_act,
            **paging(self.wanted, self.after, following),
        }
        return json.dumps(part(self.services, "board_table.html.j2", self.eyes.language, **fields))

    def _row(self, case: Case, roster: Roster, rows: Rows) -> Markup:
        """A row that others have had drawn, where it is the same: a case is said to be theirs to its owner only."""
        eyes, owner = self.eyes, case.document["owner"]
        alike = replace(eyes, person=owner if owner == eyes.person else None)
        name = (case.document["id"], case.stamp, alike, self.today)
        drawn = rows.get(name)
        if drawn is None:
            drawn = rows[name] = drawn_row(self.services, case.document, alike, roster)
        return Markup(drawn)  # noqa: S704 - it is one


def drawn_row(services: Services, case: Document, eyes: Eyes, roster: Roster) -> Markup:
    """One case."""
    clock = Clock(eyes.timezone, eyes.language, services.now())
    row = row_of(case, clock, roster, eyes.person)
    return part(services, "board_row.html.j2", eyes.language, row=row, may_act=eyes.may_act, menus=MENUS)


def paging(wanted: Wanted, after: str, following: str | None) -> dict[str, Any]:
    """Where the first page and the next one are, as queries of their addresses; None where this is it."""
    return {
        "more": wanted.query(after=following) if following else None,
        "first": wanted.query() if after else None,
    }
