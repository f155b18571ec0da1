"""What several cases taught together: a cause that came back opens one problem, and its owner is told once.

No case knows which of them is the third, so this is held against the whole run, and a case's own story is told without it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.chaos.journal import CaseFile, Evidence, Shown
from tests.chaos.retelling import Fault

TIMES = 3  # closed tickets with one cause, within thirty days: what the product does where nobody has said otherwise
KIND = "problem_opened"
OF_PROBLEMS = (KIND, "problem_reminder")  # the reminder says that it came back again, of which there may be any number


def without_lessons(evidence: Evidence) -> Evidence:
    """The same run, its cases without what was said of problems."""
    return replace(evidence, cases=[_without(file) for file in evidence.cases])


def check_lessons(evidence: Evidence) -> Iterator[Fault]:
    """Of each cause that came back one problem was opened and told; of no other."""
    lines = [line for file in evidence.cases for shown in file.shown for line in shown.timeline if _is_told(line)]
    opened = Counter(str(line["data"]["words"]) for line in lines)
    causes = Counter(category for file in evidence.cases for category in _causes_of(file))
    for category in sorted({*opened, *causes}):
        wanted = int(causes[category] >= TIMES)
        if opened[category] != wanted:
            text = (
                f"the cause {category!r} of {causes[category]} tickets opened {opened[category]} problems, not {wanted}"
            )
            yield Fault("problem", "-", text)
    known = {line["data"]["problem"] for line in lines}
    if len(known) != len(lines):
        yield Fault("problem", "-", f"a problem was told of twice: {lines}")
    if sum(_is_message(one) for one in _messages(evidence)) < len(lines):
        yield Fault("problem", "-", "a problem stands in a timeline, and no message tells of it")


def _causes_of(file: CaseFile) -> set[str]:
    """Each ticket counts once, however often it came back."""
    closed = [shown.document for shown in file.shown if shown.document["status"] == "closed"]
    return {document["root_cause"]["category"] for document in closed if document["root_cause"]}


def _without(file: CaseFile) -> CaseFile:
    return replace(file, shown=[_cleared(shown) for shown in file.shown])


def _cleared(shown: Shown) -> Shown:
    lines = [line for line in shown.timeline if not _is_lesson(line)]
    return replace(
        shown, timeline=lines, messages=[one for one in shown.messages if one.get("kind") not in OF_PROBLEMS]
    )


def _is_lesson(line: Mapping[str, Any]) -> bool:
    told = line["kind"] == "told" and line["data"].get("message") in OF_PROBLEMS
    return told or any(f"/{kind}/" in str(line["data"].get("key", "")) for kind in OF_PROBLEMS)


def _is_told(line: Mapping[str, Any]) -> bool:
    return bool(line["kind"] == "told" and line["data"].get("message") == KIND)


def _messages(evidence: Evidence) -> Iterator[Mapping[str, Any]]:
    return (one for file in evidence.cases for shown in file.shown for one in shown.messages)


def _is_message(one: Mapping[str, Any]) -> bool:
    return one.get("kind") == KIND
