"""Durations: what people may write, what they may not, and that nothing is lost on the way through JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from domain.durations import Duration, PositiveDuration, say_duration


class Holder(BaseModel):
    any: Duration = Duration()
    positive: PositiveDuration | None = None


@pytest.mark.parametrize(
    ("text", "days", "seconds"),
    [
        ("90s", 0, 90),
        ("15m", 0, 900),
        ("4h", 0, 14_400),
        ("2d", 2, 0),
        ("1w", 7, 0),
        ("1w1d", 8, 0),
        ("1h30m", 0, 5_400),
        ("1d4h", 1, 14_400),
        (" 1h 30m ", 0, 5_400),
        ("4H", 0, 14_400),
        ("PT15M", 0, 900),
        ("PT90S", 0, 90),
        ("P2D", 2, 0),
        ("P1W", 7, 0),
        ("P1DT4H", 1, 14_400),
        ("0s", 0, 0),
    ],
)
def test_people_write_durations_in_many_ways(text: str, days: int, seconds: int) -> None:
    assert Duration.parse(text) == Duration(days=days, seconds=seconds)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("-5m", "negative"),
        ("-PT5M", "negative"),
        ("1.5h", "90m"),
        ("PT0,5H", "fraction"),
        ("P1M", "30d"),
        ("P1Y", "30d"),
        ("P1Y2M", "30d"),
        ("", "15m"),
        ("P", "15m"),
        ("PT", "15m"),
        ("P1DT", "15m"),
        ("15", "units"),
        ("30m1h", "units"),
        ("5 minutes", "units"),
        ("١٥m", "units"),
        ("99999d", "ten years"),
        (15, "write 15m"),
        (True, "not a duration"),
        (1.5, "not a duration"),
        (None, "not a duration"),
    ],
)
def test_anything_else_is_refused_and_told_what_to_write(value: object, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Holder.model_validate({"any": value})


def test_a_negative_duration_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Duration(seconds=-1)


def test_zero_is_a_duration_but_not_a_positive_one() -> None:
    assert Holder.model_validate({"any": "0s"}).any.is_zero
    with pytest.raises(ValidationError, match="at least 1s"):
        Holder.model_validate({"positive": "PT0S"})


def test_a_day_is_as_long_as_the_calendar_says() -> None:
    assert Duration.parse("1d4h").seconds_in(8 * 3600) == 12 * 3600
    assert Duration.parse("1d4h").wall_seconds == 28 * 3600


def test_days_in_a_calendar_without_a_day_are_refused() -> None:
    assert Duration.parse("4h").seconds_in(None) == 14_400
    with pytest.raises(ValueError, match="`day:`"):
        Duration.parse("2d").seconds_in(None)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("90s", "1m30s"), ("1w", "7d"), ("24h", "24h"), ("P1DT4H", "1d4h"), ("0m", "0s"), ("3600s", "1h")],
)
def test_the_canonical_text_is_short_and_keeps_days_apart(text: str, canonical: str) -> None:
    assert str(Duration.parse(text)) == canonical
    assert Holder(any=Duration.parse(text)).model_dump(mode="json")["any"] == canonical


@given(st.builds(Duration, days=st.integers(0, 1_000), seconds=st.integers(0, 10_000_000)))
def test_the_canonical_text_round_trips(duration: Duration) -> None:
    assert Duration.parse(str(duration)) == duration
    holder = Holder(any=duration)
    assert Holder.model_validate_json(holder.model_dump_json()) == holder
    assert Holder.model_validate(holder.model_dump()) == holder


def test_the_json_schema_is_a_string_with_examples() -> None:
    for mode in ("validation", "serialization"):
        schema = Holder.model_json_schema(mode=mode)["properties"]["any"]
        assert schema["type"] == "string"
        assert "15m" in schema["examples"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (90, "1 min 30 s"),
        (5_400, "1 h 30 min"),
        (172_800, "2 d"),
        (90_061, "1 d 1 h"),
        (86_460, "1 d"),
        (-60, "-1 min"),
    ],
)
def test_durations_are_said_in_the_two_largest_units(seconds: int, said: str) -> None:
    assert say_duration(seconds) == said
