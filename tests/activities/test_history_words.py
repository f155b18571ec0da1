"""The history as its reader reads it: every line our rules write is said anew in both languages, and nothing else is touched."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any, get_args

import pytest

from activities.history_texts import TEXTS, WORDS
from activities.history_words import HistoryWords, _form, reason_words
from domain.actions import told
from domain.afterwards import LateSurvey, SurveyPlan, Unsent, alert_entry, asked, last_resort_entry, not_sent, question
from domain.commands import Survey
from domain.messages import Message, SendResult
from domain.policy import PriorityRules
from domain.priority import decide_priority
from domain.problem_reminders import Why
from domain.roster import Roster
from domain.state import Origin, TimelineEntry, TimelineKind
from domain.tickets import PRIORITIES, Customer, Level
from tests.domain.story import Story, policy

ROSTER = Roster.model_validate(
    {
        "people": [{"id": "dana", "name": "Dana Reyes", "email": "d@x.example", "timezone": "Europe/Berlin"}],
        "teams": [{"id": "support", "name": "First Line", "members": ["dana"], "rotations": []}],
    }
)
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TOLD = "customer_updates: {every: {all: 2h}, on: [opened, acknowledged, escalated, resolved, closed]}"
QUIET = "quiet_hours: {customer_sms: '21:00-08:00'}"
SILENT = "closing: {root_cause: optional, confirm_within: 1h}"


def said(entry: TimelineEntry, language: str = "de") -> str:
    return HistoryWords(language, "Europe/Berlin", ROSTER).line(entry)


def entry(kind: TimelineKind, text: str = "as it was written", actor: str = "dana", **data: Any) -> TimelineEntry:
    return TimelineEntry(seq=1, at=AT, kind=kind, actor=actor, text=text, data=data)


def climbs_to_the_top() -> Story:
    story = Story(policy(f"{{targets: {{resolution: {{all: 4h, warn_at: [50]}}, closure: {{all: 6h}}}}, {TOLD}}}"))
    story.later("17:00")
    return story


def works() -> Story:
    story = Story(policy(f"{{closing: {{low_score: 2}}, {TOLD}}}"), customer={"phone": None})
    story.dana.does("acknowledge", note="on it")
    story.dana.assigns_to("eli")
    story.eli.does("watch", person="sam")
    story.eli.updates_the_customer()
    story.eli.waits_for_the_customer()
    story.customer_replies()
    story.does(None, "customer-reply", text="hello", channel="email")
    story.eli.pauses("waiting_on_third_party", "10:30")
    story.later("10:30")
    story.eli.pauses("scheduled")
    story.eli.resumes()
    story.eli.notes()
    story.does(None, "ticket-update", fields={"category": "outage"})
    story.eli.sets_priority("critical")
    story.eli.escalates()
    story.finn.hands_back()
    story.dana.escalates_to_team("database")
    story.dana.does("adopt", child="zendesk-9")
    story.dana.does("release", child="zendesk-9")
    story.dana.resolves()
    story.does(None, "survey", score=1, comment="no")
    story.dana.reopens()
    story.dana.resolves()
    story.dana.does("root-cause", category="disk", description="full", origin="ours")
    story.dana.closes()
    return story


def falls_silent() -> Story:
    story = Story(policy(f"{{{SILENT}}}"))
    story.dana.resolves()
    story.later("12:00")
    return story


def misses_the_cause() -> Story:
    story = Story(policy("{targets: {root_cause: {all: 1h}}, closing: {root_cause: required}}"))
    story.dana.resolves()
    story.later("12:00")
    return story


def reaches_nobody() -> Story:
    nobody = (("support", "on_call"), ("support", "on_call.next"), ("specialists", "on_call"))
    story = Story(policy(), nobody=nobody, failing=(("mia", "email"),), customer={"email": None, "phone": None})
    story.later("13:00")
    return story


def goes_stale() -> Story:
    story = Story(policy(L1="acknowledge_timeout: {all: 1h}"))
    story.dana.acknowledges()
    story.later("12:00")
    return story


def is_quiet_at_night() -> Story:
    by_sms = f"customer_updates: {{every: {{all: 90m}}, channels: [sms], on: [opened, closed]}}, {QUIET}, {SILENT}"
    story = Story(policy(f"{{{by_sms}}}"), opens="22:00")
    story.dana.updates_the_customer()
    story.dana.resolves()
    story.later("23:30")
    return story


def hears_nothing() -> Story:
    """The customer cannot be told, before and after somebody called."""
    failing = (("customer", "email"),)
    story = Story(policy("customer_updates: {every: {all: 2h}, channels: [email], on: [opened]}"), failing=failing)
    story.dana.acknowledges()
    story.dana.updates_the_customer()
    for how in ("phone", "in_person", "other"):
        story.dana.does("customer-update", text="we are on it", told_by=how)
    return story


def is_withdrawn(into: str | None) -> Story:
    story = Story()
    story.dana.does("merge", into=into) if into else story.dana.does("cancel", reason="a mistake")
    return story


def comes_back() -> Story:
    origin = Origin(episode=1, tier=0, resolver="eli", reopen_count=1, reason="again", by="dana")
    return Story(origin=origin)


def is_moved() -> Story:
    four = policy("{targets: {resolution: {all: 4h, pauses: true}, closure: {all: 9d}}}")
    story = Story(four)
    story.dana.acknowledges()
    story.dana.waits_for_the_customer()
    new = policy(f"{{targets: {{resolution: {{all: 8h, pauses: true}}}}, {TOLD}}}").with_version(2)
    story.dana.moves_to(new)
    return story


def is_overtaken() -> Story:
    story = Story(policy(TOLD))
    story.answers_wait = True
    story.dana.escalates()
    story.finn.acknowledges()
    story.answer("finn")
    return story


def after_closing() -> Iterator[TimelineEntry]:
    """What is written without a running case."""
    plan = SurveyPlan(
        escalation="zendesk-1", episode=1, entry=1, priority="high", at=AT, channels=("email",), quiet_hours=None
    )
    document: dict[str, Any] = {"customer": {"email": "c@x.example"}}
    message = question(plan, document)
    assert message is not None
    yield asked(1, plan, message)
    yield asked(1, plan, None)
    for status, reason in (("failed", None), ("skipped", "already rated")):
        result = SendResult.model_validate({"key": message.key, "status": status, "at": AT, "reason": reason})
        yield not_sent(1, Unsent(escalation="zendesk-1", episode=1, message=message, result=result))
    given = LateSurvey(escalation="zendesk-1", episode=1, command_id="c", at=AT, answer=Survey(score=1))
    yield alert_entry(1, given, "dana")
    low = message.model_copy(update={"kind": "low_score", "person": "dana", "facts": {"score": "1"}})
    yield last_resort_entry(1, low)
    yield from lessons(low)


def lessons(message: Message) -> Iterator[TimelineEntry]:
    """What owners are told of that a case left to do."""
    facts = {"action": "a-1", "text": "Renew it by a timer", "due_on": "2026-11-30", "by": "dana"}
    for more in ({}, {"given": "yes"}):
        yield told(1, message.model_copy(update={"kind": "action_due", "facts": {**facts, **more}}), facts["text"])
    title, facts = "Certificate expired: checkout", {"problem": "P-1", "times": "3"}
    yield told(1, message.model_copy(update={"kind": "problem_opened", "facts": facts}), title)
    for why in get_args(Why):
        about = {"problem": "P-1", "why": why}
        yield told(1, message.model_copy(update={"kind": "problem_reminder", "facts": about}), title)


def everything() -> list[TimelineEntry]:
    stories = (
        climbs_to_the_top(), works(), falls_silent(), misses_the_cause(), reaches_nobody(), goes_stale(), is_quiet_at_night(),
        hears_nothing(), is_withdrawn("zendesk-8"), is_withdrawn(None), comes_back(), is_moved(), is_overtaken(),
    )  # fmt: skip
    return [line for story in stories for line in story.timeline] + list(after_closing())


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_line_that_the_rules_write_is_said_anew(language: str) -> None:
    lines = everything()
    assert {one.kind for one in lines} == set(get_args(TimelineKind))
    for one in lines:
        told = said(one.model_copy(update={"text": "AS STORED"}), language)
        assert ("AS STORED" in told) == (one.kind in ("note", "customer_replied") and not one.data.keys() - {"channel"})


def test_every_sentence_is_of_a_line_that_can_come() -> None:
    parts = {"and", "moved", "moved_paused", "moved_new", "moved_new_paused", "moved_gone"}
    unheard = TEXTS["en"].keys() - parts - {_form(one) for one in everything()}
    assert unheard == set()


def test_both_languages_have_the_same_sentences_with_the_same_fields() -> None:
    fields = [{key: sorted(re.findall(r"{(\w+)}", text)) for key, text in TEXTS[one].items()} for one in ("en", "de")]
    assert fields[0] == fields[1]
    for where, words in WORDS["en"].items():
        assert words.keys() <= WORDS["de"][where].keys()


def test_people_have_their_names_and_times_are_on_the_readers_clock_with_its_zone() -> None:
    told = entry("told", person="dana", channels=["sms", "email"], message="step", due_at="2026-03-02T10:30:00Z")
    assert said(told) == "Dana Reyes benachrichtigt per SMS und E-Mail: annehmen bis Mo 2.3. 11:30 MEZ"
    assert said(told, "en") == "Dana Reyes told by SMS and e-mail: acknowledge by Mon 2 Mar 11:30 CET"
    elsewhere = HistoryWords("en", "Asia/Kathmandu", ROSTER).line(told)
    assert elsewhere.endswith("Mon 2 Mar 16:15 UTC+05:45")


def test_teams_have_their_names_and_who_has_left_keeps_the_id() -> None:
    escalated = entry("escalated", actor="gone", escalation="functional", tier="L1", team="support", words="theirs")
    assert said(escalated) == "gone hat an First Line auf L1 eskaliert: theirs"


def test_what_people_typed_stays_as_they_typed_it() -> None:
    words = "{who} <b>ACK</b> {0} %s"
    assert said(entry("note", words)) == f"Dana Reyes: {words}"
    assert said(entry("resolved", words=words)) == f"Dana Reyes hat gelöst: {words}"


def test_what_a_wish_of_the_person_held_back_has_not_failed() -> None:
    known = {"key": "k", "message": "step", "channel": "sms", "person": "dana", "reason": "dana takes no SMS"}
    assert said(entry("delivery_failed", code="30003", **known)) == "SMS an Dana Reyes gescheitert: dana takes no SMS"
    assert (
        said(entry("delivery_failed", code="not_now", **known)) == "SMS an Dana Reyes nicht gesendet: dana takes no SMS"
    )


@pytest.mark.parametrize("kind", [kind for kind in get_args(TimelineKind) if kind not in ("note", "customer_replied")])
def test_a_line_of_an_earlier_version_that_knows_too_little_is_shown_as_it_was_written(kind: TimelineKind) -> None:
    assert said(entry(kind)) == "as it was written"


def test_a_reader_of_another_language_reads_english() -> None:
    assert said(entry("closed", why="by_hand"), "fr") == "Dana Reyes closed it"


def test_a_rebase_says_what_is_due_when_and_what_waits_for_the_end_of_the_pause() -> None:
    moved = said(is_moved().timeline[-1])
    assert moved.startswith("Dana Reyes hat von standard Version 0 auf Version 2 umgestellt; ")
    assert "; Lösung fällig Mo 2.3. 19:00 MEZ statt Mo 2.3. 15:00 MEZ, wenn es jetzt weiterginge" in moved
    assert "; Abschluss nicht mehr fällig" in moved
    assert "; Nachricht an den Kunden zum ersten Mal fällig, Mo 2.3. 13:00 MEZ" in moved


# why a case has its priority

LEVELS: tuple[Level | None, ...] = (None, "low", "medium", "high")
RULES = {
    "raise_for": [
        {"customer": {"id": "acme"}, "by": 1},
        {"customer": {"tier": "vip", "annual_value_at_least": 1000}, "by": 1},
        {"customer": {"customer_for_at_least": "365d"}, "by": 2},
    ]
}
ENGLISH = re.compile(r"\b(the|priority|impact|urgency|medium|high|low|customer|raise|given|nothing)\b", re.IGNORECASE)


def test_every_reason_that_the_rules_give_is_said_in_german() -> None:
    rules = PriorityRules.model_validate(RULES)
    who = Customer.model_validate(
        {"id": "acme", "name": "Acme", "tier": "vip", "annual_value": 120000, "since": "2019-04-01"}
    )
    given = [decide_priority(rules, impact=None, urgency=None, priority=one, customer=who, at=AT) for one in PRIORITIES]
    decided = [
        decide_priority(rules, impact=impact, urgency=urgency, priority=None, customer=who, at=AT)
        for impact, urgency in product(LEVELS, LEVELS)
    ]
    for reason in {reason for decision in (*given, *decided) for reason in decision.reasons}:
        [german] = reason_words([reason], "de")
        assert ENGLISH.search(german) is None, german
    assert reason_words(["The customer has the tier vip and is worth 120,000 a year: raise by 1."], "de") == (
        "Der Kunde hat die Stufe vip und bringt 120.000 im Jahr: um 1 erhöht.",
    )


def test_a_reason_that_is_none_of_ours_stays_and_english_reads_all_as_they_are() -> None:
    assert reason_words(["because I say so"], "de") == ("because I say so",)
    assert reason_words(["The priority was given as high."], "en") == ("The priority was given as high.",)


def test_a_hostile_id_of_a_customer_breaks_no_sentence() -> None:
    rules = PriorityRules.model_validate({"raise_for": [{"customer": {"id": "{why} and is x"}, "by": 1}]})
    who = Customer(id="{why} and is x", name="Acme")
    reasons = decide_priority(rules, impact=None, urgency=None, priority=None, customer=who, at=AT).reasons
    assert reason_words(reasons, "de")[1] == "Der Kunde ist {why} und ist x: um 1 erhöht."


def test_what_a_case_left_to_do_is_told_by_day_and_in_its_words() -> None:
    [due, given, problem, *_] = lessons(next(iter(last_words())))
    assert said(due) == "Dana Reyes erinnert an das, was bis Montag, 30. November 2026 zu tun ist: Renew it by a timer"
    assert said(given) == (
        "Dana Reyes benachrichtigt: jetzt zuständig für das, was bis Montag, 30. November 2026 zu tun ist: Renew it by a timer"
    )
    assert said(given, "en") == (
        "Dana Reyes told what is theirs now, to be done by Monday 30 November 2026: Renew it by a timer"
    )
    assert said(problem, "en") == (
        "Dana Reyes told of the problem P-1, the same cause 3 times: Certificate expired: checkout"
    )


def last_words() -> Iterator[Message]:
    plan = SurveyPlan(escalation="zendesk-1", episode=1, entry=1, priority="high", at=AT, channels=("email",))
    message = question(plan, {"customer": {"email": "c@x.example"}})
    assert message is not None
    yield message.model_copy(update={"person": "dana"})
