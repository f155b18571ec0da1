"""The counts of a backtest as one SVG that stands alone: no script, no font, no file beside it.

Four panels of grouped bars, the policies always in the same order. Colours are those of Okabe and Ito, which people without
colour vision tell apart by their lightness, too; and every bar says what it is when it is pointed at or read aloud.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from domain.backtest import NIGHT_BEGINS, NIGHT_ENDS, Tally
from local.backtest_words import target_words

WIDTH = 960
MARGIN = 24
LEFT = 190  # of the bars that lie, for names
LONGEST_NAME = 26  # characters that fit in front of them
MOST_PEOPLE = 15
MOST_TICKS = 7  # beside nought
OTHERS = "others"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MOST_POLICIES = len(COLOURS)
INK, PALE, NIGHT = "#222222", "#dddddd", "#eef0f4"
BAR, GAP = 13, 9  # pixels: thickness of a lying bar, space between two groups
HOURS_HEIGHT = 190
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Group:
    """What is compared: a name in front, and the count of each policy."""

    name: str
    counts: Sequence[int]


_Draw = Callable[[ET.Element, int, str, Sequence[str], Sequence[Group]], int]


def chart(labels: Sequence[str], tallies: Sequence[Tally], names: Mapping[str, str], about: str) -> str:
    """The SVG as text; `names` are people's names by id, `about` says which tickets were played."""
    night = f"{NIGHT_BEGINS}:00 to 0{NIGHT_ENDS}:00"
    people, nights = [tally.people for tally in tallies], [tally.nights_woken for tally in tallies]
    clock = "hour of the day on the responder's own clock"
    panels: Sequence[tuple[str, _Draw, str, Sequence[Group]]] = (
        ("Messages to responders by hour of the day", _standing, clock, _hours(tallies)),
        ("Messages by person", _lying, "messages", _most(people, names)),
        ("Targets missed", _lying, "times missed", _targets(tallies)),
        (f"Nights woken, {night} on the person's own clock", _lying, "nights", _most(nights, names)),
    )
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-labelledby": "title desc"})
    title = f"Backtest of {_listed(labels)}"
    _text_of(root, "title", title, id="title")
    _text_of(root, "desc", f"{title}: {about}. {_in_words(labels, tallies)}", id="desc")
    paper = ET.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    paper.tail = "\n"
    _say(root, MARGIN, 36, title, size=20, weight="bold")
    _say(root, MARGIN, 58, about, size=13)
    top = _legend(root, labels, 84)
    for heading, draw, axis, groups in panels:
        _say(root, MARGIN, top + 18, heading, size=15, weight="bold")
        top = draw(root, top + 34, axis, labels, groups)
    root.set("viewBox", f"0 0 {WIDTH} {top}")
    root.set("font-family", "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif")
    root.set("fill", INK)
    return ET.tostring(root, encoding="unicode") + "\n"


def _hours(tallies: Sequence[Tally]) -> list[Group]:
    return [Group(str(hour), [tally.hours["responders", hour] for tally in tallies]) for hour in range(24)]


def _targets(tallies: Sequence[Tally]) -> list[Group]:
    missed = sorted({name for tally in tallies for name in tally.missed})
    return [Group(target_words(name), [tally.missed[name] for tally in tallies]) for name in missed]


def _most(counts: Sequence[Mapping[str, int]], names: Mapping[str, str]) -> list[Group]:
    """Those with the most, and the others as one."""
    total = {key: max(count.get(key, 0) for count in counts) for key in sorted({key for one in counts for key in one})}
    ranked = sorted(total, key=lambda key: -total[key])
    first, rest = ranked[:MOST_PEOPLE], ranked[MOST_PEOPLE:]
    groups = [Group(names.get(key, key), [count.get(key, 0) for count in counts]) for key in first]
    others = Group(f"{len(rest)} {OTHERS}", [sum(count.get(key, 0) for key in rest) for count in counts])
    return [*groups, others] if rest else groups


def _legend(root: ET.Element, labels: Sequence[str], top: int) -> int:
    """One policy a line, so that no name is ever cut; returns where the panels begin."""
    for place, label in enumerate(labels):
        y = top + place * 20
        _bar(root, MARGIN, y - 11, 14, 14, place)
        _say(root, MARGIN + 22, y, label, size=13)
    return top + len(labels) * 20 + 6


