"""Every message in words: all kinds, channels and languages; what a responder must read; what an attacker must not do.

What a customer must never read: `test_customer_texts`. How long an SMS may be: `test_sms_text`.
"""

import re
import shlex
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from activities.problem_told import ToldProblem
from activities.reading import Case
from activities.rendering import CHANNELS, KINDS, Rendered, Renderer, TemplateFault
from activities.samples import REFERENCE, sample
from activities.wording import LANGUAGES, Language, language_of, long_time, short_time, shortened, word
from domain.causes import load_causes
from domain.messages import LESSONS, MessageKind
from domain.problems import Cost, Problem
from domain.roster import Roster
from domain.tickets import Channel
from tests.activities.cases import DUE, NOW, PROMISE, ROSTER, TEMPLATES, message, shown

FULL = {
    "due_at": DUE,
    "target": "L1 acknowledge",
    "percent": "50",
    "by": "dana",
    "text": "We found the cause & mend it.",
    "owner": "dana",
    "next_update_by": PROMISE,
}
EVERY = list(product(KINDS, CHANNELS, LANGUAGES))
TO_CUSTOMERS = [one for one in EVERY if one[0].startswith("customer_") and one[0] != "customer_replied"]
TO_RESPONDERS = [kind for kind in KINDS if not kind.startswith("customer_") or kind == "customer_replied"]
OF_THE_CASE = [kind for kind in TO_RESPONDERS if kind not in LESSONS]  # what it teaches is answered elsewhere


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(TEMPLATES)


def speaking(language: Language) -> Roster:
    people = tuple(person.model_copy(update={"locale": language}) for person in ROSTER.people)
    return ROSTER.model_copy(update={"people": people})


def rendered(
    renderer: Renderer,
    kind: MessageKind,
    channel: Channel,
    language: Language = "en",
    facts: dict[str, str] | None = None,
    subject: str | None = None,
    **customer: Any,
) -> Rendered:
    to_customer = (kind, channel, language) in TO_CUSTOMERS
    told = message(kind, channel, None if to_customer else "dana", 0, **(facts or {}))
    document = shown(**{"locale": language, **customer})
    if subject is not None:
        document["ticket"]["subject"] = subject
    return renderer.render(
        Case(told, document, speaking(language), "https://x.example/escalations/zendesk-4711", NOW), "k7f2m9"
    )


@pytest.mark.parametrize(("kind", "channel", "language"), EVERY)
@pytest.mark.parametrize("facts", [FULL, {}], ids=["full", "minimal"])
def test_every_message_has_words(
    renderer: Renderer, kind: MessageKind, channel: Channel, language: Language, facts: dict[str, str]
) -> None:
    made = rendered(renderer, kind, channel, language, facts)
    everything = f"{made.subject} {made.text} {made.html}" if channel == "email" else made.text
    by_number = (kind, channel) == ("customer_survey", "sms")  # the link leaves no room for a subject
    assert ("4711" if by_number else "Checkout is down") in made.text
    assert not re.search(r"None|\{\{|\}\}|\{%|  ,|\s\.\s", re.sub(r"<[^>]+>", " ", everything))
    if channel == "sms":
        assert (made.subject, made.html) == (None, None)
        assert made.text.endswith(" #k7f2m9")
    else:
        assert made.subject
        assert "\n" not in made.subject


ACTION = {"action": "zendesk-4711.1.2", "text": "alert two weeks before", "due_on": "2026-11-23", "by": "lee"}


@pytest.mark.parametrize(
    ("language", "subject", "by_when"),
    [
        ("en", "Action overdue since Monday 23 November 2026", "Monday 23 November 2026, which has passed"),
        (
            "de",
            "Maßnahme überfällig seit Montag, 23. November 2026",
            "Montag, 23. November 2026, diese Zeit ist vorbei",
        ),
    ],
)
def test_who_promised_something_reads_what_by_when_and_how_to_say_that_it_is_done(
    renderer: Renderer, language: Language, subject: str, by_when: str
) -> None:
    made = rendered(renderer, "action_due", "email", language, ACTION)
    assert subject in (made.subject or "")
    assert "alert two weeks before" in made.text
    assert by_when in made.text
    assert "tierline actions done zendesk-4711.1.2" in made.text
    assert "/actions\n" in made.text
    by_sms = rendered(renderer, "action_due", "sms", language, ACTION).text
    assert "alert two weeks before" in by_sms
    assert "tierline actions done zendesk-4711.1.2 #k7f2m9" in by_sms


