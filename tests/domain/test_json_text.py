"""The JSON reader: a key stands once in an object, and where it does not, its place is named."""

import json

import pytest

from domain.errors import Invalid
from domain.json_text import parse_json


def refusal(text: str) -> Invalid:
    with pytest.raises(Invalid) as refused:
        parse_json(text)
    assert refused.value.code == "invalid_json"
    return refused.value


def test_what_has_each_key_once_is_read_as_ever() -> None:
    text = '{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}], "c": null, "d": "ü"}'
    assert parse_json(text) == parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1, "a": 1}', "a"),
        ('{"tiers": [{"team": "x"}, {"team": "x", "team": "y"}]}', "tiers[1].team"),
        ('[{"a": {"b": 1, "b": {}}}]', "[0].a.b"),
        ('{"a": 1, "\\u0061": 2}', "a"),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_place(text: str, place: str) -> None:
    refused = refusal(text)
    assert (refused.field, refused.message) == (place, f"the key '{place}' stands twice; keep one of them")


def test_all_that_stand_twice_are_named_outermost_first() -> None:
    refused = refusal('{"people": [{"id": 1, "id": 2}], "teams": [], "absences": [], "teams": [], "absences": 1}')
    assert refused.message == "the keys 'teams', 'absences', 'people[0].id' stand twice; keep one of them"
    assert refused.field == "teams"


def test_of_very_many_the_first_are_named() -> None:
    keys = ", ".join(f'"k{n}": 1, "k{n}": 1' for n in range(20_000))
    refused = refusal(f"{'[' * 500}{{{keys}}}{']' * 500}")
    assert refused.message.endswith("k9' and more stand twice; keep one of them")
    assert len(refused.message) < 3_000


def test_what_is_no_json_is_said_by_json_itself() -> None:
    with pytest.raises(json.JSONDecodeError):
        parse_json('{"a": 1, "a"')
