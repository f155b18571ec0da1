"""The policies on pages: the matrix in words, where it came from and what it changed, and what it would make of a case.

Everything a page shows stands in its address, the made-up case too, so a view can be shared. A case is played by the function
behind `POST /v1/policies/preview`; nothing is stored or sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from activities.history_words import reason_words
from activities.wording import short_time, word
from api.errors import status_of
from api.openings import OpenRequest
from api.pages.frame import PageRoute
from api.pages.local_times import Unreadable, typed
from api.pages.policy_line import line
from api.pages.policy_tiers import blocks
from api.pages.policy_view import FALLING, LEVELS, PolicyWords
from api.pages.policy_warning_words import warning_words
from api.pages.preview_lines import Line, folds, lines, sums
from api.pages.signed_in import Reader, Session, desk_page
from api.pages.words import said
from api.policies import policy_of
from api.preview import Played, PreviewEvent, PreviewRequest, played
from api.services import Services, Wired, in_thread
from domain.errors import DomainError, Fault
from domain.holiday_dates import with_holidays
from domain.policy import Policy
from domain.policy_file import dump_policy
from domain.policy_warnings import warnings
from domain.roster import Roster
from domain.roster_file import YamlWriter
from domain.routing import match_ties
from records.policies import PolicyVersion

PATH = "/policies"
LONGEST_TIER = 60  # characters of a customer's tier
CHOICES: Mapping[str, tuple[str, ...]] = {"priority": FALLING, "impact": LEVELS, "urgency": LEVELS}
TIMES = ("at", "acknowledged_at", "resolved_at")
MADE_UP = {
    "email": "customer@example.com",
    "phone": "+493012345678",
}  # so that a preview shows what would go to a customer

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class Entry:
    """A policy in the list."""

    name: str
    version: int
    changed: str
    by: str
    used: str
    tiers: str
    warned: int


@dataclass(frozen=True)
class Change:
    """One version in words."""

    version: int
    at: str
    by: str


@router.get(PATH)
def list_policies(session: Reader, services: Wired) -> Response:
    """The newest version of every policy, when it changed and by whom."""
    roster, found = services.roster.current(), services.policies.latest_all()
    entries = [_entry(services, session, policy, roster, found) for policy in found]
    return desk_page(services, session, "policies.html.j2", policies=entries)


@router.get(PATH + "/{name}")
def show_policy(name: str, session: Reader, services: Wired, version: Version = None) -> Response:
    """One policy, readable without knowing its file. Raises NotFound `policy_not_found` or `version_not_found`."""
    policy, roster = policy_of(services, name, version), services.roster.current()
    words = PolicyWords(policy, roster, session.language)
    return desk_page(
        services,
        session,
        "policy.html.j2",
        policy=policy,
        words=words,
        dated=PolicyWords(with_holidays(policy, services.now()), roster, session.language),
        now=services.now(),
        blocks=blocks(words),
        columns=[(one, word(session.language, one)) for one in FALLING],
        warnings=_warnings(services, session, policy, roster, services.policies.latest_all()),
        **_history(services, session, policy),
        **_form(session, policy, {}),
    )


@router.get(PATH + "/{name}/what-if")
async def what_if(name: str, request: Request, session: Reader, services: Wired, version: Version = None) -> Response:
    """A made-up case played by the policy. What cannot be read is said beside the form."""
    given = _given(request.query_params)
    policy = await in_thread(policy_of, services, name, version)
    fields: dict[str, Any] = {
        "policy": policy,
        "older": version,
        **_form(session, policy, given),
    }
    try:
        request_ = _asked(session, given)
        async with services.previews:
            made = await in_thread(_drawn, services, session, request_, policy)
    except Unreadable as unread:
        notice = _about(session, "bad_time", unread.field)
        return desk_page(services, session, "what_if.html.j2", 422, notice=notice, made=None, **fields)
    except DomainError as refusal:
        notice = _refusal(session, refusal, given)
        return desk_page(
            services, session, "what_if.html.j2", status_of(refusal)[0], notice=notice, made=None, **fields
        )
    return desk_page(services, session, "what_if.html.j2", notice=None, made=made, **fields)


def _drawn(services: Services, session: Session, asked: PreviewRequest, policy: Policy) -> dict[str, Any]:
    """The made-up case in words, and as a drawing."""
    found: Played = played(services, asked, policy)
    shown = lines(found, session.language, session.timezone)
    told = list(folds(shown, session.language))
    state = found.course.state
    return {
        "lines": [(one, None) if isinstance(one, Line) else (None, one) for one in told],
        "sums": sums(found, shown),
        "priority": state.priority,
        "priority_word": word(session.language, state.priority),
        "reasons": reason_words(state.priority_reasons, session.language),
        "begins": short_time(state.opened_at, session.timezone, session.language),
        "drawing": Markup(line(found, told, session.language)),  # noqa: S704 - made by ElementTree, which escapes
    }


def _given(query: Mapping[str, str]) -> dict[str, str]:
    """What was filled in; a choice that is none of ours counts as none."""
    found = {name: query.get(name, "") for name in CHOICES}
    known = {name: value if value in CHOICES[name] else "" for name, value in found.items()}
    tier = "".join(sign for sign in query.get("tier", "") if sign.isprintable()).strip()[:LONGEST_TIER]
    return {**known, "tier": tier, **{name: query.get(name, "") for name in TIMES}}


def _asked(session: Session, given: Mapping[str, str]) -> PreviewRequest:
    """The made-up case. Raises Unreadable."""
    at, taken, solved = (typed(name, given[name], session.timezone) for name in TIMES)
    language = session.language
    choices: dict[str, Any] = {name: given[name] or None for name in CHOICES}
    customer = {"id": "customer", "name": said(language, "policy_made_up_customer"), **MADE_UP}
    asked = OpenRequest.model_validate(
        {
            "ticket": {"system": "preview", "id": "1", "subject": said(language, "policy_made_up_subject")},
            "customer": {**customer, "tier": given["tier"] or None, "locale": language, "timezone": session.timezone},
            "trigger": {"kind": "manual"},
            **choices,
        }
    )
    return PreviewRequest(escalation=asked, at=at, events=tuple(_events(language, taken, solved)))


def _events(language: str, taken: datetime | None, solved: datetime | None) -> list[PreviewEvent]:
    """What people do meanwhile; whoever is then accountable does it."""
    found = [PreviewEvent(at=taken, command="acknowledge")] if taken else []
    summary = {"summary": said(language, "policy_solved_by")}
    return [*found, PreviewEvent(at=solved, command="resolve", **summary)] if solved else found


def _form(session: Session, policy: Policy, given: Mapping[str, str]) -> dict[str, Any]:
    language = session.language
    options = {name: [(one, word(language, one)) for one in values] for name, values in CHOICES.items()}
    tiers = [rule.customer.tier for rule in policy.priority.raise_for if rule.customer.tier]
    known = [one for tier in tiers for one in ((tier,) if isinstance(tier, str) else tier)]
    filled = {name: given.get(name, "") for name in (*CHOICES, "tier", *TIMES)}
    return {"given": filled, "options": options, "customer_tiers": list(dict.fromkeys(known)), "zone": session.timezone}


def _entry(services: Services, session: Session, policy: Policy, roster: Roster, known: Sequence[Policy]) -> Entry:
    words = PolicyWords(policy, roster, session.language)
    change = _change(services.policies.versions(policy.name)[0], session, roster)
    tiers = " → ".join(f"{tier.name} ({words.team(tier.team)})" for tier in policy.tiers)
    warned = len(_warnings(services, session, policy, roster, known))
    return Entry(policy.name, policy.version, change.at, change.by, words.used(), tiers, warned)


def _warnings(
    services: Services, session: Session, policy: Policy, roster: Roster, known: Sequence[Policy]
) -> list[Fault]:
    """What `tierline policy check` would say, and with which of the `known` policies it ties, in the reader's language."""
    words = warning_words(session.language)
    return [*warnings(policy, roster, services.now(), words), *match_ties(known, policy.name, words)]


