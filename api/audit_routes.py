"""What each route is in the audit log: decided here for every one of them, or not logged, with the reason why.

A test walks the routes of the app and fails for one that is missing. Who does something gives one line (`Deed`), a word to a
case one for each case (`Words`), and who looks one for each key, thing and hour (`Look`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

CASE = "case"
SAW = "saw"


@dataclass(frozen=True)
class Deed:
    """`kind` is what it is about, `id` the name of the path's part that has the id; `buttons` of a page say what is done."""

    what: str
    kind: str | None = None
    id: str | None = None
    buttons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    """Words to cases; `what` is how one is called that was refused before anybody knew which it is."""

    what: str
    id: str | None = "id"


@dataclass(frozen=True)
class Look:
    """Something with customers' data is shown: one thing of that kind (`id`), or a list of that name."""

    kind: str
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Unlogged:
    """No line, because."""

    why: str


Decision: TypeAlias = Deed | Words | Look | Unlogged

COMMANDS = (
    "acknowledge", "assign", "escalate", "hand-back", "pause", "resume", "note", "customer-update", "customer-reply",
    "ticket-update", "watch", "reprioritize", "resolve", "root-cause", "close", "survey", "reopen", "cancel", "merge", "rebase",
)  # fmt: skip
PROBLEM_DEEDS = {
    "link": "problem_linked",
    "unlink": "problem_unlinked",
    "workaround": "problem_workaround",
    "assign": "problem_assigned",
    "resolve": "problem_resolved",
}
ROSTER_DEEDS = {
    "take-over": "override_added",
    "absence": "absence_added",
    "remove-override": "override_removed",
    "remove-absence": "absence_removed",
}
ACTION_DEEDS = {"done": "action_done", "drop": "action_dropped", "move": "action_moved"}

_NOBODYS = Unlogged("nothing of a customer, nothing of a case")
_OUR_OWN = Unlogged("rules, duty and texts of ours; no customer")
_FIGURES = Unlogged("figures without names; as CSV it is an export, whatever the route")
_WORD = Unlogged("what became of a word: a name, a code and a time")
_A_FORM = Unlogged("an empty form")
_ASKED = Unlogged("it is worked out and changes nothing")
_RECEIPT = Unlogged("what a provider says of a message: no deed of anybody; it stands with the message")
_WHEN_ACTED_ON = Unlogged("every message has its line when it is acted on (`api.audit_inbound`)")
_THE_LOG = Unlogged("the log itself: it names people of ours and ids")