def _standing(root: ET.Element, top: int, axis: str, labels: Sequence[str], groups: Sequence[Group]) -> int:
    """Bars side by side, one group an hour, the hours of night shaded; returns where the next panel begins."""
    left, width = MARGIN + 50, WIDTH - 2 * MARGIN - 50
    step, base = width / len(groups), top + HOURS_HEIGHT
    for begins, ends in ((0, NIGHT_ENDS), (NIGHT_BEGINS, len(groups))):
        _rect(root, left + begins * step, top, (ends - begins) * step, HOURS_HEIGHT, NIGHT)
        _say(root, left + (begins + ends) / 2 * step, top + 14, "night", size=11, anchor="middle")
    highest = max(1, *(count for group in groups for count in group.counts))
    for tick in _ticks(highest):
        y = base - tick / _ticks(highest)[-1] * HOURS_HEIGHT
        _line(root, left, y, left + width, y)
        _say(root, left - 6, y + 4, f"{tick:,}", size=11, anchor="end")
    thick = step * 0.8 / len(labels)
    for place, group in enumerate(groups):
        for which, count in enumerate(group.counts):
            high = count / _ticks(highest)[-1] * HOURS_HEIGHT
            x = left + place * step + step * 0.1 + which * thick
            said = f"{labels[which]}, {group.name}:00 to {group.name}:59: {count:,}"
            _bar(root, x, base - high, thick, high, which, said)
        _say(root, left + (place + 0.5) * step, base + 15, group.name, size=11, anchor="middle")
    _say(root, left + width / 2, base + 33, axis, size=12, anchor="middle")
    upright = _say(root, 0, 0, "messages", size=12, anchor="middle")
    upright.set("transform", f"translate({MARGIN + 8} {top + HOURS_HEIGHT / 2:.0f}) rotate(-90)")
    return base + 58


def _lying(root: ET.Element, top: int, axis: str, labels: Sequence[str], groups: Sequence[Group]) -> int:
    """Bars under each other with their counts at the end; returns where the next panel begins."""
    if not groups:
        _say(root, MARGIN, top + 12, "none", size=13)
        return top + 44
    left, width = MARGIN + LEFT, WIDTH - 2 * MARGIN - LEFT - 70
    step = len(labels) * BAR + GAP
    base = top + len(groups) * step
    ticks = _ticks(max(1, *(count for group in groups for count in group.counts)))
    for tick in ticks:
        x = left + tick / ticks[-1] * width
        _line(root, x, top, x, base)
        _say(root, x, base + 15, f"{tick:,}", size=11, anchor="middle")
    for place, group in enumerate(groups):
        y = top + place * step + GAP / 2
        short = group.name if len(group.name) <= LONGEST_NAME else f"{group.name[: LONGEST_NAME - 1]}…"
        _say(root, left - 8, y + len(labels) * BAR / 2 + 4, short, size=12, anchor="end")
        for which, count in enumerate(group.counts):
            long = count / ticks[-1] * width
            said = f"{labels[which]}, {group.name}: {count:,}"
            _bar(root, left, y + which * BAR, long, BAR, which, said)
            _say(root, left + long + 5, y + which * BAR + BAR - 2.5, f"{count:,}", size=11)
    _say(root, left + width / 2, base + 33, axis, size=12, anchor="middle")
    return base + 58


def _ticks(highest: int) -> list[int]:
    """Round numbers from nought to `highest` or a little more, at most eight."""
    power = 10 ** max(0, len(str(highest)) - 2)
    step = next(size * power for size in (1, 2, 5, 10, 20) if highest <= MOST_TICKS * size * power)
    return list(range(0, -(-highest // step) * step + 1, step))


def _listed(labels: Sequence[str]) -> str:
    *first, last = labels
    return f"{', '.join(first)} and {last}" if first else last


def _in_words(labels: Sequence[str], tallies: Sequence[Tally]) -> str:
    """What somebody hears who does not see the bars."""
    return " ".join(
        f"{label}: {tally.messages:,} messages, {tally.missed.total():,} targets missed, "
        f"{len(tally.nights):,} nights on which somebody was woken."
        for label, tally in zip(labels, tallies, strict=True)
    )


def _bar(
    root: ET.Element, x: float, y: float, width: float, height: float, which: int, said: str | None = None
) -> None:
    bar = _rect(root, x, y, width, height, COLOURS[which])
    if said is not None:
        _text_of(bar, "title", said)


def _rect(root: ET.Element, x: float, y: float, width: float, height: float, colour: str) -> ET.Element:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
    return ET.SubElement(root, "rect", {**place, "fill": colour})


def _line(root: ET.Element, x: float, y: float, to_x: float, to_y: float) -> None:
    place = {"x1": f"{x:.1f}", "y1": f"{y:.1f}", "x2": f"{to_x:.1f}", "y2": f"{to_y:.1f}"}
    ET.SubElement(root, "line", {**place, "stroke": PALE})


def _say(
    root: ET.Element, x: float, y: float, text: str, *, size: int, anchor: str = "start", weight: str = "normal"
) -> ET.Element:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": str(size), "text-anchor": anchor, "font-weight": weight}
    return _text_of(root, "text", text, **place)


def _text_of(root: ET.Element, tag: str, text: str, **more: str) -> ET.Element:
    """An element with a text; signs that XML cannot hold are left out."""
    found = ET.SubElement(root, tag, more)
    found.text = NOT_XML.sub("", text)
    found.tail = "\n"
    return found
