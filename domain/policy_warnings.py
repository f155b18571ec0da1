"""What a policy may say but probably does not mean: things that never happen, never end, or find nobody there.

Nothing here refuses a policy. Each warning has its place and what to write instead; those about hours and people look at the
four weeks from `now` on, with the roster as it is, and name the first instants at which it goes wrong.
"""

from datetime import datetime
from itertools import chain

from domain.address_warnings import without_address
from domain.calendars import as_utc
from domain.duty_warnings import last_resort_away, nobody_there, unstaffed
from domain.errors import Fault
from domain.fault_texts import path_text
from domain.holiday_dates import with_holidays
from domain.policy import Policy
from domain.policy_checks import Places
from domain.reach import Reach
from domain.rest_warnings import all_at_rest
from domain.roster import Roster
from domain.target_warnings import far_away, late_steps, missed_unheard, no_longer_than_acknowledge, without_end
from domain.warning_words import ENGLISH, WarningWords


def warnings(policy: Policy, roster: Roster, now: datetime, words: WarningWords = ENGLISH) -> list[Fault]:
    """Every warning by its kind; `now` is when the four weeks begin. Raises ValueError when it has no time zone."""
    now = as_utc(now)
    dated = with_holidays(policy, now)
    reach = Reach(dated, roster, now)
    found = chain(
        strangers(policy, roster, words),
        late_steps(policy, words),
        unstaffed(dated, reach, now, words),
        nobody_there(dated, reach, words),
        last_resort_away(policy, reach, words),
        without_address(dated, reach, words),
        all_at_rest(dated, reach, now, words),
        far_away(dated, now, words),
        missed_unheard(dated, now, words),
        no_longer_than_acknowledge(policy, words),
        without_end(policy, words),
    )
    return [Fault(path_text(path), message) for path, message in found]


def strangers(policy: Policy, roster: Roster, words: WarningWords) -> Places:
    """The places of the people and teams that the policy names and the roster lacks."""
    people = [person.id for person in roster.people]
    teams = [team.id for team in roster.teams]

    def no_person(name: str) -> str:
        return words.say("no_person", name=name, nearest=words.nearest(name, people))

    def no_team(name: str) -> str:
        return words.say("no_team", name=name, nearest=words.nearest(name, teams))

    if policy.owner_of_last_resort not in people:
        yield ("owner_of_last_resort",), no_person(policy.owner_of_last_resort)
    for index, tier in enumerate(policy.tiers):
        if tier.team not in teams:
            yield ("tiers", index, "team"), no_team(tier.team)
        for number, step in enumerate(tier.steps):
            name = step.tell.removeprefix("person:")
            if name != step.tell and name not in people:
                yield ("tiers", index, "steps", number, "tell"), no_person(name)
    for index, rule in enumerate(policy.functional):
        if rule.team not in teams:
            yield ("functional", index, "team"), no_team(rule.team)
