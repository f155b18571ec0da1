"""The YAML reader: what people write means what they meant, and what could hide a mistake is refused with its place."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import PolicyFaults
from domain.yaml_text import LARGEST_FILE, LARGEST_ROSTER, parse_yaml

LARGE = f"# {'x' * LARGEST_FILE}\n"  # a line that makes any file too large for a policy, and fit for a roster


def faults_of(text: str, largest: int = LARGEST_FILE) -> list[str]:
    with pytest.raises(PolicyFaults) as refused:
        parse_yaml(text, "test.yaml", largest)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", "on"),
        ("no", "no"),
        ("NO", "NO"),
        ("12:30", "12:30"),
        ("09:00-12:30", "09:00-12:30"),
        ("2026-05-15", "2026-05-15"),
        ("12-24", "12-24"),
        ("2026-05-15T10:00:00Z", "2026-05-15T10:00:00Z"),
        ("+493012345678", "+493012345678"),
        ("0815", "0815"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("15m", "15m"),
        ("'true'", "true"),
        ('"7"', "7"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("", None),
        ("~", None),
        ("-7", -7),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("[a, 1]", ["a", 1]),
    ],
)
def test_plain_values_mean_what_people_mean(written: str, meant: object) -> None:
    value = parse_yaml(f"key: {written}", "test.yaml")["key"]
    assert value == meant
    assert type(value) is type(meant)


def test_keys_are_always_text() -> None:
    found = parse_yaml("customer_updates: {on: [opened], no: 1, 404: x, true: y}", "test.yaml")
    assert found == {"customer_updates": {"on": ["opened"], "no": 1, "404": "x", "true": "y"}}


def test_all_double_keys_are_refused_with_their_places() -> None:
    assert faults_of("a: 1\nb: {c: 1, c: 2}\na: 2\n") == [
        "line 2, column 11: the key 'c' stands here twice (first in line 2); keep one of them",
        "line 3, column 1: the key 'a' stands here twice (first in line 1); keep one of them",
    ]


HIDING = [
    ("a: &x 1\nb: *x", "line 1, column 4", "anchors"),
    ("b: *x", "line 1, column 4", "anchors"),
    ("a: !!python/object:os.system x", "line 1, column 4", "tag"),
    ("a: !!str 5", "line 1, column 4", "tag"),
    ("a:\n\tb: 1", "line 2, column 1", "tab"),
    ("- a\n- b", "line 1, column 1", "map of keys"),
    ("just words", "line 1, column 1", "map of keys"),
    ("", "line 1, column 1", "empty"),
    ("# only a comment", "line 1, column 1", "empty"),
    ("a: 1\n---\nb: 2", "line 2, column 1", "one policy or roster in each file"),
    ("a: 1\r\n\tb: 2", "line 2, column 1", "tab"),
    ("a: 1\r\tb: 2", "line 2, column 1", "tab"),
    ("a: 1\u2028b: 2\x85\tc: 3", "line 3, column 1", "tab"),
    ("name: x\rtiers: @foo", "line 2, column 8", "cannot start any token"),
    ("a: 1\x85b: `x`", "line 2, column 4", "cannot start any token"),
    ("a: 1\u2028b: @x", "line 2, column 4", "cannot start any token"),
    ("a: 1\u2029b: @x", "line 2, column 4", "cannot start any token"),
    ("a:\r  - {b: 1}\r@\r", "line 3, column 1", "cannot start any token"),
    ("a: b: c", "line 1, column 5", "a colon"),
    ("a: [1, 2", "line 1, column 9", "not YAML"),
    ("a: 'open", "line 1, column 9", "not YAML"),
    ("[a]: 1", "line 1, column 1", "cannot be a key"),
    ("{a}: 1", "line 1, column 1", "cannot be a key"),
    ("a: 1\nb: \x00", "line 2, column 4", "no text file"),
    ('a: "\\U00110000"', "line 1, column", "stands for no character"),
    ("a: " + "9" * 5000, "line 1, column 4", "30 digits"),
    ("a: " + "[" * 100 + "]" * 100, "line 1, column", "nested deeper"),
    ("a: " + "[" * 100_000, "line 1, column", "nested deeper"),
    ("a: " + "x" * 500_001, "line 1, column 1", "500 kB"),
]


@pytest.mark.parametrize(("text", "place", "words"), HIDING)
def test_what_could_hide_a_mistake_is_refused_with_its_place(text: str, place: str, words: str) -> None:
    (fault,) = faults_of(text)
    assert fault.startswith(place)
    assert words in fault


@pytest.mark.parametrize(("text", "place", "words"), [one for one in HIDING if one[2] not in ("500 kB", "empty")])
def test_what_could_hide_a_mistake_in_a_file_as_large_as_a_roster_is_refused_with_its_place(
    text: str, place: str, words: str
) -> None:
    (fault,) = faults_of(LARGE + text, LARGEST_ROSTER)
    line, _, column = place.partition(", ")
    assert fault.startswith(f"line {int(line.removeprefix('line ')) + 1}, {column}") or text == "a: [1, 2"  # the end
    assert words in fault


def test_a_file_as_large_as_a_roster_means_what_a_small_one_means() -> None:
    text = "on: [no, 12:30, 2026-05-15, +49301, 0815, 1e3, ~, true, Änne \U0001f600]\nb: {c: 'd: e', f: |\n  x\n}\n"
    text = text.replace("f: |\n  x\n", 'f: "x\\n\\u00e4"')
    assert parse_yaml(LARGE + text, "test.yaml", LARGEST_ROSTER) == parse_yaml(text, "test.yaml")


def test_what_is_larger_than_any_roster_is_refused_at_once() -> None:
    (fault,) = faults_of("a: " + "x" * LARGEST_ROSTER, LARGEST_ROSTER)
    assert fault.startswith("line 1, column 1: larger than 5,000 kB")


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    lines = ["a: &a [x, x]"] + [f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "anchors" in faults_of("\n".join(lines))[0]


@given(st.text(max_size=200))
def test_any_text_is_a_map_or_a_list_of_faults(text: str) -> None:
    with suppress(PolicyFaults):
        assert isinstance(parse_yaml(text, "test.yaml"), dict)
