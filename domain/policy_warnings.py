"""What a policy may say but probably does not mean: things that never happen, never end, or find nobody there.

Nothing here refuses a policy. Each warning has its place and what to write instead; those about hours and people look at the
four weeks from `now` on, with the roster as it is, and name the first instants at which it goes wrong.
"""

from datetime import datetime
from itertools import chain

from domain.address_warnings import without_address
from domain.calendars import as_utc
from domain.duty_warnings import nobody_there, unstaffed
from domain.errors import Fault
from domain.fault_texts import nearest, path_text
from domain.holiday_dates import with_holidays
from domain.policy import Policy
from domain.policy_checks import Places
from domain.reach import Reach
from domain.rest_warnings import all_at_rest
from domain.roster import Roster
from domain.target_warnings import far_away, late_steps, missed_unheard, no_longer_than_acknowledge, without_end


def warnings(policy: Policy, roster: Roster, now: datetime) -> list[Fault]:
    """Every warning by its kind; `now` is when the four weeks begin. Raises ValueError when it has no time zone."""
    now = as_utc(now)
    dated = with_holidays(policy, now)
    reach = Reach(dated, roster, now)
    found = chain(
        _strangers(policy, roster),
        late_steps(policy),
        unstaffed(dated, reach, now),
        nobody_there(dated, reach),
        without_address(dated, reach),
        all_at_rest(dated, reach, now),
        far_away(dated, now),
        missed_unheard(dated, now),
        no_longer_than_acknowledge(policy),
        without_end(policy),
    )
    return [Fault(path_text(path), message) for path, message in found]


def _strangers(policy: Policy, roster: Roster) -> Places:
    people = [person.id for person in roster.people]
    teams = [team.id for team in roster.teams]
    if policy.owner_of_last_resort not in people:
        name = policy.owner_of_last_resort
        yield ("owner_of_last_resort",), f"the roster has no person '{name}'{nearest(name, people)}"
    for index, tier in enumerate(policy.tiers):
        if tier.team not in teams:
            yield ("tiers", index, "team"), f"the roster has no team '{tier.team}'{nearest(tier.team, teams)}"
        for number, step in enumerate(tier.steps):
            name = step.tell.removeprefix("person:")
            if name != step.tell and name not in people:
                path = ("tiers", index, "steps", number, "tell")
                yield path, f"the roster has no person '{name}'{nearest(name, people)}"
    for index, rule in enumerate(policy.functional):
        if rule.team not in teams:
            yield ("functional", index, "team"), f"the roster has no team '{rule.team}'{nearest(rule.team, teams)}"
