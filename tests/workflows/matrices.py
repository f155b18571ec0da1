"""Escalation matrices, rosters and scripts of what people say, made up from a seed: any of them is legal, few are wise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from domain.commands import Command
from domain.holiday_dates import with_holidays
from domain.opening import Asked, opening_of
from domain.policy_file import check_policy
from domain.roster import Roster
from domain.roster_file import check_roster
from domain.simulation import OF_A_SYSTEM, Course, Happening, Refusal, course
from domain.state import Opening
from domain.tickets import PRIORITIES, Customer, Level, Ticket, Trigger

STARTS = (  # Fridays, clock changes both ways, Christmas, the end of a year
    "2027-03-26T15:50:00Z", "2027-03-27T23:40:00Z", "2027-10-29T16:05:00Z", "2027-12-23T14:00:00Z",
    "2027-06-07T07:00:00Z", "2027-12-31T21:30:00Z", "2027-11-06T20:15:00Z", "2027-04-03T11:00:00Z",
)  # fmt: skip
LEVELS: tuple[Level | None, ...] = ("low", "medium", "high", None)
ZONES = ("Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
WEEKS = (["09:00-17:00"], ["08:00-12:30", "13:15-17:45"], ["22:00-06:00"], ["00:00-24:00"])
PEOPLE = ("ada", "ben", "cleo", "dov", "eve", "finn", "gus", "hana", "olga")
CATEGORIES = ("network", "billing")
SKILLS = ("dns", "invoices")
FUNCTIONAL: tuple[dict[str, Any], ...] = (
    {"ticket": {"category": "network"}},
    {"skill": "dns"},
    {"skill": ["invoices", "dns"], "ticket": {"category": "billing"}},
)
TEAMS = ("support", "specialists", "management")
QUIET = timedelta(
    minutes=3
)  # nothing is due for so long after a word, which may come a little late; steps are further apart
LONGEST_SCRIPT = timedelta(hours=40)
DRAWS = 3  # of a word, until the case allows it: most of what is said is taken, some is refused
MANY = 2_000  # lines; more than two days have


@dataclass(frozen=True)
class Play:
    """A case that was made up: its opening, who works there, and what is said when."""

    opening: Opening
    roster: Roster
    words: tuple[Command, ...]

    def course(self) -> Course:
        """What the preview says will happen."""
        return course(self.opening, self.roster, self.words)


def plays(seeds: Sequence[int]) -> list[Play]:
    """A case for each seed; they begin at one instant and have one roster, made of the first seed."""
    chance = Random(seeds[0])  # noqa: S311 - made up, not secret
    start = datetime.fromisoformat(chance.choice(STARTS)).astimezone(UTC)
    roster = check_roster(roster_of(chance, start))
    return [play(seed, start, roster) for seed in seeds]


def play(seed: int, start: datetime, roster: Roster) -> Play:
    """The case of that seed; it ends by being withdrawn, if not before."""
    chance = Random(f"case {seed}")  # noqa: S311 - made up, not secret
    rules = with_holidays(check_policy(policy(chance)), start)
    opening = opening_of(asked(chance, str(seed)), rules, start, roster, by="api")
    return Play(opening, roster, tuple(script(chance, opening, roster)))


def asked(chance: Random, number: str) -> Asked:
    """A ticket of a customer of some worth, now and then without an address."""
    return Asked(
        ticket=Ticket(system="made_up", id=number, subject="Checkout is down", category=chance.choice(CATEGORIES)),
        customer=Customer(
            id="acme",
            name="Acme GmbH",
            email="it@acme.example" if chance.random() < 0.9 else None,
            phone="+493012345678" if chance.random() < 0.7 else None,
            timezone=chance.choice((*ZONES, None)),
            tier=chance.choice(("vip", "basic")),
            annual_value=chance.choice((None, 5_000, 500_000)),
            since=chance.choice((None, date(2019, 3, 1))),
        ),
        trigger=Trigger(kind="manual"),
        impact=chance.choice(LEVELS),
        urgency=chance.choice(LEVELS),
        priority=chance.choice((None, None, *PRIORITIES)),
    )


def policy(chance: Random) -> dict[str, Any]:
    """A policy of one to three tiers."""
    names = [f"L{number + 1}" for number in range(chance.randint(1, 3))]
    data: dict[str, Any] = {
        "name": "made-up",
        "owner_of_last_resort": "olga",
        "calendars": {name: calendar(chance) for name in ("office", "shop")},
        "tiers": [tier(chance, name, TEAMS[index]) for index, name in enumerate(names)],
        "targets": case_targets(chance),
        "closing": {"root_cause": chance.choice(("required", "optional"))},
    }
    if chance.random() < 0.6:
        data["priority"] = {
            "raise_for": [{"customer": customer, "by": chance.randint(1, 2)} for customer in raised(chance)]
        }
    if chance.random() < 0.6:
        data["functional"] = [{"team": chance.choice(TEAMS), **when} for when in chance.sample(FUNCTIONAL, 2)]
    if chance.random() < 0.7:
        data["start_tier"] = {chance.choice(PRIORITIES): chance.choice(names)}
    if chance.random() < 0.6:
        data["closing"]["confirm_within"] = chance.choice(("2h", "1d"))
    if chance.random() < 0.8:
        data["customer_updates"] = updates(chance)
    if chance.random() < 0.5:
        data["quiet_hours"] = {"customer_sms": "21:00-08:00", "timezone": chance.choice(ZONES)}
    return data


def raised(chance: Random) -> list[dict[str, Any]]:
    """Customers whose cases are more urgent."""
    known = ({"tier": "vip"}, {"annual_value_at_least": 100_000}, {"customer_for_at_least": "1000d"})
    return chance.sample(known, chance.randint(1, 2))


def calendar(chance: Random) -> dict[str, Any]:
    """A week in some zone, often with holidays, sometimes with days of its own."""
    days = chance.sample(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), chance.randint(4, 7))
    windows = chance.choice(WEEKS)
    found: dict[str, Any] = {"timezone": chance.choice(ZONES), "day": "8h", "hours": dict.fromkeys(days, windows)}
    if chance.random() < 0.5:
        found["holidays"] = {"country": chance.choice(("DE", "US", "AU"))}
    if chance.random() < 0.3:
        found["closed"] = ["12-24", "2027-03-29"]
    if chance.random() < 0.3:
        found["open"] = {"2027-03-28": ["01:00-05:00"], "12-25": ["10:00-14:00"]}
    return found


def a_calendar(chance: Random) -> Any:
    """A calendar's name, or a map by priority."""
    named = chance.choice(("always", "office", "shop"))
    return chance.choice((named, {"critical": "always", "else": named}))