def _history(services: Services, session: Session, policy: Policy) -> dict[str, Any]:
    """Every version, the source of this one, and what it changed."""
    roster = services.roster.current()
    known = services.policies.versions(policy.name)
    earlier = [one.version for one in known if one.version < policy.version]
    before = services.policies.find(policy.name, max(earlier)) if earlier else None
    source = source_of(policy)
    return {
        "versions": [_change(one, session, roster) for one in known],
        "newest": known[0].version,
        "source": source,
        "before": before.version if before else None,
        "diff": _difference(source_of(before), source, before.version, policy.version) if before else [],
    }


def _change(stored: PolicyVersion, session: Session, roster: Roster) -> Change:
    person = roster.person(stored.created_by) if stored.created_by else None
    unsigned = said(session.language, "policy_from_file")
    by = person.name if person else stored.created_by or unsigned
    return Change(stored.version, short_time(stored.created_at, session.timezone, session.language), by)


def source_of(policy: Policy) -> str:
    """The policy as a file that `policy check` reads back as the same rules; short maps stand in one line."""
    data = dump_policy(policy.with_version(0))
    return yaml.dump(data, Dumper=YamlWriter, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)


def _difference(old: str, new: str, was: int, version: int) -> list[tuple[str, str]]:
    """The lines of a unified diff, each with what it is: added, gone, or around."""
    found = unified_diff(old.splitlines(), new.splitlines(), f"version {was}", f"version {version}", lineterm="", n=2)
    kinds = {"+": "added", "-": "gone", "@": "place"}
    return [("place" if one[:3] in ("+++", "---") else kinds.get(one[:1], ""), one) for one in found]


def _refusal(session: Session, refusal: DomainError, given: Mapping[str, str]) -> str:
    """Why it cannot be played; a word before the case opens is said of its own field."""
    said_at = [name for name in TIMES[1:] if given[name]]
    for number, name in enumerate(said_at):
        if refusal.field == f"events[{number}].at":
            return _about(session, "too_early", name)
    return refusal.message


def _about(session: Session, wrong: str, field: str) -> str:
    label = said(session.language, f"policy_{'start_at' if field == 'at' else field}")
    return said(session.language, f"policy_{wrong}", field=label)
