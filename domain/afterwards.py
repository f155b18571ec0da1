"""What is still said of a case that has closed: the customer is asked how it was, answers, and a bad answer reaches the lead.

The state machine of the episode has ended; its document goes on as it was, with the answer in it. Everything here is decided
on that document, because it is what stays: the roster, the addresses and a newer episode are looked at when it is time.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from domain.actions import CHANNELS, instead_of, told
from domain.addresses import NO_ADDRESS
from domain.commands import Survey
from domain.identity import message_key
from domain.messages import CUSTOMER, LESSONS, Message, SendResult
from domain.policy import Policy, QuietHours
from domain.roster import Roster, stand_in_of
from domain.state import Escalation, TimelineEntry
from domain.state import Survey as SurveyAnswer
from domain.telling import (
    CUSTOMER_PURPOSES,
    NOT_TOLD,
    customer_channels,
    customer_told,
    customer_told_data,
    failed,
    low_score_data,
    on_next_channel,
    skipped,
    sms_waits_until,
    to_last_resort,
    to_one,
    undelivered_data,
    with_address,
)
from domain.tickets import Channel, PersonalChannel, Priority
from domain.turn import TIERLINE

SINCE = 4  # the rules version from which on closing is followed up; see `domain.state`


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class LateSurvey(_Part):
    """A survey answer for one closed episode, under the id of its command."""

    escalation: str
    episode: int
    command_id: str
    at: datetime
    answer: Survey


class SurveyPlan(_Part):
    """When the customer of a closed episode is asked how it was, and by which rules: those the case ended with."""

    escalation: str
    episode: int
    entry: int
    priority: Priority
    at: datetime
    channels: tuple[Channel, ...]
    quiet_hours: QuietHours | None = None


class Unsent(_Part):
    """A message after closing that did not arrive or did not go out, and the quiet hours its next channel keeps to."""

    escalation: str
    episode: int
    message: Message
    result: SendResult
    quiet_hours: QuietHours | None = None


def survey_plan(state: Escalation) -> SurveyPlan | None:
    """The plan to ask once the case has closed; None where nobody is to be asked.

    `survey_after` counts from closing on the wall clock, its days of 24 h, as `confirm_within` does.
    """
    policy, after = state.policy, state.policy.closing.survey_after
    if state.status != "closed" or state.closed_at is None or after is None or state.rules_version < SINCE:
        return None
    return SurveyPlan(
        escalation=state.id,
        episode=state.episode,
        entry=state.entry.number,
        priority=state.priority,
        at=state.closed_at + timedelta(seconds=after.wall_seconds),
        channels=customer_channels(policy),
        quiet_hours=policy.quiet_hours,
    )


def question(plan: SurveyPlan, document: Mapping[str, Any]) -> Message | None:
    """The message that asks, made at the plan's time; None when the customer has no address (any more).

    It goes to the first channel that works; an SMS waits for the end of the quiet hours.
    """
    customer = document["customer"]
    channels = with_address(plan.channels, customer.get("email"), customer.get("phone"))
    if not channels:
        return None
    first, *others = channels
    message = Message(
        key=message_key(plan.escalation, plan.episode, plan.entry, "customer_survey", 0, 0, None, first),
        kind="customer_survey",
        channel=first,
        person=None,
        entry=plan.entry,
        at=plan.at,
        purpose=CUSTOMER_PURPOSES["customer_survey"],
        fallbacks=tuple(others),
    )
    return _kept_quiet(message, plan.quiet_hours, document)


def _kept_quiet(message: Message, quiet: QuietHours | None, document: Mapping[str, Any]) -> Message:
    until = None
    if message.person is None:
        until = sms_waits_until(message, quiet, document["customer"].get("timezone"), message.at)
    return message.model_copy(update={"not_before": until})


def asked(seq: int, plan: SurveyPlan, message: Message | None) -> TimelineEntry:
    """The line that says the customer was asked, or why not."""
    if message is not None:
        return told_entry(seq, message)
    text = f"{NOT_TOLD}: {CUSTOMER_PURPOSES['customer_survey']}"
    data = {"reason": NO_ADDRESS, "message": "customer_survey"}
    return TimelineEntry(seq=seq, at=plan.at, kind="delivery_failed", actor=TIERLINE, text=text, data=data)


def told_entry(seq: int, message: Message) -> TimelineEntry:
    """The line that says the customer was asked, on the first channel or on the next one."""
    text, data = customer_told(message), customer_told_data(message)
    return TimelineEntry(seq=seq, at=message.at, kind="customer_told", actor=TIERLINE, text=text, data=data)


def next_try(unsent: Unsent, document: Mapping[str, Any]) -> Message | None:
    """A failed message on its next channel; None when there is none left, or when it was no longer to go out."""
    message, result = unsent.message, unsent.result
    if result.status != "failed" or not message.fallbacks:
        return None
    made = on_next_channel(message, unsent.escalation, unsent.episode, result.at)
    return _kept_quiet(made, unsent.quiet_hours, document)


def last_try(unsent: Unsent, document: Mapping[str, Any], policy: Policy, roster: Roster) -> Message | None:
    """What failed on every channel of its person, for somebody else: a low answer, a lesson; None for all else.

    A lesson's step is below 0 then, which keeps its key apart from what that person hears as an owner or a manager.
    """
    message, result = unsent.message, unsent.result
    if result.status != "failed":
        return None
    person = instead_of(message, roster, document["team"], policy, result.at)
    if person is not None:
        changed = {"person": person, "step": -abs(message.step), "fallbacks": CHANNELS}
        return on_next_channel(message.model_copy(update=changed), unsent.escalation, unsent.episode, result.at)
    last = stand_in_of(roster, policy.owner_of_last_resort, result.at)
    channels = policy.tiers[document["tier"]["index"]].steps[0].channels
    return to_last_resort(message, last, channels, unsent.escalation, unsent.episode, result.at)


def last_resort_entry(seq: int, message: Message, words: str | None = None) -> TimelineEntry:
    """The line that says that somebody else was told; of a lesson with the words of what it is about."""
    if message.kind in LESSONS:
        return told(seq, message, words)
    text, data = f"{message.person} told: {message.purpose}", low_score_data(message)
    return TimelineEntry(seq=seq, at=message.at, kind="told", actor=TIERLINE, text=text, data=data)


def not_sent(seq: int, unsent: Unsent) -> TimelineEntry:
    """The line that says it did not arrive, or was no longer needed: as of a running case."""
    message, result = unsent.message, unsent.result
    data = {**undelivered_data(message), "reason": result.reason}
    if result.status == "skipped":
        text = skipped(message, result.reason or "no longer needed")
        return TimelineEntry(seq=seq, at=result.at, kind="skipped", actor=TIERLINE, text=text, data=data)
    data["code"] = result.code
    text = failed(message, result)
    return TimelineEntry(seq=seq, at=result.at, kind="delivery_failed", actor=TIERLINE, text=text, data=data)


def with_survey(document: Mapping[str, Any], given: LateSurvey) -> dict[str, Any]:
    """The document with the answer in it, one version on; a later answer takes the place of an earlier one."""
    answer = SurveyAnswer(score=given.answer.score, comment=given.answer.comment, at=given.at)
    return {**document, "version": document["version"] + 1, "survey": answer.model_dump(mode="json")}


def words_entry(seq: int, at: datetime, text: str, mail: str, channel: PersonalChannel) -> TimelineEntry:
    """The line that keeps what the customer wrote when the case was over; `mail` is the id it came under, an SMS's, too."""
    data = {"channel": channel, "mail": mail}
    return TimelineEntry(seq=seq, at=at, kind="customer_replied", actor=CUSTOMER, text=text, data=data)


