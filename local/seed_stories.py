"""How a made-up case goes: when it arrives, and what people do about it and when, as words to play through the rules.

Arrivals follow office hours, durations are log-normal, and now and then somebody is slow: so targets are missed and cases climb
because the rules say so, not because somebody drew it. All texts are sentinels, which `local.seed_moulds` turns into holes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from domain.commands import Command
from domain.opening import Asked
from domain.tickets import Customer, Priority, Ticket, Trigger
from local.seed_texts import Tongue

OFFICE = ZoneInfo("Europe/Berlin")
OPENS, SHUTS = 8, 18  # o'clock at the office; most arrive in between, and work that is not critical is done then
BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 9, 20, 30, 32, 28, 18, 24, 28, 26, 22, 16, 9, 6, 4, 3, 2, 1)
BY_WEEKDAY = (24, 21, 20, 19, 17, 4, 3)
PRIORITIES: dict[Priority, int] = {"low": 28, "medium": 44, "high": 22, "critical": 6}
ANSWERED: dict[Priority, float] = {"low": 90, "medium": 35, "high": 10, "critical": 4}  # minutes, median
SOLVED: dict[Priority, float] = {"low": 9, "medium": 5, "high": 2.5, "critical": 1}  # hours after that, median
BETWEEN: dict[Priority, float] = {
    "low": 3.6,
    "medium": 3.4,
    "high": 2.8,
    "critical": 0.5,
}  # hours between two words, mean
SLOW, SLOWER = 0.12, 6  # one in eight takes six times as long
CLOSED_BY_HAND = 0.5
TOLD = 0.6  # of these words to the customer; the others are notes
SURE_TO_CLOSE = timedelta(days=6)  # after resolving; by then even the silent ones have closed
TRIGGERS = ("sla_breach", "sla_breach", "manual", "manual", "low_csat", "keyword")
ORIGINS = ("ours", "ours", "product", "product", "product", "third_party", "customer")
SCORES = (1, 2, 3, 4, 4, 4, 5, 5, 5, 5)

SYSTEM, TICKET = "seedsystem", "seedticket"
EMAIL, PHONE, VALUE = "seedmail@seed.example", "+493023125999", {True: 250_000.0, False: 12_000.0}


@dataclass(frozen=True)
class Audience:
    """What of a customer the rules look at: the same for all customers that may stand in for each other."""

    vip: bool
    tongue: Tongue


def arrival(chance: Random, monday: datetime) -> datetime:
    """An instant of the week that begins with that midnight at the office, as tickets arrive."""
    day = chance.choices(range(7), BY_WEEKDAY)[0]
    hour = chance.choices(range(24), BY_HOUR)[0]
    return monday + timedelta(days=day, hours=hour, seconds=chance.randrange(3_600))


def asked(chance: Random, audience: Audience) -> Asked:
    """The ticket, its customer and why it is escalated."""
    return Asked(
        ticket=Ticket(system=SYSTEM, id=TICKET, subject="seedsubject", description="seeddescription",
                      product="seedproduct", category="seedcategory"),
        customer=Customer(id="seedcustomer", name="seedname", email=EMAIL, phone=PHONE, locale=audience.tongue,
                          timezone="Europe/Berlin" if audience.tongue == "de" else "Europe/London",
                          tier="vip" if audience.vip else "standard", annual_value=VALUE[audience.vip]),
        trigger=Trigger(kind=chance.choice(TRIGGERS)),
        priority=chance.choices(tuple(PRIORITIES), tuple(PRIORITIES.values()))[0],
    )  # fmt: skip


def story(
    chance: Random, priority: Priority, opened_at: datetime, crew: Sequence[str], specialists: str | None
) -> list[Command]:
    """Everything that is said about a case, from the acknowledgement to its closing, in order.

    One of the `crew` takes it; of none, whoever is accountable. `specialists` is a team a functional escalation may go to.
    """
    taker = chance.choice(crew) if crew else None
    words = _Words(chance, priority)
    taken = words.work(opened_at, _drawn(chance, ANSWERED[priority] / 60))
    words.say("acknowledge", taken, by=taker)
    at = _worked(words, taken, specialists)
    if chance.random() < 0.07:
        again = at + chance.uniform(1, 30) * timedelta(hours=1)
        words.say("reopen", again, by="dana", reason="seedreply")
        taken = words.work(again, _drawn(chance, ANSWERED[priority] / 60))
        words.say("acknowledge", taken, by=taker)
        at = _worked(words, taken, None)
    _learned(words, at)
    return sorted(words.said, key=lambda word: word.received_at)


def score(chance: Random) -> int | None:
    """The customer's answer to the survey; most give none."""
    return chance.choice(SCORES) if chance.random() < 0.3 else None


