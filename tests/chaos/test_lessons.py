"""The check of problems must fail when one is missing, told twice, or nobody's."""

from typing import Any

from tests.chaos.forged import evidence
from tests.chaos.journal import CaseFile, Evidence, Shown
from tests.chaos.lessons import KIND, check_lessons, without_lessons


def run(closed: int, told: tuple[str, ...] = (), messages: int | None = None) -> Evidence:
    """Cases closed with the cause `disk`, and what was told of problems under the first of them."""
    lines = [line(problem) for problem in told]
    sent = [
        {"kind": KIND, "key": f"a/{KIND}/{number}"} for number in range(len(told) if messages is None else messages)
    ]
    document = {"status": "closed", "root_cause": {"category": "disk"}}
    made = evidence()
    made.cases = [
        CaseFile(f"case-{number}", "closes", {}, shown=[Shown(1, document, [], [])]) for number in range(closed)
    ]
    made.cases[0].shown[0] = Shown(1, document, lines, sent)
    return made


def line(problem: str) -> dict[str, Any]:
    return {"kind": "told", "data": {"message": KIND, "words": "disk", "problem": problem}}


def faults(of: Evidence) -> list[str]:
    return [fault.text for fault in check_lessons(of)]


def test_three_tickets_with_one_cause_open_one_problem() -> None:
    assert faults(run(3, ("P-1",))) == []
    assert faults(run(2)) == []


def test_a_problem_too_few_or_too_many_is_found() -> None:
    assert "opened 0 problems, not 1" in faults(run(3))[0]
    assert "opened 1 problems, not 0" in faults(run(2, ("P-1",)))[0]
    assert "opened 2 problems, not 1" in faults(run(3, ("P-1", "P-2")))[0]
    assert "told of twice" in faults(run(3, ("P-1", "P-1")))[1]


def test_a_problem_that_nobody_hears_of_is_found() -> None:
    assert "no message tells of it" in faults(run(3, ("P-1",), messages=0))[0]


def test_a_case_is_told_without_what_several_taught_together() -> None:
    [shown] = without_lessons(run(1, ("P-1",))).cases[0].shown
    assert (shown.timeline, shown.messages) == ([], [])
