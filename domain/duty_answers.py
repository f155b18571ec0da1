"""The answer to a question of who is on duty, the same for a running case and for a preview."""

from domain.messages import DutyAnswer, DutyQuestion
from domain.roster import Roster, lead, responder


def answered(roster: Roster, question: DutyQuestion) -> DutyAnswer:
    """Who is on duty at the question's own time; `person` is None for nobody."""
    return DutyAnswer(
        entry=question.entry,
        step=question.step,
        round=question.round,
        person=responder(roster, question.team, question.selector, question.at, question.turn),
        lead=lead(roster, question.team),
        at=question.at,
    )
