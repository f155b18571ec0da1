"""A team's plan as one SVG: days are columns on the reader's clock, each row of the plan a band of named pieces.

Classes only, no style and no script. A gap is hatched and says so; what a piece is too short to say is said when it is pointed
at, and in the list below the drawing.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from activities.wording import Language
from api.pages.on_call_plan import Band, Piece, Plan
from api.pages.words import said
from domain.calendars import wall_to_utc

WIDTH, LEFT = 1120, 118  # pixels; before the first day stand the names of the rows
HEAD, BAR, STEP, PAD = 40, 24, 31, 8
LETTER = 6.6  # pixels of one at that size
HUES = 6
EVERY_DAY = 22  # pixels of a column that has room for a date; else the Mondays alone have one
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Reading:
    """Who looks: language, clock, now; and the people's names."""

    language: Language
    timezone: str
    now: datetime
    names: Mapping[str, str]

    def name(self, person: str | None) -> str:
        """The name of a person, the id of one the roster lacks, a word for nobody."""
        return self.say("gap_short") if person is None else self.names.get(person, person)

    def say(self, key: str, **fields: object) -> str:
        """A sentence of this page."""
        return said(self.language, f"duty_{key}", **fields)

    def time(self, at: datetime) -> str:
        """`Fri 27 Nov 17:50`; the zone stands once on the page."""
        local = at.astimezone(ZoneInfo(self.timezone))
        return f"{self.day(local)} {local:%H:%M}"

    def edges(self, plan: Plan, begins: datetime, ends: datetime) -> tuple[str, str]:
        """From when to when. Of what reaches further than anybody looked it is said that it does, not where it was cut off."""
        first, last = self.time(begins), self.time(ends)
        if plan.began_before(begins):
            first = self.say("before", at=self.time(plan.begins))
        if plan.goes_on(ends):
            last = self.say("beyond", at=self.time(plan.ends))
        return first, last

    def day(self, local: datetime) -> str:
        """`Fri 27 Nov`, `Fr 27.11.`."""
        name = self.weekday(local)
        return f"{name} {local.day}.{local.month}." if self.language == "de" else f"{name} {local.day} {local:%b}"

    def weekday(self, local: datetime) -> str:
        """`Fri`."""
        return said(self.language, "policy_weekdays").split()[local.weekday()]


def band(plan: Plan, reading: Reading) -> str:
    """The markup; everything in it is escaped."""
    return _Drawing(plan, reading).drawn()


