"""Which reminders of an action still count as said when the next look comes: those that reached their reader, or will.

What was queued and is overtaken on its way (the action is somebody else's by now, or due on another day) reaches nobody. So it is
said anew when that is news again, under a key of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.actions import ActionsPlan, KeptAction, LessonsPlan, Look, reminders
from domain.identity import message_key
from domain.messages import Message
from domain.roster import Roster

_NOT_OUT_YET = ("queued", "waiting")  # the claim lets it go out only while owner and day are as it says


@dataclass(frozen=True)
class Queued:
    """A reminder that a look has queued, and its status in the outbox."""

    message: Message
    status: str

    def reaches(self, action: KeptAction) -> bool:
        """Whether its reader has it, or will: one whose answer is missing may have arrived."""
        if self.status not in _NOT_OUT_YET:
            return self.status != "skipped"
        facts = self.message.facts
        told = (facts.get("owner", action.owner), facts["due_on"])  # an earlier release did not write down whose
        return told == (action.owner, action.due_on.isoformat())


def unsaid(action: KeptAction, look: Look, owner: str, roster: Roster, before: Sequence[Queued]) -> list[Message]:
    """What is to be said of an open action now, without what counts as said `before`.

    A run that another one took over from, perhaps in another entry of the case, has said it already.
    """
    mine = [one for one in before if one.message.step == action.number]
    said = []
    for message in reminders(action, look, owner, roster, untold=_untold(action, owner, mine)):
        same = [one for one in mine if (_day(one.message), one.message.person) == (message.round, message.person)]
        if not any(one.reaches(action) for one in same):
            said.append(_anew(message, look.plan, len(same)))
    return said


def _untold(action: KeptAction, owner: str, before: Sequence[Queued]) -> bool:
    """Whether the last word that it is theirs now does not reach the owner."""
    given = [one for one in before if one.message.person == owner and "given" in one.message.facts]
    return bool(given) and not max(given, key=lambda one: one.message.at).reaches(action)


def _anew(message: Message, plan: LessonsPlan | ActionsPlan, times: int) -> Message:
    """Under a key of its own, where so many of its day were queued before."""
    if not times:
        return message
    round = int(f"{message.round}{times}")
    place = (plan.escalation, plan.episode, plan.entry, message.kind, message.step)
    key = message_key(*place, round, message.person, message.channel)
    return message.model_copy(update={"key": key, "round": round})


def _day(message: Message) -> int:
    """20260310, also of one that was said anew."""
    return int(str(message.round)[:8])