def rating_words(answer: Survey) -> str:
    """`the customer rated it 4 of 5`: the same before and after closing."""
    return f"the customer rated it {answer.score} of 5"


def survey_entry(seq: int, at: datetime, answer: Survey) -> TimelineEntry:
    """The line of the timeline that says so."""
    data = {"score": answer.score, "comment": answer.comment}
    return TimelineEntry(seq=seq, at=at, kind="note", actor=CUSTOMER, text=rating_words(answer), data=data)


def is_low(policy: Policy, rules_version: int, answer: Survey) -> bool:
    """Whether the lead is to hear of this answer: at or under the policy's `low_score`."""
    return rules_version >= SINCE and answer.score <= policy.closing.low_score


def rating_facts(answer: Survey, resolver: str | None) -> dict[str, str]:
    """What an alert knows of the answer and of who had resolved the case; the rest is read from the case."""
    facts = {"score": str(answer.score), "text": answer.comment, "by": resolver}
    return {name: value for name, value in facts.items() if value}


def alert(given: LateSurvey, document: Mapping[str, Any], policy: Policy, person: str, round_: int) -> Message:
    """What `person`, the lead, is told of a low answer after closing.

    It goes to the first channel of the tier's first step that works. `round_` keeps the keys of several answers apart.
    """
    first, *others = to_one(policy.tiers[document["tier"]["index"]].steps[0].channels)
    resolution, entry = document["resolution"], document["entry"]
    return Message(
        key=message_key(given.escalation, given.episode, entry, "low_score", 0, round_, person, first),
        kind="low_score",
        channel=first,
        person=person,
        entry=entry,
        round=round_,
        at=given.at,
        facts={**rating_facts(given.answer, resolution and resolution["by"]), "command": given.command_id},
        purpose=rating_words(given.answer),
        fallbacks=tuple(others),
    )


def alert_words(person: str, answer: Survey) -> str:
    """`lee told: the customer rated it 1 of 5`: the same before and after closing."""
    return f"{person} told: {rating_words(answer)}"


def alert_entry(seq: int, given: LateSurvey, person: str) -> TimelineEntry:
    """The line of the timeline that says who was told of a low answer."""
    text = alert_words(person, given.answer)
    data = {"person": person, "message": "low_score", "score": given.answer.score}
    return TimelineEntry(seq=seq, at=given.at, kind="told", actor=TIERLINE, text=text, data=data)