def test_until_its_day_is_over_an_action_is_due_and_not_overdue(renderer: Renderer) -> None:
    made = rendered(renderer, "action_due", "email", "en", {**ACTION, "due_on": "2026-11-24"})
    assert "Action due Tuesday 24 November 2026" in (made.subject or "")
    assert "which has passed" not in made.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_gets_a_problem_reads_how_often_it_came_back_and_where_to_look(
    renderer: Renderer, language: Language
) -> None:
    facts = {"problem": "P-7", "times": "3", "text": "Certificate expired: checkout"}
    for channel in ("email", "sms"):
        text = rendered(renderer, "problem_opened", channel, language, facts).text
        assert "Certificate expired: checkout" in text
        assert "3 times" in text or "3 Mal" in text
        assert "tierline problems show P-7" in text
    assert "/problems/P-7\n" in rendered(renderer, "problem_opened", "email", language, facts).text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", {"given": "is yours now", "back": "came back again", "week": "is not solved yet"}),
        ("de", {"given": "ist jetzt Ihres", "back": "kam wieder", "week": "ist noch nicht gelöst"}),
    ],
)
def test_who_has_a_problem_reads_why_they_hear_of_it(
    renderer: Renderer, language: Language, said: dict[str, str]
) -> None:
    for channel, (why, words) in product(CHANNELS, said.items()):
        made = rendered(renderer, "problem_reminder", channel, language, {"problem": "P-7", "why": why, "by": "dana"})
        told = made.text if made.subject is None else made.subject
        assert f"Problem P-7 {words}" in told
        assert [other for other in said.values() if other in told] == [words]