class _Drawing:
    """Draws the days, then one row below the other."""

    def __init__(self, plan: Plan, reading: Reading) -> None:
        self._plan, self._reading = plan, reading
        self._zone = ZoneInfo(reading.timezone)
        self._hue = {person: place % HUES for place, person in enumerate(_people(plan))}
        self._root = ET.Element("svg", {"role": "img", "class": "band"})

    def drawn(self) -> str:
        """The whole drawing."""
        plan, reading = self._plan, self._reading
        title, about = f"band-{plan.team.id}", f"about-{plan.team.id}"
        self._root.set("aria-labelledby", f"{title} {about}")
        _text(self._root, "title", reading.say("band", team=plan.team.name or plan.team.id), id=title)
        words = reading.say("band_about", from_=reading.time(plan.begins), until=reading.time(plan.ends))
        _text(self._root, "desc", words, id=about)
        height = HEAD + STEP * len(plan.bands) + PAD
        self._hatching()
        self._days(height)
        number = 0
        for place, row in enumerate(plan.bands):
            number += row.kind == "rotation"
            self._row(row, HEAD + STEP * place, number)
        self._now(height)
        self._root.set("viewBox", f"0 0 {WIDTH} {height}")
        return ET.tostring(self._root, encoding="unicode")

    def _hatching(self) -> None:
        size = {"width": "6", "height": "6", "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"}
        where = ET.SubElement(self._root, "defs")
        hatch = ET.SubElement(where, "pattern", {"id": f"gap-{self._plan.team.id}", **size})
        ET.SubElement(hatch, "rect", {"class": "hatch", "width": "2", "height": "6"})

    def _x(self, at: datetime) -> float:
        span = self._plan.ends - self._plan.begins
        return LEFT + (WIDTH - LEFT) * ((at - self._plan.begins) / span)

    def _days(self, height: float) -> None:
        """A column for each day of the reader's; its weekday and number where there is room, the month where one begins."""
        for day, begins, ends in days(self._plan.begins, self._plan.ends, self._zone):
            x, width = self._x(begins), self._x(ends) - self._x(begins)
            if day.weekday() >= 5:
                _rect(self._root, x, HEAD - 4, width, height - HEAD, "weekend")
            _line(self._root, x, HEAD - 4, height - PAD, "day" if day.weekday() else "day week")
            if width >= EVERY_DAY or day.weekday() == 0:
                middle = x + width / 2 if width >= EVERY_DAY else x + 2
                kind = "date" if width >= EVERY_DAY else "date first"
                room = width if width >= EVERY_DAY else width * 7
                self._date(day, middle, kind, room)

    def _date(self, day: datetime, x: float, kind: str, room: float) -> None:
        name = self._reading.weekday(day)
        _say(self._root, x, 14, name if room >= 4 * LETTER else name[:1], f"{kind} weekday")
        month = day.day == 1 or day.weekday() == 0
        written = self._reading.day(day).removeprefix(f"{name} ")
        _say(self._root, x, 29, written if month and room >= len(written) * LETTER else str(day.day), kind)

    def _row(self, row: Band, y: float, number: int) -> None:
        called = row.name or self._reading.say(f"row_{row.kind}", number=number)
        label = _say(self._root, 0, y + 16, _fitting(called, LEFT - 6) or called[:12], f"row-name {row.kind}")
        _text(label, "title", called)
        for piece in row.pieces:
            self._piece(row, piece, y)

    def _piece(self, row: Band, piece: Piece, y: float) -> None:
        x = self._x(max(piece.begins, self._plan.begins))
        width = self._x(min(piece.ends, self._plan.ends)) - x
        hue = "gap" if piece.person is None else f"hue-{self._hue[piece.person]}"
        group = ET.SubElement(self._root, "g", {"class": f"piece {row.kind} {hue}"})
        _text(group, "title", self.about(row, piece))
        box = _rect(group, x + 1, y, width - 2, BAR, "box", rx="3")
        if piece.person is None:
            box.set("fill", f"url(#gap-{self._plan.team.id})")
        name = self._reading.name(piece.person)
        text = _fitting(name, width - 4) if piece.person else name if len(name) * LETTER <= width - 4 else "!"
        if text:
            _say(group, x + width / 2, y + 16, text, "name")

    def about(self, row: Band, piece: Piece) -> str:
        """The whole of a piece in words."""
        reading = self._reading
        written = row.kind in ("overrides", "absences")  # down in the roster, however long it is
        known = (reading.time(piece.begins), reading.time(piece.ends))
        times = " – ".join(known if written else reading.edges(self._plan, piece.begins, piece.ends))
        kind = row.name or reading.say(f"row_{row.kind}", number="").strip()
        other = piece.instead_of or piece.delegate
        arrow = f" ({reading.name(other)})" if other else ""
        return f"{reading.name(piece.person)}{arrow}, {kind}, {times}"

    def _now(self, height: float) -> None:
        if self._plan.begins <= self._reading.now < self._plan.ends:
            x = self._x(self._reading.now)
            _line(self._root, x, HEAD - 8, height - PAD, "now")
            _say(self._root, x, HEAD - 1, self._reading.say("now_line"), "now-name")


def days(begins: datetime, ends: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, datetime]]:
    """Each day's midnight on that clock, and the instants where it begins and ends, cut off at both ends."""
    day = datetime.combine(begins.astimezone(zone).date(), time())
    while (opens := wall_to_utc(day, zone)) < ends:
        following = day + timedelta(days=1)
        yield day, max(opens, begins), min(wall_to_utc(following, zone), ends)
        day = following


def _people(plan: Plan) -> Sequence[str]:
    """Everybody of the plan, each once, so that a person keeps their colour in every row."""
    named = [*plan.team.members, *(piece.person for row in plan.bands for piece in row.pieces if piece.person)]
    return list(dict.fromkeys(named))


def _fitting(name: str, room: float) -> str:
    """The name, else its first word, else the first letters; nothing where not even these fit."""
    words = name.split()
    choices = [name, words[0] if words else "", "".join(word[0] for word in words)[:3]]
    return next((one for one in choices if one and len(one) * LETTER <= room), "")


def _rect(parent: ET.Element, x: float, y: float, width: float, height: float, kind: str, **more: str) -> ET.Element:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{max(width, 0.5):.1f}", "height": f"{height:.1f}"}
    return ET.SubElement(parent, "rect", {"class": kind, **place, **more})


def _line(parent: ET.Element, x: float, y: float, to_y: float, kind: str) -> None:
    place = {"x1": f"{x:.1f}", "y1": f"{y:.1f}", "x2": f"{x:.1f}", "y2": f"{to_y:.1f}"}
    ET.SubElement(parent, "line", {"class": kind, **place})


def _say(parent: ET.Element, x: float, y: float, text: str, kind: str) -> ET.Element:
    return _text(parent, "text", text, x=f"{x:.1f}", y=f"{y:.1f}", **{"class": kind})


def _text(parent: ET.Element, tag: str, text: str, **more: str) -> ET.Element:
    """An element with a text; signs that XML cannot hold are left out."""
    found = ET.SubElement(parent, tag, more)
    found.text = _NOT_XML.sub("", text)
    return found
