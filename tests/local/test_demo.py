"""The demo fails on every surprise: a message too many or too few, a wrong order, a case that is not closed."""

from copy import deepcopy
from typing import Any

import pytest

from local.demo_check import KINDS, OUT, Cast, StoryError, check_case, check_messages, check_timeline
from local.demo_words import event_lines, message_lines, names_of

CAST = Cast(first="sam", second="lee")


def _message(kind: str, person: str | None, channel: str) -> dict[str, Any]:
    return {"key": f"{kind}/{person}/{channel}", "kind": kind, "person": person, "channel": channel, "status": OUT[0]}


def _messages() -> list[dict[str, Any]]:
    steps = [_message("step", person, channel) for person in ("sam", "lee") for channel in ("sms", "email")]
    customer = [_message(f"customer_{moment}", None, "email") for moment in ("opened", "update", "resolved", "closed")]
    return [*steps, _message("warning", "sam", "sms"), *customer]


def _events() -> list[dict[str, Any]]:
    people = iter(("sam", "sam", "lee"))
    events = []
    for number, kind in enumerate(KINDS):
        data = {"person": next(people)} if kind in ("told", "warned") else {}
        actor = "lee" if number >= KINDS.index("acknowledged") else "tierline"
        events.append({"kind": kind, "actor": actor, "text": kind, "data": data})
    return events


def _case() -> dict[str, Any]:
    target = {"name": "acknowledge", "breached_at": "2026-03-06T17:05:00Z"}
    return {
        "status": "closed",
        "owner": "lee",
        "episode": 1,
        "tier": {"name": "L2"},
        "root_cause": {},
        "targets": [target],
    } | {"root_cause": {"category": "configuration"}}


def test_the_story_as_it_should_be_passes() -> None:
    check_timeline(_events(), CAST)
    check_messages(_messages(), CAST)
    check_case(_case(), CAST)


def test_a_message_nobody_expected_fails() -> None:
    with pytest.raises(StoryError, match="nobody expected: step to kim by sms"):
        check_messages([*_messages(), _message("step", "kim", "sms")], CAST)


def test_the_same_message_twice_fails() -> None:
    with pytest.raises(StoryError, match="nobody expected: warning to sam by sms"):
        check_messages([*_messages(), _message("warning", "sam", "sms")], CAST)


def test_a_missing_message_fails() -> None:
    with pytest.raises(StoryError, match="missing: customer_closed to customer by email"):
        check_messages(_messages()[:-1], CAST)


def test_a_message_that_did_not_go_out_fails() -> None:
    messages = _messages()
    messages[0]["status"] = "failed"
    with pytest.raises(StoryError, match="step/sam/sms is failed"):
        check_messages(messages, CAST)


def test_another_order_fails() -> None:
    events = _events()
    events[4], events[5] = events[5], events[4]
    with pytest.raises(StoryError, match="the timeline is"):
        check_timeline(events, CAST)


def test_the_wrong_person_told_fails() -> None:
    with pytest.raises(StoryError, match="are on call"):
        check_timeline(_events(), Cast(first="dana", second="lee"))


def test_a_command_under_another_name_fails() -> None:
    events = _events()
    events[KINDS.index("closed")]["actor"] = "first admin"
    with pytest.raises(StoryError, match="closed should stand under lee's own name"):
        check_timeline(events, CAST)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "resolved"}, "status is 'resolved', not 'closed'"),
        ({"owner": "sam"}, "owner is 'sam'"),
        ({"tier": {"name": "L1"}}, "it ended at L1"),
        ({"root_cause": None}, "no root cause"),
        ({"targets": []}, "missed targets are"),
    ],
)
def test_a_case_that_is_not_as_it_should_be_fails(change: dict[str, Any], words: str) -> None:
    with pytest.raises(StoryError, match=words):
        check_case({**deepcopy(_case()), **change}, CAST)


def test_people_are_told_of_by_name() -> None:
    names = names_of({"people": [{"id": "sam", "name": "Sam Rivera"}]}, "Acme GmbH")
    event = {"kind": "told", "text": "sam told by SMS: sample", "data": {"person": "sam"}}
    assert event_lines(event, names) == ["Sam Rivera told by SMS: sample"]
    first, words = message_lines(
        {**_message("customer_opened", None, "email"), "to": "a@b.example", "subject": "S [1]"}, names
    )
    assert "e-mail to Acme GmbH" in first
    assert "S \\[1]" in words or "S [1]" in words