@pytest.mark.parametrize(
    ("language", "title", "cost", "before"),
    [
        (
            "en",
            "Certificate expired: checkout",
            "1 case, 12.5 h, 2 missed targets, 0 customers",
            "The cause came back after P-4, which was resolved on Monday 2 November 2026.",
        ),
        (
            "de",
            "Zertifikat abgelaufen: checkout",
            "1 Fall, 12,5 h, 2 versäumte Ziele, 0 Kunden",
            "Die Ursache kam wieder nach P-4, gelöst am Montag, 2. November 2026.",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["problem_opened", "problem_reminder"])
def test_mails_about_a_problem_say_what_it_has_cost_and_what_was_before_it(
    renderer: Renderer, kind: MessageKind, language: Language, title: str, cost: str, before: str
) -> None:
    opened, solved = datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 2, 9, tzinfo=UTC)
    of = {"category": "tls", "product": "checkout", "title": "Certificate expired: checkout", "owner": "lee"}
    ended = {"state": "resolved", "resolved_at": solved, "workaround": "restart it", "resolution": "renewed"}
    known = Problem.model_validate({**of, "id": "P-7", "number": 7, "state": "open", "opened_at": opened})
    earlier = Problem.model_validate({**of, **ended, "id": "P-4", "number": 4, "opened_at": solved})
    told = ToldProblem(known, Cost(cases=1, hours=12.5, breaches=2, customers=0), earlier)
    tree = load_causes("categories: [{id: tls, title: {en: Certificate expired, de: Zertifikat abgelaufen}}]")
    document = {**shown(locale=language), "root_cause": {"category": "tls", "description": "nobody renewed it"}}
    facts = message(kind, "email", "dana", 0, problem="P-7", times="2", why="week", text=known.title)
    case = Case(
        facts, document, speaking(language), "https://x.example/escalations/zendesk-1", NOW, told=told, causes=tree
    )
    text = renderer.render(case, "k7f2m9").text
    for words in (title, cost, before, "restart it", "renewed", f"{title.split(':')[0]}: nobody renewed it"):
        assert words in text, words


@pytest.mark.parametrize(("language", "words"), [("en", "has occurred 2 times"), ("de", "ist 2 Mal aufgetreten")])
def test_a_second_occurrence_has_not_come_back_twice(renderer: Renderer, language: Language, words: str) -> None:
    text = rendered(renderer, "problem_opened", "email", language, {"problem": "P-7", "times": "2"}).text
    assert words in text


@pytest.mark.parametrize("kind", OF_THE_CASE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_responder_reads_what_for_whom_how_bad_by_when_and_what_to_do(
    renderer: Renderer, kind: MessageKind, language: Language
) -> None:
    text = rendered(renderer, kind, "email", language, FULL).text
    assert "Checkout is down" in text
    assert "Ada King" in text
    assert {"en": "high", "de": "hoch"}[language] in text
    assert {"en": "24 November 2026, 16:05 UTC", "de": "24. November 2026, 16:05 Uhr (UTC)"}[language] in text
    assert "zendesk-4711" in text
    if kind != "watch":
        assert re.search(r"tierline [a-z-]+ zendesk-4711", text)
        assert "POST /v1/escalations/zendesk-4711/" in text


@pytest.mark.parametrize("kind", OF_THE_CASE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sms_says_so_too(renderer: Renderer, kind: MessageKind, language: Language) -> None:
    text = rendered(renderer, kind, "sms", language, {**FULL, "due_at": "2026-11-24T16:05:00Z"}).text
    assert text.startswith({"en": "High: ", "de": "Hoch: "}[language])
    assert "Checkout is down" in text
    assert "Ada King" in text
    assert "16:05 UTC" in text or kind == "low_score"  # that has no time
    assert re.search(r' zendesk-4711( "\w+")? #k7f2m9$', text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sms_about_a_low_answer_says_how_to_reopen(renderer: Renderer, language: Language) -> None:
    text = rendered(renderer, "low_score", "sms", language, FULL).text
    typed = shlex.split(text[text.index("tierline ") :], comments=True)
    assert typed == ["tierline", "reopen", "zendesk-4711", {"en": "why", "de": "warum"}[language]]


def with_ticket(renderer: Renderer, channel: Channel = "email", **ticket: Any) -> str:
    """A step's words for dana, of a case whose ticket says that."""
    document = shown(id="acme", email="ada@example.org")
    document["ticket"] = {**document["ticket"], **ticket}
    return renderer.render(Case(message("step", channel), document, speaking("en"), "", NOW), "").text


def wrote(minute: int, text: str, by: str = "customer", channel: str | None = None) -> dict[str, Any]:
    return {"at": f"2026-11-24T15:{minute:02}:00Z", "from": by, "channel": channel, "text": text}


def test_a_responder_reads_why_it_was_escalated_and_what_the_ticket_says(renderer: Renderer) -> None:
    text = with_ticket(renderer, description="Error 502 when paying")
    assert "What is known:\nSLA at risk, L1 is asleep\n\nError 502 when paying\n\nWhat to do:" in text
    assert with_ticket(renderer, description="SLA at risk, L1 is asleep").count("SLA at risk") == 1


@pytest.mark.parametrize("by", ["customer", "Customer", "Ada King", "ada@example.org", "acme"])
def test_a_responder_reads_what_the_customer_wrote_last(renderer: Renderer, by: str) -> None:
    later = [wrote(30, "Still down\nand nobody calls", by, "phone"), wrote(40, "Sorry, busy", "Lee")]
    text = with_ticket(renderer, history=[*later, wrote(10, "It is down", by)])
    last = "Ada King (phone, Tuesday 24 November 2026, 15:30 UTC): Still down\nand nobody calls"
    assert f"owner note: blame Bob\n\n{last}\n\nWhat to do:" in text
    assert "It is down" not in text
    assert "Sorry" not in text


@pytest.mark.parametrize("history", [[], [wrote(10, "Sorry, busy", "Lee")], [wrote(10, "Error 502")]])
def test_nothing_is_said_twice_and_nobody_else_speaks_for_the_customer(
    renderer: Renderer, history: list[dict[str, Any]]
) -> None:
    text = with_ticket(renderer, description="Error 502", history=history)
    assert "What is known:\nSLA at risk, L1 is asleep\n\nError 502\n\nWhat to do:" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_time_that_has_passed_is_not_asked_for(renderer: Renderer, language: Language) -> None:
    late = {"due_at": "2026-11-24T15:55:00Z"}
    mail, sms = (rendered(renderer, "step", channel, language, late).text for channel in CHANNELS)
    assert {"en": "15:55 UTC, which has passed", "de": "15:55 Uhr (UTC), diese Zeit ist vorbei"}[language] in mail
    assert {"en": "Please take it now", "de": "Bitte sofort annehmen"}[language] in sms
    assert "15:55" not in sms


def answerable(kind: MessageKind, channel: Channel = "email", language: Language = "en") -> Case:
    told = message(kind, channel, "dana", 0, **FULL)
    case = Case(told, shown(locale="de"), speaking(language), "", NOW)
    return replace(case, code="7K2", link="https://x.example/r/abc")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_responder_reads_why_it_is_urgent_in_their_language(renderer: Renderer, language: Language) -> None:
    document = {**shown(), "priority_reasons": ["High impact and low urgency make it high.", "as they say"]}
    text = renderer.render(Case(message("step", "email"), document, speaking(language), "", NOW), "").text
    said = {
        "en": "High impact and low urgency make it high; as they say",
        "de": "Auswirkung hoch und Dringlichkeit niedrig ergeben hoch; as they say",
    }
    assert f"({said[language]})" in text


def test_that_a_priority_was_given_is_no_reason_to_read(renderer: Renderer) -> None:
    document = {**shown(), "priority_reasons": ["The priority was given as high."]}
    text = renderer.render(Case(message("step", "email"), document, speaking("en"), "", NOW), "").text
    assert "How bad: high\n" in text


@pytest.mark.parametrize(("status", "asked"), [("acknowledged", True), ("resolved", False)])
def test_who_is_to_call_the_customer_reads_what_to_say_and_how_to_write_it_down(
    renderer: Renderer, status: str, asked: bool
) -> None:
    facts = {"unsaid": "customer_update", "text": "We found the cause."}
    document = {**shown(), "status": status, "owner": "dana"}
    told = message("unreachable", "email", "dana", 0, **facts)
    text = renderer.render(Case(told, document, speaking("en"), "", NOW), "").text
    assert "What they were to be told: update\nWe found the cause." in text
    assert ('tierline customer-update zendesk-4711 "…" --told-by phone' in text) == asked


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_case_with_a_code_is_answered_by_a_reply(renderer: Renderer, language: Language) -> None:
    assert "ACK 7K2" in renderer.render(answerable("step", "sms", language), "").text
    assert "ACK 7K2\n" in renderer.render(answerable("step", "email", language), "").text
    assert "ACK 7K2" in renderer.render(answerable("assigned", "sms", language), "").text  # nobody has taken it yet


@pytest.mark.parametrize(("language", "label"), [("en", "Open the case and act"), ("de", "Fall öffnen und handeln")])
def test_the_link_is_a_button_in_html_and_an_address_in_the_text(
    renderer: Renderer, language: Language, label: str
) -> None:
    made = renderer.render(answerable("step", "email", language), "")
    assert "https://x.example/r/abc\n" in made.text
    assert made.html is not None
    assert re.search(rf'<a href="https://x.example/r/abc"[^>]*>{label}</a>', made.html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_draft_is_in_the_customers_language_whatever_the_readers(renderer: Renderer, language: Language) -> None:
    text = renderer.render(answerable("promise_reminder", "email", language), "").text
    assert "Wir arbeiten weiter an „Checkout is down“ und haben noch keine Lösung." in text


def test_the_last_resort_reads_which_target_was_missed(renderer: Renderer) -> None:
    document = shown()
    missed = {"acknowledge": "2026-11-24T15:59:00Z", "tier_resolution": "2026-11-24T15:59:30Z"}
    document["targets"] = [{**one, "breached_at": missed.get(one["name"])} for one in document["targets"]]
    told = message("top_breach", "email")
    german = renderer.render(Case(told, document, speaking("de"), "", NOW), "").text
    assert "wurde „L1 Lösung auf dieser Stufe“ verfehlt" in german


def test_a_step_asks_for_acknowledgement(renderer: Renderer) -> None:
    text = rendered(renderer, "step", "email", facts=FULL).text
    assert "tierline ack zendesk-4711" in text
    assert "POST /v1/escalations/zendesk-4711/acknowledge" in text


def test_the_customer_hears_when_the_next_word_comes_on_their_own_clock(renderer: Renderer) -> None:
    promised = {"next_update_by": PROMISE}
    berlin = rendered(renderer, "customer_opened", "email", "de", promised, timezone="Europe/Berlin").text
    assert "Dienstag, 24. November 2099, 18:05 Uhr (MEZ)" in berlin
    tokyo = rendered(renderer, "customer_opened", "email", "en", promised, timezone="Asia/Tokyo").text
    assert "Wednesday 25 November 2099, 02:05 JST" in tokyo


def test_a_time_that_is_past_is_not_promised(renderer: Renderer) -> None:
    document = {**shown(), "next_customer_update_by": None}
    told = message("customer_opened", "email", None, next_update_by="2026-11-24T15:00:00Z")
    text = renderer.render(Case(told, document, ROSTER, "", NOW), "").text
    assert "You will hear from us" not in text


def test_an_update_carries_the_agents_words_and_name(renderer: Renderer) -> None:
    text = rendered(renderer, "customer_update", "email", facts={"text": "Line one.\n\nLine two.", "by": "dana"}).text
    assert "Line one.\n\nLine two." in text
    assert text.endswith("Kind regards\nDana Weber\n")


def test_a_vip_is_greeted_as_one(renderer: Renderer) -> None:
    vip = rendered(renderer, "customer_opened", "email", tier="VIP").text
    assert vip.startswith("Dear Ada King,")
    assert "personal attention" in vip
    assert rendered(renderer, "customer_opened", "email").text.startswith("Hello Ada King,")


def test_a_resolution_says_what_the_agent_wrote_or_something_kind(renderer: Renderer) -> None:
    assert (
        "It was the cable."
        in rendered(renderer, "customer_resolved", "email", facts={"text": "It was the cable."}).text
    )
    assert "We believe that your request is solved." in rendered(renderer, "customer_resolved", "email").text


@pytest.mark.parametrize("kind", ["step", "customer_opened"])
def test_a_subject_cannot_smuggle_a_header_or_a_body_in(renderer: Renderer, kind: MessageKind) -> None:
    made = rendered(renderer, kind, "email", subject="Hi\r\nBcc: eve@example.net\n\nPay here")
    assert made.subject is not None
    assert "Hi Bcc: eve@example.net Pay here" in made.subject
    assert not re.search(r"[\r\n]", made.subject)
    assert not re.search(r"(?m)^(Bcc|Pay)", made.text)


@pytest.mark.parametrize("kind", ["step", "customer_opened"])
def test_a_hostile_subject_is_escaped_in_html_and_plain_in_text(renderer: Renderer, kind: MessageKind) -> None:
    hostile = "<script>alert(1)</script>{{ 7*7 }}"
    made = rendered(renderer, kind, "email", subject=hostile)
    assert made.html is not None
    assert "<script" not in made.html
    assert "&lt;script&gt;" in made.html
    assert hostile in made.text


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("de/step.sms.j2", None),
        ("en/customer_update.email.j2", None),
        ("en/customer_update.sms.j2", "{{ tier }}"),
        ("en/step.email.j2", "{% if %}"),
        ("layout.html.j2", None),
    ],
)
def test_a_missing_or_faulty_template_stops_the_start(tmp_path: Path, file: str, content: str | None) -> None:
    folder = tmp_path / "templates"
    shutil.copytree(TEMPLATES, folder)
    (folder / file).unlink() if content is None else (folder / file).write_text(content)
    with pytest.raises(TemplateFault, match=r"template .*\.j2"):
        Renderer(folder)


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de-AT", "de"), ("de_CH", "de"), ("DE", "de"), ("FR", "fr"), ("den", "den"), (None, "en"), ("", "en")],
)
def test_the_locale_picks_the_language(locale: str | None, language: Language) -> None:
    assert language_of(locale) == language


def test_times_and_words_are_for_people() -> None:
    assert short_time(NOW, "Asia/Kathmandu", "en") == "Tue 24 Nov 21:45 UTC+05:45"
    assert long_time(NOW, "Europe/Berlin", "fr") == short_time(NOW, "Europe/Berlin", "fr") == "2026-11-24 17:00 CET"
    assert word("fr", "high") == "high"
    assert long_time(NOW, "Europe/Berlin", "en") == "Tuesday 24 November 2026, 17:00 CET"
    assert short_time(NOW, "Europe/Berlin", "de") == "Di 24.11. 17:00 MEZ"
    assert short_time(NOW, "America/Sao_Paulo", "en") == "Tue 24 Nov 13:00 UTC-03"
    assert word("de", "L1 resolution at this tier") == "L1 Lösung auf dieser Stufe"
    assert word("de", "something new") == "something new"
    assert shortened("abcdef", 4) == "abc…"


@pytest.mark.parametrize("kind", KINDS)
def test_signs_that_turn_the_writing_round_reach_nobody(renderer: Renderer, kind: MessageKind) -> None:
    turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    for channel in CHANNELS:
        case = sample(kind, channel, "en", subject=f"Checkout{turning} is down", name=f"{turning}Ada")
        said = case.message.model_copy(update={"facts": {**case.message.facts, "text": f"Касса {turning}"}})
        made = renderer.render(replace(case, message=said), REFERENCE)
        assert not set(turning) & set(f"{made.subject}{made.text}{made.html}")
