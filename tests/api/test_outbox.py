"""The outbox: every message with its state, at the API and on its page, which is filtered and paged by its address."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from api.pages.outbox import PAGE
from records.tables import messages
from tests.api.conftest import Api
from tests.api.letters import CASE, Letters, letters
from tests.api.signed_in import Visitor, visitor

LINK = "http://tierline.test/r/secret"


@pytest.fixture
async def out(api: Api) -> Letters:
    return await letters(api)


@pytest.fixture
async def someone(api: Api) -> Visitor:
    found = visitor(api)
    await found.signs_in()
    return found


async def shown(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = await api.get(f"/v1/messages{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]  # type: ignore[no-any-return]


async def test_a_message_says_how_often_it_was_tried_again_and_when_it_was_read(api: Api, out: Letters) -> None:
    fresh, tried = out.write(channel="email"), out.goes_out(out.write(), tries=3)
    out.services.outbound.mark(tried, "delivered", out.at)
    out.services.outbound.read(tried, out.at)
    found = {one["key"]: one for one in await shown(api)}
    assert (found[fresh]["retries"], found[tried]["retries"]) == (0, 2)
    assert (found[fresh]["read_at"], found[tried]["read_at"] is None) == (None, False)
    assert {one["failed_over_to"] for one in found.values()} == {None}


async def test_what_failed_names_the_message_that_took_its_place(api: Api, out: Letters) -> None:
    first = out.goes_out(out.write(), "failed", code="30003", reason="unreachable")
    second = out.goes_out(out.write(channel="email"))
    found = {one["key"]: one for one in (await api.get(f"/v1/escalations/{CASE}/messages")).json()}
    assert (found[first]["failed_over_to"], found[second]["failed_over_to"]) == (second, None)


async def test_what_was_sent_beside_it_or_to_somebody_else_took_no_place(api: Api, out: Letters) -> None:
    first = out.goes_out(out.write(), "failed", reason="unreachable")
    out.write(channel="email", together=True)
    out.write("sam", "email")
    out.write(channel="email", round=1)
    assert {one["key"]: one["failed_over_to"] for one in await shown(api)}[first] is None


def instead(one: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    return one["failed_over_to"], one["failed_over_person"], one["failed_over_channel"]


async def test_a_step_that_failed_on_all_its_channels_names_who_was_told_next_at_once(api: Api, out: Letters) -> None:
    first = out.goes_out(out.write(), "failed", reason="unreachable")
    second = out.goes_out(out.write(channel="email", together=True), "failed", reason="no such mailbox")
    out.heard_of(first, second)
    following = out.write("sam", step=1)
    found = {one["key"]: instead(one) for one in await shown(api)}
    assert found == {
        first: (following, "sam", "sms"),
        second: (following, "sam", "sms"),
        following: (None, None, None),
    }


async def test_the_owner_of_last_resort_takes_the_place_of_the_last_step(api: Api, out: Letters) -> None:
    first = out.goes_out(out.write(), "failed", reason="unreachable")
    out.heard_of(first)
    last = out.write("sam", "email", kind="last_resort")
    assert {one["key"]: instead(one) for one in await shown(api)}[first] == (last, "sam", "email")


async def test_a_step_that_reached_its_person_on_another_channel_is_passed_on_to_nobody(api: Api, out: Letters) -> None:
    first = out.goes_out(out.write(), "failed", reason="unreachable")
    out.goes_out(out.write(channel="email", together=True))
    out.heard_of(first)
    out.write("sam", step=1)
    assert {one["key"]: instead(one) for one in await shown(api)}[first] == (None, None, None)


async def test_a_step_that_came_at_its_own_time_took_nobodys_place(api: Api, out: Letters) -> None:
    first = out.goes_out(out.write(), "failed", reason="unreachable")
    out.heard_of(first)
    out.count += 60
    out.write("sam", step=1)
    out.write("sam", kind="assigned")
    assert {one["key"]: instead(one) for one in await shown(api)}[first] == (None, None, None)


async def test_why_a_message_was_not_sent_is_said_in_the_readers_language(
    api: Api, out: Letters, someone: Visitor
) -> None:
    out.goes_out(out.write(), "skipped", reason="overtaken")
    out.goes_out(out.write(channel="email"), "failed", reason="no such mailbox")
    await someone.signs_in("viewer")
    for path in ("/outbox", f"/escalations/{CASE}"):
        german = await someone.opens(path, **{"Accept-Language": "de"})
        assert ("überholt" in german.words, "overtaken" in german.words) == (True, False)
        assert "no such mailbox" in german.words, "what a provider said is as they said it"
        assert "overtaken" in (await someone.opens(path)).words


async def test_the_page_names_who_was_told_instead_and_what_was_held_back(out: Letters, someone: Visitor) -> None:
    held = out.goes_out(out.write(), "skipped", code="not_now", reason="dana takes no SMS from 22:00 to 07:00")
    out.heard_of(held)
    out.write("sam", "email", step=1)
    page = await someone.opens("/outbox")
    assert "told at once instead: Sam, E-mail" in page.words
    assert "not sent: not to be disturbed" in page.words
    assert "dana takes no SMS from 22:00 to 07:00" in page.words


async def test_an_sms_that_waits_for_the_end_of_quiet_hours_says_why_and_until_when(
    api: Api, out: Letters, someone: Visitor
) -> None:
    until = datetime(2040, 11, 24, 7, 0, tzinfo=UTC)
    out.write(None, kind="customer_update", not_before=until)
    [waiting] = await shown(api, "?status=waiting")
    assert (waiting["reason"], waiting["waits_until"]) == ("the customer's quiet hours", "2040-11-24T07:00:00Z")
    page = await someone.opens("/outbox")
    assert re.search(r"the customer's quiet hours; goes out Sat 24 Nov \d\d:00 \w+", page.words), page.words


async def test_what_waits_no_longer_says_nothing_of_quiet_hours(api: Api, out: Letters) -> None:
    key = out.write(None, kind="customer_update", not_before=datetime(2040, 11, 24, 7, 0, tzinfo=UTC))
    out.goes_out(key)
    [gone] = await shown(api)
    assert (gone["status"], gone["reason"], gone["waits_until"]) == ("sent", None, None)


async def test_a_message_that_went_out_in_another_names_it(api: Api, out: Letters) -> None:
    leader, follower = out.goes_out(out.write()), out.goes_out(out.write(round=1))
    with out.services.database.write() as connection:
        connection.execute(update(messages).where(messages.c.key == follower).values(led_by=leader))
    assert {one["key"]: one["led_by"] for one in await shown(api)} == {leader: None, follower: leader}


async def test_the_list_is_filtered_by_person_channel_and_case_and_goes_on_after_its_cursor(
    api: Api, out: Letters
) -> None:
    keys = [out.write(round=number) for number in range(5)]
    mail, customer = out.write("sam", "email"), out.write(None, "email", kind="customer_opened")
    assert [one["key"] for one in await shown(api, "?person=sam")] == [mail]
    assert [one["key"] for one in await shown(api, "?person=customer")] == [customer]
    assert [one["key"] for one in await shown(api, "?channel=email")] == [customer, mail]
    assert await shown(api, "?case=zendesk-1") == []
    seen, cursor = [], ""
    while True:
        page = (await api.get(f"/v1/messages?limit=2&person=dana{cursor}")).json()
        seen += [one["key"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == keys[::-1]
    refused = await api.get("/v1/messages?cursor=nonsense")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_cursor")


async def test_messages_of_one_instant_are_all_on_some_page(api: Api, out: Letters) -> None:
    keys = {out.write(round=number, together=number > 0) for number in range(5)}
    first = (await api.get("/v1/messages?limit=2")).json()
    rest = await shown(api, f"?cursor={first['next_cursor']}")
    assert {one["key"] for one in first["items"]} | {one["key"] for one in rest} == keys
    assert len(rest) == 3


async def test_the_page_says_in_words_what_became_of_each_message(out: Letters, someone: Visitor) -> None:
    out.goes_out(out.write(), "failed", tries=2, code="30003", reason="unreachable handset")
    out.services.outbound.mark(out.goes_out(out.write(channel="email")), "delivered", out.at)
    page = await someone.opens("/outbox")
    for words in (
        "30003: unreachable handset",
        "failed over to: E-mail",
        "tried again: 1×",
        "Dana (dana@tierline.example)",
    ):
        assert words in page.words
    assert page.words.index("delivered") < page.words.index("30003"), "the newest first"
    assert "Local mode: e-mails and SMS go to the local outbox" in page.words


async def test_a_text_is_read_by_opening_it_and_is_nothing_but_text(out: Letters, someone: Visitor) -> None:
    out.goes_out(out.write(channel="email"), text="<script>alert(1)</script> Take it")
    page = await someone.opens("/outbox")
    assert "<script>alert(1)</script> Take it" in page.words
    assert "script" not in page.tags
    assert page.html.partition("<main")[2].count("<details") == 1


@pytest.mark.parametrize(("role", "seen"), [("viewer", False), ("agent", False), ("operator", True), ("admin", True)])
async def test_links_are_shown_only_to_who_may_act_as_anybody(
    out: Letters, someone: Visitor, role: str, seen: bool
) -> None:
    out.goes_out(out.write(channel="email"), text=f"Open {LINK}")
    page = await someone.signs_in(role, "/outbox")
    assert (LINK in page.words, "Open " in page.words) == (seen, True)


async def test_filters_stand_in_the_address_and_are_kept_from_page_to_page(out: Letters, someone: Visitor) -> None:
    for number in range(PAGE + 1):
        out.write(round=number)
    out.write("sam", "email")
    page = await someone.opens("/outbox?person=dana&status=queued")
    form = next(form for form in page.forms if form.method == "get")
    assert (form.fields["person"], form.fields["status"]) == ("dana", "queued")
    assert page.words.count("SMS Dana") == PAGE
    assert "Sam" not in page.words
    more = next(part.split('"')[0] for part in page.html.split('href="')[1:] if "after=" in part)
    older = await someone.opens(more.replace("&amp;", "&"))
    assert older.words.count("SMS Dana") == 1
    assert "To the newest" in older.words
    assert "Older messages" not in older.words


@pytest.mark.parametrize("query", ["?status=nonsense", "?channel=x&person=%00", "?after=nonsense", "?case=%F0%9F"])
async def test_an_address_that_nobody_filtered_by_shows_a_page_all_the_same(
    out: Letters, someone: Visitor, query: str
) -> None:
    out.write()
    assert (await someone.opens(f"/outbox{query}")).status == 200
