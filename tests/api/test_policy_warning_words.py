"""What a policy probably does not mean, said on its page in the reader's language: no kind of warning is left in English."""

import re
from collections.abc import Iterator
from datetime import timedelta
from string import Formatter
from typing import Any

from api.pages.policy_warning_words import GERMAN
from domain.errors import Fault
from domain.policy import Policy
from domain.policy_file import check_policy
from domain.policy_warnings import warnings
from domain.roster import Absence, Roster
from domain.routing import match_ties
from domain.warning_words import ENGLISH, SENTENCES, WarningWords
from tests.api.conftest import Api
from tests.api.signed_in import visitor
from tests.domain.calm import CALM, EVERYBODY_THERE, EXPERTS, NOW, PEOPLE, ROTATION, STEP, SUPPORT, changed

BY_SMS, BY_WEBHOOK = ({**STEP, "channels": [channel]} for channel in ("sms", "webhook"))
LATE = {**STEP, "after": "2h"}
NEXT, LEAD = ({**STEP, "tell": tell, "after": "5m"} for tell in ("on_call.next", "team.lead"))
RESTING = {"do_not_disturb": "22:00-23:00", "phone": "+493023125101"}
OTHER = {**EXPERTS, "id": "other"}
NAMES = ("acme", "always", "dana", "eli", "experts", "mornings", "office", "olga", "on_call.next", "other", "support")


def roster(*teams: dict[str, Any], people: Any = PEOPLE) -> Roster:
    return Roster.model_validate({"people": people, "teams": teams or (SUPPORT, EXPERTS)})


def with_steps(*steps: dict[str, Any], tier: int = 0, **more: Any) -> dict[str, Any]:
    return {**changed(f"tiers.{tier}.steps", list(steps)), **more}


def worth_a_look(words: WarningWords) -> Iterator[Fault]:
    """Every kind of warning at least once; a policy stored earlier may say what is refused today."""
    for data, people in _looked_at():
        yield from warnings(Policy.model_validate(data), people, NOW, words)
    twins = ({**CALM, "name": name, "match": {"ticket": {"system": "z"}}} for name in ("acme", "other"))
    yield from match_ties(map(check_policy, twins), words=words)


def _looked_at() -> Iterator[tuple[dict[str, Any], Roster]]:
    yield CALM, roster({"id": "suport"}, people=[{"id": "zz", "name": "Z"}])  # one name is near to what is meant
    yield with_steps(STEP, LATE), EVERYBODY_THERE
    yield with_steps(STEP, LATE, tier=1), EVERYBODY_THERE
    yield from _of_duty()
    yield from _of_addresses()
    yield with_steps(BY_SMS, tier=1), roster(people=[{**one, **RESTING} for one in PEOPLE])
    for resolution in (
        {"all": "20d", "calendar": "mornings"},
        {"all": "3600d", "calendar": "mornings"},
        {"all": "30m"},
    ):
        yield changed("tiers.0.targets.tier_resolution", resolution), EVERYBODY_THERE
    yield changed("tiers.0.targets.acknowledge", {"all": "90h", "high": "1h", "calendar": "always"}), EVERYBODY_THERE
    yield changed("targets", {}), EVERYBODY_THERE
    yield changed("targets.closure", {"high": "1d"}), EVERYBODY_THERE


def _of_duty() -> Iterator[tuple[dict[str, Any], Roster]]:
    short, nightly = ({**ROTATION, "hours": [hours]} for hours in ("09:00-11:15", "08:00-22:00"))
    by_priority = changed("tiers.0.calendar", {"critical": "always", "else": "office"})
    yield CALM, roster({"id": "support"}, EXPERTS)
    yield (
        changed("calendars.office.hours", {"mon": ["09:00-17:00"]}),
        roster({"id": "support", "rotations": [short]}, EXPERTS),
    )
    yield by_priority, roster({"id": "support", "rotations": [short]}, EXPERTS)
    yield CALM, roster(SUPPORT, {"id": "experts", "rotations": [nightly]})
    yield {**CALM, "functional": [{"team": "other"}]}, roster(SUPPORT, EXPERTS, {"id": "other"})
    yield with_steps(STEP, NEXT, LEAD, functional=[{"team": "other"}]), roster(SUPPORT, EXPERTS, OTHER)
    away = Absence(person="olga", from_=NOW, to=NOW + timedelta(days=1))
    yield CALM, EVERYBODY_THERE.model_copy(update={"absences": (away,)})


def _of_addresses() -> Iterator[tuple[dict[str, Any], Roster]]:
    crowd = [{"id": f"p{number}", "name": "P", "email": f"p{number}@x.example"} for number in range(12)]
    many = {"id": "support", "members": [one["id"] for one in crowd], "choose": "round_robin"}
    plain = {**SUPPORT, "webhook": "http://x.example/hook"}
    yield with_steps(BY_SMS, BY_WEBHOOK), roster(many, EXPERTS, people=PEOPLE + crowd)
    yield CALM, roster(people=[{"id": one["id"], "name": "N"} for one in PEOPLE])
    yield with_steps(BY_WEBHOOK, functional=[{"team": "other"}]), roster(plain, EXPERTS, OTHER)


def fields(sentence: str) -> set[str]:
    return {name.partition(".")[0] for _, name, _, _ in Formatter().parse(sentence) if name}


def test_german_has_the_words_of_every_kind_of_warning_and_they_name_the_same() -> None:
    assert GERMAN.sentences.keys() == SENTENCES.keys()
    assert {kind: fields(one) for kind, one in GERMAN.sentences.items()} == {
        kind: fields(one) for kind, one in SENTENCES.items()
    }
    alike = {kind for kind, one in SENTENCES.items() if one == GERMAN.sentences[kind]}
    assert alike == {"moment", "span_within_a_day"}  # nothing but figures


def test_a_warning_is_made_of_nothing_but_the_words_of_its_language_and_of_names() -> None:
    bare = {kind: f"<{kind} {' '.join(f'{{{field}}}' for field in fields(one))}>" for kind, one in SENTENCES.items()}
    bare["day"] = "<day {weekday} {at:%d}>"  # two instants of a day are one
    words = WarningWords(bare, "1234567", dict.fromkeys(ENGLISH.priorities, "0"))
    messages = [fault.message for fault in worth_a_look(words)]
    assert {kind for message in messages for kind in re.findall(r"<(\w+)", message)} == SENTENCES.keys()
    assert all(message.startswith("<") for message in messages)
    left = {one for message in messages for one in re.findall(r"\b[a-z][a-z._]{2,}\b", re.sub(r"<\w+", "", message))}
    assert left <= {*NAMES, "suport", "team.lead"}


async def test_a_german_reader_is_warned_in_german(api: Api) -> None:
    api.services.policies.save(
        check_policy({**changed("targets", {}), "name": "standard"}), "api", "dana", api.services.now()
    )
    someone = visitor(api)
    await someone.signs_in("viewer", "/policies")
    someone.client.headers["Accept-Language"] = "de"
    page = await someone.opens("/policies/standard")
    assert "im Dienstplan fehlt die Person „olga“; bekannt sind: " in page.words
    assert "fehlt, also begrenzt nichts die Zeit auf der letzten Stufe „L2“: nimmt niemand an, so hört" in page.words
    assert 'lang="en"' not in page.html
