"""A preview as one SVG: time runs down, a line for every row, promises as bars beside it, closed hours hatched.

Classes only, no style and no script, so that it stands in a page of ours and is light or dark with it. Distances between lines
grow with time but are not to scale: a first quarter of an hour has as much to tell as the week after it.
"""

import re
import xml.etree.ElementTree as ET
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import log2
from textwrap import wrap

from activities.wording import Language
from api.pages.policy_hours import apart
from api.pages.preview_lines import Fold, Line, tiers
from api.pages.words import said
from api.preview import Played
from domain.calendars import Calendar, WorkingTime
from domain.clocks import Clock
from domain.due import label
from domain.policy import TargetName
from domain.simulation import Sending
from domain.state import Escalation, TimelineEntry

WIDTH = 502
HEAD = 84  # pixels for the names of the bars, which stand upright
RAIL, RAILS = 13, 6  # pixels of a bar and the space around it; where the first stands
TIME = 75  # pixels for the clock and the day
LETTERS, TITLE_LETTERS = 47, 38  # of a line of words, of a title, which is bold; what a system font fits into its space
MOST_LINES = 3  # of the words of one row; the table has all of them
ROW, LEADING, PAD = 18, 15, 8  # pixels: title, a line of words, space below
TITLE_BAR = 30  # pixels of the bar that names a tier
SHORTEST, PER_DOUBLING, LONGEST = (
    12.0,
    7.0,
    110.0,
)  # pixels between two instants: least, for each doubling of minutes, most
ROOM_FOR_WORDS = 20.0  # a gap that has something to say is at least as high
ORDER: tuple[TargetName, ...] = (
    "acknowledge", "tier_resolution", "resolution", "customer_update", "root_cause", "closure",
)  # fmt: skip
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Gap:
    """Nothing happens between two instants; `closed` are the stretches in which the tier that has the case is closed."""

    begins: datetime
    ends: datetime
    closed: tuple[tuple[datetime, datetime], ...]

    @property
    def height(self) -> float:
        """More time is more space, but a week is not a hundred times an hour."""
        minutes = (self.ends - self.begins).total_seconds() / 60
        high = SHORTEST + PER_DOUBLING * log2(1 + minutes)
        return min(LONGEST, max(high, ROOM_FOR_WORDS))


def line(played: Played, told: Sequence[Line | Fold], language: Language) -> str:
    """The markup. Everything in it is escaped. What is folded is a gap that says so."""
    found = [one for one in told if isinstance(one, Line)]
    after = {
        before.at: one.text for before, one in pairwise(told) if isinstance(before, Line) and isinstance(one, Fold)
    }
    return _Drawing(played, found, after, language).drawn()


def gaps(played: Played, found: Sequence[Line]) -> list[Gap]:
    """What lies between the instants of the lines."""
    moves = tiers(found)
    made = []
    for (place, before), after in zip(enumerate(found), found[1:], strict=False):
        if after.at > before.at:
            here = next((name for at, name in reversed(moves) if at <= place), played.policy.tiers[0].name)
            made.append(Gap(before.at, after.at, tuple(_closed(_calendar(played, here), before.at, after.at))))
    return made


def _calendar(played: Played, tier: str) -> Calendar:
    policy, index = played.policy, played.policy.tier_index(tier) or 0
    return policy.calendar(policy.calendar_name(policy.tiers[index].calendar, played.course.state.priority))


