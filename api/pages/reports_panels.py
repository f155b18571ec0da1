"""The charts of the reports page, each with the same numbers as a table and as CSV."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from markupsafe import Markup

from activities.wording import short_day
from api.pages.reports_charts import Cause, Point, Row, heat, lying, pareto, trend
from api.pages.reports_view import Cell, Named, Reading, Report, Table
from domain.calendars import WEEKDAYS
from domain.kpi_words import DEFINITIONS
from records.figures import BANDS

MOST_BARS: Final = 12  # rows of a chart; its table has the others
Csv = Callable[..., str]
"""(report, its `group_by` if any) → the address of the report as CSV."""


@dataclass(frozen=True)
class Panel:
    """A chart; no drawing where there is nothing to draw. `left_out` says how many rows only the table has."""

    id: str
    title: str
    text: str
    drawing: Markup | None
    table: Table
    csv: str
    left_out: int = 0


@dataclass(frozen=True)
class Panels:
    """Makes them, each from the report it shows."""

    reading: Reading
    csv: Csv

    def trend(self, report: Report) -> Panel:
        """Openings and closings of each day, week or month."""
        say, cut = self.reading.say, report["group_by"]
        points: list[Point] = []
        rows: list[tuple[Cell, ...]] = []
        names = ("compliance", "acknowledge_median", "resolve_median", "breaches")
        for group in report["groups"]:
            one = {figure["kpi"]: figure for figure in group["figures"]}
            opened, closed, first = one["volume"]["value"], one["closed"]["value"], date.fromisoformat(group["value"])
            about = say("point", day=self._piece(first, cut), opened=opened, closed=closed)
            points.append(Point(self._below(first, cut), opened, closed, about))
            shown = (self.reading.cell(one[name]) for name in ("volume", "closed", *names))
            at_tiers = self.reading.at_tiers(group["breaches_by_tier"])
            rows.append((Cell(self._piece(first, cut), number=False), *shown, *at_tiers))
        tiers = self.reading.tier_titles(report["groups"][0]["breaches_by_tier"])
        head = (say(f"cut_{cut}"), say("opened"), say("closed"), *(self._title(name) for name in names), *tiers)
        title = say("trend")
        drawn = trend("trend", title, points, (say("opened"), say("closed")))
        filled = any(point.opened or point.closed for point in points)
        return self._panel("trend", title, say("trend_about"), drawn, filled, head, rows, self.csv("trend", cut))

    def compliance(self, report: Report) -> Panel:
        """Each target by the share that was met in time."""
        say = self.reading.say
        chosen = [one for one in report["figures"] if one["kpi"].startswith("compliance_")]
        chosen += [one for one in report["figures"] if one["kpi"] == "promise_keeping"]
        bars = [
            Row(_short(one["title"]), (one["value"],), (self.reading.value(one["value"], one["unit"]),))
            for one in chosen
        ]
        rows = [
            (
                Cell(_short(one["title"]), number=False),
                self.reading.cell(one),
                Cell(say("missed"), self.reading.cases(one["cases"]), number=False),
            )
            for one in chosen
        ]
        title, head = say("compliance"), (say("target"), say("in_time"), say("cases"))
        drawn = lying("compliance", title, bars, highest=100)
        filled = any(one["value"] is not None for one in chosen)
        return self._panel("compliance", title, say("compliance_about"), drawn, filled, head, rows, self.csv("summary"))

    def causes(self, report: Report, named: Named) -> Panel:
        """The Pareto of the recorded causes."""
        say, reading = self.reading.say, self.reading
        bars = [
            Cause(
                named(one["value"]),
                one["count"],
                one["cumulative_share"],
                f"{one['count']} · {reading.value(one['cumulative_share'], 'percent')}",
            )
            for one in report["causes"]
        ]
        rows = [
            (
                Cell(named(one["value"]), number=False),
                reading.counted(one["count"], one["cases"]),
                *(Cell(reading.value(one[name], "percent")) for name in ("share", "cumulative_share")),
                reading.counted(one["customers"], one["cases"]),
                reading.counted(one["recurrences"], one["recurrences_cases"]),
            )
            for one in report["causes"]
        ]
        head = tuple(say(name) for name in ("by_cause", "cases", "share", "cumulative", "customers", "recurrences"))
        drawn = pareto("causes", say("causes"), bars[:MOST_BARS], (say("cases"), say("cumulative")))
        csv = self.csv("root-causes")
        return self._panel("causes", say("causes"), report["definition"], drawn, bool(bars), head, rows, csv)

    def heat(self, report: Report, zone: str) -> Panel:
        """Openings by hour and weekday."""
        days = self.reading.say("weekdays").split()
        cells = {(WEEKDAYS.index(one["weekday"]), one["hour"]): one for one in report["cells"]}
        counts = {place: one["count"] for place, one in cells.items()}
        title = self.reading.say("heat")
        rows = [
            (
                Cell(f"{hour:02}:00", number=False),
                *(self.reading.counted(counts[day, hour], cells[day, hour]["cases"]) for day in range(7)),
            )
            for hour in range(24)
        ]
        drawn = heat("heat", title, days, counts, partial(self.reading.say, "cell"))
        text, head = f"{report['definition']} ({zone})", (self.reading.say("hour"), *days)
        return self._panel("heat", title, text, drawn, any(counts.values()), head, rows, self.csv("heatmap"))

    def tiers(self, report: Report) -> Panel:
        """How long cases were at each tier; what was missed there is in the table."""
        say, reading = self.reading.say, self.reading
        bars = [
            Row(
                one["tier"],
                (one["median"], one["p90"]),
                tuple(reading.value(one[n], "seconds") for n in ("median", "p90")),
            )
            for one in report["tiers"]
        ]
        rows = [
            (
                Cell(one["tier"], number=False),
                reading.counted(one["count"], one["cases"]),
                *(Cell(reading.value(one[n], "seconds"), reading.cases(one["cases"])) for n in ("median", "p90")),
                reading.counted(one["stays"], one["cases"]),
                reading.counted(one["breaches"], one["breaches_cases"]),
            )
            for one in report["tiers"]
        ]
        labels = (say("median"), say("p90"))
        head = (say("by_tier"), say("cases"), *labels, say("stays"), self._title("breaches"))
        drawn = lying("tiers", self._title("time_in_tier"), bars[:MOST_BARS], labels)
        csv = self.csv("time-in-tier")
        return self._panel(
            "tiers", self._title("time_in_tier"), report["definition"], drawn, bool(bars), head, rows, csv
        )

    def load(self, report: Report, named: Named) -> Panel:
        """Cases by the person who owns them; nobody's are left out."""
        say, bars, rows = self.reading.say, list[Row](), list[tuple[Cell, ...]]()
        for group in report["groups"]:
            one = {figure["kpi"]: figure for figure in group["figures"]}
            if group["value"] is None:
                continue
            name, volume = named(group["value"]), one["volume"]
            bars.append(Row(name, (volume["value"],), (self.reading.number(volume["value"]),)))
            rest = ("acknowledge_median", "resolve_median", "breaches")
            cells = (self.reading.cell(one[kpi]) for kpi in ("volume", *rest))
            rows.append((Cell(name, number=False), *cells))
        titles = (self._title(kpi) for kpi in ("acknowledge_median", "resolve_median", "breaches"))
        head, title = (say("by_owner"), say("cases"), *titles), self._title("load_per_responder")
        text = self.reading.defined(DEFINITIONS["load_per_responder"].text)
        drawn, csv = lying("load", title, bars[:MOST_BARS]), self.csv("summary", "owner")
        return self._panel("load", title, text, drawn, bool(bars), head, rows, csv)

    def ages(self, report: Report) -> Panel:
        """How old is what waits now."""
        say = self.reading.say
        edges = [0, *BANDS]
        names = [
            say("age_over", first=first) if upto is None else say("age_between", first=first, upto=upto)
            for first, upto in zip(edges, [*BANDS, None], strict=True)
        ]
        counted = list(zip(names, report["by_age"], report["by_age_cases"], strict=True))
        bars = [Row(name, (count,), (self.reading.number(count),)) for name, count, _ in counted]
        rows = [(Cell(name, number=False), self.reading.counted(count, cases)) for name, count, cases in counted]
        title, text = say("ages"), report["figures"][0]["definition"]
        drawn, csv = lying("ages", title, bars), self.csv("backlog", "owner")
        filled = any(report["by_age"])
        return self._panel("ages", title, text, drawn, filled, (say("age"), say("cases")), rows, csv)

    def _panel(
        self,
        id: str,
        title: str,
        text: str,
        drawing: str,
        filled: bool,
        head: Sequence[str],
        rows: Sequence[tuple[Cell, ...]],
        csv: str,
    ) -> Panel:
        markup = Markup(drawing) if filled else None  # noqa: S704 - made by ElementTree, which escapes
        left_out = max(len(rows) - MOST_BARS, 0) if id in ("causes", "tiers", "load") else 0
        return Panel(id, title, text, markup, Table(tuple(head), tuple(rows)), csv, left_out)

    def _title(self, kpi: str) -> str:
        return self.reading.defined(DEFINITIONS[kpi].title)

    def _piece(self, first: date, cut: str) -> str:
        """A piece in words: a day, the week from a Monday, a month."""
        day = short_day(first, self.reading.language)
        if cut == "month":
            return self._below(first, cut)
        return f"{day} {first.year}" if cut == "day" else self.reading.say("week_from", day=f"{day} {first.year}")

    def _below(self, first: date, cut: str) -> str:
        """The same, short enough to stand below a bar."""
        if cut == "month":
            return f"{first:%m}/{first.year}" if self.reading.language == "de" else f"{first:%b} {first.year}"
        return f"{first.day}.{first.month}." if self.reading.language == "de" else f"{first.day} {first:%b}"


def _short(title: str) -> str:
    """`Compliance: resolution` is about the resolution, where every row is about compliance."""
    _, _, rest = title.partition(": ")
    return f"{rest[0].upper()}{rest[1:]}" if rest else title
