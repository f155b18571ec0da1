"""What was promised so that it does not come back: actions kept one by one, and when their owners are reminded.

An action is known by its text: a later root cause that says the same text keeps it, with what has become of it, and may give it
another owner or day; what it no longer says is dropped. In between people may move it to another day or another owner.

Reminders come at nine on the owner's clock: on the working day before, on the day itself, and then every week until it is done;
from the third week on the owner's manager hears, too. They begin when the cause is recorded: a day that is near by then, or past,
is told of at once. Who is given an action hears of it at once.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from domain.calendars import WEEKDAYS, Weekday, wall_to_utc
from domain.commands import Action
from domain.errors import Invalid, NotAllowed
from domain.identity import message_key
from domain.messages import LESSONS, Message
from domain.policy import Policy
from domain.roster import Person, Roster, accountable_for, acting_lead, lead, manager_of, reachable, stand_in_of
from domain.state import Escalation, TimelineEntry
from domain.tickets import EARLIEST, LATEST, PersonalChannel, Priority
from domain.turn import TIERLINE
from domain.view_time import rfc3339

SINCE: Final = 5  # the rules version from which on what a case teaches is followed up; see `domain.state`
FROM_RECORDING: Final = 6  # the one from which on its actions are followed up before it closes

REMINDED_AT: Final = time(9)
BEFORE, ON_THE_DAY = 0, 1  # the first two reminders; those behind them are a week apart
LAST_TO_THE_OWNER_ALONE: Final = 3  # the second of the overdue ones
WEEK: Final = timedelta(days=7)
CHANNELS: tuple[PersonalChannel, ...] = ("email", "sms")  # nothing burns: the SMS only where no e-mail goes
_WORKING_WEEK: tuple[Weekday, ...] = WEEKDAYS[:5]

ActionState = Literal["open", "done", "dropped"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Move(_Part):
    """What somebody said of an open action: from now on it is due on that day, and that owner's.

    It holds for the root cause recorded at `cause_at`, as its document writes it, and for a later one that repeats what that one
    `said` of owner and day, as a correction of its other words does; what else a later one says counts instead. `given`: the
    owner is another one and is to be told; `heard`: the run that reminds has heard of it.
    """

    owner: str
    due_on: date
    said: tuple[str, date]
    by: str
    at: datetime
    note: str | None = None
    cause_at: str | None = None
    given: bool
    heard: bool = False


class KeptAction(_Part):
    """One action of one episode and what has become of it; `id` is `{escalation}.{episode}.{number}`.

    One that is dropped by nobody (`done_by` None) went with a later root cause, and comes back with the next that has it.
    """

    id: str
    escalation: str
    episode: int
    number: int
    text: str
    kind: Literal["corrective", "preventive"]
    owner: str
    due_on: date
    state: ActionState = "open"
    done_at: datetime | None = None
    done_by: str | None = None
    note: str | None = None
    moved: Move | None = None

    @property
    def move(self) -> Move | None:
        """The move that it has its owner and its day from; None where a root cause has said them, or says others by now."""
        return self.moved if self.moved and (self.moved.owner, self.moved.due_on) == (self.owner, self.due_on) else None

    @property
    def news(self) -> Move | None:
        """The same, while the run that reminds has not heard of it."""
        return self.move if self.move and not self.move.heard else None

    def overdue(self, at: datetime, roster: Roster) -> bool:
        """Whether its day is over at the owner's place, and it is still open."""
        return self.state == "open" and overdue(self.owner, self.due_on, at, roster)


class _Plan(_Part):
    escalation: str
    episode: int
    entry: int
    priority: Priority
    looked_at: datetime | None = None  # how far an earlier run of it has come


class LessonsPlan(_Plan):
    """What the run that counts the cause of a closed episode is begun with; where it `reminds`, it follows up actions, too."""

    closed_at: datetime
    reminds: bool = True  # absent: begun by a case of rules before `FROM_RECORDING`


class ActionsPlan(_Plan):
    """What the run that follows up the actions of one root cause is begun with; the next root cause begins another."""

    recorded_at: datetime


class Look(_Part):
    """The question which reminders fell due after one instant and up to another; `after` None: whatever is due by then."""

    plan: LessonsPlan | ActionsPlan
    after: datetime | None
    at: datetime