def length(chance: Random, *hours: float) -> str:
    """A duration of so many hours, in minutes."""
    return f"{round(chance.choice(hours) * 60)}m"


def tier(chance: Random, name: str, team: str) -> dict[str, Any]:
    """A tier with one to three steps inside its acknowledge target, or not."""
    targets: dict[str, Any] = {"acknowledge": {"all": length(chance, 0.5, 1, 2, 5), "critical": "20m"}}
    if chance.random() < 0.6:
        targets["acknowledge"]["warn_at"] = chance.choice(([50], [50, 80], [90]))
    if chance.random() < 0.7:
        targets["tier_resolution"] = {
            "all": length(chance, 2, 4, 9),
            "warn_at": [75],
            "pauses": chance.choice((True, False, ["scheduled"])),
        }
    after = sorted(chance.sample((5, 10, 15, 25, 40), chance.randint(0, 2)))
    steps = [
        {
            "after": f"{minutes}m",
            "tell": chance.choice(("on_call", "on_call.next", "team.lead", "person:ada")),
            "channels": chance.choice((["sms"], ["email"], ["sms", "email"])),
        }
        for minutes in (0, *after)
    ]
    found = {"name": name, "team": team, "calendar": a_calendar(chance), "targets": targets, "steps": steps}
    if chance.random() < 0.5:
        found["acknowledge_timeout"] = {"all": length(chance, 1, 3)}
    if chance.random() < 0.5:
        found["repeat"] = chance.randint(0, 2)
    return found


