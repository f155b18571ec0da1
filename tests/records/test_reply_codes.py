"""The codes people answer with: short, of one case at a time, and not given again while a late answer may come."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from domain.outcome import Transition
from domain.reply_codes import code_of
from records.database import Database
from records.outbound import Outbound
from records.reply_codes import NOT_AGAIN_FOR, ReplyCodes
from records.transitions import Transitions
from tests.records.conftest import Open
from tests.records.samples import NOW, document, message, transition

A_SECOND = timedelta(seconds=1)


def opens(database: Database, id: str) -> None:
    Transitions(database).record(Transition(document=document(id), version=1), NOW)


def closes(database: Database, id: str) -> None:
    Transitions(database).record(Transition(document=document(id, status="closed"), version=2), NOW)


def test_the_code_of_a_case_stays_and_no_open_case_has_the_same(database: Database) -> None:
    codes = ReplyCodes(database)
    for id in ("zendesk-1", "zendesk-2"):
        opens(database, id)
    first, second = codes.code_for("zendesk-1", 1, NOW), codes.code_for("zendesk-2", 1, NOW)
    assert (first, second) == (code_of(1), code_of(2))
    assert codes.code_for("zendesk-1", 1, NOW) == first
    found = codes.last_case(second)
    assert found is not None
    assert found["id"] == "zendesk-2"


def test_a_code_is_given_again_thirty_days_after_its_case_has_ended(database: Database) -> None:
    codes = ReplyCodes(database)
    for id in ("zendesk-1", "zendesk-2", "zendesk-3"):
        opens(database, id)
    first = codes.code_for("zendesk-1", 1, NOW)
    closes(database, "zendesk-1")
    found = codes.last_case(first)
    assert found is not None
    assert (found["id"], found["status"]) == ("zendesk-1", "closed")  # a late answer is told so
    assert codes.code_for("zendesk-2", 1, NOW + NOT_AGAIN_FOR - A_SECOND) != first
    assert codes.code_for("zendesk-3", 1, NOW + NOT_AGAIN_FOR) == first
    found = codes.last_case(first)
    assert found is not None
    assert found["id"] == "zendesk-3"


def test_eight_at_once_for_eight_cases_get_eight_codes(open_database: Open) -> None:
    databases = [open_database(), open_database()]
    ids = [f"zendesk-{number}" for number in range(8)]
    for id in ids:
        opens(databases[0], id)

    def asks(number: int) -> str:
        return ReplyCodes(databases[number % 2]).code_for(ids[number], 1, NOW)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(asks, range(8)))) == 8


def test_open_cases_are_those_the_person_was_told_of(database: Database) -> None:
    codes = ReplyCodes(database)
    told = message(person="dana")
    Transitions(database).record(transition(1, messages=(told,)), NOW)
    code = codes.code_for(document()["id"], 1, NOW)
    assert codes.open_cases("dana") == []  # it has not gone out yet
    Outbound(database).claim(told.key, "+4930123456", None, "Please acknowledge", NOW)
    assert [(one, case["id"]) for one, case in codes.open_cases("dana")] == [(code, document()["id"])]
    assert codes.open_cases("sam") == []
