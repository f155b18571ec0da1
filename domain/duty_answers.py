"""The answer to a question of who is on duty, the same for a running case and for a preview."""

from domain.messages import DutyAnswer, DutyQuestion
from domain.roster import Roster, lead, responder


def answered(roster: Roster, question: DutyQuestion) -> DutyAnswer:
    """Who is on duty at the question's own time and on which channels; `person` is None for nobody."""
    found = responder(roster, question.team, question.selector, question.at, question.turn)
    person = roster.person(found) if found is not None else None
    return DutyAnswer(
        entry=question.entry,
        step=question.step,
        round=question.round,
        person=found,
        lead=lead(roster, question.team),
        at=question.at,
        channels=person.channels if person else None,
    )