def case_targets(chance: Random) -> dict[str, Any]:
    """Targets of the whole case; the closing limit comes within the days that are played."""
    found: dict[str, Any] = {"closure": {"all": chance.choice(("20h", "30h", "15d", "15d")), "warn_at": [80]}}
    if chance.random() < 0.8:
        found["resolution"] = {
            "all": length(chance, 6, 24, 48),
            "calendar": a_calendar(chance),
            "warn_at": [50, 75, 90],
        }
    if chance.random() < 0.8:
        found["root_cause"] = {"all": length(chance, 4, 8), "calendar": a_calendar(chance), "warn_at": [65]}
    return found


def updates(chance: Random) -> dict[str, Any]:
    """Promises to the customer, not too many of them."""
    moments = ("opened", "acknowledged", "escalated", "resolved", "closed")
    return {
        "every": {"all": length(chance, 6, 9, 20), "critical": "4h"},
        "channels": chance.choice((["email"], ["sms"], ["email", "sms"], ["sms", "email"])),
        "on": chance.sample(moments, chance.randint(1, 5)),
    }


def roster_of(chance: Random, start: datetime) -> dict[str, Any]:
    """Three teams, with rotations or without, people away and standing in."""
    people: list[dict[str, Any]] = [{"id": name, "name": name.title()} for name in PEOPLE]
    for number, one in enumerate(people):  # a few cannot be reached on one channel, or on none
        if chance.random() < 0.85:
            one["email"] = f"{one['id']}@tierline.example"
        if chance.random() < 0.85:
            one["phone"] = f"+4930231251{number:02d}"
        one |= preferences(chance, one)
    for person, manager in (("ada", "eve"), ("eve", "olga"), ("ben", "olga")):
        people[PEOPLE.index(person)]["manager"] = manager
    teams = [team(chance, name, PEOPLE[3 * index : 3 * index + 3]) for index, name in enumerate(TEAMS)]
    away = [
        span(chance, start, person="ada"),
        span(chance, start, person="eve", delegate="hana"),
        span(chance, start, person="dov"),
    ]
    stands_in = span(chance, start, person="cleo", instead_of="ben")
    away.append(span(chance, start, person="olga", delegate="cleo"))
    return {"people": people, "teams": teams, "absences": away, "overrides": [stands_in]}


def preferences(chance: Random, person: dict[str, Any]) -> dict[str, Any]:
    """What a person wishes: a clock of their own, now and then channels they have an address for, rest, working hours."""
    found: dict[str, Any] = {"timezone": chance.choice(ZONES)}
    reached = [channel for channel, address in (("email", "email"), ("sms", "phone")) if address in person]
    if reached and chance.random() < 0.4:
        wished = chance.sample(("all", *PRIORITIES), chance.randint(1, 3))
        found["channels"] = {name: chance.sample(reached, chance.randint(1, len(reached))) for name in wished}
    if chance.random() < 0.5:
        found["do_not_disturb"] = chance.choice(("22:00-07:00", "18:00-10:30", "01:30-04:30", "11:00-17:00"))
    if chance.random() < 0.3:
        days = chance.sample(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), chance.randint(2, 7))
        found["working_hours"] = dict.fromkeys(days, chance.choice(WEEKS))
    return found


def span(chance: Random, start: datetime, **who: str) -> dict[str, str]:
    """An absence or an override around the start."""
    begins = start + timedelta(hours=chance.randint(-20, 60))
    ends = begins + timedelta(hours=chance.randint(2, 60))
    return {"from": begins.isoformat(), "to": ends.isoformat(), **who}


def team(chance: Random, name: str, members: Sequence[str]) -> dict[str, Any]:
    """A team that takes turns by the clock or case by case, or answers in the order of its members."""
    found: dict[str, Any] = {"id": name, "lead": chance.choice(members), "members": list(members)}
    if chance.random() < 0.6:
        rotation: dict[str, Any] = {
            "timezone": chance.choice(ZONES),
            "handoff": "09:00",
            "every": chance.choice(("12h", "1d", "1w")),
            "members": list(members),
            "start": "2027-01-04",
        }
        if chance.random() < 0.4:
            rotation["hours"] = ["06:00-22:00"]
        found["rotations"] = [rotation]
    elif chance.random() < 0.5:
        found["choose"] = "round_robin"
    return found


