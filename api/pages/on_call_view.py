"""Duty in words: who answers now and until when, a person's own shifts, gaps, changes to the plan, addresses that fail."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.wording import Language
from api.pages.on_call_band import Reading
from api.pages.on_call_plan import FAR, Piece, Plan, now_on_duty, plan
from api.pages.policy_hours import apart
from api.pages.words import distance, said
from domain.roster import Absence, Override, Roster, Team, acting_lead
from domain.roster import on_duty as ladder
from domain.view_time import rfc3339
from records.bad_addresses import BadAddress

MOST_GAPS = 10  # written out; the rest is counted


@dataclass(frozen=True)
class Who:
    """Somebody on the page, and what is wrong with their addresses."""

    name: str
    bad: tuple[str, ...] = ()


@dataclass(frozen=True)
class Now:
    """A team at this moment: who answers (None: nobody) and until when, who is next, who takes over then, its lead.

    `acting` stands in for the lead; None while the lead is there.
    """

    who: Who | None
    until: str
    following: Who | None
    then: tuple[Who, str] | None
    lead: Who | None
    acting: Who | None


@dataclass(frozen=True)
class Own:
    """A person's shifts as sentences; `none` stands there where there are none."""

    sentences: tuple[str, ...]
    none: str | None


@dataclass(frozen=True)
class Entry:
    """An override or an absence in words; `fields` name it in the form that takes it away, None where it cannot be."""

    text: str
    source: str | None
    fields: Mapping[str, str] | None
    command: str


def now_of(roster: Roster, team: Team, reading: Reading, bad: Mapping[str, Sequence[str]]) -> Now:
    """Who answers for the team at this moment."""
    first, *rest = now_on_duty(roster, team, reading.now)
    people = ladder(roster, team.id, reading.now)
    acting = acting_lead(roster, team.id, reading.now)

    def who(person: str | None) -> Who | None:
        return None if person is None else Who(reading.name(person), tuple(bad.get(person, ())))

    then = next((piece for piece in rest if piece.person is not None), None)
    shown = who(then.person) if then else None
    return Now(
        who(first.person),
        _until(first, reading, open_ended=not rest),
        who(people[1] if len(people) > 1 else None),
        (shown, reading.time(then.begins)) if then and shown else None,
        who(team.lead),
        who(acting if acting != team.lead else None),
    )


def _until(piece: Piece, reading: Reading, *, open_ended: bool) -> str:
    at = reading.time(piece.ends)
    if open_ended:
        return reading.say("until_open" if piece.person else "nobody_open", at=at)
    key = "until" if piece.person else "nobody_since"
    return reading.say(key, at=at, distance=distance(piece.ends, reading.now, reading.language))


def own_shifts(roster: Roster, person: str, reading: Reading, until: datetime, plans: Sequence[Plan] = ()) -> Own:
    """When that person is on duty from now on, the first shift first, in every team; `plans` are not asked for again."""
    now, ends = reading.now, min(until, reading.now + FAR)
    known = {one.team.id: one for one in plans if one.begins <= now and one.ends == ends}
    asked = [known.get(team.id) or plan(roster, team, now, ends) for team in roster.teams]
    found = [(piece, one) for one in asked for piece in one.bands[0].pieces if piece.person == person]
    found = sorted((one for one in found if one[0].ends > now), key=lambda one: one[0].begins)
    sentences = tuple(_own(piece, one, reading) for piece, one in found)
    return Own(sentences, None if sentences else reading.say("mine_none", until=reading.time(ends)))


def _own(piece: Piece, plan: Plan, reading: Reading) -> str:
    team, open_ended = plan.team.name or plan.team.id, plan.goes_on(piece.ends)
    if piece.begins <= reading.now:
        until = reading.time(plan.ends if open_ended else piece.ends)
        return reading.say("mine_now_open" if open_ended else "mine_now", team=team, until=until)
    return reading.say("mine_shift", team=team, **_when(plan, piece.begins, piece.ends, reading))


def _when(plan: Plan, begins: datetime, ends: datetime, reading: Reading) -> Mapping[str, str]:
    """From when to when, and how long that is; at least how long, where nobody looked further."""
    first, last = reading.edges(plan, begins, ends)
    span = apart(begins, ends, reading.language)
    if plan.began_before(begins) or plan.goes_on(ends):
        span = reading.say("longer", span=apart(max(begins, plan.begins), min(ends, plan.ends), reading.language))
    return {"from_": first, "until": last, "span": span}


def gap_words(plan: Plan, reading: Reading) -> Iterator[str]:
    """When nobody is on duty, what is over left out; of many the first ones, and how many more."""
    gaps = [one for one in plan.gaps if one.ends > reading.now]
    for one in gaps[:MOST_GAPS]:
        yield reading.say("gap", **_when(plan, one.begins, one.ends, reading))
    if len(gaps) > MOST_GAPS:
        whole = sum((one.ends - one.begins for one in gaps), timedelta(0))
        span = apart(plan.begins, plan.begins + whole, reading.language)
        yield reading.say("gaps_more", count=len(gaps) - MOST_GAPS, span=span)


def shift_words(plan: Plan, reading: Reading) -> Iterator[str]:
    """Every shift and gap, as the API lists them, but whole."""
    for shift in plan.shifts:
        who = reading.name(shift.on_call) if shift.on_call else reading.say("nobody")
        fields = {**_when(plan, shift.from_, shift.to, reading), "who": who}
        if shift.on_call_next is None:
            yield reading.say("shift", **fields)
        else:
            yield reading.say("shift_next", following=reading.name(shift.on_call_next), **fields)


def entry_of(one: Override | Absence, reading: Reading, *, may_change: bool) -> Entry:
    """An override or an absence; what came of a feed is changed there."""
    times = {"from_": reading.time(one.from_), "until": reading.time(one.to)}
    person = reading.name(one.person)
    if isinstance(one, Override):
        other = reading.name(one.instead_of) if one.instead_of else ""
        text = reading.say("override" if other else "override_first", person=person, instead_of=other, **times)
        named, command = {"instead_of": one.instead_of, "team": one.team}, "remove-override"
    else:
        other = reading.name(one.delegate) if one.delegate else ""
        text = reading.say("absence_delegate" if other else "absence", person=person, delegate=other, **times)
        named, command = {"delegate": one.delegate}, "remove-absence"
    source = reading.say("of_a_feed", source=one.source.removeprefix("ical:")) if one.source else None
    kept = {"person": one.person, "from": rfc3339(one.from_), "to": rfc3339(one.to), **named}
    fields = {name: value for name, value in kept.items() if value} if may_change and not one.source else None
    return Entry(text, source, fields, command)


def bad_words(roster: Roster, found: Sequence[BadAddress], language: Language) -> Mapping[str, Sequence[str]]:
    """What is wrong with people's addresses, by the person."""
    told: dict[str, list[str]] = {}
    for one in found:
        for person in roster.people:
            address = person.email if one.channel == "email" else person.phone
            if address is not None and address.casefold() == one.address:
                channel, fault = said(language, f"channel_{one.channel}"), said(language, f"duty_fault_{one.fault}")
                told.setdefault(person.id, []).append(said(language, "duty_bad", channel=channel, fault=fault))
    return told
