"""Who may do what: every route of the app and every role, in one table that says what the contract says.

The routes are asked of the app itself, so a new route fails here until it has a row. What a role may do *as whom* is in
`test_access.py`.
"""

from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from api import examples, tickets_seen
from api.app import create_app
from api.pages.signed_in import FORM_TOKEN
from settings import ApiSettings
from tests.api.conftest import ROSTER, Api, case
from tests.api.signed_in import COOKIE, visitor

TABLE = """
                                                         system  viewer  agent  operator  admin
POST    /v1/escalations                                  yes     -       yes    yes       yes
GET     /v1/escalations                                  yes     yes     yes    yes       yes
GET     /v1/escalations/{id}                             yes     yes     yes    yes       yes
GET     /v1/escalations/{id}/timeline                    yes     yes     yes    yes       yes
GET     /v1/escalations/{id}/messages                    -       yes     yes    yes       yes
GET     /v1/escalations/{id}/commands/{command_id}       yes     yes     yes    yes       yes
GET     /v1/commands/{command_id}                        yes     yes     yes    yes       yes
POST    /v1/escalations/{id}/acknowledge                 -       -       yes    yes       yes
POST    /v1/escalations/{id}/assign                      -       -       yes    yes       yes
POST    /v1/escalations/{id}/escalate                    -       -       yes    yes       yes
POST    /v1/escalations/{id}/hand-back                   -       -       yes    yes       yes
POST    /v1/escalations/{id}/pause                       -       -       yes    yes       yes
POST    /v1/escalations/{id}/resume                      -       -       yes    yes       yes
POST    /v1/escalations/{id}/note                        yes     -       yes    yes       yes
POST    /v1/escalations/{id}/customer-update             -       -       yes    yes       yes
POST    /v1/escalations/{id}/customer-reply              yes     -       yes    yes       yes
POST    /v1/escalations/{id}/ticket-update               yes     -       yes    yes       yes
POST    /v1/escalations/{id}/watch                       -       -       yes    yes       yes
POST    /v1/escalations/{id}/reprioritize                yes     -       yes    yes       yes
POST    /v1/escalations/{id}/resolve                     -       -       yes    yes       yes
POST    /v1/escalations/{id}/root-cause                  -       -       yes    yes       yes
POST    /v1/escalations/{id}/close                       -       -       yes    yes       yes
POST    /v1/escalations/{id}/survey                      -       -       yes    yes       yes
POST    /v1/escalations/{id}/reopen                      -       -       yes    yes       yes
POST    /v1/escalations/{id}/cancel                      yes     -       yes    yes       yes
POST    /v1/escalations/{id}/merge                       -       -       yes    yes       yes
POST    /v1/escalations/{id}/rebase                      -       -       -      yes       yes
POST    /v1/escalations/{id}/{command}                   yes     yes     yes    yes       yes
GET     /v1/messages                                     -       yes     yes    yes       yes
GET     /v1/policies                                     -       yes     yes    yes       yes
GET     /v1/policies/{name}                              -       yes     yes    yes       yes
GET     /v1/policies/{name}/versions                     -       yes     yes    yes       yes
PUT     /v1/policies/{name}                              -       -       -      yes       yes
POST    /v1/policies/preview                             -       yes     yes    yes       yes
GET     /v1/roster                                       -       yes     yes    yes       yes
PUT     /v1/roster                                       -       -       -      yes       yes
POST    /v1/roster/overrides                             -       -       -      yes       yes
POST    /v1/roster/absences                              -       -       -      yes       yes
DELETE  /v1/roster/overrides                             -       -       -      yes       yes
DELETE  /v1/roster/absences                              -       -       -      yes       yes
PUT     /v1/roster/feeds/{name}                          -       -       -      yes       yes
GET     /v1/roster/bad-addresses                         -       yes     yes    yes       yes
DELETE  /v1/roster/bad-addresses/{channel}/{address}     -       -       -      yes       yes
GET     /v1/roster/teams/{id}/webhook-secret             -       -       -      -         yes
POST    /v1/roster/people/{id}/contact-test              -       -       yes    yes       yes
GET     /v1/roster/people/{id}/contact-test              -       yes     yes    yes       yes
POST    /v1/customers/{id:path}/forget                   -       -       -      -         yes
GET     /v1/audit                                        -       -       -      yes       yes
GET     /v1/causes                                       -       yes     yes    yes       yes
PUT     /v1/causes                                       -       -       -      yes       yes
GET     /v1/actions                                      -       yes     yes    yes       yes
POST    /v1/actions/{id}/done                            -       -       yes    yes       yes
POST    /v1/actions/{id}/drop                            -       -       yes    yes       yes
POST    /v1/actions/{id}/move                            -       -       yes    yes       yes
GET     /v1/problems                                     -       yes     yes    yes       yes
GET     /v1/problems/{id}                                -       yes     yes    yes       yes
POST    /v1/problems/{id}/link                           -       -       yes    yes       yes
POST    /v1/problems/{id}/unlink                         -       -       yes    yes       yes
POST    /v1/problems/{id}/workaround                     -       -       yes    yes       yes
POST    /v1/problems/{id}/assign                         -       -       yes    yes       yes
POST    /v1/problems/{id}/resolve                        -       -       yes    yes       yes
GET     /v1/closures                                     yes     yes     yes    yes       yes
GET     /v1/closures/similar                             yes     yes     yes    yes       yes
GET     /v1/on-call                                      -       yes     yes    yes       yes
POST    /v1/tickets/seen                                 yes     -       -      yes       yes
GET     /v1/reports/summary                              -       yes     yes    yes       yes
GET     /v1/reports/trend                                -       yes     yes    yes       yes
GET     /v1/reports/root-causes                          -       yes     yes    yes       yes
GET     /v1/reports/heatmap                              -       yes     yes    yes       yes
GET     /v1/reports/time-in-tier                         -       yes     yes    yes       yes
GET     /v1/reports/backlog                              -       yes     yes    yes       yes
GET     /v1/reports/definitions                          -       yes     yes    yes       yes
POST    /v1/keys                                         -       -       -      -         yes
GET     /v1/keys                                         -       -       -      -         yes
DELETE  /v1/keys/{id}                                    -       -       -      -         yes
POST    /v1/hooks/twilio/status                          signed  signed  signed signed    signed
POST    /v1/hooks/twilio/inbound                         signed  signed  signed signed    signed
POST    /v1/hooks/sendgrid/events                        signed  signed  signed signed    signed
POST    /v1/hooks/sendgrid/inbound                       signed  signed  signed signed    signed
GET     /healthz                                         open    open    open   open      open
GET     /readyz                                          open    open    open   open      open
"""
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
MATRIX = {f"{method} {path}": dict(zip(HEAD, words, strict=True)) for method, path, *words in ROWS}
OPEN = {route for route, row in MATRIX.items() if set(row.values()) == {"open"}}
SIGNED = {route for route, row in MATRIX.items() if set(row.values()) == {"signed"}}
PAGES = """
GET     /                                                -       yes     yes    yes       yes
POST    /board/act                                       -       -       yes    yes       yes
POST    /board/views                                     -       yes     yes    yes       yes
GET     /escalations/{id}                                -       yes     yes    yes       yes
POST    /escalations/{id}                                -       -       yes    yes       yes
GET     /reports                                         -       yes     yes    yes       yes
GET     /reports/cases                                   -       yes     yes    yes       yes
GET     /reports/{name}.csv                              -       yes     yes    yes       yes
GET     /outbox                                          -       yes     yes    yes       yes
GET     /templates                                       -       yes     yes    yes       yes
GET     /templates/{kind}/{channel}/{language}           -       yes     yes    yes       yes
GET     /templates/{kind}/{channel}/{language}/html      -       yes     yes    yes       yes
GET     /contact                                         -       -       yes    yes       yes
POST    /contact                                         -       -       yes    yes       yes
GET     /policies                                        -       yes     yes    yes       yes
GET     /policies/{name}                                 -       yes     yes    yes       yes
GET     /policies/{name}/what-if                         -       yes     yes    yes       yes
GET     /on-call                                         -       yes     yes    yes       yes
POST    /on-call                                         -       -       -      yes       yes
GET     /actions                                         -       yes     yes    yes       yes
POST    /actions                                         -       -       yes    yes       yes
GET     /problems                                        -       yes     yes    yes       yes
GET     /problems/{id}                                   -       yes     yes    yes       yes
POST    /problems/{id}                                   -       -       yes    yes       yes
GET     /audit                                           -       -       -      yes       yes
"""
BY_SESSION = {
    f"{method} {path}": dict(zip(HEAD, words, strict=True))
    for method, path, *words in map(str.split, PAGES.strip().splitlines())
}
PRESSED = {"POST /contact": {"person": "dana"}, "POST /escalations/{id}": {"command": "note", "nonce": "n"}}
STREAMS = {"GET /board/events", "GET /board/rows"}  # they do not end by themselves; who may listen: test_watching.py
SIGNING_IN = {"GET /sign-in", "POST /sign-in", "POST /sign-out"}
BY_LINK = {f"{method} /r/{{token}}" for method in ("GET", "HEAD", "POST")}  # the token in the address is the key
UNSIGNED = ((401, "signature_missing"), (401, "webhook_key_missing"))  # whatever key comes with it

