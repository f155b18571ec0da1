"""The customer's page: how was it, from 1 to 5, and when it was bad, the way back to us.

A customer reads nothing here but their own request; no rule's words and no name of ours. To look records nothing: the number in
the address of an e-mail's button is only shown as chosen. A second answer takes the place of the first.
"""

import secrets
from typing import Any

from fastapi import Response

from activities.wording import Language, one_line
from api.errors import Unavailable, status_of
from api.openings import Document
from api.pages import saying
from api.pages.frame import page, words_only
from api.pages.saying import Posted
from api.pages.words import reads, said
from api.services import Services, in_thread
from domain.commands import parse_body
from domain.errors import DomainError, Invalid
from domain.forgetting import is_forgotten
from domain.messages import CUSTOMER
from domain.policy import Closing
from domain.state import LIVE
from domain.tickets import LONGEST_TEXT
from records.stored import StoredCommand
from signed_links import ToRate

SCORES = (1, 2, 3, 4, 5)
AGAIN = "again"  # the button of a customer who is not content
_SPEAKS = (None, CUSTOMER)


async def show(
    services: Services, link: ToRate, command_id: str | None, score: str | None, again: bool = False
) -> Response:
    """The question, or the thanks once it is answered; with `again` also what is still not right."""
    case = await in_thread(services.escalations.find, link.escalation, link.episode)
    if case is None or is_forgotten(case):
        return words_only(services, "en", 404, "refused_title", "rate_unknown")
    command = await in_thread(saying.told, services, command_id, link.escalation, _SPEAKS)
    chosen = _number(score)
    return await in_thread(_page, services, case, command, chosen, again)


async def act(services: Services, link: ToRate, posted: Posted) -> Response:
    """The answer, or the wish that it be looked at again."""
    case = await in_thread(services.escalations.find, link.escalation, link.episode)
    if case is None or is_forgotten(case):
        return words_only(services, "en", 404, "refused_title", "rate_unknown")
    language = reads(case["customer"].get("locale"))
    try:
        if posted.fields.get("command") == AGAIN:
            return await _again(services, link, posted)
        word = saying.said_by(link, None, "survey", _answer(posted), posted, services)
        return await saying.say(services, case, word)
    except Unavailable:
        return words_only(services, language, 503, "unavailable_title", "unavailable")
    except DomainError as refusal:
        text = said(language, "rate_unfit" if isinstance(refusal, Invalid) else "rate_refused", most=LONGEST_TEXT)
        status = status_of(refusal)[0]
        return page(services, "words.html.j2", language, status, title=said(language, "rate_title"), text=text)


async def _again(services: Services, link: ToRate, posted: Posted) -> Response:
    """A word of the customer to the case while it lives; else the case begins anew."""
    case = await in_thread(services.escalations.latest, link.escalation)
    assert case is not None  # noqa: S101 - an episode of it was just found
    text = posted.fields.get("text", "").strip()
    if case["status"] in LIVE:
        body = _parsed("customer-reply", {"text": text})
        return await saying.say(services, case, saying.said_by(link, None, "customer-reply", body, posted, services))
    body = _parsed("reopen", {"reason": text})
    return await saying.say(services, case, saying.said_by(link, CUSTOMER, "reopen", body, posted, services))


def _answer(posted: Posted) -> dict[str, Any]:
    score, comment = posted.fields.get("score", ""), posted.fields.get("comment", "").strip()
    given: dict[str, Any] = {"score": _number(score)}
    return _parsed("survey", {**given, **({"comment": comment} if comment else {})})


def _number(score: str | None) -> int | None:
    return next((one for one in SCORES if str(one) == score), None)


def _parsed(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return parse_body(name, body).model_dump(mode="json", exclude_unset=True)


def _page(
    services: Services, case: Document, command: StoredCommand | None, chosen: int | None, again: bool
) -> Response:
    language = reads(case["customer"].get("locale"))
    answered = command.body if command and command.name == "survey" and command.status != "refused" else case["survey"]
    score = answered["score"] if answered else None
    return page(
        services,
        "rate.html.j2",
        language,
        subject=one_line(case["ticket"]["subject"]),
        ticket=one_line(case["ticket"]["id"]),
        scores=SCORES,
        score=score,
        chosen=chosen or score,
        comment=(answered or {}).get("comment") or "",
        low=score is not None and score <= _low_score(services, case),
        again=again and case["status"] != "cancelled",
        looked_at=_looked_at(command, language),
        refused=command is not None and command.status == "refused",
        longest=LONGEST_TEXT,
        nonce=secrets.token_urlsafe(12),
    )


def _looked_at(command: StoredCommand | None, language: Language) -> str | None:
    asked = command is not None and command.name in ("customer-reply", "reopen") and command.status != "refused"
    return said(language, "rate_again_done") if asked else None


def _low_score(services: Services, case: Document) -> int:
    policy = services.policies.find(case["policy"]["name"], case["policy"]["version"])
    return (policy.closing if policy else Closing()).low_score
