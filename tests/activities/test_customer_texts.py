"""What a customer reads: nothing internal, no word of our trade, in every message, channel and language.

Every text of a case carries a mark of its own, all but those a customer may see. The list is the other way round on purpose:
a field the document gets tomorrow is marked without anybody thinking of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from itertools import combinations, product
from typing import Any

import pytest

from activities.reading import Case
from activities.rendering import CHANNELS, KINDS, Rendered, Renderer
from activities.samples import LINK, NOW, RATE, REFERENCE, TO_CUSTOMERS, sample
from activities.seen_before import Seen
from activities.wording import LANGUAGES, Language
from domain.messages import MessageKind
from domain.roster import Roster
from domain.sms_segments import segments
from domain.tickets import Channel
from domain.view_time import rfc3339
from tests.activities.cases import PROMISE, TEMPLATES, message, shown

EVERY = [one for one in product(KINDS, CHANNELS, LANGUAGES) if one[0] in TO_CUSTOMERS]
MARK = re.compile(r"LEAK\w*|87654\d+")
MAY_SEE = {
    "customer.name": "Ada King",
    "ticket.id": "4711",
    "ticket.subject": "Checkout is down",
    "owner": "dana",  # read only to find the name in the roster
    "next_customer_update_by": PROMISE,  # read only as a time
    "customer.locale": None,  # chooses the language
    "customer.timezone": None,  # chooses the clock
}
INTERNAL: dict[str, Any] = {
    "resolution": {"summary": "", "by": "", "customer_message": ""},
    "root_cause": {"by": "", "category": "", "description": "", "contributing_factors": [""], "actions": [{"text": ""}]},
    "pause": {"reason": "", "note": ""},
    "survey": {"score": 1, "comment": ""},
    "trigger": {"kind": "", "detail": "", "score": 1, "reasons": [""]},
    "watchers": ["", ""],
    "responders_told": [""],
    "priority_reasons": [""],
    "timeline": [{"text": "", "actor": ""}],
    "notes": [""],
}  # fmt: skip
JARGON = re.compile(
    r"\btiers?\b|\bL\d\b|\bP\d\b|escalat|eskal|\bSLA\b|\bbreach|\bworkflow|\bpolic(?:y|ies)\b|on[- ]call|\bowners?\b|acknowledg|"
    r"hand-?off|\btargets?\b|root cause|\bpriorit|\bseverity|\bqueue|\bticket|\bcases?\b|responder|incident|assigned|"
    r"critical|\bhigh\b|\bmedium\b|\blow\b|\bKPI|runbook|Tierline|Temporal|Twilio|SendGrid|http|(?-i:\bNone\b)|"
    r"\bStufe|Richtlinie|Bereitschaft|Frist\b|Zielverletzung|Ursache|Priorität|kritisch|\bhoch\b|Fall\b|Fälle|zugewiesen|"
    r"zuständig|\bInstanz|Vorfall",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(TEMPLATES)


def marked(value: Any, path: str, mark: Callable[[str], str]) -> Any:
    """The same with every text and number replaced by a mark that names its place; what may be seen stays."""
    if path in MAY_SEE:
        return MAY_SEE[path] if MAY_SEE[path] is not None else value
    if isinstance(value, Mapping):
        return {key: marked(inner, f"{path}.{key}".lstrip("."), mark) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [marked(inner, f"{path}.{number}", mark) for number, inner in enumerate(value)]
    if isinstance(value, bool):
        return value
    return 87654321 if isinstance(value, int | float) else mark(path)


def marks() -> Callable[[str], str]:
    return lambda path: "LEAK_" + re.sub(r"\W", "_", path)


def marked_roster() -> Roster:
    """Dana's name may be seen; her number, her address and everybody else may not."""
    dana = {
        "id": "dana",
        "name": "Dana Weber",
        "email": "LEAKdana@example.com",
        "phone": "+4930876543210",
        "manager": "eve",
    }
    eve = {"id": "eve", "name": "LEAK Eve", "email": "LEAKeve@example.com", "phone": "+4930876543211"}
    team = {"id": "support", "name": "LEAK team", "lead": "eve", "members": ["dana", "eve"]}
    return Roster.model_validate({"people": [dana, eve], "teams": [team]})


def leaky(kind: MessageKind, channel: Channel, language: Language, tier: str | None) -> Case:
    """A message of a case in which everything internal is marked."""
    said = message(kind, channel, None, text="We found it.", next_update_by=PROMISE, owner="dana", by="dana")
    facts = {**said.facts, **{name: f"LEAK_fact_{name}" for name in ("target", "percent", "note", "summary", "reason")}}
    document = marked({**shown(locale=language, timezone="Europe/Berlin"), **INTERNAL}, "", marks())
    document["customer"]["tier"] = tier or document["customer"]["tier"]
    told = said.model_copy(update={"facts": facts, "purpose": "LEAK purpose", "key": "LEAK/key"})
    seen = Seen("LEAK seen", "LEAK cause", "LEAK fix", NOW, "https://LEAK.example/seen")
    page, link = "https://LEAK.example/page", "https://LEAK.example/r"
    return Case(told, document, marked_roster(), page, NOW, "LEAKCODE", link, seen=seen)


