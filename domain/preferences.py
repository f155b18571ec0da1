"""When a person would rather not be told: no SMS in the hours of rest, none of routine cases outside the working hours.

Asked where a message is about to go out, for the instant it was due, so that a preview and the real case agree; after an outage
for the instant it was made. A message held back has failed, with the code `not_now`: the next channel or the next responder is
told at once, and nothing waits until morning. A critical case disturbs, and so does what the owner of last resort is told, for
nobody stands behind them. Both windows are on the person's own clock; a clock change counts as in every calendar.
"""

from collections.abc import Mapping
from datetime import datetime

from domain.calendars import WEEKDAYS, Calendar, Weekday, WorkingTime
from domain.channel_order import PREFERENCES_SINCE
from domain.messages import Message, MessageKind
from domain.quiet import goes_out_at
from domain.roster import Person, Roster
from domain.state import NO_DRIFT
from domain.tickets import Priority

NOT_NOW = "not_now"  # the code of a message that a preference holds back
ROUTINE: tuple[Priority, ...] = ("low", "medium")
TO_THE_LAST_RESORT: tuple[MessageKind, ...] = ("last_resort", "closure_overdue", "top_breach")


def why_not_now(
    message: Message, roster: Roster, priority: Priority, rules_version: int, made_at: datetime | None = None
) -> str | None:
    """A sentence that says why this message to a responder, recorded at `made_at`, does not go out; None when it may."""
    disturbs = message.channel == "sms" and message.kind not in TO_THE_LAST_RESORT
    if message.person is None or not disturbs or rules_version < PREFERENCES_SINCE:
        return None
    person = roster.person(message.person)
    at = goes_out_at(message.at, made_at if rules_version >= NO_DRIFT else None)
    return why_no_sms(person, priority, at) if person is not None else None


def why_no_sms(person: Person, priority: Priority, at: datetime) -> str | None:
    """The person's own wish that keeps an SMS away at that instant, in words; None where there is none."""
    if priority != "critical" and _rests(person, at):
        begins, ends = str(person.do_not_disturb).split("-")
        return f"{person.id} takes no SMS from {begins} to {ends} ({person.timezone}) except critical"
    if priority in ROUTINE and not _works(person, at):
        return f"{person.id} takes SMS of low and medium priority in working hours only ({person.timezone})"
    return None


def rest(person: Person) -> WorkingTime | None:
    """The person's hours of rest, None when there are none."""
    window = person.do_not_disturb
    return None if window is None else _hours(person, dict.fromkeys(WEEKDAYS, (window,)))


def _rests(person: Person, at: datetime) -> bool:
    hours = rest(person)
    return hours is not None and hours.is_open(at)


def _works(person: Person, at: datetime) -> bool:
    return person.working_hours is None or _hours(person, person.working_hours).is_open(at)


def _hours(person: Person, hours: Mapping[Weekday, tuple[str, ...]]) -> WorkingTime:
    return WorkingTime(Calendar(timezone=person.timezone, hours=dict(hours)))
