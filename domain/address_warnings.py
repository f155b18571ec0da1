"""People without the address: a channel of a step on which somebody whom it may reach cannot be told.

Somebody is named once for each team and channel, at the first step that may reach them; whom only a functional escalation
reaches stands at the rule that brings the team. A webhook is the team's, whoever is told: there the team is named.
"""

from collections.abc import Iterable, Iterator, Sequence

from domain.fault_texts import Path
from domain.policy import Policy, Step
from domain.policy_checks import Places
from domain.reach import Asking, Reach, asking, told_once
from domain.roster import Person
from domain.tickets import PRIORITIES, Channel
from domain.warning_words import WarningWords
from domain.webhooks import is_encrypted


def without_address(policy: Policy, reach: Reach, words: WarningWords) -> Places:
    """Channels on which somebody who may be told cannot be."""
    yield from _of_steps(policy, reach, words)
    yield from _of_teams(policy, reach, words)
    at_last = _at_last(policy, reach)
    used = dict.fromkeys(channel for tier in policy.tiers for step in tier.steps for channel in step.channels)
    for channel in used:  # the last resort is told as the step the case is at
        lacking = [person.id for person in at_last if _lacks(person, channel)]
        if lacking:
            yield ("owner_of_last_resort",), _cannot(channel, words.say("this_step"), lacking, words)


def _at_last(policy: Policy, reach: Reach) -> list[Person]:
    """The owner of last resort and who stands in for that one; nobody where the roster lacks them, which is told elsewhere."""
    owner = policy.owner_of_last_resort
    names = dict.fromkeys((owner, *(answer.person for answer in reach.standing_in(owner) if answer.person)))
    return [person for person in map(reach.roster.person, names) if person is not None]


def _of_steps(policy: Policy, reach: Reach, words: WarningWords) -> Places:
    lines: dict[tuple[Path, Channel], dict[str, list[Asking]]] = {}
    for (_, channel, person), alike in told_once(asking(policy), lambda one: _lacking(reach, one)).items():
        lines.setdefault((alike[0].step_path("channels"), channel), {})[person] = alike
    for (path, channel), people in lines.items():
        yield path, _cannot(channel, _what(people.values(), words), list(people), words)


def _of_teams(policy: Policy, reach: Reach, words: WarningWords) -> Places:
    """Webhooks of teams that have no address for them, or one that most installations refuse."""
    by_webhook = [one for one in asking(policy) if "webhook" in one.step.channels]
    for alike in told_once(by_webhook, lambda one: [one.team]).values():
        team = reach.roster.team(alike[0].team)  # one the roster lacks is told elsewhere
        if team is not None and (wrong := _wrong_with(team.webhook)):
            yield alike[0].step_path("channels"), words.say(wrong, what=_what([alike], words), team=team.id)


def _wrong_with(webhook: str | None) -> str:
    """The kind of the warning; nothing where all is well."""
    if webhook is None:
        return "no_webhook"
    return "" if is_encrypted(webhook) else "plain_webhook"


def _what(found: Iterable[Sequence[Asking]], words: WarningWords) -> str:
    """What tells them: the step that the place names, or of a functional team the steps of these tiers."""
    every = [one for alike in found for one in alike]
    tiers = {one.rung: one.tier.name for one in every}
    if every[0].rule is None:
        return words.say("this_step")
    return words.say("those_steps", tiers=words.some([tiers[rung] for rung in sorted(tiers)]))


def _lacking(reach: Reach, one: Asking) -> Iterator[tuple[str, Channel, str]]:
    """The team or the person asked, the channel, and who may be told and has no address for it."""
    people = [person for person in map(reach.roster.person, reach.told(one)) if person is not None]
    for channel in one.step.channels:
        lacking = (person for person in people if _lacks(person, channel) and _takes(person, one.step, channel))
        yield from ((one.asked, channel, person.id) for person in lacking)


def _takes(person: Person, step: Step, channel: Channel) -> bool:
    """Whether the step would tell the person there for any priority."""
    order = person.channels
    return order is None or any(channel in order.narrowed(step.channels, priority) for priority in PRIORITIES)


def _lacks(person: Person, channel: Channel) -> bool:
    if channel == "webhook":
        return False
    return not (person.email if channel == "email" else person.phone)


def _cannot(channel: Channel, what: str, people: Sequence[str], words: WarningWords) -> str:
    return words.say("no_email" if channel == "email" else "no_phone", what=what, people=words.some(people))
