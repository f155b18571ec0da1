"""The reports in the words of a page: numbers as people write them, with their change, their definition and their cases.

Every number is one that `api.reports` answered; here it is only written down. The change to the period before is a difference of
two such numbers: of shares in percentage points, of everything else in percent of what it was.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from activities.wording import Language, word
from api.pages.words import said
from domain.forgetting import FORGOTTEN
from domain.kpi_words import DEFINITIONS
from domain.kpis import Language as Spoken
from domain.kpis import Value
from records.escalations import BY_VALUE

SOFT_HYPHEN: Final = "\u00ad"
LONG_WORDS: Final = tuple(
    one.replace("-", SOFT_HYPHEN)
    for one in ("Kunden-zufrieden-heit", "Wieder-eröffnet", "Eskalations-rate", "Eskala-tionen")
)
CASES: Final = "/reports/cases"
UNITS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60))
FEWER_IS_BETTER: Final = frozenset(
    (
        *("acknowledge_median", "acknowledge_p90", "acknowledge_working_median", "acknowledge_working_p90"),
        *("resolve_median", "resolve_p90", "resolve_working_median", "resolve_working_p90"),
        *("escalation_rate", "breaches", "climbs", "reopen_rate", "recurrence", "messages_failed", "nobody_on_duty"),
    )
)
MORE_IS_BETTER: Final = frozenset(("promise_keeping", "csat", *(one for one in DEFINITIONS if "compliance" in one)))
TILES: Final = (
    ("volume",),
    ("escalation_rate",),
    ("compliance",),
    ("promise_keeping",),
    ("reopen_rate",),
    ("recurrence",),
    ("csat",),
    ("nobody_on_duty",),
    ("acknowledge_median", "acknowledge_p90", "acknowledge_working_median", "acknowledge_working_p90"),
    ("resolve_median", "resolve_p90", "resolve_working_median", "resolve_working_p90"),
    ("backlog", "backlog_age_median", "backlog_age_oldest"),
)
"""What stands on top: the number that is written large, and those that belong to it."""

Report = Mapping[str, Any]
ByTier = Mapping[str | None, Sequence[Report]]
"""Value of a group → the same tiers for every group, each with its `breaches` and their `cases`."""
Named = Callable[[str | None], str]


@dataclass(frozen=True)
class Change:
    """What a number was before, the cases behind that, and how far it went; `tone` is for the style, `word` says the same.

    `href` is None where there was nothing to measure.
    """

    before: str
    href: str | None
    moved: str
    word: str
    tone: str


@dataclass(frozen=True)
class Figure:
    """One number; `href` lists its cases, and is None where there is nothing to measure."""

    kpi: str
    title: str
    value: str
    definition: str
    formula: str
    href: str | None
    change: Change | None


@dataclass(frozen=True)
class Cell:
    """Of a table; what is no number stands on the left."""

    text: str
    href: str | None = None
    number: bool = True


@dataclass(frozen=True)
class Table:
    """The rows of a report; the first cell of each names it."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Reading:
    """Who looks: in which language, below which path our pages are."""

    language: Language
    base: str = ""

    def say(self, key: str, **fields: object) -> str:
        """A sentence of this page."""
        return said(self.language, f"reports_{key}", **fields)

    def defined(self, texts: Mapping[Spoken, str]) -> str:
        """A title or a definition of a number."""
        return texts["de" if self.language == "de" else "en"]

    def number(self, value: float, digits: int = 0) -> str:
        """`1,234.5`; `1.234,5` in German."""
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "de" else text

    def value(self, value: Value, unit: str) -> str:
        """As its unit is written; a dash where there is nothing to measure."""
        if value is None:
            return "–"
        if unit == "seconds":
            return self.span(int(value))
        if unit == "percent":
            return f"{self.number(value, 0 if value in (0, 100) else 1)} %"
        return self.number(value, 0 if unit in ("cases", "events") else 1)

    def span(self, seconds: int) -> str:
        """`2 d 5 h`: the two largest units that say something, seconds only of less than a minute."""
        if seconds < 60:
            return f"{seconds} s"
        found: list[tuple[str, int]] = []
        for unit, size in UNITS:
            count, seconds = divmod(seconds, size)
            if count or found:
                found.append((unit, count))
        return " ".join(said(self.language, unit, n=self.number(count)) for unit, count in found[:2] if count)

    def brings(self, kpi: str) -> str:
        """What the cases behind a number bring to it, as a heading."""
        if kpi == "csat":
            return self.say("score")
        return self.say("time" if DEFINITIONS[kpi].unit == "seconds" else "times")

    def brought(self, kpi: str, value: int | None) -> str:
        """What one of them brings to it."""
        if value is None:
            return "–"
        if kpi == "csat":
            return self.say("score_of", score=value)
        return self.span(value) if DEFINITIONS[kpi].unit == "seconds" else self.number(value)

    def cases(self, address: str) -> str:
        """The page that lists what an address of the API lists: a browser has no key to ask that with."""
        return f"{self.base}{CASES}?{urlsplit(address).query}"

    def figure(self, one: Report, before: Report | None = None) -> Figure:
        """One of a report's `figures`, with the same of the period before where there is one."""
        known = before is not None and (one["value"], before["value"]) != (None, None)
        change = self._change(one, before) if before is not None and known else None
        formula = self.defined(DEFINITIONS[one["kpi"]].formula)
        value = self.value(one["value"], one["unit"])
        return Figure(one["kpi"], one["title"], value, one["definition"], formula, self._measured(one), change)

    def cell(self, one: Report) -> Cell:
        """The same in a table; nothing leads to no cases, but 0 % or 0 s are measured."""
        found = one["value"] or (one["value"] is not None and one["unit"] in ("percent", "seconds"))
        return Cell(self.value(one["value"], one["unit"]), self.cases(one["cases"]) if found else None)

    def counted(self, count: int, address: str) -> Cell:
        """A count of cases in a table."""
        return Cell(self.number(count), self.cases(address) if count else None)

    def at_tiers(self, missed: Sequence[Report]) -> list[Cell]:
        """What was missed at each tier, in a table."""
        return [self.counted(one["breaches"], one["cases"]) for one in missed]

    def tier_titles(self, missed: Sequence[Report]) -> list[str]:
        """The headings over them."""
        title = self.defined(DEFINITIONS["breaches_by_tier"].title)
        return [f"{title}: {one['tier']}" for one in missed]

    def _measured(self, one: Report) -> str | None:
        return None if one["value"] is None else self.cases(one["cases"])

    def _change(self, one: Report, before: Report) -> Change:
        value, was = one["value"], before["value"]
        known = (self.value(was, one["unit"]), self._measured(before))
        if value is None or was is None:
            return Change(*known, "", "", "")
        value, was = round(value, 1), round(was, 1)  # as they are read, so that the difference is that of what is read
        difference = value - was
        moved = self._moved(one["unit"], difference, was)
        if not moved:
            return Change(*known, "=", self.say("same"), "")
        tone = _tone(one["kpi"], difference)
        return Change(*known, f"{'▲' if difference > 0 else '▼'} {moved}", self.say(tone) if tone else "", tone)

    def _moved(self, unit: str, difference: float, before: float) -> str:
        """How far; nothing where nobody would see it."""
        sign = "+" if difference > 0 else "−"
        if unit == "percent":
            return self.say("points", n=f"{sign}{self.number(abs(difference), 1)}") if difference else ""
        if not before:
            return f"{sign}{self.value(abs(difference), unit)}" if difference else ""
        percent = abs(difference) / before * 100
        return f"{sign}{self.number(percent, 0 if percent >= 1 else 1)} %" if round(percent, 1) else ""


