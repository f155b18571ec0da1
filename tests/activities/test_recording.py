"""The record activity: one transaction, the answers about duty, and the same again when it runs again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from activities.recording import Recording
from activities.sending import Sending
from domain.escalation import open_case
from domain.messages import DutyQuestion
from domain.outcome import Transition
from domain.roster import Absence
from domain.view import document
from records.database import Database
from records.outbound import Outbound
from records.roster import RosterStore
from records.tables import escalations, messages, timeline
from tests.activities.cases import NOW, ROSTER, message, new_store, opening


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    store = new_store(tmp_path)
    yield store
    store.close()


def question(selector: str, team: str = "support", at_hours: int = 0) -> DutyQuestion:
    return DutyQuestion(entry=1, step=2, round=3, team=team, selector=selector, at=NOW + timedelta(hours=at_hours))


def transition(*questions: DutyQuestion) -> Transition:
    opened = open_case(opening())
    return Transition(
        document=document(opened.state),
        version=opened.state.version,
        timeline=opened.timeline,
        messages=(message(),),
        questions=questions,
    )


def rows(db: Database) -> tuple[int, ...]:
    with db.read() as connection:
        counts = (
            connection.execute(select(func.count()).select_from(one)) for one in (escalations, timeline, messages)
        )
        return tuple(int(count.scalar_one()) for count in counts)


def test_the_name_on_the_wire_is_record() -> None:
    definition = activity._Definition.must_from_callable(Recording.record)
    assert definition.name == "record"


@pytest.mark.parametrize(
    "work",
    [
        *(Recording.record, Recording.record_survey, Recording.record_question, Recording.record_unsent),
        *(Recording.record_recurrence, Recording.record_reminders, Recording.record_problem_news, Sending.send),
    ],
)
def test_nothing_is_thrown_into_the_thread_of_an_activity_that_is_given_up(work: Callable[..., object]) -> None:
    assert activity._Definition.must_from_callable(work).no_thread_cancel_exception


def test_a_record_that_is_given_up_while_it_waits_gives_the_store_back(db: Database) -> None:
    env, recording = ActivityEnvironment(), Recording(db)
    with ThreadPoolExecutor(1) as threads:
        with db.write():
            waiting = threads.submit(env.run, recording.record, transition())
            wait([waiting], timeout=0.2)  # by then it waits for its turn
            assert not waiting.done()
            env.cancel()
        assert waiting.result(5) == []
    ActivityEnvironment().run(recording.record, transition())
    assert rows(db) == (1, 2, 1)


def test_a_transition_is_written_and_answers_nothing_that_was_not_asked(db: Database) -> None:
    change = transition()
    assert ActivityEnvironment().run(Recording(db).record, change) == []
    assert rows(db) == (1, len(change.timeline), 1)
    assert Outbound(db).load(message().key).record.status == "queued"


def test_a_second_run_changes_nothing_and_answers_the_same(db: Database) -> None:
    change = transition(question("on_call"))
    first = ActivityEnvironment().run(Recording(db).record, change)
    before = rows(db)
    assert ActivityEnvironment().run(Recording(db).record, change) == first
    assert rows(db) == before


@pytest.mark.parametrize(
    ("selector", "team", "person", "lead"),
    [
        ("on_call", "support", "dana", "eve"),
        ("on_call.next", "support", "eve", "eve"),
        ("team.lead", "support", "eve", "eve"),
        ("person:ops-manager", "support", "ops-manager", "eve"),
        ("on_call", "nobody-knows", None, None),
    ],
)
def test_the_answer_names_the_person_and_the_lead(
    db: Database, selector: str, team: str, person: str | None, lead: str | None
) -> None:
    [answer] = ActivityEnvironment().run(Recording(db).record, transition(question(selector, team)))
    assert (answer.person, answer.lead) == (person, lead)
    assert (answer.entry, answer.step, answer.round) == (1, 2, 3)


def test_duty_is_asked_for_the_questions_own_time(db: Database) -> None:
    away = Absence(from_=NOW + timedelta(hours=1), to=NOW + timedelta(hours=2), person="dana")
    RosterStore(db).save(ROSTER.model_copy(update={"absences": (away,)}), None, NOW)
    answers = ActivityEnvironment().run(
        Recording(db).record, transition(question("on_call"), question("on_call", at_hours=1))
    )
    assert [(answer.person, answer.at) for answer in answers] == [("dana", NOW), ("eve", NOW + timedelta(hours=1))]


def test_a_team_that_takes_turns_is_asked_by_the_questions_turn(db: Database) -> None:
    by_turns = [one.model_copy(update={"choose": "round_robin", "rotations": ()}) for one in ROSTER.teams]
    RosterStore(db).save(ROSTER.model_copy(update={"teams": tuple(by_turns)}), None, NOW)
    questions = [question("on_call").model_copy(update={"turn": turn}) for turn in range(3)]
    answers = ActivityEnvironment().run(Recording(db).record, transition(*questions))
    assert [answer.person for answer in answers] == ["dana", "eve", "dana"]
