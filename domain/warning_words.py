"""How a warning about a policy is said: a sentence for each kind, and the names, stretches and instants within it.

The rules say which sentence it is and what it names; its English words are here, German ones with the other German words of
the pages (`api.pages.policy_warning_words`). Times stand on the clock of the calendar they are about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.calendars import Calendar
from domain.fault_texts import closest
from domain.tickets import PRIORITIES, Priority

_NAMED = 10  # of one kind in one warning; the rest is counted

SENTENCES: Mapping[str, str] = {
    # --- names the roster lacks, policies that fit the same case
    "no_person": "the roster has no person '{name}'{nearest}",
    "no_team": "the roster has no team '{name}'{nearest}",
    "did_you_mean": "; did you mean '{name}'?",
    "known_here": "; known here: {names}",
    "tie": "can fit the same case as '{other}' with as many keys, so the name decides for '{other}'; add a key to one of them",
    # --- steps that come too late
    "late_step": "{after} is not before the acknowledge target for {priorities}; the case has climbed by then, "
    "so it goes out there only when the step above it reaches nobody",
    "late_step_on_top": "{after} is after the acknowledge target for {priorities}; at the last tier the steps begin anew by "
    "then, so it goes out only once, after the last of them, when the owner of last resort has already been told",
    # --- nobody there
    "unstaffed": "{where}nobody of '{team}' is on duty while the calendar '{calendar}' is open{when}",
    "unstaffed_at": "at {tiers}: ",
    "unstaffed_always": ", at any time of the next four weeks; give the team members or a rotation in the roster",
    "unstaffed_gaps": ": {gaps} ({zone}), in all {hours} of the next four weeks; "
    "give the team a rotation for these hours in the roster",
    "more_gaps": " and {count} times more",
    "more_gaps_1": " and once more",
    "nobody_next": "in '{team}' nobody is next in the next four weeks, so {finds} nobody; "
    "give the team another member or rotation in the roster, or tell somebody else",
    "no_lead": "'{team}' has no lead, so {finds} nobody; give the team a lead in the roster, or tell somebody else",
    "last_resort_away": "'{owner}' is away and nobody stands in: {gaps} ({zone}); what nobody else takes then goes to somebody "
    "who is away; give the absence a delegate in the roster, or '{owner}' a manager who is there",
    "this_step_finds": "this step finds",
    "those_steps_find": "the steps of {tiers} that tell {selector} find",
    # --- no address
    "no_email": "by e-mail {what} cannot reach {people}, who may be told: the roster has no e-mail address there; add it, "
    "or tell them on another channel",
    "no_phone": "by SMS {what} cannot reach {people}, who may be told: the roster has no phone number there; add it, or tell "
    "them on another channel",
    "no_webhook": "by webhook {what} cannot reach the team {team}: the roster has no `webhook` there; add it, or tell on "
    "another channel",
    "plain_webhook": "by webhook {what} cannot reach the team {team}: its `webhook` in the roster is not https; write https, "
    "or allow private addresses to the workers",
    "this_step": "it",
    "those_steps": "the steps of {tiers}",
    # --- everybody rests
    "all_at_rest": "by SMS alone it wakes none of {people}, whom it may tell, while they all rest, such as {span} ({zone}): "
    "unless it is critical, a case then goes on to the next step, the next tier and the owner of last resort at once; "
    "list email too",
    # --- too far away, before anybody is told, too short, without an end
    "far_away": "{duration} of the calendar '{calendar}', begun now, ends only on {day}; "
    "write something shorter, or a calendar that is open more often",
    "never_ends": "{duration} of the calendar '{calendar}', begun now, does not end within ten years; "
    "write something shorter, or a calendar that is open more often",
    "missed_unheard": "{whom}a case that arrives {at} misses it {due}, and nobody is told before {told} ({zone}): the target "
    "counts while the steps wait for the calendar '{calendar}'; write {calendar} here too, or give the tier a calendar that is "
    "open then",
    "too_short": "{whom}it ends no later than the acknowledge target, so whoever takes the case in time may have missed it "
    "already; write more than the acknowledge target",
    "without_end": "is missing, so nothing limits the time at the last tier '{tier}': {for_ever}",
    "without_end_for": "says nothing for {priorities}, so nothing limits the time at the last tier '{tier}': {for_ever}",
    "for_ever": "where nobody acknowledges, the owner of last resort '{owner}' is told every 24 h for ever; "
    "write a limit such as closure: {{all: 15d}}",
    # --- within them
    "for_priorities": "for {priorities}: ",
    "more": " and {count} more",
    "hours": "{hours} h",
    "hours_minutes": "{hours} h {minutes} min",
    "day": "{weekday} {at:%Y-%m-%d}",
    "moment": "{day} {at:%H:%M}",
    "span_within_a_day": "{from_}–{to:%H:%M}",
    "span": "{from_} to {to}",
}


@dataclass(frozen=True)
class WarningWords:
    """The words of one language: every sentence, the weekdays from Monday on, priorities by their name."""

    sentences: Mapping[str, str]
    weekdays: Sequence[str]
    priorities: Mapping[Priority, str]

    def say(self, kind: str, **fields: object) -> str:
        """The sentence of that kind."""
        return self.sentences[kind].format(**fields)

    def listed(self, priorities: Sequence[Priority]) -> str:
        """`high, critical`."""
        return ", ".join(self.priorities[one] for one in priorities)

    def for_priorities(self, priorities: Sequence[Priority]) -> str:
        """`for high, critical: `; nothing when it is so for all of them."""
        if len(priorities) == len(PRIORITIES):
            return ""
        return self.say("for_priorities", priorities=self.listed(priorities))

    def some(self, names: Sequence[str]) -> str:
        """The first ten, and how many more."""
        more = self.say("more", count=len(names) - _NAMED) if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more

    def nearest(self, name: str, known: Sequence[str]) -> str:
        """`; did you mean 'x'?` where something close exists, else what is known."""
        close = closest(name, known)
        if close:
            return self.say("did_you_mean", name=close)
        return self.say("known_here", names=self.some(known)) if known else ""

    def in_hours(self, seconds: int) -> str:
        """`10 h`, `11 h 30 min`."""
        hours, minutes = divmod(seconds // 60, 60)
        return self.say("hours_minutes" if minutes else "hours", hours=hours, minutes=minutes)

    def day(self, calendar: Calendar, at: datetime) -> str:
        """`Mon 2026-11-23`."""
        local = calendar.local(at)
        return self.say("day", weekday=self.weekdays[local.weekday()], at=local)

    def moment(self, calendar: Calendar, at: datetime) -> str:
        """`Mon 2026-11-23 17:00`."""
        return self.say("moment", day=self.day(calendar, at), at=calendar.local(at))

    def span(self, calendar: Calendar, start: datetime, end: datetime) -> str:
        """`Mon 2026-11-23 17:00–18:00`, or both days where there are two."""
        begins = self.moment(calendar, start)
        if self.day(calendar, start) == self.day(calendar, end):
            return self.say("span_within_a_day", from_=begins, to=calendar.local(end))
        return self.say("span", from_=begins, to=self.moment(calendar, end))


ENGLISH = WarningWords(SENTENCES, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), {one: one for one in PRIORITIES})
