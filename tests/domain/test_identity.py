"""Ids: exactly as written in the rules, and never the same for two things."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.identity import command_id, escalation_id, message_key

systems = st.from_regex(re.compile(r"[a-z0-9_]{1,32}", re.ASCII), fullmatch=True)
tickets = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
words = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.integers(min_value=0, max_value=120)
persons = st.none() | words | st.just("customer") | st.just("~customer")


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [
        ("4711", "zendesk-4711"),
        ("INC-0042_b.1", "zendesk-INC-0042_b.1"),
        ("a/b c", "zendesk-a~2Fb~20c"),
        (".hidden", "zendesk-~2Ehidden"),
        ("..", "zendesk-~2E."),
        ("ü", "zendesk-~C3~BC"),
        ("~7E", "zendesk-~7E7E"),
    ],
)
def test_id_is_the_system_and_the_encoded_ticket_id(ticket: str, expected: str) -> None:
    assert escalation_id("zendesk", ticket) == expected


def test_id_of_200_characters_is_the_longest() -> None:
    assert len(escalation_id("zendesk", "x" * 192)) == 200
    with pytest.raises(Invalid) as refused:
        escalation_id("zendesk", "x" * 193)
    assert (refused.value.code, refused.value.field) == ("ticket_id_too_long", "ticket.id")


@pytest.mark.parametrize(
    ("system", "ticket", "code", "field"),
    [
        ("zendesk", "", "ticket_id_missing", "ticket.id"),
        ("zendesk", "\ud800", "ticket_id_malformed", "ticket.id"),
        ("", "1", "invalid_system", "ticket.system"),
        ("Zendesk", "1", "invalid_system", "ticket.system"),
        ("zen-desk", "1", "invalid_system", "ticket.system"),
        ("zendesk\n", "1", "invalid_system", "ticket.system"),
        ("z" * 33, "1", "invalid_system", "ticket.system"),
    ],
)
def test_id_of_malformed_words_is_refused(system: str, ticket: str, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        escalation_id(system, ticket)
    assert (refused.value.code, refused.value.field) == (code, field)


@given(systems, tickets, systems, tickets)
def test_id_is_never_shared_by_two_tickets(system: str, ticket: str, other_system: str, other_ticket: str) -> None:
    same = (system, ticket) == (other_system, other_ticket)
    assert (escalation_id(system, ticket) == escalation_id(other_system, other_ticket)) == same


@given(systems, tickets)
def test_id_is_safe_in_a_path(system: str, ticket: str) -> None:
    assert re.fullmatch(r"[a-z0-9_]+-[A-Za-z0-9_~-][A-Za-z0-9_.~-]*", escalation_id(system, ticket))


def test_message_key_reads_as_the_rules_say() -> None:
    assert message_key("zendesk-4711", 1, 2, "told", 0, 3, "dana", "sms") == "zendesk-4711.1/2/told/0.3/dana/sms"


def test_message_key_of_the_customer_is_no_persons() -> None:
    keys = {message_key("zendesk-4711", 1, 2, "told", 0, 0, who, "sms") for who in (None, "customer", "~customer")}
    assert len(keys) == 3


key_parts = st.tuples(
    st.builds(escalation_id, systems, tickets), numbers, numbers, words, numbers, numbers, persons, words
)


@given(key_parts, key_parts)
def test_message_key_is_never_shared(
    one: tuple[str, int, int, str, int, int, str | None, str], two: tuple[str, int, int, str, int, int, str | None, str]
) -> None:
    assert (message_key(*one) == message_key(*two)) == (one == two)


@given(st.tuples(words, words, words, words), st.tuples(words, words, words, words))
def test_command_id_is_never_shared(one: tuple[str, str, str, str], two: tuple[str, str, str, str]) -> None:
    assume((one[0], one[1].upper(), *one[2:]) != (two[0], two[1].upper(), *two[2:]))
    assert command_id(*one) != command_id(*two)


def test_command_id_is_the_same_for_the_same_request_for_ever() -> None:
    expected = "2e8129e9-7545-5c32-adf1-cb351833d915"
    assert command_id("key-1", "POST", "/v1/escalations/zendesk-4711/acknowledge", "abc") == expected
    assert command_id("key-1", "post", "/v1/escalations/zendesk-4711/acknowledge", "abc") == expected
