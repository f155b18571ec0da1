"""Every SMS in two segments: each message in each language, with names and texts in four scripts, plausible and absurd."""

import re
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.reading import Case, ResponderView
from activities.rendering import KINDS, Renderer
from activities.samples import CODE, NOW, REFERENCE, TO_CUSTOMERS, sample
from activities.sms_text import sms_text
from activities.wording import LANGUAGES, Language
from domain.messages import LESSONS, MessageKind
from domain.sms_segments import encoding_of, segments
from tests.activities.cases import TEMPLATES

FOX = "\N{FOX FACE}"
SCRIPTS = {
    "latin": "Zahlungsabwicklung in São Paulo und Łódź gestört ",
    "gsm": "Payments in Zürich fail [error 503] €~ ",
    "cyrillic": "Оплата заказов не работает ",
    "chinese": "结账页面无法打开客户不能付款",
    "emoji": FOX + "\N{FIRE}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER} ",
}
LONGEST = {"subject": 500, "name": 500, "text": 20_000, "ticket": 500, "person": 200}  # what the API takes
PLAUSIBLE = {"subject": 90, "name": 40, "text": 400, "ticket": 16, "person": 30}
EVERY = list(product(KINDS, LANGUAGES, SCRIPTS))


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(TEMPLATES)


def written(script: str, length: int) -> str:
    """So many characters of that script."""
    words = SCRIPTS[script]
    return (words * (length // len(words) + 1))[:length].strip()


def told(kind: MessageKind, language: Language, script: str, lengths: dict[str, int], **more: Any) -> Case:
    """The sample's message with everything others write in that script, on the clock with the longest times."""
    case = sample(kind, "sms", language, vip=True, timezone="Asia/Kathmandu")
    document = {**case.document, **more}
    document["ticket"] = {**document["ticket"], "subject": written(script, lengths["subject"])}
    document["ticket"]["id"] = "4711" if lengths is PLAUSIBLE else written(script, lengths["ticket"])
    document["customer"] = {**document["customer"], "name": written(script, lengths["name"])}
    people = [one.model_copy(update={"name": written(script, lengths["person"])}) for one in case.roster.people]
    facts = {
        **case.message.facts,
        **({"text": written(script, lengths["text"])} if "text" in case.message.facts else {}),
    }
    roster = case.roster.model_copy(update={"people": tuple(people)})
    said = case.message.model_copy(update={"facts": facts})
    return Case(said, document, roster, case.page, NOW, CODE, case.link, case.rate)


@pytest.mark.parametrize(("kind", "language", "script"), EVERY)
@pytest.mark.parametrize("lengths", [PLAUSIBLE, LONGEST], ids=["plausible", "longest"])
def test_every_sms_fits_two_segments(
    renderer: Renderer, kind: MessageKind, language: Language, script: str, lengths: dict[str, int]
) -> None:
    text = renderer.render(told(kind, language, script, lengths), REFERENCE).text
    assert segments(text) <= 2
    assert text.endswith(f" #{REFERENCE}")


@pytest.mark.parametrize(("kind", "language", "script"), EVERY)
def test_a_plausible_sms_keeps_its_code_and_id_and_enough_of_its_subject(
    renderer: Renderer, kind: MessageKind, language: Language, script: str
) -> None:
    case = told(kind, language, script, PLAUSIBLE)
    text = renderer.render(case, REFERENCE).text
    named = (
        "4711" if kind == "customer_survey" else written(script, PLAUSIBLE["subject"])[:3]
    )  # its link leaves no room
    assert named in text
    view = case.view(language)
    if kind in LESSONS:
        facts = case.message.facts
        assert facts.get("action", facts.get("problem", "")) in text  # what is to be done is named by that
    elif isinstance(view, ResponderView):
        assert re.search(rf' zendesk-4711( "\w+")? #{REFERENCE}$', text)
        assert view.reply is None or kind not in ("step", "last_resort") or view.reply in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_id_of_two_hundred_characters_gives_way_last_but_does(
    renderer: Renderer, kind: MessageKind, language: Language
) -> None:
    long_id = "zendesk-" + "~D0~BA" * 32
    assert segments(renderer.render(told(kind, language, "cyrillic", LONGEST, id=long_id), REFERENCE).text) <= 2
    short = renderer.render(told(kind, language, "gsm", PLAUSIBLE, id="zendesk-INC-2026-0004711"), REFERENCE).text
    assert kind in TO_CUSTOMERS or kind in LESSONS or "zendesk-INC-2026-0004711" in short


def test_german_quotes_do_not_cost_the_small_alphabet(renderer: Renderer) -> None:
    text = renderer.render(sample("customer_opened", "sms", "de"), REFERENCE).text
    assert '"Kasse funktioniert nicht"' in text
    assert encoding_of(text) == "GSM-7"


def test_what_fits_is_not_cut(renderer: Renderer) -> None:
    text = renderer.render(sample("customer_update", "sms", "en"), REFERENCE).text
    assert "a certificate of our payment service has expired. We are renewing it now." in text
    assert "..." not in text


def test_line_breaks_in_a_reply_do_not_break_the_sms(renderer: Renderer) -> None:
    case = sample("customer_replied", "sms", "en")
    broken = case.message.model_copy(update={"facts": {"text": "Still\r\n\tdown\u00a0here"}})
    text = renderer.render(Case(broken, case.document, case.roster, case.page, NOW), REFERENCE).text
    assert '"Still down here"' in text


@settings(max_examples=200, deadline=None)
@given(subject=st.text(max_size=300), name=st.text(max_size=100), said=st.text(max_size=600))
def test_whatever_is_written_it_is_two_segments_at_most(subject: str, name: str, said: str) -> None:
    view = sample("customer_update", "sms", "en", subject=subject, name=name).view("en")
    text = sms_text(lambda known: f"{known['name']}, on {known['subject']}: {said and known['text']}", view, REFERENCE)
    assert segments(text) <= 2
    assert text.endswith(f" #{REFERENCE}")
