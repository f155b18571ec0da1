"""What a person can do with a case on its page: which buttons make sense now, and what a pressed one says to the case.

One table names the forms and the statuses they are for. It decides what is shown; what is allowed is decided by the rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from activities.wording import Language
from api.openings import Document
from api.pages.words import said
from domain.causes import Causes, titled
from domain.commands import RootCause, ToldBy, parse_body
from domain.errors import Invalid
from domain.forgetting import is_forgotten
from domain.roster import Roster
from domain.tickets import LONGEST_TEXT

Options = Literal["people", "teams", "wait", "origin", "told_by"]
NOT_CHOSEN = ("", "…")  # a choice that begins so is one that has to be made

# Of each choice the value and the name of its words.
TOLD_BY = {"": "told_by_us", **{one: f"told_by_{one}" for one in get_args(ToldBy)}}
_CHOICES: Mapping[Options, Mapping[str, str]] = {
    "wait": {one: one for one in ("waiting_on_customer", "waiting_on_third_party", "scheduled")},
    "told_by": TOLD_BY,
    "origin": {"ours": "ours", "product": "product", "third_party": "third_party", "customer": "origin_customer"},
}


@dataclass(frozen=True)
class Field:
    """One thing to fill in: a line, a text, a time of the reader's, a date, or one of `options`, each a value and its words."""

    name: str
    label: str
    kind: Literal["line", "text", "choice", "moment", "date"] = "text"
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()
    value: str = ""
    choose: Options | None = None
    longest: int = LONGEST_TEXT


@dataclass(frozen=True)
class Form:
    """One command. `main` is a button on top, ready to be pressed; `shown` is whether a folded one is open from the start."""

    command: str
    fields: tuple[Field, ...] = ()
    hint: str | None = None
    main: bool = False
    shown: bool = False


_LINE = 500
_WORK = ("open", "acknowledged", "paused")
_FORMS: tuple[tuple[Form, tuple[str, ...]], ...] = (  # in the order of the page
    (Form("acknowledge", main=True), ("open",)),
    (Form("resume", main=True), ("paused",)),
    (
        Form(
            "customer-update",
            (
                Field("text", "field_customer_text"),
                Field("told_by", "field_told_by", "choice", required=False, choose="told_by"),
            ),
        ),
        _WORK,
    ),
    (
        Form(
            "resolve",
            (
                Field("summary", "field_summary"),
                Field("customer_message", "field_customer_message", required=False),
            ),
        ),
        _WORK,
    ),
    (
        Form(
            "escalate",
            (
                Field("team", "field_to_team", "choice", required=False, choose="teams"),
                Field("reason", "field_reason"),
            ),
        ),
        _WORK,
    ),
    (Form("assign", (Field("to", "field_to", "choice", choose="people"),)), _WORK),
    (Form("pause", (Field("reason", "field_wait", "choice", choose="wait"),), hint="hint_pause"), ("acknowledged",)),
    (
        Form(
            "root-cause",
            (
                Field("category", "field_category", "line", longest=_LINE),
                Field("origin", "field_origin", "choice", choose="origin"),
                Field("description", "field_description"),
            ),
        ),
        ("resolved",),
    ),
    (Form("close"), ("resolved",)),
    (Form("reopen", (Field("reason", "field_reason"),)), ("resolved", "closed")),
    (Form("note", (Field("text", "field_text"),)), (*_WORK, "resolved")),
)
_BY_COMMAND = {form.command: form for form, _ in _FORMS}


def forms_for(
    case: Document, roster: Roster, language: Language, draft: str | None, causes: Causes | None
) -> list[Form]:
    """The forms of a case as it stands; with a `draft` the word to the customer comes first, and is open."""
    if is_forgotten(case):
        return []
    found = [_filled(form, roster, language) for form, statuses in _FORMS if case["status"] in statuses]
    found = [with_categories(form, causes, language) for form in found]
    found = [_correcting(form, case) if form.command == "root-cause" else form for form in found]
    return _with_draft(found, draft) if draft else found


def _correcting(form: Form, case: Document) -> Form:
    """A later cause takes the place of an earlier one: the form begins with what stands, folded."""
    return replace(typed_again(form, case["root_cause"] or {}), shown=False)


def unasked(command: str, case: Document) -> dict[str, Any]:
    """What stands in the recorded cause and this page does not ask for: a correction leaves it as it is."""
    if command != "root-cause" or case["root_cause"] is None:
        return {}
    asked = {field.name for field in _BY_COMMAND[command].fields}
    return {name: case["root_cause"][name] for name in RootCause.model_fields.keys() - asked}


def typed_again(form: Form, posted: Mapping[str, str]) -> Form:
    """The form as it was sent, open, so that nothing has to be written twice."""
    fields = tuple(replace(field, value=posted.get(field.name, field.value)) for field in form.fields)
    return replace(form, fields=fields, shown=True)


def with_categories(form: Form, causes: Causes | None, language: Language) -> Form:
    """The category of a root cause is any of the tree, a whole branch too; where the organisation keeps none, it is any text."""
    if causes is None or form.command != "root-cause":
        return form
    options = (NOT_CHOSEN, *((path[-1].id, titled(path, language)) for path in causes.paths()))
    fields = (replace(one, kind="choice", options=options) if one.name == "category" else one for one in form.fields)
    return replace(form, fields=tuple(fields))


def body_of(command: str, posted: Mapping[str, str], language: Language) -> dict[str, Any]:
    """What was sent as the fields of a command. Raises Invalid (`unknown_command`, `field_required`, `invalid_field`)."""
    form = _BY_COMMAND.get(command)
    if form is None:
        raise Invalid("unknown_command", f"there is no button '{command[:50]}' on this page")
    given = {field.name: posted.get(field.name, "").strip() for field in form.fields}
    for field in form.fields:
        if field.required and not given[field.name]:
            label = said(language, field.label)
            raise Invalid("field_required", said(language, "empty", field=label), field=field.name)
    body: dict[str, Any] = {name: text for name, text in given.items() if text}
    if command == "escalate":
        body["kind"] = "functional" if "team" in body else "hierarchical"
    return parse_body(command, body).model_dump(mode="json", exclude_unset=True)


def _filled(form: Form, roster: Roster, language: Language) -> Form:
    return replace(form, fields=tuple(replace(one, options=_options(one, roster, language)) for one in form.fields))


def _options(field: Field, roster: Roster, language: Language) -> tuple[tuple[str, str], ...]:
    if field.choose == "people":
        return (NOT_CHOSEN, *((one.id, one.name) for one in roster.people))
    if field.choose == "teams":
        teams = [(one.id, said(language, "team", name=one.name or one.id)) for one in roster.teams]
        return (("", said(language, "up")), *teams)
    known = _CHOICES.get(field.choose, {}) if field.choose else {}
    options = tuple((value, said(language, words)) for value, words in known.items())
    return (NOT_CHOSEN, *options) if field.choose == "origin" else options


def _with_draft(forms: Sequence[Form], draft: str) -> list[Form]:
    first = [form for form in forms if form.command == "customer-update"]
    drafted = [replace(typed_again(form, {"text": draft}), hint="hint_draft") for form in first]
    return [*drafted, *(form for form in forms if form not in first)]
