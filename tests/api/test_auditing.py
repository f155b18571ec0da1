"""The audit log: who did and saw what, written for every route and by none of them, without a word of a customer."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api import auditing
from api.app import in_background
from api.auditing import COMMAND_LINE, keep_log, write_down
from api.housekeeping import tidy
from api.sessions import MOST_TRIES
from local.client import NAME
from records.audit import AuditFilters, AuditLine, AuditLog
from tests.api.conftest import Api
from tests.api.signed_in import visitor
from tests.until import until

CASE = "zendesk-4711"


async def lines(api: Api, role: str = "admin", **query: str) -> list[dict[str, Any]]:
    await write_down(api.services)
    answer = await api.get("/v1/audit", role, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def told(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["what"], one["person"], one["role"], one["subject"], one["details"]) for one in reversed(found)]


async def test_a_command_is_written_with_who_said_it_and_what_came_of_it(api: Api) -> None:
    await api.opened()
    said = await api.say(CASE, "acknowledge", by="sam")
    await api.say(CASE, "resume", "agent")
    found = await lines(api, case=CASE)
    assert told(found) == [
        ("open", None, "operator", CASE, {"status": 201}),
        ("acknowledge", "sam", "operator", CASE, {"status": 200, "outcome": "applied"}),
        ("resume", "dana", "agent", CASE, {"status": 409, "outcome": "refused", "code": "not_paused"}),
    ]
    assert found[1]["request"] == said.headers["Command-Id"]


async def test_looking_at_a_case_is_one_line_for_each_key_and_hour_however_often(api: Api) -> None:
    await api.opened()
    for path in ("", "/timeline", "/messages", "", "/timeline"):
        await api.get(f"/v1/escalations/{CASE}{path}", "viewer")
    await api.get(f"/v1/escalations/{CASE}", "agent")
    seen = [one for one in await lines(api) if one["what"] == "saw"]
    assert sorted(one["role"] for one in seen) == ["agent", "viewer"]
    assert {one["subject"] for one in seen} == {CASE}


async def test_another_process_that_heard_the_same_look_adds_no_line(api: Api) -> None:
    line = AuditLine("saw/k/c/2026", api.services.now(), "saw", "api")
    assert (AuditLog(api.services.database).write([line]), AuditLog(api.services.database).write([line])) == (1, 0)


async def test_who_may_not_see_a_case_or_found_none_has_seen_nothing(api: Api) -> None:
    await api.opened()
    await api.get("/v1/escalations/zendesk-1", "viewer")
    await api.get(f"/v1/escalations/{CASE}", None)
    await api.client.get(f"/v1/escalations/{CASE}", headers={"Authorization": "Bearer tl_wrong"})
    assert [one["what"] for one in await lines(api)] == ["open"]


async def test_pages_are_written_as_such_with_sign_in_look_command_and_sign_out(api: Api) -> None:
    await api.opened()
    reader = visitor(api)
    await reader.types("tl_wrong")
    await reader.signs_in("agent", "/")
    page = await reader.opens(f"/escalations/{CASE}")
    await reader.presses(page, "acknowledge")
    leaving = next(form for form in page.forms if form.action == "/sign-out")
    await reader.sends(page, leaving.fields, "/sign-out")
    found = [one for one in await lines(api) if one["via"] == "page"]
    assert {one["what"] for one in found} == {"sign_in_failed", "sign_in", "saw", "acknowledge", "sign_out"}
    assert {one["person"] for one in found if one["what"] != "sign_in_failed"} == {"dana"}
    assert "tl_wrong" not in str(found)


async def test_of_nobody_we_know_there_are_only_so_many_lines_as_an_address_may_try_keys(api: Api) -> None:
    from_where: list[dict[str, str]] = [{}] * (MOST_TRIES + 2) + [{"Sec-Fetch-Site": "cross-site"}] * 2
    heard = [await api.client.post("/sign-in", data={"key": "tl_wrong"}, headers=one) for one in from_where]
    assert [one.status_code for one in heard] == [401] * MOST_TRIES + [429, 429, 403, 403]
    assert told(await lines(api)) == [("sign_in_failed", None, None, None, {"status": 401})] * MOST_TRIES


@pytest.mark.parametrize("role", ["operator", "admin"])
async def test_what_is_no_command_stands_in_the_log_before_it_is_answered(api: Api, role: str) -> None:
    made = (await api.post("/v1/keys", {"role": "viewer"}, "admin")).json()
    await api.call("DELETE", f"/v1/keys/{made['id']}", "admin")
    policy = (await api.get("/v1/policies/standard")).json()
    await api.call("PUT", "/v1/policies/standard", json={"name": "standard", **policy}, role=role)
    answer = await api.get("/v1/audit", "admin")
    found = told(answer.json()["items"])
    assert [(what, who, subject) for what, _, who, subject, _ in found] == [
        ("key_made", "admin", made["id"]),
        ("key_revoked", "admin", made["id"]),
        ("policy_changed", role, "standard"),
    ]
    assert found[0][-1] == {"status": 201, "role": "viewer"}
    assert made["key"] not in answer.text


async def test_an_export_is_written(api: Api) -> None:
    await api.get("/v1/reports/summary", "viewer", headers={"Accept": "text/csv"})
    assert told(await lines(api)) == [("export", None, "viewer", "summary", {"status": 200})]


async def test_an_operator_reads_what_is_about_cases_and_others_nothing(api: Api) -> None:
    await api.opened()
    await api.post("/v1/keys", {"role": "viewer"}, "admin")
    assert [one["what"] for one in await lines(api, "operator")] == ["open"]
    assert len(await lines(api)) == 2
    for role in ("viewer", "agent", "system"):
        assert (await api.get("/v1/audit", role)).status_code == 403


async def test_a_page_goes_on_where_the_one_before_ended(api: Api) -> None:
    for number in range(3):
        await api.opened(str(number))
    await write_down(api.services)
    first = (await api.get("/v1/audit?limit=2", "admin")).json()
    second = (await api.get(f"/v1/audit?limit=2&cursor={first['next_cursor']}", "admin")).json()
    subjects = [one["subject"] for one in [*first["items"], *second["items"]]]
    assert (sorted(subjects), second["next_cursor"]) == (["zendesk-0", "zendesk-1", "zendesk-2"], None)
    assert (await api.get("/v1/audit?cursor=x", "admin")).json()["code"] == "bad_cursor"


async def test_no_word_of_a_customer_is_in_the_log(api: Api) -> None:
    await api.opened(customer={"id": "acme", "name": "Secret GmbH", "email": "it@secret.example"})
    await api.say(CASE, "note", text="Secret words")
    await api.get("/v1/escalations?q=Secret&customer=acme")
    assert "ecret" not in str(await lines(api))


async def test_what_is_older_than_the_days_it_is_kept_is_deleted(api: Api) -> None:
    log, now = AuditLog(api.services.database), api.services.now()
    for days in (399, 401):
        log.write([AuditLine(str(days), now - timedelta(days=days), "open", "api")])
    await tidy(api.services)
    assert [one["id"] for one in await lines(api)] == ["399"]


class FullStore:
    """No room for lines until there is; `refused` were not written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full, self.refused, write = True, 0, AuditLog.write
        monkeypatch.setattr(auditing, "AGAIN_AFTER", 0)

        def written(log: AuditLog, lines: Sequence[AuditLine]) -> int:
            if not self.full:
                return write(log, lines)
            self.refused += 1
            raise OperationalError("", None, Exception("disk is full"))

        monkeypatch.setattr(AuditLog, "write", written)


