"""Who and what made-up cases are about: customers, things and causes, of each a few that come often and many that rarely do."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any, Generic, TypeVar

from domain.causes import Causes
from local.seed_moulds import quoted
from local.seed_stories import Audience
from local.seed_texts import GRAMMARS, Thing, Tongue, company, texts
from records.closure_rows import closure_row

CUSTOMERS = 2_000
A_VIP_IN = 20
WORDINGS = 25_000  # of each language, then troubles come back in the same words: finding stems takes half a millisecond
SYSTEMS = ("zendesk", "jira", "hubspot")
One = TypeVar("One")


@dataclass(frozen=True)
class Buyer:
    """A customer; those with one `audience` may stand in for each other in a played case."""

    id: str
    name: str
    email: str
    phone: str
    audience: Audience


class Often(Generic[One]):
    """Things of which the first comes most often, the second half as often, the third a third as often."""

    def __init__(self, ones: Sequence[One]) -> None:
        self._ones = ones
        self._up_to = list(accumulate(1 / (place + 1) for place in range(len(ones))))

    def draw(self, chance: Random) -> One:
        """One of them."""
        return chance.choices(self._ones, cum_weights=self._up_to)[0]


@dataclass(frozen=True)
class Cause:
    """A category of the stored tree, with its title in each language."""

    id: str
    titles: dict[Tongue, str]


@dataclass(frozen=True)
class Wording:
    """A trouble in words: what broke and why, what fills the holes of a played case, and what it is found by once closed."""

    thing: Thing
    cause: Cause
    names: dict[str, str]
    quoted: dict[str, str]
    closure: dict[str, Any]


class Company:
    """Everybody and everything, the same for the same chance."""

    def __init__(self, chance: Random, causes: Causes | None) -> None:
        self.buyers = Often([_buyer(chance, number) for number in range(CUSTOMERS)])
        self.causes = Often(chance.sample(found := _causes(causes), len(found)))
        self._wordings: dict[Tongue, list[Wording]] = {tongue: [] for tongue in GRAMMARS}
        self._things = {tongue: Often(_shuffled(chance, grammar.things)) for tongue, grammar in GRAMMARS.items()}

    def wording(self, chance: Random, tongue: Tongue) -> Wording:
        """A trouble of a customer of that language: a new one, as long as there are not too many."""
        known = self._wordings[tongue]
        if len(known) >= WORDINGS:
            return chance.choice(known)
        known.append(_wording(chance, self._things[tongue].draw(chance), self.causes.draw(chance), tongue))
        return known[-1]


def _wording(chance: Random, thing: Thing, cause: Cause, tongue: Tongue) -> Wording:
    said = texts(chance, tongue, thing, cause.titles[tongue])
    names = {**said, "product": thing.product, "category": thing.category, "cause": cause.id}
    ticket = {name: names[name] for name in ("subject", "description", "product", "category")}
    found_by = closure_row(
        {
            **{"id": "", "episode": 1, "closed_at": "2000-01-01T00:00:00Z", "priority": "low", "ticket": ticket},
            "customer": {"id": "", "name": ""},  # no customer's name is a word of ours
            "resolution": {"summary": names["fix"]},
            "root_cause": {"category": cause.id, "description": names["why"]},
        }
    )
    return Wording(thing, cause, names, quoted(names), found_by)


def _buyer(chance: Random, number: int) -> Buyer:
    tongue: Tongue = "de" if chance.random() < 0.5 else "en"
    audience = Audience(number % A_VIP_IN == A_VIP_IN - 1, tongue)
    id = f"c{number + 1:04}"
    return Buyer(id, company(chance, tongue), f"desk@{id}.example", f"+493023125{number % 1_000:03}", audience)


def _causes(tree: Causes | None) -> list[Cause]:
    if tree is None:
        return [Cause("unknown", {"en": "Not found", "de": "Nicht gefunden"})]
    leaves = [path[-1] for path in tree.leaves()]
    return [Cause(one.id, {"en": one.title.in_language("en"), "de": one.title.in_language("de")}) for one in leaves]


def _shuffled(chance: Random, things: Sequence[Thing]) -> list[Thing]:
    return chance.sample(list(things), len(things))
