"""Forgetting a customer over HTTP: who may, what it says it did and what is left; and a closed case without Temporal."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCStatusCode

from api.auditing import COMMAND_LINE
from domain.outcome import Transition
from records.audit import AuditFilters, AuditLog
from records.transitions import Transitions
from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.fakes import rpc_error
from tests.api.signed_in import visitor
from tests.records.test_forgetting import LINES, _line, full

PATH = "/v1/customers/voegel/forget"


class Runs:
    """What Temporal lists of each case, and what was deleted there; `away`: it does not answer."""

    def __init__(self, api: Api) -> None:
        self.listed: dict[str, list[tuple[str, bool]]] = {}
        self.deleted: list[str] = []
        self.away = False
        api.temporal.list_workflows = self._list  # type: ignore[attr-defined]
        api.temporal.workflow_service.delete_workflow_execution = self._delete

    async def _list(self, query: str, **_: Any) -> AsyncIterator[Any]:
        if self.away:
            raise rpc_error(RPCStatusCode.UNAVAILABLE)
        for case, runs in self.listed.items():
            for id, running in list(runs) if f"'{case}'" in query else ():
                status = WorkflowExecutionStatus.RUNNING if running else WorkflowExecutionStatus.COMPLETED
                yield SimpleNamespace(id=id, run_id="r", status=status)

    async def _delete(self, request: DeleteWorkflowExecutionRequest, **_: Any) -> None:
        self.deleted.append(request.workflow_execution.workflow_id)
        for runs in self.listed.values():
            runs[:] = [one for one in runs if one[0] != request.workflow_execution.workflow_id]


@pytest.fixture
def runs(api: Api) -> Runs:
    """A customer with one closed case, whose run Temporal still has."""
    lines = tuple(_line(seq, kind, data) for seq, (kind, data) in enumerate(LINES.items(), 1))
    made = Transition(document=full(), version=1, timeline=lines)
    Transitions(api.services.database).record(made, api.services.now())
    api.services.actions.end("zendesk-1.1.1", "done", "sam", None, api.services.now())
    found = Runs(api)
    found.listed["zendesk-1"] = [("zendesk-1", False), ("zendesk-1/1/survey", False)]
    return found


def counts(report: dict[str, Any], part: str) -> dict[str, int]:
    return {one["what"]: one["count"] for one in report[part]}


async def page_of(api: Api) -> Page:
    reader = visitor(api)
    await reader.signs_in("operator", "/")
    page = await reader.opens("/escalations/zendesk-1")
    assert page.status == 200
    return page


async def test_it_says_what_it_removed_and_the_case_is_shown_without_the_customer(api: Api, runs: Runs) -> None:
    answer = await api.post(PATH, {"reason": "asked for by letter"}, "admin")
    report = answer.json()
    assert (answer.status_code, report["complete"], report["dry_run"]) == (200, True, False)
    assert counts(report, "removed") == {"cases": 1, "lines": 14, "closures": 1, "actions": 1, "histories": 2}
    assert runs.deleted == ["zendesk-1", "zendesk-1/1/survey"]
    shown = (await api.get("/v1/escalations/zendesk-1")).json()
    assert (shown["customer"]["id"], shown["customer"]["name"]) == (report["pseudonym"], "(forgotten)")
    for path in ("", "/timeline", "/messages"):
        text = (await api.get(f"/v1/escalations/zendesk-1{path}")).text
        assert [word for word in ("Geheimnis", "Vögel") if word in text] == []
    page = await page_of(api)
    assert "(forgotten)" in page.words
    assert "Geheimnis" not in page.html


@pytest.mark.parametrize("role", ["system", "viewer", "agent", "operator"])
async def test_only_an_admin_may(api: Api, runs: Runs, role: str) -> None:
    answer = await api.post(PATH, {}, role)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
    assert (await api.get("/v1/escalations/zendesk-1")).json()["customer"]["id"] == "voegel"


async def test_a_dry_run_says_the_same_and_does_nothing(api: Api, runs: Runs) -> None:
    tried = (await api.post(PATH, {"dry_run": True}, "admin")).json()
    assert (runs.deleted, tried["complete"]) == ([], False)
    assert (await api.get("/v1/escalations/zendesk-1")).json()["customer"]["id"] == "voegel"
    assert _log(api) == []
    done = (await api.post(PATH, None, "admin")).json()
    assert (tried["removed"], tried["left"]) == (done["removed"], done["left"])


async def test_a_customer_who_waits_is_not_forgotten_and_the_refusal_is_in_the_log(api: Api, runs: Runs) -> None:
    await api.opened("77", customer={"id": "voegel", "name": "Vögel"})
    answer = await api.post(PATH, {}, "admin")
    assert (answer.status_code, answer.json()["code"]) == (409, "customer_has_live_cases")
    assert "zendesk-77" in answer.json()["detail"]
    assert [one.details for one in _log(api)] == [{"outcome": "customer_has_live_cases"}]


async def test_with_temporal_away_the_rest_is_done_and_a_repeat_finishes_it(api: Api, runs: Runs) -> None:
    runs.away = True
    report = (await api.post(PATH, {}, "admin")).json()
    assert (report["complete"], counts(report, "left")["unasked"]) == (False, 1)
    assert (await api.get("/v1/escalations/zendesk-1")).json()["customer"]["id"] == report["pseudonym"]
    runs.away = False
    again = (await api.post(PATH, {}, "admin")).json()
    assert (again["complete"], counts(again, "removed"), again["pseudonym"]) == (True, {"histories": 2}, None)
    last = (await api.post(PATH, {}, "admin")).json()
    assert (last["complete"], last["removed"]) == (True, [])


async def test_a_run_that_goes_on_is_left_until_it_has_ended(api: Api, runs: Runs) -> None:
    runs.listed["zendesk-1"].append(("zendesk-1/1/lessons", True))
    report = (await api.post(PATH, {}, "admin")).json()
    assert (report["complete"], counts(report, "left")["running"]) == (False, 1)
    runs.listed["zendesk-1"] = [("zendesk-1/1/lessons", False)]
    assert (await api.post(PATH, {}, "admin")).json()["complete"]
    assert runs.deleted[-1] == "zendesk-1/1/lessons"


async def test_the_log_has_who_why_and_how_many_and_no_word_of_the_customer(api: Api, runs: Runs) -> None:
    report = (await api.post(PATH, {"by": "boss", "reason": "Einkauf@voegel.example asked"}, "admin")).json()
    [line] = _log(api)
    assert (line.what, line.person, line.role, line.subject) == ("forget", "boss", "admin", report["pseudonym"])
    assert (line.details["reason"], line.details["removed"]) == ("(forgotten)", counts(report, "removed"))
    assert "voegel" not in str(line)


async def test_the_reason_of_a_repeat_is_not_in_the_log_for_nobody_knows_any_more_whom_it_names(
    api: Api, runs: Runs
) -> None:
    for reason in ("a letter", "Vögel & Söhne asked", None):
        await api.post(PATH, {"reason": reason}, "admin")
    assert [one.details["reason"] for one in reversed(_log(api))] == ["a letter", "(forgotten)", None]


async def test_who_decides_it_is_somebody_of_the_roster(api: Api, runs: Runs) -> None:
    answer = await api.post(PATH, {"by": "nobody"}, "admin")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "unknown_person", "by")


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("id", ["nobody", "", "a%2Fb", "%00", "..%2F..", "%F0%9F%98%80", "x" * 600])
async def test_any_other_id_is_unknown_and_the_log_knows_of_nobody_forgotten(
    api: Api, runs: Runs, id: str, dry_run: bool
) -> None:
    answer = await api.post(f"/v1/customers/{id}/forget", {"dry_run": dry_run}, "admin")
    assert (answer.status_code, answer.json()["code"]) == (404, "customer_unknown")
    log = [(one.subject, one.details["outcome"]) for one in _log(api)]
    assert log == ([] if dry_run else [(None, "customer_unknown")])


async def test_who_was_forgotten_before_is_told_so(api: Api, runs: Runs) -> None:
    first = (await api.post(PATH, {}, "admin")).json()
    assert not first["forgotten_before"]
    for body in ({"dry_run": True}, {}):
        again = (await api.post(PATH, body, "admin")).json()
        assert (again["forgotten_before"], again["pseudonym"], again["removed"]) == (True, None, [])
    assert [one.subject for one in _log(api)] == [None, first["pseudonym"]]


async def test_where_the_name_still_stands_is_told_with_the_ids_and_not_in_the_log(api: Api, runs: Runs) -> None:
    await api.opened("77")
    await api.say("zendesk-77", "note", text="as with Vögel & Söhne")
    for dry_run in (True, False):
        report = (await api.post(PATH, {"dry_run": dry_run}, "admin")).json()
        [named] = [one for one in report["left"] if one["what"] == "named"]
        assert (named["count"], named["which"]) == (1, ["zendesk-77"])
    assert "zendesk-77" not in str(_log(api))


async def test_the_command_line_is_the_way_the_log_tells(api: Api, runs: Runs) -> None:
    for name in ("a script", COMMAND_LINE):
        await api.post(PATH, {}, "admin", headers={"User-Agent": name})
    assert [one.via for one in _log(api)] == ["cli", "api"]
    assert all(one.request for one in _log(api))


@pytest.mark.parametrize("said", [("reopen", {"by": "dana", "reason": "again"}), ("survey", {"score": 1})])
async def test_a_forgotten_case_takes_no_word_and_begins_nothing(
    api: Api, runs: Runs, said: tuple[str, dict[str, Any]]
) -> None:
    await api.post(PATH, {}, "admin")
    answer = await api.post(f"/v1/escalations/zendesk-1/{said[0]}", said[1])
    assert (answer.status_code, answer.json()["code"]) == (409, "customer_forgotten")
    assert (await api.get("/v1/escalations/zendesk-1")).json()["episode"] == 1


async def test_the_pages_of_a_forgotten_case_offer_nothing(api: Api, runs: Runs) -> None:
    before = await page_of(api)
    assert "reopen" in before.commands
    await api.post(PATH, {}, "admin")
    after = await page_of(api)
    assert "reopen" not in after.commands
    links, now = api.services.links, api.services.now()
    acts = await api.client.get(links.to_act("dana", "zendesk-1", 1, now))
    assert (acts.status_code, 'value="reopen"' in acts.text) == (200, False)
    assert (await api.client.get(links.to_rate("zendesk-1", 1, now))).status_code == 404


async def test_a_closed_case_is_read_whole_when_temporal_has_forgotten_it(api: Api) -> None:
    """Retention: the store is the truth of what is over; Temporal has no run of it and does not even answer."""
    lines = tuple(_line(seq, kind, data) for seq, (kind, data) in enumerate(LINES.items(), 1))
    Transitions(api.services.database).record(
        Transition(document=full(), version=1, timeline=lines), api.services.now()
    )
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    shown = await api.get("/v1/escalations/zendesk-1")
    assert (shown.status_code, shown.json()["status"], shown.json()["customer"]["name"]) == (
        200,
        "closed",
        "Vögel & Söhne",
    )
    told = (await api.get("/v1/escalations/zendesk-1/timeline")).json()
    assert [one["kind"] for one in told] == list(LINES)
    assert (await api.get("/v1/escalations/zendesk-1/messages")).status_code == 200
    assert "Zwetschgen" in (await page_of(api)).words
    refused = await api.say("zendesk-1", "acknowledge")
    assert (refused.status_code, refused.json()["code"]) == (409, "already_closed")


def _log(api: Api) -> list[Any]:
    lines, _ = AuditLog(api.services.database).page(AuditFilters())
    return [one for one in lines if one.what == "forget"]


@pytest.mark.parametrize(("language", "words"), [("de", "(vergessen)"), ("en", "(forgotten)")])
async def test_a_page_says_forgotten_in_its_own_language(api: Api, runs: Runs, language: str, words: str) -> None:
    await api.post(PATH, {}, "admin")
    reader = visitor(api)
    await reader.signs_in("operator", "/")
    page = await reader.opens("/escalations/zendesk-1", **{"Accept-Language": language})
    assert page.language == language
    assert {one for one in ("(vergessen)", "(forgotten)") if one in page.words} == {words}
