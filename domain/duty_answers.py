"""The answer to a question of who is on duty, the same for a running case and for a preview."""

from domain.messages import DutyAnswer, DutyQuestion, StandIn
from domain.roster import Roster, lead, responder
from domain.standing_in import stand_ins


def answered(roster: Roster, question: DutyQuestion) -> DutyAnswer:
    """Who is on duty, as the roster stands now, for the instant the question is about."""
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
        stand_ins=_stand_ins(roster, question),
    )


def _stand_ins(roster: Roster, question: DutyQuestion) -> dict[str, tuple[StandIn, ...]]:
    if question.last_resort is None:
        return {}
    chief = lead(roster, question.team)
    return stand_ins(roster, (question.last_resort, *((chief,) if chief else ())), question.at)