async def test_a_store_without_room_loses_who_looked_and_no_deed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.opened()
    await write_down(api.services)
    store = FullStore(monkeypatch)
    await api.get(f"/v1/escalations/{CASE}", "viewer")
    await api.say(CASE, "acknowledge", by="sam")
    policy = (await api.get("/v1/policies/standard")).json()
    changed = await api.call("PUT", "/v1/policies/standard", json={"name": "standard", **policy})
    assert changed.status_code == 200, "nobody is refused for it"
    async with in_background(keep_log(api.services)):
        await until(lambda: store.refused > 3)
        store.full = False
        await until(lambda: len(AuditLog(api.services.database).page(AuditFilters())[0]) == 3)
    assert {one["what"] for one in await lines(api)} == {"open", "acknowledge", "policy_changed"}


async def test_what_was_heard_is_written_before_the_process_ends(api: Api) -> None:
    work = asyncio.create_task(keep_log(api.services))
    await api.opened()
    work.cancel()
    await asyncio.wait([work])
    assert [line.what for line in AuditLog(api.services.database).page(AuditFilters())[0]] == ["open"]


async def test_the_command_line_is_told_from_other_callers(api: Api) -> None:
    assert COMMAND_LINE == NAME
    await api.opened()
    for agent in (NAME, "curl/8"):
        said = {"by": "dana", "text": "x"}
        await api.post(f"/v1/escalations/{CASE}/note", said, headers={"User-Agent": agent})
    found = await lines(api, case=CASE)
    assert [one["via"] for one in reversed(found)] == ["api", "cli", "api"]
