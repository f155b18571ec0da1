"""Hours in which a step wakes nobody: it tells by SMS alone, and all whom it may tell rest while its tier is open.

Only a critical case then reaches them; any other goes on to the next step, the next tier and the owner of last resort at once.
Told once for each team and selector, at the first step that has it, else at the functional rule that brings the team.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce

from domain.calendars import WorkingTime
from domain.policy import Policy
from domain.policy_checks import Places
from domain.preferences import rest
from domain.reach import Asking, Reach, asking, calendars, told_once
from domain.roster import Person
from domain.standing_in import AHEAD
from domain.telling import to_one
from domain.warning_words import WarningWords

Stretches = Sequence[tuple[datetime, datetime]]


def all_at_rest(policy: Policy, reach: Reach, now: datetime, words: WarningWords) -> Places:
    """Steps that nobody hears for hours, with the first of them."""
    for alike in told_once(asking(policy), lambda one: [(one.asked, one.step.tell, one.step.channels)]).values():
        for one in alike:
            people = _by_sms_alone(reach, one)
            if people and (message := _message(policy, one, people, now, words)):
                yield one.step_path("channels"), message
                break


def _by_sms_alone(reach: Reach, one: Asking) -> list[Person]:
    """Whom the step may tell; nobody where one of them hears of it in another way."""
    listed = one.step.channels
    if "sms" not in listed:
        return []
    people = [person for person in map(reach.roster.person, reach.told(one)) if person is not None]
    taken = (person.channels.narrowed(listed, "high") if person.channels else listed for person in people)
    return people if all(to_one(channels) == ("sms",) for channels in taken) else []


def _message(policy: Policy, one: Asking, people: Sequence[Person], now: datetime, words: WarningWords) -> str:
    names = [name for name, those in calendars(policy, one.tier).items() if set(those) != {"critical"}]
    for name in names:
        calendar = policy.calendar(name)
        together = _together(people, WorkingTime(calendar).stretches(now, now + AHEAD), now)
        if together:
            told = words.some([person.id for person in people])
            first = words.span(calendar, *together[0])
            return words.say("all_at_rest", people=told, span=first, zone=calendar.timezone)
    return ""


def _together(people: Sequence[Person], open_: Stretches, now: datetime) -> Stretches:
    """When all of them rest while it is open."""
    hours = [rest(person) for person in people]
    found = [one.stretches(now, now + AHEAD) for one in hours if one is not None]
    return reduce(_common, found, open_) if len(found) == len(people) else ()


def _common(first: Stretches, second: Stretches) -> Stretches:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in first for b in second)
    return [(begins, ends) for begins, ends in both if begins < ends]