def _closed(calendar: Calendar, begins: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
    """What is not open from `begins` to `ends`."""
    at = begins
    for opens, closes in WorkingTime(calendar).stretches(begins, ends):
        if opens > at:
            yield at, opens
        at = closes
    if at < ends:
        yield at, ends


class _Drawing:
    """Puts one line below the other, then the bars beside them."""

    def __init__(
        self, played: Played, found: Sequence[Line], folded: Mapping[datetime, str], language: Language
    ) -> None:
        self._played, self._found, self._folded, self._language = played, found, folded, language
        self._state: Escalation = played.course.state
        self._rails = [name for name in ORDER if any(clock.name == name for clock in self._state.clocks)]
        self._clock_x = RAILS + RAIL * len(self._rails) + 6
        self._axis = self._clock_x + TIME
        self._text_x = self._axis + 16
        self._points: list[tuple[datetime, float]] = []  # where on the paper an instant begins and ends
        self._rows: list[float] = []  # the middle of each line's mark
        self._root = ET.Element("svg", {"role": "img", "class": "line", "aria-labelledby": "line-title line-about"})
        self._back = ET.Element("g", {"class": "back"})

    def drawn(self) -> str:
        """The whole drawing."""
        first, last = self._found[0], self._found[-1]
        about = said(
            self._language,
            "policy_line_about",
            rows=len(self._found),
            from_=f"{first.day} {first.clock}",
            to=f"{last.day} {last.clock}",
        )
        _text(self._root, "title", said(self._language, "policy_line"), id="line-title")
        _text(self._root, "desc", about, id="line-about")
        self._hatching()
        self._root.append(self._back)
        height = self._lines()
        self._bars(height)
        self._root.set("viewBox", f"0 0 {WIDTH} {height:.0f}")
        return ET.tostring(self._root, encoding="unicode")

    def _hatching(self) -> None:
        where = ET.SubElement(self._root, "defs")
        size = {"width": "6", "height": "6", "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"}
        hatch = ET.SubElement(where, "pattern", {"id": "closed-hours", **size})
        ET.SubElement(hatch, "rect", {"class": "hatch", "width": "2", "height": "6"})

    def _lines(self) -> float:
        """Every line in its place; how high the drawing is."""
        between = {gap.begins: gap for gap in gaps(self._played, self._found)}
        moves = dict(tiers(self._found))
        y, day, before = float(HEAD), "", None
        for place, one in enumerate(self._found):
            if before is not None and one.at > before:
                self._points.append((before, y))
                y = self._gap(between[before], y)
            if place in moves and one.kind == "opened":
                y = self._tier(moves[place], y)
            if one.at != before:
                self._points.append((one.at, y))
                self._say(self._clock_x, y + 13, one.clock, "clock")
                if one.day != day:
                    self._say(self._clock_x, y + 27, one.day, "day")
            day, before = one.day, one.at
            y = self._row(one, y)
            if place in moves and one.kind != "opened":
                y = self._tier(moves[place], y)
        if before is not None:
            self._points.append((before, y))
        _line(self._back, self._axis, HEAD, self._axis, y, "axis")
        return y + PAD

    def _tier(self, name: str, y: float) -> float:
        """The bar that says to which tier the case has come."""
        index = self._played.policy.tier_index(name) or 0
        team = self._played.policy.tiers[index].team
        found = self._played.roster.team(team)
        _rect(self._root, self._axis - 5, y + 2, WIDTH - self._axis, TITLE_BAR - 8, f"tier tier-{index % 4}", rx="4")
        self._say(self._text_x, y + 17, f"{name} · {(found and found.name) or team}", "tier-name")
        return y + TITLE_BAR

    def _row(self, one: Line, y: float) -> float:
        self._rows.append(y + 9)
        group = ET.SubElement(self._root, "g", {"class": f"row {one.tone} {one.kind}"})
        _mark(group, one, self._axis, y + 9)
        *_, whole = (_text(group, "title", f"{one.day} {one.clock} {one.title}. {one.why}"),)
        whole.tail = "\n"
        words = wrap(one.title, TITLE_LETTERS)[:2] or [""]
        for number, part in enumerate(words):
            _say(group, self._text_x, y + 13 + number * LEADING, part, "what")
        y += ROW + (len(words) - 1) * LEADING
        why = wrap(one.why, LETTERS)
        shown = why[:MOST_LINES]
        if len(why) > MOST_LINES:
            shown[-1] = f"{shown[-1][: LETTERS - 1]}…"
        for number, part in enumerate(shown):
            _say(group, self._text_x, y + 11 + number * LEADING, part, "why")
        return y + len(shown) * LEADING + PAD

    def _gap(self, gap: Gap, y: float) -> float:
        """The space until the next instant, with how long it is in words."""
        span = gap.ends - gap.begins
        words = [self._how_long(gap), *wrap(self._folded.get(gap.begins, ""), LETTERS)]
        height = max(gap.height, len(words) * LEADING)
        for begins, ends in gap.closed:
            top, bottom = (y + height * ((at - gap.begins) / span) for at in (begins, ends))
            box = _rect(self._back, self._axis + 4, top, WIDTH - self._axis - 8, bottom - top, "closed")
            box.set("fill", "url(#closed-hours)")
            _text(box, "title", said(self._language, "policy_closed"))
        middle = y + height / 2 + 4 - (len(words) - 1) * LEADING / 2
        for number, part in enumerate(words):
            self._say(self._text_x, middle + number * LEADING, part, "gap")
        return y + height

    def _how_long(self, gap: Gap) -> str:
        """`15 min`; where part of it, or all of it, is closed, that too."""
        span = gap.ends - gap.begins
        open_ = span - sum((ends - begins for begins, ends in gap.closed), timedelta(0))
        key = "policy_gap_closed" if timedelta(0) < open_ < span else "policy_gap" if open_ else "policy_gap_shut"
        whole, working = (apart(gap.begins, gap.begins + one, self._language) for one in (span, open_))
        return said(self._language, key, span=whole, open=working)

    # --- the bars

    def _y(self, at: datetime) -> float:
        """Where an instant is on the paper: between two lines in proportion."""
        times = [point for point, _ in self._points]
        after = bisect_right(times, at)
        if after == 0:
            return self._points[0][1]
        if after == len(times):
            return self._points[-1][1]
        (begins, top), (ends, bottom) = self._points[after - 1], self._points[after]
        return top + (bottom - top) * ((at - begins) / (ends - begins))

    def _top(self, at: datetime) -> float:
        """Where the first line of that instant is, or the instant itself where it has none."""
        return next((y for one, y in zip(self._found, self._rows, strict=True) if one.at == at), self._y(at))

    def _bars(self, height: float) -> None:
        for place, name in enumerate(self._rails):
            x = RAILS + RAIL * place + RAIL / 2
            heading = self._say(0, 0, said(self._language, f"policy_rail_{name}"), "rail-name")
            heading.set("transform", f"translate({x + 4:.1f} {HEAD - 8}) rotate(-90)")
            _line(self._back, x, HEAD, x, height - PAD, "rail")
            for begins, ends, clock in self._running(name):
                self._bar(x, begins, ends, clock)
            self._marks(x, name)

    def _running(self, name: TargetName) -> Iterator[tuple[datetime, datetime, Clock]]:
        """When the promises of that name run; a promise to the customer follows the other, and older ones are not kept."""
        clocks = [clock for clock in self._state.clocks if clock.name == name]
        ends_at = self._found[-1].at
        spans = [(clock.started_at, clock.events[-1].at if clock.over else ends_at, clock) for clock in clocks]
        if name == "customer_update":
            yield self._state.opened_at, max(ends for _, ends, _ in spans), clocks[-1]
            return
        yield from spans

    def _bar(self, x: float, begins: datetime, ends: datetime, clock: Clock) -> None:
        late = clock.breached_at if clock.name != "customer_update" else None
        top, bottom = self._top(begins) + 1, self._top(ends) - 1  # two that follow each other do not touch
        whole = _rect(self._root, x - 3, top, 6, bottom - top, "runs", rx="3")
        _text(whole, "title", label(clock))
        if late is not None and late < ends:
            _rect(self._root, x - 3, self._top(late), 6, bottom - self._top(late), "runs late", rx="3")
        if clock.phase == "met":
            self._say(x, self._top(clock.events[-1].at) + 5, "✓", "mark good")

    def _marks(self, x: float, name: TargetName) -> None:
        """Warnings and breaches stand where their lines are."""
        for one, y in zip(self._found, self._rows, strict=True):
            if about(one, self._state) == name:
                self._say(x, y + 5, "▲" if one.kind == "warned" else "✕", f"mark {one.tone}")

    def _say(self, x: float, y: float, text: str, kind: str) -> ET.Element:
        return _say(self._root, x, y, text, kind)


def about(one: Line, state: Escalation) -> TargetName | None:
    """Which promise a warning or a breach is about; None for any other line."""
    happening = one.happening
    if one.kind == "breached" and isinstance(happening, TimelineEntry):
        return next((name for name in ORDER if name == happening.data.get("target")), None)
    if one.kind == "warned" and isinstance(happening, Sending):
        called = happening.message.facts.get("target", "")
        return next((clock.name for clock in state.clocks if label(clock) == called), None)
    return None


def _mark(group: ET.Element, one: Line, x: float, y: float) -> None:
    """A shape for each kind of line, so that nobody needs its colour: messages are round, breaches crossed, climbs arrows."""
    if one.kind in ("told", "customer_told"):
        ET.SubElement(group, "circle", {"class": "dot", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "5"})
        return
    ET.SubElement(group, "circle", {"class": "disc", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "8"})
    sign = {"breached": "✕", "warned": "▲", "climbed": "↑", "acknowledged": "✓", "resolved": "✓", "closed": "✓"}
    _say(group, x, y + 4.5, sign.get(one.kind, "•"), "mark")


def _rect(parent: ET.Element, x: float, y: float, width: float, height: float, kind: str, **more: str) -> ET.Element:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{max(width, 0):.1f}", "height": f"{max(height, 0):.1f}"}
    return ET.SubElement(parent, "rect", {"class": kind, **place, **more})


def _line(parent: ET.Element, x: float, y: float, to_x: float, to_y: float, kind: str) -> None:
    place = {"x1": f"{x:.1f}", "y1": f"{y:.1f}", "x2": f"{to_x:.1f}", "y2": f"{to_y:.1f}"}
    ET.SubElement(parent, "line", {"class": kind, **place})


def _say(parent: ET.Element, x: float, y: float, text: str, kind: str) -> ET.Element:
    return _text(parent, "text", text, x=f"{x:.1f}", y=f"{y:.1f}", **{"class": kind})


def _text(parent: ET.Element, tag: str, text: str, **more: str) -> ET.Element:
    """An element with a text; signs that XML cannot hold are left out."""
    found = ET.SubElement(parent, tag, more)
    found.text = _NOT_XML.sub("", text)
    return found
