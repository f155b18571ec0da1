"""The audit log as people read it: its page, and the last lines of it on the page of a case, for the roles that may."""

import re
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api.auditing import write_down
from api.pages.audit import LAST, PAGE
from records.audit import AuditLine, AuditLog
from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.desk import CASE, desk_of
from tests.api.signed_in import Visitor, visitor

HOSTILE = "</ol><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7919 * 7 }}\u202e\0" + "x" * 10_000


async def signed_in(api: Api, role: str = "operator") -> Visitor:
    found = visitor(api)
    await found.signs_in(role, "/policies")
    return found


def section(page: Page) -> str:
    """The words of the log on the page of a case."""
    _, found, rest = page.html.partition('<section id="part-audit"')
    return " ".join(re.sub(r"<[^>]+>", " ", rest.partition("</section>")[0]).split()) if found else ""


def write(api: Api, number: int, **more: Any) -> None:
    line = AuditLine(f"line-{number:03}", api.services.now(), **{"what": "note", "via": "api", **more})
    AuditLog(api.services.database).write([line])


def about(case: str = CASE, **more: Any) -> dict[str, Any]:
    return {"subject_kind": "case", "subject": case, **more}


async def test_the_page_of_a_case_has_the_last_lines_about_it_and_leads_to_all(api: Api) -> None:
    await desk_of(api)
    await api.say(CASE, "acknowledge", by="sam")
    await api.say(CASE, "resume", by="dana")
    await write_down(api.services)
    someone = await signed_in(api)
    page = await someone.opens(f"/escalations/{CASE}")
    assert "Sam took it by API" in section(page)
    assert "Dana went on with it by API refused (not_paused)" in section(page)
    assert section(page).index("went on") < section(page).index("took it"), "the newest first"
    assert f'href="/audit?case={CASE}"' in page.html
    assert "Sam took it · zendesk-4711 by API" in (await someone.opens(f"/audit?case={CASE}")).words


async def test_it_has_no_more_lines_than_can_be_taken_in(api: Api) -> None:
    await desk_of(api)
    for number in range(LAST + 2):
        write(api, number, **about())
    page = await (await signed_in(api)).opens(f"/escalations/{CASE}")
    assert section(page).count("wrote a note") == LAST


@pytest.mark.parametrize("role", ["viewer", "agent"])
async def test_who_may_not_read_the_log_sees_nothing_of_it(api: Api, role: str) -> None:
    await desk_of(api)
    someone = await signed_in(api, role)
    page = await someone.opens(f"/escalations/{CASE}")
    assert (page.status, "part-audit" in page.html, "/audit" in page.html) == (200, False, False)
    assert (await someone.opens("/audit")).status == 403


async def test_an_operator_sees_what_is_about_cases_and_an_admin_all_of_it(api: Api) -> None:
    write(api, 1, what="key_made")
    write(api, 2, **about())
    operators = await (await signed_in(api)).opens("/audit")
    assert ("made a key" in operators.words, "wrote a note" in operators.words) == (False, True)
    assert "an admin sees all of it" in operators.words
    admins = await (await signed_in(api, "admin")).opens("/audit")
    assert ("made a key" in admins.words, "an admin sees all of it" in admins.words) == (True, False)


async def test_a_key_that_was_made_is_told_with_its_role(api: Api) -> None:
    made = (await api.post("/v1/keys", {"role": "viewer"}, "admin")).json()["id"]
    words = (await (await signed_in(api, "admin")).opens("/audit")).words
    assert f"made a key · {made} (viewer)" in words


async def test_everybody_is_called_by_the_name_they_have(api: Api) -> None:
    key, _ = api.services.keys.create("system", None, "the help desk", api.services.now())
    api.services.keys.revoke(key, api.services.now())
    write(api, 1, **about(person="dana"))
    write(api, 2, **about(person="gone"))
    write(api, 3, **about(key_id=key))
    write(api, 4, **about(role="customer", via="link"))
    write(api, 5, **about(via="sms", details={"from": "…99"}))
    write(api, 6, **about())
    words = (await (await signed_in(api)).opens("/audit")).words
    for who in ("Dana", "gone", "the help desk", "the customer", "a number ending in 99", "somebody unknown"):
        assert f"{who} wrote a note" in words
    items = (await api.get("/v1/audit", "admin")).json()["items"]
    named = [one["who"] for one in items if one["id"].startswith("line-")]
    assert named == [None, "…99", "customer", "the help desk", "gone", "dana"]


async def test_a_german_reader_reads_german(api: Api) -> None:
    await desk_of(api)
    await api.say(CASE, "acknowledge", by="sam")
    await write_down(api.services)
    await signed_in(api)
    german = {"Accept-Language": "de"}
    words = section(Page(await api.client.get(f"/escalations/{CASE}", headers=german)))
    assert "Wer was getan und gesehen hat" in words
    assert "Sam hat ihn übernommen über API" in words
    assert "Alles im Protokoll" in words
    page = Page(await api.client.get("/audit", headers=german))
    assert ("Protokoll" in page.words, page.language) == (True, "de")


async def test_filters_stand_in_the_address_and_older_lines_follow(api: Api) -> None:
    for number in range(PAGE + 1):
        write(api, number, **about(f"zendesk-{number}", person="dana"))
    write(api, 900, **about("zendesk-x", person="sam"))
    someone = await signed_in(api)
    page = await someone.opens("/audit?person=dana&case=")
    assert ("zendesk-x" in page.words, f"zendesk-{PAGE}" in page.words, "zendesk-0 " in page.words) == (
        False,
        True,
        False,
    )
    [more] = [part.split('"')[0] for part in page.html.split('href="')[1:] if "after=" in part.split('"')[0]]
    last = await someone.opens(more.replace("&amp;", "&"))
    assert ("zendesk-0 " in last.words, "To the newest" in last.words) == (True, True)
    assert "Nothing is written down." in (await someone.opens("/audit?person=ghost")).words
    assert (await someone.opens("/audit?after=nonsense")).status == 200


async def test_hostile_names_and_filters_are_text_and_nothing_else(api: Api) -> None:
    desk = await desk_of(api)
    await desk.changes("sam", name=HOSTILE.replace("\0", "")[:200])
    roster_name = "</ol><script>alert(1)</script>"
    key, _ = api.services.keys.create("operator", None, roster_name, api.services.now())
    write(
        api, 1, **about(person="sam", what="<script>alert(2)</script>", details={"status": 409, "code": "<img src=x>"})
    )
    write(api, 2, **about(key_id=key))
    write(api, 3, what="policy_changed", subject_kind="policies", subject="<script>alert(3)</script>")
    someone = await signed_in(api, "admin")
    for address in ("/audit", f"/escalations/{CASE}"):
        page = await someone.opens(address)
        assert page.words.count("<script>alert(1)</script>") >= 2
        assert ("img" in page.tags, "onerror" in page.attributes, "55433" in page.words) == (False, False, False)
        assert page.tags.count("script") == (0 if address == "/audit" else 2), "our own, from files"
    for query in ("person", "case", "after"):
        page = Page(await api.client.get("/audit", params={query: HOSTILE}))
        assert (page.status, "img" in page.tags, "script" in page.tags) == (200, False, False)


async def test_a_log_that_cannot_be_read_keeps_nobody_from_the_case(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk_of(api)
    someone = await signed_in(api)

    def away(*_: object) -> None:
        raise OperationalError("", None, Exception())

    monkeypatch.setattr(AuditLog, "page", away)
    page = await someone.opens(f"/escalations/{CASE}")
    assert (page.status, section(page)) == (200, "")