def read(made: Rendered) -> str:
    """All of it, the HTML's own code included."""
    return f"{made.subject or ''}\n{made.text}\n{made.html or ''}"


@pytest.mark.parametrize(("kind", "channel", "language"), EVERY)
@pytest.mark.parametrize("tier", [None, "vip"])
def test_nothing_internal_reaches_a_customer(
    renderer: Renderer, kind: MessageKind, channel: Channel, language: Language, tier: str | None
) -> None:
    assert MARK.findall(read(renderer.render(leaky(kind, channel, language, tier), REFERENCE))) == []


def test_the_marks_are_where_something_internal_is() -> None:
    leaves = list(leaves_of(leaky("customer_opened", "email", "en", None).document))
    seen = {"Ada King", "4711", "Checkout is down", "dana", PROMISE, "en", "Europe/Berlin"}
    assert len(leaves) > 60
    assert {leaf for leaf in leaves if not MARK.search(str(leaf))} <= seen | {True, False}


def leaves_of(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from leaves_of(inner)
    else:
        yield value


@pytest.mark.parametrize("by", ["eve@example.com", "left-long-ago"])
def test_a_person_the_roster_does_not_know_is_no_name_to_show(renderer: Renderer, by: str) -> None:
    told = message("customer_update", "email", None, text="We found it.", by=by)
    text = renderer.render(Case(told, {**shown(), "owner": by}, marked_roster(), "", NOW), REFERENCE).text
    assert by not in text
    assert "Your support team" in text


# What a customer's view may lack. Every template is read with each choice of it: words stand behind an `else`, too.
MAY_LACK = ("text", "owner", "next_update", "rate")
LACKING = [lacks for count in range(len(MAY_LACK) + 1) for lacks in combinations(MAY_LACK, count)]


@pytest.mark.parametrize(("kind", "channel", "language"), EVERY)
@pytest.mark.parametrize("vip", [False, True], ids=["plain", "vip"])
def test_no_word_of_our_trade_stands_in_a_customers_text_whatever_is_known(
    renderer: Renderer, kind: MessageKind, channel: Channel, language: Language, vip: bool
) -> None:
    found = {}
    for lacks in LACKING:
        made = renderer.render(without(sample(kind, channel, language, vip=vip, **WORDS), lacks), REFERENCE)
        shown = re.sub(r"<[^>]+>", " ", read(made)).replace(RATE, "")  # the one address a customer gets
        found[lacks] = JARGON.findall(shown)
    assert {lacks: words for lacks, words in found.items() if words} == {}


WORDS = {"subject": "Rechnung 12", "name": "Ada King"}


def without(case: Case, lacks: Sequence[str]) -> Case:
    """The case with everything its customer may be told, all but these fields of their view."""
    later = rfc3339(NOW + timedelta(hours=1)) or ""
    facts = {"text": "Es geht wieder.", "next_update_by": later, "owner": "dana"}
    kept = {name: words for name, words in facts.items() if name.removesuffix("_by") not in lacks}
    document = dict(case.document)
    document["owner"] = None if "owner" in lacks else "dana"
    document["next_customer_update_by"] = None if "next_update" in lacks else later
    message = case.message.model_copy(update={"facts": kept})
    return replace(case, message=message, document=document, link=LINK, rate=None if "rate" in lacks else RATE)


@pytest.mark.parametrize("lacks", LACKING, ids="-".join)
def test_what_is_lacking_is_all_that_a_customers_view_may_lack(lacks: tuple[str, ...]) -> None:
    for kind, channel, language in EVERY:
        view = without(sample(kind, channel, language), lacks).view(language)
        optional = {field.name for field in fields(view) if "None" in str(field.type)}
        assert {name for name in optional if getattr(view, name) is None} == set(lacks)
        assert optional == set(MAY_LACK), "a new field that may be missing has to be tried, too"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_survey_is_five_buttons_and_one_click(renderer: Renderer, language: Language) -> None:
    made = renderer.render(sample("customer_survey", "email", language), REFERENCE)
    for score in range(1, 6):
        assert re.search(rf"^{score}, \w.*: {re.escape(RATE)}\?score={score}$", made.text, re.MULTILINE)
        assert f'<a href="{RATE}?score={score}"' in (made.html or "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_survey_by_sms_is_one_link_in_two_segments(renderer: Renderer, language: Language) -> None:
    text = renderer.render(sample("customer_survey", "sms", language), REFERENCE).text
    assert (text.count(RATE), segments(text)) == (1, 2)


@pytest.mark.parametrize(("kind", "channel", "language"), EVERY)
def test_only_the_survey_has_the_link_to_rate(
    renderer: Renderer, kind: MessageKind, channel: Channel, language: Language
) -> None:
    made = renderer.render(sample(kind, channel, language), REFERENCE)
    assert (RATE in read(made)) == (kind == "customer_survey")


@pytest.mark.parametrize(
    "text", ["at tier 2", "der Fall", "we escalated it", "SLA", "your ticket", "Stufe 2", "die Bereitschaft", "on-call"]
)
def test_the_list_knows_the_words_of_our_trade(text: str) -> None:
    assert JARGON.search(text)
