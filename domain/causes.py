"""The tree of causes an organisation keeps: categories with titles, and when a cause that comes back becomes a problem.

A category is named by its id, which is unique in the whole tree, so that a root cause stays valid when its category moves to
another branch. What a category says of recurrence holds for everything below it; what it leaves out, the branch above says.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from domain.commands import PersonId
from domain.durations import Duration, PositiveDuration
from domain.errors import Fault, Invalid, PolicyFaults
from domain.every_fault import every_fault
from domain.fault_texts import Path, in_file_order, path_text, refuse_depth
from domain.tickets import Line
from domain.yaml_text import parse_yaml

MOST_LEVELS: Final = 5  # nobody finds a category deeper down
MOST_NEAR: Final = 3  # categories named beside one that is not in the tree
HOW_TO_SEE: Final = "see them all with `tierline causes show` or GET /v1/causes"

CategoryId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]

_SOME = "such as [{id: data, title: {en: Data, de: Daten}}]"
_HINTS: Mapping[str, str] = {  # what to write instead, by the last key of the path, or the last two
    "id": "write small letters, digits, _ . and - such as service-outage, 64 at most",
    "title": "write a title by language such as {en: Service outage, de: Ausfall}",
    "title.*": "write a title of at most 500 characters",
    "en": "write the English title",
    "children": f"write a list of categories {_SOME}",
    "categories": f"write a list of categories {_SOME}",
    "recurrence": "write a map such as {within: 30d, count: 3}",
    "within": "write a duration such as 30d",
    "count": "write a whole number from 2 to 100",
    "owner": "write a person's id such as lee",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _unsaid(value: object) -> bool:
    return value in (None, ())


class Recurrence(_Part):
    """When a cause is a problem: `count` closed cases of one category and product `within` that time (days of 24 h).

    `owner` is the person who gets the problem; None: the lead of the team whose case was the last of them.
    """

    within: PositiveDuration = Duration(days=30)
    count: Annotated[int, Field(ge=2, le=100, strict=True)] = 3
    owner: PersonId | None = Field(default=None, exclude_if=_unsaid)


class OtherRecurrence(_Part):
    """What one category says otherwise; None is as above it."""

    within: PositiveDuration | None = Field(default=None, exclude_if=_unsaid)
    count: Annotated[int, Field(ge=2, le=100, strict=True)] | None = Field(default=None, exclude_if=_unsaid)
    owner: PersonId | None = Field(default=None, exclude_if=_unsaid)


class Title(_Part):
    """What people read; a language without a title reads the English one."""

    en: Line
    de: Line | None = Field(default=None, exclude_if=_unsaid)

    def in_language(self, language: str) -> str:
        """The title for a reader of that language."""
        return self.de if language == "de" and self.de is not None else self.en


class Category(_Part):
    """One kind of cause, and the kinds it splits into."""

    id: CategoryId
    title: Title
    recurrence: OtherRecurrence | None = Field(default=None, exclude_if=_unsaid)
    children: tuple["Category", ...] = Field(default=(), exclude_if=_unsaid)


class Causes(_Part):
    """The whole tree, and what holds for all of it."""

    recurrence: Recurrence = Recurrence()
    categories: Annotated[tuple[Category, ...], Field(min_length=1)]

    def find(self, id: str) -> tuple[Category, ...]:
        """The way to the category of that id, from the top down; empty when the tree has none."""
        return next((path for path in self.paths() if path[-1].id == id), ())

    def paths(self) -> Iterator[tuple[Category, ...]]:
        """The way to every category, in the order of the file."""
        return _paths(self.categories, ())

    def leaves(self) -> Iterator[tuple[Category, ...]]:
        """The ways to the categories that split no further: what a form offers."""
        return (path for path in self.paths() if not path[-1].children)

    def recurrence_of(self, id: str) -> Recurrence:
        """When this category becomes a problem; one the tree does not have, as the tree says for all."""
        said = [category.recurrence for category in self.find(id) if category.recurrence is not None]
        changes = {name: value for one in said for name, value in one if value is not None}
        return self.recurrence.model_copy(update=changes)


@dataclass(frozen=True)
class Stored:
    """A tree and the version the store keeps it under."""

    causes: Causes
    version: int


def load_causes(text: str, what: str = "the causes file") -> Causes:
    """The tree in a YAML text; raises PolicyFaults with every mistake and its place."""
    return check_causes(parse_yaml(text, what), what)


def check_causes(data: Mapping[str, object], what: str = "the causes") -> Causes:
    """The tree in plain data (YAML or JSON); raises PolicyFaults with every mistake and its place."""
    refuse_depth(data, what)
    if found := every_fault(Causes, data, _HINTS, _between_categories):
        raise PolicyFaults(what, in_file_order(data, found))
    return Causes.model_validate(data)


def dump_causes(causes: Causes) -> dict[str, Any]:
    """The tree as JSON-ready data; `check_causes` reads it back as the same tree."""
    return causes.model_dump(mode="json")


def titled(path: Sequence[Category], language: str = "en") -> str:
    """`Service outage › Certificate`."""
    return " › ".join(category.title.in_language(language) for category in path)


def title_of(causes: Causes | None, id: str, language: str = "en") -> str:
    """The title of a category alone; the id itself where no tree knows it."""
    path = causes.find(id) if causes is not None else ()
    return path[-1].title.in_language(language) if path else id


def require_known(causes: Causes | None, category: str) -> None:
    """Raises Invalid `unknown_category`, with what is near, for a category the tree does not have; without a tree never."""
    if causes is None or causes.find(category):
        return
    message = f"category: the tree of causes has no '{category}'{_near(causes, category)}; {HOW_TO_SEE}"
    raise Invalid("unknown_category", message, field="category")


def _near(causes: Causes, word: str) -> str:
    """`; near it are …` by id or title, else what stands at the top."""
    paths = list(causes.paths())
    named = {name.casefold(): path for path in paths for name in _names(path[-1])}
    close = difflib.get_close_matches(word.casefold(), list(named), n=MOST_NEAR)
    near = dict.fromkeys(named[name][-1].id for name in close)
    if near:
        return "; near it: " + ", ".join(f"'{id}' ({titled(causes.find(id))})" for id in near)
    return "; at the top are " + ", ".join(f"'{category.id}'" for category in causes.categories)


def _names(category: Category) -> tuple[str, ...]:
    return (category.id, category.title.en, *([category.title.de] if category.title.de else []))


def _paths(categories: Sequence[Category], above: tuple[Category, ...]) -> Iterator[tuple[Category, ...]]:
    for category in categories:
        path = (*above, category)
        yield path
        yield from _paths(category.children, path)


def _between_categories(causes: Causes, unread: Sequence[Path]) -> dict[Path, Fault]:
    """Ids that stand twice, and branches too deep; of ids that could not be read nothing is said."""
    found: dict[Path, Fault] = {}
    first: dict[str, str] = {}
    for path, category in _placed(causes.categories, ("categories",)):
        place = (*path, "id")
        if len(path) // 2 > MOST_LEVELS:
            found[path] = Fault(path_text(path), f"deeper than {MOST_LEVELS} levels; nobody would find it there")
        if category.id in first and place not in unread and path not in unread:
            message = f"'{category.id}' stands at {first[category.id]} already; give each category an id of its own"
            found[place] = Fault(path_text(place), message)
        first.setdefault(category.id, path_text(place))
    return found


def _placed(categories: Sequence[Category], above: Path) -> Iterator[tuple[Path, Category]]:
    for index, category in enumerate(categories):
        place = (*above, index)
        yield place, category
        yield from _placed(category.children, (*place, "children"))