ABSENCE = {"person": "sam", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
BODIES: dict[str, Any] = {
    "POST /v1/escalations": case(),
    "PUT /v1/policies/{name}": {"owner_of_last_resort": "boss", "tiers": []},
    "POST /v1/roster/overrides": ABSENCE,
    "POST /v1/roster/absences": ABSENCE,
    "POST /v1/policies/preview": examples.PREVIEW,
    "POST /v1/keys": {"role": "viewer"},
    "PUT /v1/causes": {"categories": [{"id": "data", "title": {"en": "Data"}}]},
    "POST /v1/actions/{id}/done": {"by": "dana"},
    "POST /v1/actions/{id}/drop": {"by": "dana"},
    "POST /v1/actions/{id}/move": {"by": "dana", "owner": "sam"},
    **{f"POST /v1/problems/{{id}}/{name}": {"by": "dana", "escalation": "zendesk-4711"} for name in ("link", "unlink")},
    "POST /v1/problems/{id}/workaround": {"by": "dana", "text": "restart it"},
    "POST /v1/problems/{id}/assign": {"by": "dana", "to": "sam"},
    "POST /v1/problems/{id}/resolve": {"by": "dana", "resolution": "it renews itself"},
    "POST /v1/tickets/seen": tickets_seen.EXAMPLE,
    **{f"POST /v1/escalations/{{id}}/{name}": body for name, body in examples.COMMANDS.items()},
}


QUERIES = {
    "GET /v1/closures/similar": "?q=certificate",
    "PUT /v1/roster/feeds/{name}": "?as=absences",
    **{
        f"DELETE /v1/roster/{section}": "?person=sam&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
        for section in ("overrides", "absences")
    },
}


def test_the_table_has_a_row_for_every_route_and_no_other(api: Api) -> None:
    routes = [one for one in iter_route_contexts(api.app.routes) if isinstance(one.original_route, APIRoute)]
    assert {f"{method} {route.path}" for route in routes for method in route.methods or ()} == (
        set(MATRIX) | BY_LINK | set(BY_SESSION) | STREAMS | SIGNING_IN
    )


async def asks(api: Api, route: str, key: str | None, role: str | None = None) -> tuple[int, str | None]:
    """The status, and the code of a refusal."""
    method, template = route.split(" ")
    key_id = api.services.keys.create("viewer", None, "to be revoked", api.services.now())[0]
    id = key_id if template.startswith("/v1/keys") else "dana" if "/people/" in template else "zendesk-4711"
    bad = {"channel": "email", "address": "dana@tierline.example"}
    template = template.replace(":path}", "}")
    path = template.format(id=id, command_id="c1", name="standard", command="explode", **bad) + QUERIES.get(route, "")
    body = dict(BODIES.get(route, {}))
    if role == "system":
        body.pop("by", None)  # it speaks under its own label
    content: dict[str, Any] = {"json": body} if method in ("POST", "PUT") else {}
    if route == "PUT /v1/roster":
        content = {"content": ROSTER.encode(), "headers": {"Content-Type": "application/yaml"}}
    if route == "PUT /v1/roster/feeds/{name}":
        content = {"content": b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "headers": {"Content-Type": "text/calendar"}}
    headers = {**content.pop("headers", {}), **({"Authorization": f"Bearer {key}"} if key else {})}
    answer = await api.client.request(method, path, headers=headers, **content)
    return answer.status_code, answer.json()["code"] if answer.status_code >= 400 else None


@pytest.mark.parametrize("route", MATRIX)
async def test_a_role_may_do_what_its_row_says(api: Api, route: str) -> None:
    await api.opened()
    seen = {}
    for role in HEAD:
        status, code = await asks(api, route, api.keys[role], role)
        assert status < 500, code
        if (status, code) in UNSIGNED:
            seen[role] = "signed"
            continue
        assert status != 401, code
        assert code == "role_not_allowed" or status != 403, f"{role}: {code}"
        seen[role] = "-" if status == 403 else "open" if route in OPEN else "yes"
    assert seen == MATRIX[route]


@pytest.mark.parametrize("route", MATRIX)
async def test_without_a_good_key_only_what_is_open_answers(api: Api, route: str) -> None:
    await api.opened()
    id, revoked = api.services.keys.create("admin", None, "gone", api.services.now())
    api.services.keys.revoke(id, api.services.now())
    seen = [await asks(api, route, key) for key in (None, "tl_nonsense", revoked)]
    if route in OPEN:
        assert seen == [(200, None)] * 3
    elif route in SIGNED:
        assert set(seen) <= set(UNSIGNED)
    else:
        assert seen == [(401, "key_missing"), (401, "key_unknown"), (401, "key_unknown")]


@pytest.mark.parametrize("method", [route.split(" ")[0] for route in sorted(BY_LINK)])
async def test_no_key_opens_what_a_link_opens(api: Api, method: str) -> None:
    for role in (None, *HEAD):
        answer = await api.call(method, "/r/none", role)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")


@pytest.mark.parametrize("route", BY_SESSION)
async def test_a_page_is_for_the_roles_its_row_says_and_for_nobody_without_a_session(api: Api, route: str) -> None:
    method, template = route.split(" ")
    await api.opened()
    id = "P-1" if template.startswith("/problems") else "zendesk-4711"
    path = template.format(kind="step", channel="sms", language="en", name="standard", id=id)
    no_key_does = await api.call(method, path, "admin")
    assert (no_key_does.status_code, "/sign-in?next=" in no_key_does.headers["location"]) == (303, True)
    seen = {}
    for role in HEAD:
        someone = visitor(api)
        await someone.signs_in(role)
        token = api.services.sessions.form_token(api.client.cookies[COOKIE])
        answer = await api.client.request(method, path, data={**PRESSED.get(route, {}), FORM_TOKEN: token})
        seen[role] = "-" if answer.status_code == 403 else "yes"
    assert seen == BY_SESSION[route]


def test_the_description_declares_403_where_a_role_or_a_person_may_be_refused() -> None:
    paths = create_app(ApiSettings()).openapi()["paths"]
    for route, row in MATRIX.items():
        method, path = route.split(" ")
        if path in paths:
            declared = "403" in paths[path][method.lower()]["responses"]
            assert declared == (route in SIGNED or "-" in row.values()), route