def script(chance: Random, opening: Opening, roster: Roster) -> list[Command]:
    """What is said, each at a moment after which nothing is due for a while; at last the case is withdrawn."""
    words: list[Command] = []
    at = opening.accepted_at
    for number in range(chance.randint(0, 7)):
        at += timedelta(minutes=chance.choice((7, 33, 71, 190, 600, 1500)))
        if at - opening.accepted_at > LONGEST_SCRIPT:
            break
        drawn = [_word(chance, number, at, opening) for _ in range(DRAWS)]
        word = next((one for one in drawn if not _refused(opening, roster, [*words, one])), drawn[0])
        words.append(_undisturbed(opening, roster, words, word))
        at = words[-1].received_at
    end = max(at + timedelta(hours=1), opening.accepted_at + LONGEST_SCRIPT)
    last = Command(id="last", name="cancel", by="olga", received_at=end, body={"reason": "the story ends"})
    return [*words, _undisturbed(opening, roster, words, last)]


def _refused(opening: Opening, roster: Roster, words: Sequence[Command]) -> bool:
    """Whether the case does not allow the last of them."""
    happenings = _happenings(opening, roster, words, words[-1].received_at + QUIET)
    return any(isinstance(one, Refusal) and one.command.id == words[-1].id for one in happenings)


def _undisturbed(opening: Opening, roster: Roster, words: Sequence[Command], word: Command) -> Command:
    """The word, a little later where something would happen at the same time or right after it."""
    before = _happenings(opening, roster, words, word.received_at + timedelta(hours=3))
    while True:
        near = word.received_at + QUIET
        after = _happenings(opening, roster, [*words, word], near + timedelta(minutes=1))
        comes = any(word.received_at <= one.at <= near for one in before)
        if not comes and not any(word.received_at < one.at <= near for one in after):
            return word
        word = word.model_copy(update={"received_at": word.received_at + timedelta(minutes=1)})


def _happenings(opening: Opening, roster: Roster, words: Sequence[Command], end: datetime) -> list[Happening]:
    """What happens until then: nobody needs to know how the case would go on for weeks."""
    withdrawn = Command(id="end", name="cancel", by="olga", received_at=end, body={"reason": "seen enough"})
    return course(opening, roster, [*words, withdrawn], most=MANY).happenings


def _word(chance: Random, number: int, at: datetime, opening: Opening) -> Command:
    tiers = [tier.name for tier in opening.policy.tiers]
    until = at + timedelta(hours=chance.choice((1, 9, 30)))
    reason = chance.choice(("waiting_on_customer", "waiting_on_third_party", "scheduled"))
    bodies: dict[str, dict[str, Any]] = {
        "acknowledge": {},
        "assign": {"to": chance.choice(PEOPLE)},
        "escalate": chance.choice((
            {"kind": "hierarchical", "reason": "too hard"},
            {"kind": "functional", "team": chance.choice(TEAMS), "tier": chance.choice(tiers), "reason": "theirs"},
            {"kind": "functional", "reason": "by the ticket"},
            {"kind": "functional", "skill": chance.choice(SKILLS), "reason": "by the skill"},
        )),
        "hand-back": {"reason": "easy"},
        "pause": {"reason": reason, **({"until": until.isoformat()} if chance.random() < 0.7 else {})},
        "resume": {},
        "note": {"text": "looking"},
        "customer-update": {"text": "we are on it", **({"next_update_in": "3h"} if chance.random() < 0.5 else {})},
        "customer-reply": {"text": "any news?"},
        "watch": {"person": chance.choice(PEOPLE)},
        "reprioritize": chance.choice((
            {"priority": chance.choice(PRIORITIES), "reason": "it grew"},
            {"impact": chance.choice(LEVELS), "urgency": "high", "reason": "more of them"},
        )),
        "ticket-update": {"fields": {"subject": "Checkout is slow", "category": chance.choice(CATEGORIES)}},
        "survey": {"score": 4},
        "resolve": {"summary": "restarted it"},
        "root-cause": {"category": "disk", "description": "it was full", "origin": "ours"},
        "close": {},
        "reopen": {"reason": "broken again"},
    }  # fmt: skip
    begins = number == 0 and chance.random() < 0.5
    name = "acknowledge" if begins else chance.choice([*bodies, "acknowledge", "pause", "pause", "resolve"])
    by = None if name in OF_A_SYSTEM else chance.choice(PEOPLE)
    return Command(id=f"word-{number}", name=name, by=by, received_at=at, body=bodies[name])
