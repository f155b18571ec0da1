"""What somebody signed in can do with a case: one table of commands, the statuses they are for, and what each asks.

It decides what is shown; what is allowed is decided by the role and by the rules. A key that belongs to nobody is asked who acts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from activities.wording import word
from api.auth import NEEDS_NOBODY, command_roles
from api.escalations import REQUESTS
from api.openings import Document
from api.pages.forms import NOT_CHOSEN, TOLD_BY, Field, Form, typed_again, with_categories
from api.pages.signed_in import Session
from api.pages.words import said
from domain.causes import Causes
from domain.commands import MOST_CAUSES
from domain.errors import Invalid
from domain.forgetting import is_forgotten
from domain.roster import Roster
from domain.tickets import PRIORITIES

ACTION_ROWS = 3  # of a root cause at first; each time the form comes back it has as many empty ones again
LINE = 500
WORK = ("open", "acknowledged", "paused")
ALIVE = (*WORK, "resolved")
FIELD_UNFIT = "field_unfit"  # a refusal's code: the field is there, but no command takes it as it is
UP = ""  # in place of a team: the next tier

_WAITS = ("waiting_on_customer", "waiting_on_third_party", "scheduled")
_ORIGINS = {"ours": "ours", "product": "product", "third_party": "third_party", "customer": "origin_customer"}
_KINDS = ("corrective", "preventive")
_ACTION = {"text": "action_text_named", "kind": "action_kind", "owner": "action_owner", "due_on": "action_due"}
_BY = Field("by", "field_by", "choice")

_REASON = Field("reason", "field_reason")
_TABLE: tuple[tuple[Form, tuple[str, ...]], ...] = (  # in the order of the page
    (Form("acknowledge", main=True), ("open",)),
    (Form("resume", main=True), ("paused",)),
    (
        Form(
            "customer-update",
            (
                Field("text", "field_customer_text"),
                Field("next_update_in", "field_next_update_in", "line", required=False, longest=LINE),
                Field("told_by", "field_told_by", "choice", required=False),
            ),
        ),
        WORK,
    ),
    (
        Form(
            "resolve",
            (Field("summary", "field_summary"), Field("customer_message", "field_customer_message", required=False)),
        ),
        WORK,
    ),
    (
        Form(
            "root-cause",
            (
                Field("category", "field_category", "line", longest=LINE),
                Field("origin", "field_origin", "choice"),
                Field("description", "field_description"),
                Field("contributing_factors", "field_factors", required=False),
                Field("problem", "field_problem", "line", required=False, longest=LINE),
            ),
        ),
        ("resolved",),
    ),
    (Form("close"), ("resolved",)),
    (Form("assign", (Field("to", "field_to", "choice"),)), WORK),
    (Form("escalate", (Field("team", "field_to_team", "choice", required=False), _REASON)), WORK),
    (Form("hand-back", (_REASON,)), WORK),
    (
        Form(
            "pause",
            (
                Field("reason", "field_wait", "choice"),
                Field("until", "field_until", "moment", required=False),
                Field("note", "field_note", required=False),
            ),
        ),
        ("acknowledged",),
    ),
    (Form("reprioritize", (Field("priority", "field_priority", "choice"), _REASON)), WORK),
    (Form("note", (Field("text", "field_text"),)), ALIVE),
    (
        Form(
            "customer-reply",
            (
                Field("text", "field_reply"),
                Field("channel", "field_channel", "line", required=False, longest=LINE),
            ),
        ),
        ALIVE,
    ),
    (Form("watch", (Field("person", "field_watcher", "choice"),)), ALIVE),
    (Form("reopen", (_REASON,)), ("resolved", "closed")),
    (Form("merge", (Field("into", "field_into", "line", longest=LINE),)), WORK),
    (Form("cancel", (_REASON,)), WORK),
    (Form("rebase", (Field("version", "field_version", "line", required=False, longest=10),)), ALIVE),
)
_FORMS = {form.command: form for form, _ in _TABLE}


def forms_for(case: Document, roster: Roster, session: Session, causes: Causes | None) -> list[Form]:
    """The forms of a case as it stands, for the role that looks; none for one that only reads."""
    fit = [form.command for form, statuses in _TABLE if case["status"] in statuses and _fits(form, case)]
    mine = [command for command in fit if session.caller.role in command_roles(command)]
    forms = [with_categories(form_of(command, roster, session, case), causes, session.language) for command in mine]
    cause = recorded(case)
    return [replace(typed_again(form, cause), shown=False) if form.command == "root-cause" else form for form in forms]


def recorded(case: Document) -> dict[str, str]:
    """The root cause of a case as its form would send it, so that a later one corrects it; empty where there is none."""
    cause = case["root_cause"] or {}
    fields = {name: cause.get(name) or "" for name in ("category", "origin", "description", "problem")}
    factors = {"contributing_factors": "\n".join(cause.get("contributing_factors") or ())}
    actions = enumerate(cause.get("actions") or (), 1)
    rows = {f"action.{number}.{part}": str(one[part]) for number, one in actions for part in _ACTION}
    return {**fields, **factors, **rows} if cause else {}


def sensible(status: str) -> frozenset[str]:
    """The commands that a case of that status can be told by its forms."""
    return frozenset(form.command for form, statuses in _TABLE if status in statuses)


def form_of(command: str, roster: Roster, session: Session, case: Document | None = None) -> Form:
    """One form with its ways to choose. Raises Invalid `unknown_command`."""
    form = _FORMS.get(command)
    if form is None:
        raise Invalid("unknown_command", f"there is no button '{command[:50]}' on this page")
    nobody = session.caller.person is None and command not in NEEDS_NOBODY
    asked = (_BY, *form.fields) if nobody else form.fields
    return replace(form, fields=tuple(_filled(one, command, roster, session, case) for one in asked))


def body_of(form: Form, typed: Mapping[str, str], session: Session) -> dict[str, Any]:
    """What was typed as the fields of its command. Raises Invalid (`field_required`, `field_unfit`), in the reader's words."""
    given = {field.name: typed.get(field.name, "").strip() for field in form.fields}
    for field in form.fields:
        if field.required and not given[field.name]:
            label = said(session.language, field.label)
            raise Invalid("field_required", said(session.language, "empty", field=label), field=field.name)
    body: dict[str, Any] = {name: text for name, text in given.items() if text and name != "by"}
    for field in form.fields:
        if field.kind == "moment" and field.name in body:
            body[field.name] = _moment(body[field.name], field, session)
    if form.command == "escalate":
        body["kind"] = "functional" if "team" in body else "hierarchical"
    if form.command == "root-cause":
        body["contributing_factors"] = [
            one.strip() for one in typed.get("contributing_factors", "").split("\n") if one.strip()
        ]
        body["actions"] = [_filled_in(number, row, session) for number, row in _actions(typed).items()]
    return _checked(form, body, list(_actions(typed)), session)


