"""A transition is written whole, once, and never backwards."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from domain.afterwards import LateSurvey, rating_words
from domain.commands import Survey
from domain.outcome import Settled, Transition
from records.afterwards import Afterwards
from records.command_log import CommandLog
from records.database import Database
from records.escalations import Escalations
from records.outbound import Granted, Outbound
from records.tables import metadata
from records.transitions import REPLACED, Transitions
from tests.records.conftest import Open
from tests.records.samples import NOW, applied, at, command, document, line, message, transition

Fates = dict[str, tuple[str, str | None]]


@pytest.fixture
def transitions(database: Database) -> Transitions:
    return Transitions(database)


@pytest.fixture
def escalations(database: Database) -> Escalations:
    return Escalations(database)


def everything(database: Database) -> dict[str, Any]:
    with database.read() as connection:
        found = {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables}
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


def fates(escalations: Escalations) -> Fates:
    return {stored.key: (stored.status, stored.reason) for stored in escalations.messages("zendesk-1", 1)}


def full() -> Transition:
    return transition(
        2,
        timeline=(line(1), line(2)),
        messages=(message("dana/sms"),),
        waiting=(message("later/sms"),),
        dropped=(message("never/sms"),),
        settled=(applied(),),
    )


def test_row_timeline_messages_and_commands_are_written_together(database: Database, transitions: Transitions) -> None:
    escalations, log = Escalations(database), CommandLog(database)
    log.queue(command(), "zendesk-1")
    transitions.record(full(), at(1))
    assert escalations.latest("zendesk-1") == document(version=2)
    assert escalations.timeline("zendesk-1", 1) == [line(1), line(2)]
    assert [status for status, _ in fates(escalations).values()] == ["queued", "waiting", "skipped"]
    settled = log.find("c1")
    assert settled is not None
    assert (settled.status, settled.settled_at) == ("applied", at(1))


def test_the_same_transition_twice_changes_nothing(database: Database, transitions: Transitions) -> None:
    CommandLog(database).queue(command(), "zendesk-1")
    transitions.record(full(), at(1))
    before = everything(database)
    assert all(before[name] for name in ("escalations", "timeline", "messages", "commands"))
    transitions.record(full(), at(2))
    assert everything(database) == before


def test_a_failure_half_way_leaves_nothing(database: Database, transitions: Transitions) -> None:
    broken = full().model_copy(update={"dropped": (message().model_copy(update={"key": None}),)})
    with pytest.raises(Exception):  # noqa: B017 - each driver has its own
        transitions.record(broken, NOW)
    assert not any(everything(database).values())


def test_a_late_transition_keeps_the_newer_document_and_adds_its_history(
    transitions: Transitions, escalations: Escalations
) -> None:
    assert escalations.save_document(document(version=5, owner="dana"), 5, NOW)
    transitions.record(transition(4, timeline=(line(1),), messages=(message(),)), NOW)
    assert escalations.latest("zendesk-1") == document(version=5, owner="dana")
    assert len(escalations.timeline("zendesk-1", 1)) == 1
    assert len(escalations.messages("zendesk-1", 1)) == 1


def test_a_timeline_entry_is_never_rewritten(transitions: Transitions, escalations: Escalations) -> None:
    transitions.record(transition(1, timeline=(line(1, "first"),)), NOW)
    transitions.record(transition(2, timeline=(line(1, "second"),)), NOW)
    assert [entry.text for entry in escalations.timeline("zendesk-1", 1)] == ["first"]


def test_a_waiting_message_is_released(transitions: Transitions, escalations: Escalations) -> None:
    held = message("customer/sms", kind="customer_update", person=None)
    transitions.record(transition(1, waiting=(held,)), NOW)
    transitions.record(transition(2, messages=(held,)), at(600))
    assert fates(escalations) == {held.key: ("queued", None)}
    transitions.record(transition(1, waiting=(held,)), at(601))
    assert fates(escalations) == {held.key: ("queued", None)}


def test_a_dropped_message_says_why(transitions: Transitions, escalations: Escalations) -> None:
    old, held = message("dana/sms"), message("customer/sms", kind="customer_update", person=None)
    transitions.record(transition(1, messages=(old,), waiting=(held,)), NOW)
    transitions.record(transition(2, entry=2, dropped=(old, held)), NOW)
    assert fates(escalations) == {old.key: ("skipped", "overtaken"), held.key: ("skipped", REPLACED)}


def test_what_is_on_its_way_is_not_dropped(
    database: Database, transitions: Transitions, escalations: Escalations
) -> None:
    transitions.record(transition(1, messages=(message(),)), NOW)
    Outbound(database).claim(message().key, "+49301", None, "Hello", NOW)
    transitions.record(transition(2, entry=2, dropped=(message(),)), NOW)
    assert fates(escalations) == {message().key: ("sending", None)}


def test_a_settled_command_stays_settled(database: Database, transitions: Transitions) -> None:
    log = CommandLog(database)
    log.queue(command(), "zendesk-1")
    refused = Settled(command_id="c1", status="refused", code="already_closed", reason="it is closed")
    transitions.record(transition(1, settled=(refused,)), at(1))
    transitions.record(transition(2, settled=(applied(), applied("unknown"))), at(2))
    found = log.find("c1")
    assert found is not None
    assert (found.status, found.code, found.reason, found.settled_at) == (
        "refused",
        "already_closed",
        "it is closed",
        at(1),
    )


def test_releasing_and_claiming_at_once_never_deadlocks(open_database: Open) -> None:
    """Both touch the case and the message; on PostgreSQL they must lock them in the same order."""
    recorder, claimer = open_database(), open_database()
    held = [message(f"p{number}/sms") for number in range(60)]
    Transitions(recorder).record(transition(1, waiting=tuple(held)), NOW)
    start = Barrier(2, timeout=20)

    def release() -> None:
        for version, one in enumerate(held, start=2):
            start.wait()
            Transitions(recorder).record(transition(version, messages=(one,)), NOW)

    def claim() -> list[bool]:
        granted = []
        for one in held:
            start.wait()
            granted.append(isinstance(Outbound(claimer).claim(one.key, "+49301", None, "Hello", NOW), Granted))
        return granted

    with ThreadPoolExecutor(2) as threads:
        released, claimed = threads.submit(release), threads.submit(claim)
        assert claimed.result() == [True] * 60
        released.result()


def as_of(second: int, after: int, version: int, **parts: Any) -> Transition:
    """A record as the workflow makes it at one second, the one before it made at another."""
    made = transition(version, **parts)
    return made.model_copy(update={"as_of": at(second), "after": at(after)})


def test_what_a_dead_workflow_task_wrote_is_taken_back(database: Database, transitions: Transitions) -> None:
    """Its worker or the server was killed before Temporal kept it, and the task that came instead went another way."""
    escalations, log = Escalations(database), CommandLog(database)
    log.queue(command(), "zendesk-1", 1)
    transitions.record(as_of(1, 0, 1, timeline=(line(1),), messages=(message("kept/sms"),)), at(1))
    dead = {"timeline": (line(2), line(3)), "messages": (message("never/sms"),), "settled": (applied(),)}
    transitions.record(as_of(2, 1, 3, **dead), at(2))
    transitions.record(as_of(5, 1, 2, timeline=(line(2, "said instead"),)), at(5))
    assert escalations.latest("zendesk-1") == document(version=2)
    assert escalations.timeline("zendesk-1", 1) == [line(1), line(2, "said instead")]
    assert list(fates(escalations)) == [message("kept/sms").key]
    unsettled = log.find("c1")
    assert unsettled is not None
    assert (unsettled.status, unsettled.settled_at) == ("queued", None)


def test_a_document_of_the_api_does_not_hide_what_a_dead_workflow_task_wrote(
    database: Database, transitions: Transitions
) -> None:
    escalations = Escalations(database)
    transitions.record(as_of(2, 1, 1, timeline=(line(1),)), at(2))
    escalations.save_document(document(version=2), 2, at(3))
    transitions.record(as_of(5, 1, 1, timeline=(line(1, "said instead"),)), at(5))
    assert escalations.latest("zendesk-1") == document(version=1)
    assert escalations.timeline("zendesk-1", 1) == [line(1, "said instead")]


def test_a_survey_after_closing_and_the_last_line_of_the_run_are_both_kept(
    database: Database, transitions: Transitions
) -> None:
    """A message under way at the closing comes back after the customer's answer."""
    escalations, rated = Escalations(database), Survey(score=4)
    CommandLog(database).queue(command(), "zendesk-1", 1)
    transitions.record(transition(1, status="closed", timeline=(line(1),)), at(1))
    given = LateSurvey(escalation="zendesk-1", episode=1, command_id="c1", at=at(2), answer=rated)
    Afterwards(database).record_survey(given, at(2))
    transitions.record(transition(3, status="closed", timeline=(line(2),)), at(3))
    latest = escalations.latest("zendesk-1")
    assert latest is not None
    assert (latest["version"], latest["survey"]["score"]) == (3, 4)
    assert [entry.text for entry in escalations.timeline("zendesk-1", 1)] == ["opened", "opened", rating_words(rated)]