DECIDED: Mapping[str, Decision] = {
    # cases
    "POST /v1/escalations": Deed("open", CASE),
    "GET /v1/escalations": Look("list", name="escalations"),
    "GET /v1/escalations/{id}": Look(CASE, "id"),
    "GET /v1/escalations/{id}/timeline": Look(CASE, "id"),
    "GET /v1/escalations/{id}/messages": Look(CASE, "id"),
    "GET /v1/escalations/{id}/commands/{command_id}": _WORD,
    "GET /v1/commands/{command_id}": _WORD,
    **{f"POST /v1/escalations/{{id}}/{name}": Words(name) for name in COMMANDS},
    "POST /v1/escalations/{id}/{command}": Words("command"),
    "GET /v1/messages": Look("list", name="messages"),
    "GET /v1/closures": Look("list", name="closures"),
    "GET /v1/closures/similar": Look("list", name="closures"),
    "POST /v1/customers/{id:path}/forget": Deed("forget", "customer"),
    "POST /v1/tickets/seen": Deed("tickets_seen"),
    # what was learned
    "GET /v1/causes": _OUR_OWN,
    "PUT /v1/causes": Deed("causes_changed", "causes"),
    "GET /v1/actions": Look("list", name="actions"),
    **{f"POST /v1/actions/{{id}}/{name}": Deed(what, "action", "id") for name, what in ACTION_DEEDS.items()},
    "GET /v1/problems": _OUR_OWN,
    "GET /v1/problems/{id}": Look("problem", "id"),
    **{f"POST /v1/problems/{{id}}/{name}": Deed(what, "problem", "id") for name, what in PROBLEM_DEEDS.items()},
    **{f"GET /v1/reports/{name}": _FIGURES for name in ("summary", "trend", "root-causes", "heatmap", "time-in-tier")},
    **{f"GET /v1/reports/{name}": _FIGURES for name in ("backlog", "definitions")},
    # rules, duty and keys
    "GET /v1/policies": _OUR_OWN,
    "GET /v1/policies/{name}": _OUR_OWN,
    "GET /v1/policies/{name}/versions": _OUR_OWN,
    "PUT /v1/policies/{name}": Deed("policy_changed", "policies", "name"),
    "POST /v1/policies/preview": _ASKED,
    "GET /v1/roster": _OUR_OWN,
    "PUT /v1/roster": Deed("roster_changed", "roster"),
    "POST /v1/roster/overrides": Deed(ROSTER_DEEDS["take-over"], "roster"),
    "POST /v1/roster/absences": Deed(ROSTER_DEEDS["absence"], "roster"),
    "DELETE /v1/roster/overrides": Deed(ROSTER_DEEDS["remove-override"], "roster"),
    "DELETE /v1/roster/absences": Deed(ROSTER_DEEDS["remove-absence"], "roster"),
    "PUT /v1/roster/feeds/{name}": Deed("feed_imported", "roster", "name"),
    "GET /v1/roster/bad-addresses": Look("list", name="bad-addresses"),
    "DELETE /v1/roster/bad-addresses/{channel}/{address}": Deed("address_forgiven", "channel", "channel"),
    "GET /v1/roster/teams/{id}/webhook-secret": Deed("secret_shown", "team", "id"),
    "POST /v1/roster/people/{id}/contact-test": Deed("contact_test", "person", "id"),
    "GET /v1/roster/people/{id}/contact-test": _OUR_OWN,
    "GET /v1/on-call": _OUR_OWN,
    "POST /v1/keys": Deed("key_made", "keys"),
    "GET /v1/keys": _OUR_OWN,
    "DELETE /v1/keys/{id}": Deed("key_revoked", "keys", "id"),
    "GET /v1/audit": _THE_LOG,
    # providers, and who looks whether we are well
    "POST /v1/hooks/twilio/status": _RECEIPT,
    "POST /v1/hooks/sendgrid/events": _RECEIPT,
    "POST /v1/hooks/twilio/inbound": _WHEN_ACTED_ON,
    "POST /v1/hooks/sendgrid/inbound": _WHEN_ACTED_ON,
    "GET /healthz": _NOBODYS,
    "GET /readyz": _NOBODYS,
    "GET /openapi.json": _NOBODYS,
    # pages
    "GET /sign-in": _A_FORM,
    "POST /sign-in": Deed("sign_in"),
    "POST /sign-out": Deed("sign_out"),
    "GET /": Look("list", name="board"),
    "GET /board/rows": Look("list", name="board"),
    "GET /board/events": Unlogged("it says that something has changed, not what"),
    "POST /board/views": Deed("view_kept", "view", buttons={"forget-view": "view_forgotten"}),
    "POST /board/act": Words("command", None),
    "GET /escalations/{id}": Look(CASE, "id"),
    "POST /escalations/{id}": Words("command"),
    "GET /on-call": _OUR_OWN,
    "POST /on-call": Deed("roster_changed", "roster", buttons=ROSTER_DEEDS),
    "GET /actions": Look("list", name="actions"),
    "POST /actions": Deed("action_changed", "action", buttons=ACTION_DEEDS),
    "GET /problems": _OUR_OWN,
    "GET /problems/{id}": Look("problem", "id"),
    "POST /problems/{id}": Deed("problem_changed", "problem", "id", PROBLEM_DEEDS),
    "GET /reports": _FIGURES,
    "GET /reports/cases": Look("list", name="report-cases"),
    "GET /reports/{name}.csv": _FIGURES,
    "GET /policies": _OUR_OWN,
    "GET /policies/{name}": _OUR_OWN,
    "GET /policies/{name}/what-if": _ASKED,
    "GET /outbox": Look("list", name="messages"),
    "GET /templates": _OUR_OWN,
    "GET /templates/{kind}/{channel}/{language}": _OUR_OWN,
    "GET /templates/{kind}/{channel}/{language}/html": _OUR_OWN,
    "GET /contact": _OUR_OWN,
    "POST /contact": Deed("contact_test", "person"),
    "GET /audit": _THE_LOG,
    # links in messages: for a person a case, for a customer their own
    "GET /r/{token}": Look(CASE),
    "POST /r/{token}": Words("command", None),
}