def _checked(form: Form, body: dict[str, Any], rows: Sequence[str], session: Session) -> dict[str, Any]:
    """The fields as the command takes them; what it does not take is named as the form names it, in the reader's language."""
    try:
        return REQUESTS[form.command].model_validate(body).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        field = ".".join(str(part) for part in place)
        raise Invalid(FIELD_UNFIT, _unfit(form, place, rows, session), field=field) from error


def _unfit(form: Form, place: Sequence[int | str], rows: Sequence[str], session: Session) -> str:
    match place:
        case ("actions", int(row), str(part)) if part in _ACTION:
            named = said(session.language, _ACTION[part])
            return said(session.language, "action_unfit", number=rows[row], field=named)
        case ("actions",):
            return said(session.language, "actions_too_many", most=MOST_CAUSES)
    label = next(
        (said(session.language, one.label) for one in form.fields if (one.name,) == tuple(place[:1])), str(place)
    )
    return said(session.language, "field_unfit", field=label)


def _fits(form: Form, case: Document) -> bool:
    """What the status alone does not say."""
    if is_forgotten(case):
        return False
    return form.command != "hand-back" or case["tier"]["index"] > 0


def _filled(field: Field, command: str, roster: Roster, session: Session, case: Document | None) -> Field:
    if field.kind != "choice":
        return field
    value = case["priority"] if case and field.name == "priority" else field.value
    return replace(field, options=_options(field, command, roster, session), value=value)


def _options(field: Field, command: str, roster: Roster, session: Session) -> tuple[tuple[str, str], ...]:
    language = session.language
    if field.name in ("by", "to", "person"):
        return _people(roster, session)
    if field.name == "team":
        teams = [(one.id, said(language, "team", name=one.name or one.id)) for one in roster.teams]
        return ((UP, said(language, "up")), *teams)
    if field.name == "priority":
        return tuple((one, word(language, one)) for one in reversed(PRIORITIES))
    if field.name == "told_by":
        return tuple((one, said(language, words)) for one, words in TOLD_BY.items())
    if command == "pause":
        return tuple((one, said(language, one)) for one in _WAITS)
    return (NOT_CHOSEN, *((one, said(language, words)) for one, words in _ORIGINS.items()))


def _people(roster: Roster, session: Session) -> tuple[tuple[str, str], ...]:
    """Oneself first: that is who a case is handed to most. A key that is nobody's has to choose."""
    people = [(one.id, one.name) for one in roster.people]
    if session.caller.person is None:
        return (NOT_CHOSEN, *people)
    return tuple(sorted(people, key=lambda one: one[0] != session.caller.person))


def _moment(text: str, field: Field, session: Session) -> str:
    """A time as a browser sends it, on the reader's own clock."""
    try:
        at = datetime.fromisoformat(text)
        local = at.replace(tzinfo=ZoneInfo(session.timezone)) if at.tzinfo is None else at
        return local.astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as error:
        words = said(session.language, "board_bad_time", field=said(session.language, field.label))
        raise Invalid(FIELD_UNFIT, words, field=field.name) from error


def action_rows(typed: Mapping[str, str]) -> int:
    """How many rows for actions a root cause's form has: those filled in, and some empty ones."""
    return len(_actions(typed)) + ACTION_ROWS


def action_kinds(session: Session) -> Sequence[tuple[str, str]]:
    """Corrective or preventive, in words."""
    return [(one, said(session.language, f"action_{one}")) for one in _KINDS]


def _actions(typed: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The rows with a text in them by their number, in their order; `action.3.text` is a field of the third."""
    names = {name.split(".")[1] for name in typed if name.startswith("action.") and name.count(".") == 2}
    rows = {one: {part: typed.get(f"action.{one}.{part}", "").strip() for part in _ACTION} for one in names}
    return {one: row for one, row in sorted(rows.items(), key=lambda row: (len(row[0]), row[0])) if row["text"]}


def _filled_in(number: str, row: dict[str, str], session: Session) -> dict[str, str]:
    """The row as it is. Raises Invalid `field_required` naming what is missing in it."""
    for part, label in _ACTION.items():
        if not row[part]:
            words = said(session.language, "action_missing", number=number, field=said(session.language, label))
            raise Invalid("field_required", words, field=f"action.{number}.{part}")
    return row
