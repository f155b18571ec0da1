"""A store that has learned something: people, a tree of causes, cases that were explained and closed."""

from datetime import date, datetime
from typing import Any

from domain.actions import LessonsPlan
from domain.causes import load_causes
from domain.roster import Roster
from domain.state import TimelineEntry
from records.causes import CauseTree
from records.database import Database
from records.lessons import Lessons
from records.policies import Policies
from records.roster import RosterStore
from records.transitions import Transitions
from tests.records.samples import NOW, at, document, policy, text, transition

PEOPLE: Any = {
    "people": [
        {"id": "sam", "name": "Sam", "email": "sam@support.example", "timezone": "Pacific/Auckland"},
        {"id": "lee", "name": "Lee", "email": "lee@support.example"},
    ],
    "teams": [{"id": "support", "lead": "lee", "members": ["sam"]}],
}
DUE = date(2026, 3, 10)
TREE = """
recurrence: {within: 30d, count: 2}
categories:
  - {id: tls, title: {en: Certificate expired}}
  - {id: disk, title: {en: Disk full}, recurrence: {count: 3, owner: sam}}
"""


def lessons_of(database: Database) -> Lessons:
    """With a policy, the people and the tree."""
    version = Policies(database).save(policy(), "api", None, NOW)
    assert version == 1
    RosterStore(database).save(Roster.model_validate(PEOPLE), None, NOW)
    CauseTree(database).save(load_causes(TREE), "api", None, NOW)
    return Lessons(database)


def action(text: str = "alert", owner: str = "sam", due_on: date = DUE) -> dict[str, Any]:
    return {"text": text, "kind": "preventive", "owner": owner, "due_on": due_on.isoformat()}


def cause(*actions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    plain = {"by": "dana", "at": text(NOW), "category": "tls", "description": "expired", "origin": "ours"}
    return {**plain, "actions": list(actions), **changes}


def explained(
    database: Database, said: dict[str, Any] | None, version: int = 1, id: str = "zendesk-1", **how: Any
) -> None:
    """The store has a transition in which this root cause was recorded."""
    ticket = {"system": "zendesk", "id": id, "subject": "Down", "product": how.pop("product", "checkout")}
    times = {"as_of": how.pop("as_of", None), "after": how.pop("after", None)}
    about = {"policy": {"name": "standard", "version": 1}, "ticket": ticket, "root_cause": said, **how}
    whole = document(id=id, version=version, **about)
    entry = TimelineEntry(seq=version, at=NOW, kind="root_cause_recorded", actor="dana", text="recorded")
    made = transition(version).model_copy(update={"document": whole, "timeline": (entry,), **times})
    Transitions(database).record(made, NOW)


def closes(database: Database, number: int, minutes: float = 0, **how: Any) -> LessonsPlan:
    """A case of its own that closed then, and the plan to follow it up."""
    id, when = f"zendesk-{number}", at(minutes)
    said = cause(category=how.pop("category", "tls"), **how.pop("said", {}))
    explained(database, said, id=id, status="closed", closed_at=text(when), **how)
    return plan(id, when)


def plan(id: str = "zendesk-1", closed_at: datetime = NOW) -> LessonsPlan:
    return LessonsPlan(escalation=id, episode=1, entry=1, priority="high", closed_at=closed_at)