@dataclass(frozen=True)
class Tile:
    """A key number and those that belong to it."""

    first: Figure
    others: tuple[Figure, ...]

    @property
    def all(self) -> tuple[Figure, ...]:
        """Each of them."""
        return (self.first, *self.others)


def tiles(reading: Reading, figures: Sequence[Report], before: Sequence[Report] | None) -> list[Tile]:
    """The key numbers; `before` are the figures of the period before, None where there is none."""
    shown = {one.kpi: one for one in every(reading, figures, before)}
    return [Tile(shown[first], tuple(shown[name] for name in others)) for first, *others in TILES]


def every(reading: Reading, figures: Sequence[Report], before: Sequence[Report] | None) -> Iterator[Figure]:
    """All of them in their order."""
    was = {one["kpi"]: one for one in before or ()}
    for one in figures:
        yield reading.figure(one, was.get(one["kpi"]))


def grouped(reading: Reading, report: Report, missed: ByTier, named: Named, only: Callable[[str | None], str]) -> Table:
    """The key numbers of each group, those that any has, and what it `missed` at each tier.

    The name of a group leads to the page about it alone.
    """
    groups = [{one["kpi"]: one for one in group["figures"]} for group in report["groups"]]
    keys = [names[0] for names in TILES if names[0] != "backlog"]
    chosen = [name for name in keys if any(figures[name]["value"] is not None for figures in groups)]
    rows = [
        (
            Cell(named(group["value"]), only(group["value"]), number=False),
            *(reading.cell(figures[name]) for name in chosen),
            *reading.at_tiers(missed[group["value"]]),
        )
        for group, figures in zip(report["groups"], groups, strict=True)
    ]
    titles = (_breaking(reading.defined(DEFINITIONS[name].title)) for name in chosen)
    tiers = reading.tier_titles(next(iter(missed.values()), ()))
    return Table((reading.say(f"by_{report['group_by']}"), *titles, *tiers), tuple(rows))


def _breaking(title: str) -> str:
    """With the places where a long word may break at the head of a narrow column."""
    for one in LONG_WORDS:
        title = title.replace(one.replace(SOFT_HYPHEN, ""), one)
    return title


def named_by(reading: Reading, dimension: str, names: Mapping[str, str]) -> Named:
    """How a value of a dimension is called: by its name where it has one."""

    def named(value: str | None) -> str:
        if value is None:
            return reading.say("without")
        return word(reading.language, value) if dimension == "priority" else names.get(value, value)

    return named


def with_id(id: str, name: str) -> str:
    """A customer's name with the id that filters take; of a forgotten one the id alone."""
    return id if name in (id, FORGOTTEN) else f"{name} ({id})"


def extremes_first(kpi: str) -> str:
    """How the cases behind a number are sorted by what they bring to it: the unhappy and the slow on top."""
    return BY_VALUE if kpi == "csat" else f"-{BY_VALUE}"


def _tone(kpi: str, difference: float) -> str:
    if kpi in FEWER_IS_BETTER:
        return "worse" if difference > 0 else "better"
    if kpi in MORE_IS_BETTER:
        return "better" if difference > 0 else "worse"
    return ""