class Reminders(_Part):
    """What is to be sent now, and when to look again; None when no action is open any more."""

    messages: tuple[Message, ...] = ()
    next_at: datetime | None = None


def overdue(owner: str, due_on: date, at: datetime, roster: Roster) -> bool:
    """Whether that day is over at the owner's place; of nobody in UTC."""
    person = roster.person(owner)
    return at.astimezone(ZoneInfo(person.timezone if person else "UTC")).date() > due_on


def lessons_plan(state: Escalation) -> LessonsPlan | None:
    """The plan to follow up what a closed case teaches; None where it has no root cause, or began before there were lessons."""
    if state.status != "closed" or state.closed_at is None or state.root_cause is None or state.rules_version < SINCE:
        return None
    return LessonsPlan(**_place(state), closed_at=state.closed_at, reminds=state.rules_version < FROM_RECORDING)


def actions_plan(state: Escalation) -> ActionsPlan | None:
    """The plan to follow up the actions of the root cause as it stands; None where it has none, and for earlier rules."""
    cause = state.root_cause
    if cause is None or not cause.cause.actions or state.rules_version < FROM_RECORDING:
        return None
    return ActionsPlan(**_place(state), recorded_at=cause.at)


def _place(state: Escalation) -> dict[str, Any]:
    return {"escalation": state.id, "episode": state.episode, "entry": state.entry.number, "priority": state.priority}


def is_over(plan: LessonsPlan | ActionsPlan, document: Mapping[str, Any]) -> bool:
    """Whether there is nothing to follow up by this plan: its case was withdrawn, or a later root cause has a run of its own."""
    cause = document["root_cause"]
    if not isinstance(plan, ActionsPlan):
        return False
    return document["status"] == "cancelled" or cause is None or cause["at"] != rfc3339(plan.recorded_at)


def kept(
    escalation: str, episode: int, before: Sequence[KeptAction], said: Sequence[Action], cause_at: str
) -> list[KeptAction]:
    """All actions of an episode once its root cause, of `cause_at`, says these: old ones in their order, then the new ones."""
    texts = {action.text: action for action in said}
    old = [_again(one, texts[one.text], cause_at) if one.text in texts else _replaced(one) for one in before]
    known = {one.text for one in before}
    first = max((one.number for one in before), default=0) + 1
    new = [action for text, action in texts.items() if text not in known]
    return [*old, *(_new(escalation, episode, number, action) for number, action in enumerate(new, first))]


def _new(escalation: str, episode: int, number: int, action: Action) -> KeptAction:
    place = {"id": f"{escalation}.{episode}.{number}", "escalation": escalation, "episode": episode, "number": number}
    return KeptAction.model_validate({**place, **action.model_dump()})


def _again(before: KeptAction, said: Action, cause_at: str) -> KeptAction:
    changes: dict[str, Any] = {"kind": said.kind, "owner": said.owner, "due_on": said.due_on}
    if before.state == "dropped" and before.done_by is None:
        changes |= {"state": "open"}
    move = _still_holds(before, said, cause_at)
    if move is not None:
        changes |= {"owner": move.owner, "due_on": move.due_on, "moved": move}
    return before.model_copy(update=changes)


def _still_holds(before: KeptAction, said: Action, cause_at: str) -> Move | None:
    """Its move under this root cause, if it is the one it was said under, written again, or one that repeats that one's words."""
    if before.moved is None:
        return None
    repeats = before.move is not None and (said.owner, said.due_on) == before.moved.said
    return (
        before.moved.model_copy(update={"cause_at": cause_at}) if repeats or before.moved.cause_at == cause_at else None
    )


def _replaced(before: KeptAction) -> KeptAction:
    return before.model_copy(update={"state": "dropped"}) if before.state == "open" else before


def ended(action: KeptAction, state: Literal["done", "dropped"], by: str, note: str | None, at: datetime) -> KeptAction:
    """The action done or dropped; once more the same changes nothing, but a note to one that has none is kept.

    Raises NotAllowed `action_done`, `action_dropped`: it is the other, or there is another note to it.
    """
    if action.state == state and (note is None or action.note in (None, note)):
        return action.model_copy(update={"note": note or action.note})
    _require_open(action)
    return action.model_copy(update={"state": state, "done_by": by, "done_at": at, "note": note})


