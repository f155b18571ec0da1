"""Which policy a case runs by, at which tier it begins, and which team has the skill it needs.

The caller may name a policy; otherwise the most specific `match` wins, then the name that sorts first, and without any
match the policy called `standard`. What only the name could decide is a tie, and reported when the files are loaded.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations

from domain.errors import Fault, Invalid
from domain.policy import FunctionalTeam, Match, Policy
from domain.tickets import Customer, Priority, Ticket, Trigger
from domain.warning_words import ENGLISH, WarningWords

FALLBACK = "standard"

_Values = frozenset[str]


def choose_policy(
    policies: Iterable[Policy], named: str | None, ticket: Ticket, customer: Customer, trigger: Trigger
) -> Policy:
    """The policy for this case; raises Invalid `unknown_policy` when there is none."""
    known = {policy.name: policy for policy in policies}
    if named is not None:
        return _existing(known, named, f"there is no policy '{named}'")
    facts = _facts(ticket, customer, trigger)
    fitting = [policy for policy in known.values() if policy.match is not None and _fits(policy.match, facts)]
    if fitting:
        return min(fitting, key=lambda policy: (-len(_wanted(policy.match)), policy.name))
    return _existing(known, FALLBACK, f"no policy matches this case and there is none called '{FALLBACK}'")


def start_tier(policy: Policy, priority: Priority) -> int:
    """The index of the tier where a case of this priority begins; the first unless `start_tier` says otherwise."""
    name = policy.start_tier.get(priority)
    return 0 if name is None else policy.tier_index(name) or 0


def functional_team(
    policy: Policy, skill: str | None, ticket: Ticket, customer: Customer, trigger: Trigger
) -> str | None:
    """The team a functional escalation goes to when none is named; None when nothing in `functional` fits.

    Most keys wins, then the order of the file. Rules with a `skill` count only when that one is asked for, and only they.
    """
    facts = _facts(ticket, customer, trigger)
    wanted = skill.casefold() if skill else None
    asked = [rule for rule in policy.functional if _has_skill(rule, wanted)]
    fitting = [rule for rule in asked if _fits(rule, facts)]
    return max(fitting, key=lambda rule: len(_wanted(rule))).team if fitting else None


def match_ties(policies: Iterable[Policy], of: str | None = None, words: WarningWords = ENGLISH) -> list[Fault]:
    """Every pair of policies that can fit one case with the same number of keys, so that only the name decides.

    With `of` only the pairs that the policy of that name is in.
    """
    matching = sorted((policy for policy in policies if policy.match is not None), key=lambda policy: policy.name)
    return [
        Fault(f"{second.name}.match", words.say("tie", other=first.name))
        for first, second in combinations(matching, 2)
        if of in (None, first.name, second.name) and _tied(_wanted(first.match), _wanted(second.match))
    ]


def _existing(known: Mapping[str, Policy], name: str, otherwise: str) -> Policy:
    if name in known:
        return known[name]
    names = ", ".join(sorted(known)) or "none"
    raise Invalid("unknown_policy", f"{otherwise}; known policies: {names}", field="policy")


def _facts(ticket: Ticket, customer: Customer, trigger: Trigger) -> dict[str, _Values]:
    single = {
        "ticket.system": ticket.system,
        "ticket.category": ticket.category,
        "ticket.product": ticket.product,
        "customer.id": customer.id,
        "customer.tier": customer.tier,
        "customer.locale": customer.locale,
        "trigger.kind": trigger.kind,
    }
    facts = {key: frozenset({value}) for key, value in single.items() if value is not None}
    locale = customer.locale or ""
    # `de` fits a customer of `de-AT` too: it is the language.
    spoken = {"customer.locale": frozenset({locale, locale.replace("_", "-").partition("-")[0]})} if locale else {}
    return {**facts, **spoken, "ticket.tags": frozenset(ticket.tags)}


def _has_skill(rule: FunctionalTeam, wanted: str | None) -> bool:
    return rule.skill is None if wanted is None else wanted in {skill.casefold() for skill in _many(rule.skill)}


def _many(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value or ()


def _wanted(match: Match | FunctionalTeam | None) -> dict[str, _Values]:
    if match is None:
        return {}
    groups: dict[str, Mapping[str, str | tuple[str, ...]]] = {
        "ticket": match.ticket,
        "customer": match.customer,
        "trigger": {str(key): value for key, value in match.trigger.items()},
    }
    return {f"{group}.{key}": frozenset(_many(value)) for group, keys in groups.items() for key, value in keys.items()}


def _fits(match: Match | FunctionalTeam, facts: Mapping[str, _Values]) -> bool:
    return all(values & facts.get(key, frozenset()) for key, values in _wanted(match).items())


def _tied(first: Mapping[str, _Values], second: Mapping[str, _Values]) -> bool:
    """A ticket may carry many tags, so different tags never keep two policies apart; any other different value does."""
    shared = (first.keys() & second.keys()) - {"ticket.tags"}
    return len(first) == len(second) and all(first[key] & second[key] for key in shared)