class _Words:
    """What is said, one after the other."""

    def __init__(self, chance: Random, priority: Priority) -> None:
        self.chance, self.priority = chance, priority
        self.said: list[Command] = []

    def say(self, name: str, at: datetime, by: str | None = None, **body: object) -> None:
        whole = at.astimezone(UTC).replace(microsecond=0)
        self.said.append(Command(id=f"{name}-{len(self.said)}", name=name, by=by, received_at=whole, body=body))

    def work(self, at: datetime, hours: float) -> datetime:
        """When so much work is done that begins then; only critical cases are worked on outside the office's hours."""
        if self.priority == "critical":
            return at + timedelta(hours=hours)
        left = timedelta(hours=hours)
        while True:
            begin = _at_the_office(at)
            until_evening = begin.replace(hour=SHUTS, minute=0, second=0, microsecond=0) - begin
            if left <= until_evening:
                return begin + left
            left -= until_evening
            at = begin + until_evening


def _worked(words: _Words, taken: datetime, specialists: str | None) -> datetime:
    """From the acknowledgement to the fix, and when that was."""
    chance, priority = words.chance, words.priority
    hours = _drawn(chance, SOLVED[priority])
    for part in _parts(chance, hours, BETWEEN[priority]):
        told = chance.random() < TOLD
        word, text = ("customer-update", "seedupdate") if told else ("note", "seednote")
        words.say(word, words.work(taken, part), text=text)
    if chance.random() < 0.08:
        words.say("escalate", words.work(taken, hours * 0.4), kind="hierarchical", reason="seednote")
        words.say("acknowledge", words.work(taken, hours * 0.45))
    elif specialists and chance.random() < 0.06:
        words.say("escalate", words.work(taken, hours * 0.4), kind="functional", team=specialists, reason="seednote")
        words.say("acknowledge", words.work(taken, hours * 0.45))
    waits = 0.0
    if chance.random() < 0.12:
        waits = chance.uniform(1, 20)
        words.say("pause", words.work(taken, hours * 0.6), reason="waiting_on_customer")
        words.say("customer-reply", words.work(taken, hours * 0.6 + waits), text="seedreply", channel="email")
    fixed = words.work(taken, hours + waits)
    words.say("resolve", fixed, summary="seedfix", customer_message="seedtold")
    return fixed


def _learned(words: _Words, fixed: datetime) -> None:
    """From the fix to the end: the cause, and the closing by hand or by silence."""
    explained = words.work(fixed, _drawn(words.chance, 3))
    origin = words.chance.choice(ORIGINS)
    words.say("root-cause", explained, category="seedcause", description="seedwhy", origin=origin)
    if words.chance.random() < CLOSED_BY_HAND:
        words.say("close", words.work(explained, _drawn(words.chance, 6)))
    words.say("close", max(explained, fixed) + SURE_TO_CLOSE)  # refused where it is closed by then


def _parts(chance: Random, hours: float, between: float) -> Iterator[float]:
    """Where updates fall in so many hours of work."""
    at = between * chance.uniform(0.4, 1.2)
    while at < hours:
        yield at
        at += between * chance.uniform(0.4, 1.1)


def _drawn(chance: Random, median: float) -> float:
    slow = SLOWER if chance.random() < SLOW else 1
    return min(slow * median * chance.lognormvariate(0, 0.7), 60 * median)


def _at_the_office(at: datetime) -> datetime:
    """That instant, or when the office opens next."""
    local = at.astimezone(OFFICE)
    if local.weekday() < 5 and OPENS <= local.hour < SHUTS:
        return local
    days = 0 if local.hour < OPENS and local.weekday() < 5 else 1
    while (local + timedelta(days=days)).weekday() >= 5:
        days += 1
    return (local + timedelta(days=days)).replace(hour=OPENS, minute=0, second=0, microsecond=0)