def moved(
    action: KeptAction, owner: str | None, due_on: date | None, by: str, note: str | None, at: datetime, roster: Roster
) -> KeptAction:
    """The action with another owner, another day or both; None is the one it has, and the same as before changes nothing.

    A day may be past, as in a root cause. An owner who has left the roster may stay, but none from outside it comes in.
    Raises NotAllowed `action_done`, `action_dropped`, Invalid `unknown_person` (field `owner`).
    """
    _require_open(action)
    owner, due_on = owner or action.owner, due_on or action.due_on
    if (owner, due_on) == (action.owner, action.due_on):
        return action
    another = owner != action.owner
    if another and roster.person(owner) is None:
        words = f"owner: the roster has no person '{owner}'; give it to somebody of `tierline roster show`"
        raise Invalid("unknown_person", words, field="owner")
    given = another or (action.news is not None and action.news.given)
    said = action.move.said if action.move else (action.owner, action.due_on)
    move = Move(owner=owner, due_on=due_on, said=said, by=by, at=at, note=note, given=given)
    return action.model_copy(update={"owner": owner, "due_on": due_on, "moved": move})


def heard(action: KeptAction) -> KeptAction:
    """The action once the run that reminds has heard of its move; one without news is as it was."""
    if action.news is None:
        return action
    return action.model_copy(update={"moved": action.news.model_copy(update={"heard": True})})


def _require_open(action: KeptAction) -> None:
    if action.state != "open":
        raise NotAllowed(f"action_{action.state}", f"the action '{action.id}' is {action.state} already")


def reminder_at(due_on: date, round: int, person: Person | None) -> datetime:
    """When the reminder of that number comes: before, on the day, then week by week. Of nobody in UTC.

    A day beyond what can be told in every time zone, a slip of the pen, is the last one that can.
    """
    due_on = min(max(due_on, EARLIEST.date()), LATEST.date())
    day = _working_day_before(due_on, person) if round == BEFORE else due_on + WEEK * (round - ON_THE_DAY)
    return wall_to_utc(datetime.combine(day, REMINDED_AT), ZoneInfo(person.timezone if person else "UTC"))


def _working_day_before(day: date, person: Person | None) -> date:
    """As the person's working hours say, else from Monday to Friday."""
    hours: Mapping[Weekday, Any] = (person.working_hours if person else None) or dict.fromkeys(_WORKING_WEEK, True)
    days = (day - timedelta(days=back) for back in range(1, 8))
    return next((one for one in days if hours.get(WEEKDAYS[one.weekday()])), day - timedelta(days=1))


def latest_round(due_on: date, person: Person | None, at: datetime) -> int | None:
    """The reminder that came last at or before that instant; None before the first."""
    weeks = (at - reminder_at(due_on, ON_THE_DAY, person)) // WEEK
    # A clock change moves nine o'clock by an hour, so the count of whole weeks may be one short or one over.
    near = range(max(ON_THE_DAY + weeks - 1, BEFORE), max(ON_THE_DAY + weeks + 1, BEFORE) + 1)
    return max((round for round in near if reminder_at(due_on, round, person) <= at), default=None)


def due_round(action: KeptAction, person: Person | None, after: datetime | None, at: datetime) -> int | None:
    """The reminder to send for what fell due in between; of several, as after an outage, the last one says it all."""
    latest = latest_round(action.due_on, person, at)
    if latest is None or (after is not None and reminder_at(action.due_on, latest, person) <= after):
        return None
    return latest


def next_reminder(action: KeptAction, person: Person | None, at: datetime) -> datetime:
    """When the next reminder of an open action comes."""
    latest = latest_round(action.due_on, person, at)
    return reminder_at(action.due_on, BEFORE if latest is None else latest + 1, person)


def responsible(owner: str | None, roster: Roster, team: str, policy: Policy | None, at: datetime) -> str:
    """The owner; where there is none, or none the roster has any more, the team's lead, else the owner of last resort.

    Of these two it is who stands in while they are away; an owner was named by somebody, and stays.
    """
    if owner is not None and roster.person(owner) is not None:
        return owner
    if policy is None:
        return acting_lead(roster, team, at) or owner or team
    return accountable_for(roster, team, policy.owner_of_last_resort, at)