def test_a_dead_workflow_task_that_writes_late_changes_nothing(database: Database, transitions: Transitions) -> None:
    transitions.record(as_of(1, 0, 1, timeline=(line(1),)), at(1))
    transitions.record(as_of(5, 1, 2, timeline=(line(2),)), at(5))
    before = everything(database)
    transitions.record(as_of(2, 1, 3, timeline=(line(2, "too late"), line(3))), at(6))
    assert everything(database) == before


def test_records_of_one_workflow_task_leave_each_other_alone(database: Database, transitions: Transitions) -> None:
    escalations = Escalations(database)
    for version, second, after in ((1, 1, 0), (2, 2, 1), (3, 2, 2), (4, 3, 2)):
        transitions.record(as_of(second, after, version, timeline=(line(version),)), at(second))
    assert escalations.timeline("zendesk-1", 1) == [line(seq) for seq in (1, 2, 3, 4)]


def test_a_task_given_out_twice_is_as_its_later_execution_was(database: Database, transitions: Transitions) -> None:
    """The server lost what the first one said, and the second one heard more. Both began at the same instant."""
    escalations = Escalations(database)
    transitions.record(as_of(1, 0, 1, timeline=(line(1),)), at(1), at(1))
    transitions.record(as_of(5, 1, 2, timeline=(line(2, "lost"),)), at(6), at(6))
    transitions.record(as_of(5, 5, 3, timeline=(line(3, "lost"),), messages=(message("never/sms"),)), at(7), at(7))
    transitions.record(as_of(5, 1, 2, timeline=(line(2, "said"),)), at(8), at(8))
    transitions.record(as_of(5, 5, 4, timeline=(line(3, "said"),), messages=(message("true/sms"),)), at(9), at(9))
    transitions.record(as_of(10, 5, 5, timeline=(line(4),)), at(10), at(10))
    lines = [line(1), line(2, "said"), line(3, "said"), line(4)]
    assert escalations.timeline("zendesk-1", 1) == lines
    assert list(fates(escalations)) == [message("true/sms").key]


