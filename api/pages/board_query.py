"""What a board shows, as it stands in its address: so a board can be shared, kept as a view, and come back to.

Whatever else an address says is left out: it filters by nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import parse_qsl, urlencode

from domain.errors import Invalid
from domain.state import LIVE
from domain.tickets import PRIORITIES
from records.escalations import LONGEST_Q, SORTS, Filters, place_of

MINE, NOBODY = "mine", "nobody"
FIRST = "next_due_at"  # what a board is sorted by when nothing else is said: due next first
SORTED_BY = ("next_due_at", "-priority", "-opened_at", "-updated_at")
LONGEST = 1_000  # characters of one of them


@dataclass(frozen=True)
class Wanted:
    """The filters and the order; an empty text is anything."""

    status: str = ""
    team: str = ""
    tier: str = ""
    priority: str = ""
    owner: str = ""
    customer: str = ""
    overdue: str = ""
    q: str = ""
    sort: str = FIRST

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Wanted":
        """What an address asks for, as far as it makes sense."""
        said = {name: plain(given.get(name, "")) for name in cls.__dataclass_fields__}
        known = {
            "status": said["status"] in LIVE,
            "priority": said["priority"] in PRIORITIES,
            "overdue": said["overdue"] == "true",
            "sort": said["sort"].removeprefix("-") in SORTS,
        }
        wanted = {name: text for name, text in said.items() if known.get(name, True)}
        return cls(**{**wanted, "q": said["q"][:LONGEST_Q]})

    @classmethod
    def read(cls, query: str) -> "Wanted":
        """The same, from the part of an address behind the `?`."""
        return cls.of(dict(parse_qsl(query[:5_000])))

    def query(self, **changes: str) -> str:
        """Behind the `?`: what is not as it would be anyway, with these changes; a name of none of the fields is added."""
        own = {name: changes.pop(name) for name in asdict(self) if name in changes}
        kept = {name: text for name, text in asdict(replace(self, **own)).items() if text}
        if kept.get("sort") == FIRST:
            del kept["sort"]
        return urlencode({**kept, **{name: text for name, text in changes.items() if text}})

    def filters(self, person: str | None) -> Filters:
        """For the store; `person` is who `mine` means."""
        owner = {MINE: person or NOBODY, NOBODY: "", "": None}.get(self.owner, self.owner)
        return Filters(
            status=self.status or ",".join(LIVE),
            tier=self.tier or None,
            team=self.team or None,
            owner=owner,
            priority=self.priority or None,
            customer=self.customer or None,
            overdue=True if self.overdue else None,
            q=self.q or None,
        )

    def cursor(self, after: str) -> str:
        """Where a page goes on from; empty when that is no place, or one of another order: from the beginning, then."""
        try:
            place_of(plain(after), self.sort)
        except Invalid:
            return ""
        return plain(after)

    @property
    def narrowed(self) -> bool:
        """Whether some open cases may be left out."""
        return replace(self, sort=FIRST) != Wanted()


def plain(text: str) -> str:
    """What the store can look for: it takes no NUL and no half character."""
    return "".join(text.encode("utf-8", "replace").decode().split("\0")).strip()[:LONGEST]