def instead_of(message: Message, roster: Roster, team: str, policy: Policy, at: datetime) -> str | None:
    """Who hears of a lesson that no channel brought to its person: the team's lead, and at last the owner of last resort.

    While they are away it is who stands in. None when that was the last one, and for what a manager is told beside the owner.
    """
    last = stand_in_of(roster, policy.owner_of_last_resort, at)
    if message.kind not in LESSONS or message.person == last:
        return None
    if message.step > 0 and message.facts.get("by", message.person) != message.person:
        return None
    chief = lead(roster, team) if message.step > 0 else None  # a step below 0: the lead was that already
    above = reachable(roster, chief, at) if chief else None
    return above if above not in (None, message.person) else last


def reminders(action: KeptAction, look: Look, owner: str, roster: Roster, *, untold: bool = False) -> list[Message]:
    """What is to be said of one open action now: to its owner, and to the owner's manager once that was in vain twice.

    Whom it was given hears at once, but for who took it; so does, with its next move, an owner who is `untold` as yet. Of one
    with another day what is near or past is said, as of a new one.
    """
    news = action.news
    if news and (news.given or untold) and news.by != owner:
        return [_handed_over(action, look, owner, roster)]
    round = due_round(action, roster.person(owner), _unsaid_from(news, look), look.at)
    if round is None:
        return []
    manager = manager_of(roster, owner, look.at) if round > LAST_TO_THE_OWNER_ALONE else None
    day = _day_of(reminder_at(action.due_on, round, roster.person(owner)), roster.person(owner))
    stands = f"{'overdue since' if round > ON_THE_DAY else 'due on'} {action.due_on}"
    return [_reminder(action, look, day, person, owner, stands) for person in (owner, manager) if person is not None]


def _unsaid_from(news: Move | None, look: Look) -> datetime | None:
    """From when on what fell due is to be said: of another day all of it; who took the action knew what was due by then."""
    if news is None:
        return look.after
    return max(news.at, look.after or news.at) if news.given else None


def _handed_over(action: KeptAction, look: Look, owner: str, roster: Roster) -> Message:
    """That it is theirs now; it has the key of that day's reminder, so that nobody hears twice on one day."""
    today = _day_of(look.at, roster.person(owner))
    message = _reminder(action, look, today, owner, owner, f"is theirs now, due on {action.due_on}")
    return message.model_copy(update={"facts": {**message.facts, "given": "yes"}})


def _day_of(at: datetime, person: Person | None) -> int:
    """20260310: what keeps the keys of reminders apart. A count would not: it begins anew where an action gets another day."""
    return int(f"{at.astimezone(ZoneInfo(person.timezone if person else 'UTC')):%Y%m%d}")


def _reminder(action: KeptAction, look: Look, day: int, person: str, owner: str, stands: str) -> Message:
    plan, (first, *others) = look.plan, CHANNELS
    facts = {"action": action.id, "text": action.text, "due_on": action.due_on.isoformat(), "by": owner}
    facts |= {"owner": action.owner}  # whose it was then, for the claim; `by` may stand in for somebody who has left
    place = (plan.escalation, plan.episode, plan.entry)
    return Message(
        key=message_key(*place, "action_due", action.number, day, person, first),
        kind="action_due",
        channel=first,
        person=person,
        entry=plan.entry,
        step=action.number,
        round=day,
        at=look.at,
        facts=facts,
        purpose=f"action {action.number} {stands}",
        fallbacks=tuple(others),
    )


def told(seq: int, message: Message, words: str | None) -> TimelineEntry:
    """The line of the timeline that says who was told, with the words of what it is about, None where they are gone."""
    text = f"{message.person} told: {message.purpose}"
    data: dict[str, Any] = {"person": message.person, "message": message.kind, "words": words}
    data |= {
        name: message.facts[name] for name in ("due_on", "problem", "times", "given", "why") if name in message.facts
    }
    return TimelineEntry(seq=seq, at=message.at, kind="told", actor=TIERLINE, text=text, data=data)
