"""What is said of a wrong value: in plain words and with what to write instead, never in those of the library that reads it."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from domain.errors import PolicyFaults
from domain.policy_file import check_policy
from domain.roster_file import check_roster
from tests.domain.small import changed, faults_of
from tests.domain.test_every_fault import POLICY, ROSTER, told

# How pydantic words what it refuses; "which no text can" and the like are ours.
FOREIGN = (
    "Input", "input", "String", "should", "Value error", "valid", "pydantic", "Extra", "regex", "pattern", "parse", "ISO format",
    "must be in 1..", "does not match", "Decimal", "datetime", "tuple", "dict", "None", "Literal", "union", "int ", "str ",
)  # fmt: skip
WRONG: tuple[object, ...] = (
    5, -1, 1.5, "x", "", "My Thing!", "2026-99-99", "2026-03-02", "0h", [], {}, None, True, ["x"], [5], [[]], {"x": 1}, {5: 1},
    float("inf"), 10**30, "\ud800", "a" * 300, "0001-01-01T00:00:00Z", "2026-03-02T00:00:00", "2026-03-02T25:00:00Z", b"x", "a@b",
)  # fmt: skip
Path = tuple[str | int, ...]
ALIKE: tuple[Path, ...] = (  # places that say no more than the first of their kind
    ("tiers", 1), ("tiers", 2), ("priority", "matrix", "medium"), ("priority", "matrix", "low"),
    ("people", 1), ("people", 2), ("people", 3), ("people", 4), ("overrides", 1), ("absences", 1),
)  # fmt: skip


def places_in(value: Any, above: Path = ()) -> Iterator[Path]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*above, key)
        yield from places_in(inner, (*above, key))


def said_of(check: Callable[[Mapping[str, object]], object], data: Mapping[str, Any], path: Path) -> set[str]:
    """Everything that is said when the wrong values stand at `path` one after the other, or nothing does."""
    found: set[str] = set()
    for value in (*WRONG, KeyError):
        changed = copy.deepcopy(dict(data))
        here: Any = changed
        for part in path[:-1]:
            here = here[part]
        if value is KeyError:
            del here[path[-1]]
        else:
            here[path[-1]] = value
        try:
            check(changed)
        except PolicyFaults as refused:
            found |= {fault.message for fault in refused.faults}
    return found


@pytest.mark.parametrize(("check", "data"), [(check_policy, POLICY), (check_roster, ROSTER)])
def test_no_words_of_the_library_reach_a_person_whatever_stands_anywhere(
    check: Callable[[Mapping[str, object]], object], data: Mapping[str, Any]
) -> None:
    paths = [path for path in places_in(data) if path[:2] not in ALIKE and path[:3] not in ALIKE]
    said = {message for path in paths for message in said_of(check, data, path)}
    ours = {message: _without_the_value(message) for message in said}
    assert [message for message, words in ours.items() if any(word in words for word in FOREIGN)] == []
    assert [message for message, words in ours.items() if _tells_nothing(words)] == []


def _without_the_value(message: str) -> str:
    """The sentence without what stands in quotes, which is the user's own."""
    return "".join(part for number, part in enumerate(message.split("'")) if number % 2 == 0)


def _tells_nothing(words: str) -> bool:
    """It says what is wrong and not what to do about it."""
    wrong_only = (
        "does not fit here",
        "fits none of what is allowed here",
        "has the wrong form",
        "is missing",
        "is no date or time",
    )
    return words.strip().endswith(wrong_only) or "must be" in words.rpartition(";")[2]


@pytest.mark.parametrize("country", ["de", "germany", "D", "DEU", 49])
def test_a_country_is_two_capital_letters(country: object) -> None:
    place = "calendars.office.holidays.country"
    faults = faults_of(changed("calendars.office.holidays", {"country": country}))
    assert list(faults) == [place]
    assert faults[place].endswith("; write two capital letters (ISO 3166) such as DE")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("tiers.0.name", "a" * 65, "64 at most"),
        ("calendars.office.hours", 5, "write always, or hours by weekday"),
        ("calendars.office.hours", {"someday": []}, "write 'mon', 'tue'"),
        ("tiers.0.calendar", {"urgent": "office", "else": "office"}, "'critical' or 'else'"),
        ("tiers.0.calendar", {"low": 5, "else": "office"}, "write a calendar's name"),
        ("start_tier", {"low": 5}, "write the name of a tier"),
        ("priority.matrix.high", 5, "such as {high: critical"),
        ("priority.matrix.high", {"low": 5}, "'medium', 'high' or 'critical'"),
        ("priority.raise_for", [{}], "such as {tier: vip}"),
        ("match", {"ticket": {"subject": 5}}, "such as [vip, gold]"),
    ],
)
def test_the_words_fit_the_place(path: str, value: object, words: str) -> None:
    assert words in " ".join(faults_of(changed(path, value)).values())


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ({"name": ""}, "name: is empty; write a name of at most 200 characters such as Dana Okafor"),
        ({"name": "a" * 201}, "is too long; write a name of at most 200 characters such as Dana Okafor"),
        (
            {"id": "Dana"},
            "id: 'Dana' has the wrong form; write small letters, digits, _ . and - such as dana, 64 at most",
        ),
        ({"email": "nobody"}, "email: 'nobody' is no e-mail address; write an address such as dana@example.com"),
        ({"locale": "english please"}, "'english please' has the wrong form; write a language such as de or en-GB"),
    ],
)
def test_what_is_wrong_with_a_person_is_said_in_plain_words(person: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyFaults) as refused:
        check_roster({"people": [{"id": "dana", "name": "Dana", **person}]})
    [fault] = refused.value.faults
    assert str(fault).endswith(words)


@pytest.mark.parametrize("when", [5, 20260302, 1.5, "1772409600", True])
def test_a_number_is_no_time_of_a_roster_and_never_becomes_one_in_1970(when: object) -> None:
    turns = {"timezone": "UTC", "handoff": "09:00", "every": "1d", "members": ["dana"], "start": when}
    span = {"person": "dana", "from": when, "to": "2026-03-09T00:00:00Z"}
    found = told(
        check_roster,
        {
            "people": [{"id": "dana", "name": "Dana"}],
            "teams": [{"id": "support", "rotations": [turns]}],
            "absences": [span],
        },
    )
    assert set(found) == {"teams[0].rotations[0].start", "absences[0].from"}
    assert all("write" in words for words in found.values())


@pytest.mark.parametrize("zone", ["Factory", "localtime", "posixrules", "posix/Europe/Berlin", "right/UTC", "utc"])
def test_a_zone_that_is_no_place_on_earth_is_refused_wherever_one_can_be_written(zone: str) -> None:
    said = f"{zone!r} is no time zone: write an IANA name such as Europe/Berlin or UTC"
    data = changed("calendars.office.timezone", zone)
    data["quiet_hours"] = {"customer_sms": "21:00-08:00", "timezone": zone}
    assert faults_of(data) == {"calendars.office.timezone": said, "quiet_hours.timezone": said}
    turns = {"timezone": zone, "handoff": "09:00", "every": "1d", "members": ["dana"], "start": "2026-03-02"}
    people = [{"id": "dana", "name": "Dana", "timezone": zone}]
    assert told(check_roster, {"people": people, "teams": [{"id": "support", "rotations": [turns]}]}) == {
        "people[0].timezone": said,
        "teams[0].rotations[0].timezone": said,
    }
