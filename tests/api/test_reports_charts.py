"""The charts of the reports page, drawn from data made by hand: lengths that fit the numbers, words for every mark, no style."""

import xml.etree.ElementTree as ET

import pytest

from api.pages.reports_charts import HEIGHT, SAID, WIDTH, Cause, Point, Row, heat, lying, pareto, shade, ticks_to, trend

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
HOSTILE = "</title><script>alert('1')</script>\0\"&" + "x" * 10_000


def cell_words(*, day: str, hour: str, count: int) -> str:
    return f"{day} {hour}: {count}"


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 - ours


def bars(drawn: str, kind: str = "bar first") -> list[tuple[float, float]]:
    """Width and height of each, those of the legend left out."""
    found = [one for one in parsed(drawn).iter("rect") if one.get("class") == kind]
    sized = [(float(one.get("width", "")), float(one.get("height", ""))) for one in found]
    return [size for size in sized if size != (18, 11)]


def titles(drawn: str) -> list[str]:
    return [one.text or "" for one in parsed(drawn).iter("title")]


def texts(drawn: str) -> list[str]:
    return [one.text or "" for one in parsed(drawn).iter("text")]


def dots(drawn: str) -> list[tuple[float, float]]:
    lines = list(parsed(drawn).iter("polyline"))
    return [tuple(map(float, dot.split(","))) for dot in (lines[0].get("points") or "").split()] if lines else []  # type: ignore[misc]


def test_bars_of_a_trend_are_as_high_as_what_was_opened_and_the_line_goes_by_what_was_closed() -> None:
    points = [Point("1", 10, 5, "first"), Point("2", 5, 10, "second"), Point("3", 0, 0, "third")]
    drawn = trend("t", "Trend", points, ("Opened", "Closed"))
    (_, high), (_, half), (_, none) = bars(drawn)
    assert (high, half, none) == (HEIGHT - 8, (HEIGHT - 8) / 2, 0)
    ys = [y for _, y in dots(drawn)]
    assert ys[2] - ys[1] == high
    assert ys[2] - ys[0] == half
    assert {"first", "second", "third"} <= set(titles(drawn))
    assert {"Opened", "Closed"} <= set(texts(drawn))


def test_a_trend_of_a_year_of_days_names_only_as_many_as_there_is_room_for() -> None:
    drawn = trend("t", "Trend", [Point(f"{n} Nov", n, n, "") for n in range(365)], ("Opened", "Closed"))
    named = [text for text in texts(drawn) if text.endswith(" Nov")]
    assert 3 <= len(named) <= 8
    assert "<circle" in drawn, "the legend has a dot"
    assert drawn.count("<circle") == 1, "365 dots would be a worm"


def test_lying_bars_fill_their_share_and_say_their_value() -> None:
    rows = [Row("In time", (50.0,), ("50 %",)), Row("Nothing", (None,), ("–",)), Row("All", (100.0,), ("100 %",))]
    drawn = lying("c", "Compliance", rows, highest=100)
    assert [width for width, _ in bars(drawn)] == [(WIDTH - SAID) / 2, 0, WIDTH - SAID]
    assert [text for text in texts(drawn) if text in ("50 %", "–", "100 %")] == ["50 %", "–", "100 %"]
    assert "In time: 50 %" in titles(drawn)


def test_rows_of_two_bars_name_them_once_in_the_legend_and_at_every_bar() -> None:
    drawn = lying("t", "Tiers", [Row("L1", (60, 120), ("1 min", "2 min"))], ("Median", "90th"))
    assert bars(drawn)[0][0] * 2 == bars(drawn, "bar second")[0][0]
    assert titles(drawn)[1:3] == ["L1", "L1: Median: 1 min"]
    assert {"Median", "90th"} <= set(texts(drawn))


def test_the_line_of_a_pareto_ends_where_all_are_counted() -> None:
    causes = [Cause("A", 3, 75, "3 · 75 %"), Cause("B", 1, 100, "1 · 100 %")]
    drawn = pareto("p", "Causes", causes, ("Cases", "Cumulative"))
    assert [width for width, _ in bars(drawn)] == [WIDTH - SAID, pytest.approx((WIDTH - SAID) / 3, abs=0.1)]
    assert [x for x, _ in dots(drawn)] == [(WIDTH - SAID) * 0.75, WIDTH - SAID]


def test_the_heat_map_has_a_cell_for_every_hour_of_the_week_with_its_figure() -> None:
    drawn = heat("h", "Heat", DAYS, {(0, 9): 10, (6, 23): 1}, cell_words)
    cells = [one for one in parsed(drawn).iter("g") if (one.get("class") or "").startswith("cell")]
    assert len(cells) == 7 * 24
    marked = {one.findtext("title"): one.get("class") for one in cells if one.find("text") is not None}
    assert marked == {"Mon 09: 10": "cell heat-5", "Sun 23: 1": "cell heat-1"}


def test_shades_go_in_equal_steps_and_none_is_none() -> None:
    assert [shade(count, 10) for count in (0, 1, 2, 3, 5, 9, 10)] == [0, 1, 1, 2, 3, 5, 5]


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [(1, [0, 1]), (5, [0, 1, 2, 3, 4, 5]), (12, [0, 5, 10, 15]), (870, [0, 200, 400, 600, 800, 1000])],
)
def test_ticks_are_round_and_reach_the_highest(highest: int, ticks: list[int]) -> None:
    assert ticks_to(highest) == ticks


@pytest.mark.parametrize(
    "drawn",
    [
        trend("x", HOSTILE, [Point(HOSTILE, 1, 1, HOSTILE)], (HOSTILE, HOSTILE)),
        lying("x", HOSTILE, [Row(HOSTILE, (1, 2), (HOSTILE, HOSTILE))], (HOSTILE, HOSTILE)),
        pareto("x", HOSTILE, [Cause(HOSTILE, 1, 100, HOSTILE)], (HOSTILE, HOSTILE)),
        heat("x", HOSTILE, [HOSTILE], {(0, 0): 1}, cell_words),
        trend("x", "none", [], ("", "")),
        lying("x", "none", []),
        pareto("x", "none", [], ("", "")),
    ],
)
def test_a_chart_is_well_formed_scales_has_a_title_and_neither_style_nor_script(drawn: str) -> None:
    root = parsed(drawn)
    assert (root.get("viewBox") or "").startswith(f"0 0 {WIDTH} ")
    assert root.find("title") is not None
    assert root.get("aria-labelledby") == "x-title"
    assert not {"script", "style"} & {one.tag for one in root.iter()}
    allowed = {"class", "x", "y", "width", "height", "x1", "y1", "x2", "y2", "cx", "cy", "r", "points", "id", "viewBox"}
    assert {name for one in root.iter() for name in one.attrib} <= allowed | {"role", "aria-labelledby"}