def test_the_earlier_execution_of_a_task_that_writes_late_changes_nothing(
    database: Database, transitions: Transitions
) -> None:
    transitions.record(as_of(1, 0, 1, timeline=(line(1),)), at(1), at(1))
    transitions.record(as_of(5, 1, 2, timeline=(line(2),)), at(8), at(8))
    before = everything(database)
    transitions.record(as_of(5, 1, 3, timeline=(line(2, "lost"), line(3))), at(9), at(6))
    assert everything(database) == before


def test_a_second_try_of_a_record_changes_nothing(database: Database, transitions: Transitions) -> None:
    transitions.record(as_of(1, 0, 1, timeline=(line(1),)), at(1), at(1))
    told = as_of(5, 1, 2, timeline=(line(2),), messages=(message("once/sms"),))
    transitions.record(told, at(5), at(5))
    before = everything(database)
    transitions.record(told, at(7), at(5))
    assert everything(database) == before


def test_what_a_sender_has_claimed_was_kept_and_is_never_taken_back(
    database: Database, transitions: Transitions
) -> None:
    escalations = Escalations(database)
    transitions.record(as_of(1, 0, 1, timeline=(line(1),)), at(1), at(1))
    transitions.record(as_of(5, 1, 2, timeline=(line(2),), messages=(message("out/sms"),)), at(5), at(5))
    Outbound(database).claim(message("out/sms").key, "+49301", None, "Hello", at(6))
    transitions.record(as_of(7, 1, 3, timeline=(line(3),)), at(7), at(7))
    assert escalations.timeline("zendesk-1", 1) == [line(1), line(2), line(3)]
    assert fates(escalations) == {message("out/sms").key: ("sending", None)}


def test_what_one_episode_takes_back_leaves_the_commands_of_another_alone(
    database: Database, transitions: Transitions
) -> None:
    """The last messages of the first are still on their way when the second has begun."""
    log = CommandLog(database)
    log.queue(command(), "zendesk-1", 2)
    transitions.record(as_of(1, 0, 1, timeline=(line(1),)), at(1), at(1))
    second = as_of(5, 4, 1, settled=(applied(),))
    transitions.record(second.model_copy(update={"document": document(episode=2, version=1)}), at(5), at(5))
    transitions.record(as_of(6, 3, 2, timeline=(line(2, "lost"),)), at(6), at(6))
    transitions.record(as_of(8, 3, 2, timeline=(line(2, "said"),)), at(8), at(8))
    settled = log.find("c1")
    assert settled is not None
    assert settled.status == "applied"
