"""The answer to a question of who is on duty, the same for a running case and for a preview."""

from domain.messages import DutyAnswer, DutyQuestion
from domain.roster import Roster, acting_lead, responder, stand_in_of


def answered(roster: Roster, question: DutyQuestion) -> DutyAnswer:
    """Who is on duty at the question's own time and on which channels; `person` is None for nobody."""
    found = responder(roster, question.team, question.selector, question.at, question.turn)
    person = roster.person(found) if found is not None else None
    return DutyAnswer(
        entry=question.entry,
        step=question.step,
        round=question.round,
        person=found,
        lead=acting_lead(roster, question.team, question.at),
        at=question.at,
        channels=person.channels if person else None,
        stand_ins=_stand_ins(roster, question),
    )


def _stand_ins(roster: Roster, question: DutyQuestion) -> dict[str, str]:
    owner = question.last_resort
    found = stand_in_of(roster, owner, question.at) if owner is not None else None
    return {owner: found} if owner is not None and found is not None and found != owner else {}
