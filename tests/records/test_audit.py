"""The store of the audit log: each line once, found by who, case and time, page by page, deleted when its time is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Invalid
from records.audit import AuditFilters, AuditLine, AuditLog
from records.database import Database

NOW = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)


def line(number: int, **more: Any) -> AuditLine:
    """The later, the higher its number."""
    return replace(AuditLine(f"line-{number}", NOW + timedelta(minutes=number), "note", "api"), **more)


def found(log: AuditLog, **filters: Any) -> list[str]:
    return [one.id for one in log.page(AuditFilters(**filters))[0]]


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database)


def test_a_line_comes_back_as_it_was_written_and_is_there_once(log: AuditLog) -> None:
    written = line(
        1, via="sms", key_id="k", person="dana", role="agent", subject_kind="case", subject="zendesk-1",
        request="c", details={"outcome": "refused", "code": "not_paused"},
    )  # fmt: skip
    assert (log.write([written]), log.write([written, line(2)]), log.write([written])) == (1, 1, 0)
    assert log.page(AuditFilters(case="zendesk-1"))[0] == [written]


def test_what_was_done_is_found_by_who_which_case_and_since_when(log: AuditLog) -> None:
    case = {"subject_kind": "case", "subject": "zendesk-1"}
    log.write([line(1, person="dana", **case), line(2, person="sam", **case), line(3, person="dana")])
    log.write([line(4, subject_kind="policies", subject="zendesk-1")])
    assert found(log) == ["line-4", "line-3", "line-2", "line-1"]
    assert found(log, person="dana") == ["line-3", "line-1"]
    assert found(log, case="zendesk-1") == ["line-2", "line-1"], "not the policy of that name"
    assert found(log, cases_only=True) == ["line-2", "line-1"]
    assert found(log, since=NOW + timedelta(minutes=3)) == ["line-4", "line-3"]


def test_lines_of_one_instant_are_lost_by_no_page(log: AuditLog) -> None:
    log.write([replace(line(number), at=NOW) for number in range(5)])
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = log.page(AuditFilters(), 2, cursor)
        seen += [one.id for one in page]
        if cursor is None:
            break
    assert seen == [f"line-{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WyIyMDI2LTAzLTA2IiwgIngiXQ", "\0", ""])
def test_a_cursor_that_is_none_of_ours_is_refused(log: AuditLog, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        log.page(AuditFilters(), 2, cursor)
    assert refused.value.code == "bad_cursor"


def test_what_came_of_a_line_is_told_later(log: AuditLog) -> None:
    log.write([line(1, details={"outcome": "begun"}), line(2)])
    log.tell("line-1", "zendesk-9", {"outcome": "done"})
    told = [one for one in log.page(AuditFilters())[0] if one.id == "line-1"]
    assert [(one.subject, one.details) for one in told] == [("zendesk-9", {"outcome": "done"})]


def test_only_what_is_older_is_deleted(log: AuditLog) -> None:
    log.write([line(number) for number in range(3)])
    assert (log.purge(NOW + timedelta(minutes=2)), log.purge(NOW + timedelta(minutes=2))) == (2, 0)
    assert found(log) == ["line-2"]
