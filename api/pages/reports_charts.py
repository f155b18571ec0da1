"""The charts of the reports page: from numbers to SVG, nothing else known.

Drawn narrow, so that letters stay readable on a phone, where a chart has the whole width. Classes only, no style and no script;
every bar says in its `title` what it is, and what a colour says a shape or a figure says too. The page has the same numbers as
a table under each.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

WIDTH = 440  # units; letters are 13 of them
HEAD = 26  # the legend's line
LEFT, RIGHT = 38, 8  # of upright bars: room for the figures of the axis, and beside the last bar
HEIGHT = 190  # of upright bars
BAR, GAP, NAME = 16, 9, 17  # of lying bars: thickness, space after a row, the line with its name
SAID = 92  # room for a value behind its bar
LETTER = 7.3  # about the width of one
MOST_TICKS = 5  # beside nought
LONGEST_NAME = 46  # characters of a row's name; the whole of it is in its title
SHADES = 5  # of the heat map, beside none
CELL, SIDE = 17, 44  # of the heat map: height of a cell, room for the hours
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Point:
    """A day, week or month: what stands below it (where there is room), how many were opened and closed, all of it in words."""

    name: str
    opened: int
    closed: int
    about: str


@dataclass(frozen=True)
class Row:
    """A row of lying bars: its name, a value for each bar (None: nothing to measure) and each value as it is written."""

    name: str
    values: tuple[float | None, ...]
    said: tuple[str, ...]


@dataclass(frozen=True)
class Cause:
    """A line of a Pareto; `cumulative` is the percent of it and all before it, `said` both as they are written."""

    name: str
    count: int
    cumulative: float
    said: str


def trend(id: str, title: str, points: Sequence[Point], labels: tuple[str, str]) -> str:
    """Openings as bars, closings as a line with dots over them; `labels` name the two."""
    root, base = _root(id, title), HEAD + HEIGHT
    highest = max([1, *(max(point.opened, point.closed) for point in points)])
    ticks = ticks_to(highest)
    for tick in ticks:
        y = base - tick / ticks[-1] * (HEIGHT - 8)
        _line(root, LEFT, y, WIDTH - RIGHT, y, "grid")
        _say(root, LEFT - 5, y + 4, f"{tick}", "tick end")
    step = (WIDTH - LEFT - RIGHT) / max(len(points), 1)
    scale = (HEIGHT - 8) / ticks[-1]
    dots: list[tuple[float, float]] = []
    for place, point in enumerate(points):
        x = LEFT + place * step
        group = ET.SubElement(root, "g")
        _text(group, "title", point.about)
        _rect(group, x + step * 0.12, base - point.opened * scale, step * 0.76, point.opened * scale, "bar first")
        dots.append((x + step / 2, base - point.closed * scale))
    _followed(root, dots, "second")
    _below(root, points, step, base)
    _legend(root, labels, "line")
    return _drawn(root, base + 22)


def lying(id: str, title: str, rows: Sequence[Row], labels: Sequence[str] = (), highest: float | None = None) -> str:
    """Rows of bars, each with its name above and its value behind; `labels` name the bars of a row where it has several."""
    root = _root(id, title)
    top = HEAD if labels else 2
    most = highest or max([1.0, *(value for row in rows for value in row.values if value is not None)])
    for row in rows:
        _name(root, top, row.name)
        top += NAME
        for which, (value, said) in enumerate(zip(row.values, row.said, strict=True)):
            group = ET.SubElement(root, "g")
            _text(group, "title", ": ".join([row.name, *([labels[which]] if labels else []), said]))
            long = (value or 0) / most * (WIDTH - SAID)
            _rect(group, 0, top, WIDTH - SAID, BAR - 3, "room")
            _rect(group, 0, top, long, BAR - 3, f"bar {('first', 'second')[which]}")
            _say(group, WIDTH - SAID + 7, top + 11, said, "value")
            top += BAR
        top += GAP
    if labels:
        _legend(root, labels, "box")
    return _drawn(root, top)


def pareto(id: str, title: str, causes: Sequence[Cause], labels: tuple[str, str]) -> str:
    """The causes as lying bars, the most frequent first, and over them the line of the share of all so far, 0 to 100 %."""
    root = _root(id, title)
    most = max([1, *(cause.count for cause in causes)])
    step, width = NAME + BAR + GAP, WIDTH - SAID
    for share in (0, 50, 100):
        x = width * share / 100
        _line(root, x, HEAD + 12, x, HEAD + 16 + step * len(causes), "grid")
        _say(root, x, HEAD + 8, f"{share} %", f"tick {({0: 'start', 50: 'middle', 100: 'middle'})[share]}")
    dots: list[tuple[float, float]] = []
    for place, cause in enumerate(causes):
        top = HEAD + 16 + place * step
        group = ET.SubElement(root, "g")
        _text(group, "title", f"{cause.name}: {cause.said}")
        _rect(group, 0, top + NAME, cause.count / most * width, BAR - 3, "bar first")
        _say(group, WIDTH - SAID + 7, top + NAME + 11, cause.said, "value")
        dots.append((width * cause.cumulative / 100, top + NAME + (BAR - 3) / 2))
    _followed(root, dots, "second")
    for place, cause in enumerate(causes):  # over the line, so that names stay readable
        _name(root, HEAD + 16 + place * step, cause.name)
    _legend(root, labels, "line")
    return _drawn(root, HEAD + 16 + step * len(causes))


def heat(
    id: str, title: str, days: Sequence[str], counts: Mapping[tuple[int, int], int], about: Callable[..., str]
) -> str:
    """A column for each weekday, a row for each hour, the darker the more; every cell has its figure.

    `counts` are by (weekday, hour), Monday is 0; `about(day=, hour=, count=)` says a cell.
    """
    root = _root(id, title)
    highest, width = max([1, *counts.values()]), (WIDTH - SIDE) / len(days)
    for day, name in enumerate(days):
        _say(root, SIDE + (day + 0.5) * width, 14, name, "tick middle")
    for hour in range(24):
        top = 20 + hour * CELL
        if hour % 3 == 0:
            _say(root, SIDE - 6, top + 13, f"{hour:02}:00", "tick end")
        for day, name in enumerate(days):
            count = counts.get((day, hour), 0)
            group = ET.SubElement(root, "g", {"class": f"cell heat-{shade(count, highest)}"})
            _text(group, "title", about(day=name, hour=f"{hour:02}", count=count))
            _rect(group, SIDE + day * width + 0.5, top + 0.5, width - 1, CELL - 1, "box")
            if count:
                _say(group, SIDE + (day + 0.5) * width, top + 13, f"{count}", "count middle")
    return _drawn(root, 22 + 24 * CELL)


def shade(count: int, highest: int) -> int:
    """0 for none, else 1 to `SHADES` in equal steps up to the highest."""
    return -(-count * SHADES // highest) if count else 0


def ticks_to(highest: int) -> list[int]:
    """Round figures from nought to `highest` or a little more."""
    power = 10 ** max(0, len(str(highest)) - 2)
    step = next(size * power for size in (1, 2, 5, 10, 20) if highest <= MOST_TICKS * size * power)
    return list(range(0, -(-highest // step) * step + 1, step))


def _root(id: str, title: str) -> ET.Element:
    root = ET.Element("svg", {"role": "img", "class": "chart", "aria-labelledby": f"{id}-title"})
    _text(root, "title", title, id=f"{id}-title")
    return root


def _drawn(root: ET.Element, height: float) -> str:
    root.set("viewBox", f"0 0 {WIDTH} {height:.0f}")
    return ET.tostring(root, encoding="unicode")


def _below(root: ET.Element, points: Sequence[Point], step: float, base: float) -> None:
    """The names of as many points as there is room for, evenly, from the first on."""
    widest = max((len(point.name) for point in points), default=1) * LETTER + 10
    every = max(1, -(-int(widest) // max(int(step), 1))) if step < widest else 1
    for place in range(0, len(points), every):
        middle = LEFT + (place + 0.5) * step
        if middle + widest / 2 <= WIDTH + 4:
            _say(root, middle, base + 17, points[place].name, "tick middle")


def _legend(root: ET.Element, labels: Sequence[str], second: str) -> None:
    """The first is a box; the second a box of its own, or a line with a dot."""
    x = 0.0
    for which, label in enumerate(labels):
        if which and second == "line":
            _line(root, x, 10, x + 18, 10, "line second")
            ET.SubElement(root, "circle", {"class": "dot second", "cx": f"{x + 9:.1f}", "cy": "10", "r": "3"})
        else:
            _rect(root, x, 4, 18, 11, f"bar {('first', 'second')[which]}")
        _say(root, x + 24, 14, label, "legend")
        x += 24 + len(label) * LETTER + 18


def _followed(root: ET.Element, dots: Sequence[tuple[float, float]], kind: str) -> None:
    """A line from dot to dot; the dots too, where they do not run together."""
    if len(dots) > 1:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        ET.SubElement(root, "polyline", {"class": f"line {kind}", "points": points})
    for x, y in dots if len(dots) <= 60 else ():
        ET.SubElement(root, "circle", {"class": f"dot {kind}", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "3"})


def _name(root: ET.Element, top: float, name: str) -> None:
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    _text(_say(root, 0, top + 12, short, "name"), "title", name)


def _rect(parent: ET.Element, x: float, y: float, width: float, height: float, kind: str) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{max(width, 0):.1f}", "height": f"{max(height, 0):.1f}"}
    ET.SubElement(parent, "rect", {"class": kind, **place})


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
