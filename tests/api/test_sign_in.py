"""Signing in: a key becomes a cookie that only this browser has, for twelve hours or until the key is revoked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.sessions import MOST_ADDRESSES, MOST_TRIES, TRIES_WINDOW, Sessions, Tries
from tests.activities.cases import NOW
from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.signed_in import COOKIE, visitor

PAGES = ("/templates", "/templates/step/email/en", "/templates/step/email/en/html")


def changed(api: Api, **fields: Any) -> None:
    api.app.state.services = replace(api.services, **fields)


def later(api: Api, by: timedelta) -> Callable[[], Any]:
    now = api.services.now
    return lambda: now() + by


async def test_who_is_not_signed_in_is_led_to_the_form_and_back_to_where_they_wanted_to_go(api: Api) -> None:
    wanted = "/templates/step/sms/de?vip=1"
    led = await api.get(wanted, None)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=/templates/step/sms/de%3Fvip%3D1")
    form = await visitor(api).opens(wanted)
    assert form.forms[0].fields["next"] == wanted
    seen = await visitor(api).sends(form, {**form.forms[0].fields, "key": api.keys["viewer"]}, "/sign-in")
    assert (seen.status, seen.address) == (200, f"http://tierline.test{wanted}")


@pytest.mark.parametrize(
    ("pressed", "fields", "following"),
    [
        ("/board/act", {"back": "tier=L1"}, "/?tier=L1"),
        ("/board/act", {"back": "//evil.example"}, "/"),
        ("/board/act", {}, "/"),
        ("/board/views", {"back": "owner=nobody", "command": "save-view"}, "/?owner=nobody"),
        ("/actions", {"back": "state=done"}, "/actions?state=done"),
        ("/problems/P-1", {"back": "case"}, "/problems/P-1"),
        ("/on-call", {"command": "absence"}, "/on-call"),
    ],
)
async def test_who_presses_when_the_session_is_over_comes_back_to_the_page_and_is_told_that_nothing_was_done(
    api: Api, pressed: str, fields: dict[str, str], following: str
) -> None:
    someone = visitor(api)
    led = Page(await api.client.post(pressed, data=fields, follow_redirects=True))
    assert (led.status, led.forms[0].fields["next"]) == (200, following)
    assert "what you pressed was not done" in led.words
    seen = await someone.sends(led, {**led.forms[0].fields, "key": api.keys["operator"]}, "/sign-in")
    assert seen.address == f"http://tierline.test{following}"
    assert (seen.status, "text/html" in seen.headers["content-type"]) in ((200, True), (404, True))  # there is no P-1


async def test_a_form_that_cannot_be_read_leads_to_the_sign_in_as_well(api: Api) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    led = await api.client.post("/board/act", content=b"--x\r\nnonsense", headers=kind)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=/&lost=1")


async def test_who_signs_out_when_the_session_is_over_has_nothing_to_be_told(api: Api) -> None:
    led = await api.client.post("/sign-out")
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in")


async def test_the_cookie_is_hidden_from_scripts_lasts_a_day_at_work_and_holds_no_key(api: Api) -> None:
    key = api.keys["agent"]
    answer = await api.client.post("/sign-in", data={"key": f" {key}\n", "next": "/templates"})
    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/templates")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly", "max-age=43200", "path=/", "samesite=lax",
    }  # fmt: skip
    assert key not in cookie
    assert key.removeprefix("tl_") not in cookie


async def test_behind_https_the_cookie_is_secure_and_stays_below_our_path(api: Api) -> None:
    changed(api, settings=api.services.settings.model_copy(update={"public_url": "https://desk.example/escalations"}))
    answer = await api.client.post("/sign-in", data={"key": api.keys["agent"], "next": "/templates"})
    assert answer.headers["location"] == "/escalations/templates"
    assert {"Secure", "Path=/escalations"} <= {part.strip() for part in answer.headers["set-cookie"].split(";")}


async def test_a_revoked_key_ends_its_sessions_at_once(api: Api) -> None:
    someone = visitor(api)
    id, key = api.services.keys.create("viewer", None, "gone", api.services.now())
    assert (await someone.types(key)).address.endswith("/templates")
    api.services.keys.revoke(id, api.services.now())
    for page in PAGES:
        assert (await someone.opens(page)).address.partition("?")[0].endswith("/sign-in")


async def test_a_session_ends_after_twelve_hours(api: Api) -> None:
    someone = visitor(api)
    await someone.signs_in()
    value = api.client.cookies[COOKIE]
    changed(api, now=later(api, timedelta(hours=11, minutes=59)))
    assert api.services.sessions.key_id(value, api.services.now()) is not None
    assert (await someone.opens("/templates")).address.endswith("/templates")
    changed(api, now=later(api, timedelta(minutes=2)))
    assert "/sign-in?" in (await someone.opens("/templates")).address


async def test_signing_out_ends_it(api: Api) -> None:
    someone = visitor(api)
    page = await someone.signs_in()
    out = await someone.presses(page, "sign-out")
    assert out.address.endswith("/sign-in")
    assert COOKIE not in api.client.cookies
    assert "/sign-in?" in (await someone.opens("/templates")).address


async def test_a_copy_of_the_cookie_opens_nothing_after_signing_out_and_another_session_goes_on(api: Api) -> None:
    someone = visitor(api)
    await someone.signs_in()
    stays = api.client.cookies[COOKIE]
    page = await someone.signs_in()
    copied = api.client.cookies[COOKIE]
    await someone.presses(page, "sign-out")
    for value, opens in ((copied, False), (stays, True)):
        api.client.cookies.clear()
        api.client.cookies.set(COOKIE, value)
        for path in ("/", "/templates"):
            assert ("/sign-in" not in (await someone.opens(path)).address) is opens, path


@pytest.mark.parametrize("token", [None, "", "x", "another session's"])
async def test_a_form_without_this_sessions_token_does_nothing_and_says_what_to_do(api: Api, token: str | None) -> None:
    someone = visitor(api)
    page = await someone.signs_in()
    if token == "another session's":
        token = api.services.sessions.form_token(api.services.sessions.begin("other", api.services.now()))
    fields = {"command": "sign-out"} | ({} if token is None else {"form_token": token})
    refused = await someone.sends(page, fields, "/sign-out")
    assert (refused.status, "reload the page" in refused.words) == (403, True)
    assert COOKIE in api.client.cookies


async def test_a_form_of_another_site_signs_nobody_in(api: Api) -> None:
    fields = {"key": api.keys["agent"], "next": "/templates"}
    answer = await api.client.post("/sign-in", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize("key", ["", "tl_nonsense", "ü" * 300, "\x00"])
async def test_a_wrong_key_gets_the_form_again_in_words(api: Api, key: str) -> None:
    page = await visitor(api).types(key)
    assert (page.status, "unknown or was revoked" in page.words) == (401, True)
    assert (page.forms[-1].fields["next"], COOKIE in api.client.cookies) == ("/templates", False)


async def test_too_many_wrong_keys_from_an_address_have_to_wait_and_so_does_the_right_one(api: Api) -> None:
    someone = visitor(api)
    for _ in range(MOST_TRIES):
        assert (await someone.types("tl_wrong")).status == 401
    refused = await someone.signs_in()
    assert (refused.status, "Too many wrong keys" in refused.words) == (429, True)
    changed(api, now=later(api, TRIES_WINDOW))
    assert (await someone.signs_in()).address.endswith("/templates")


def test_tries_are_counted_for_each_address_and_forgotten_in_the_end() -> None:
    tries = Tries()
    for second in range(MOST_TRIES):
        tries.failed("10.0.0.1", NOW + timedelta(seconds=second))
    assert tries.wait("10.0.0.1", NOW + timedelta(minutes=1)) == timedelta(minutes=4)
    assert tries.wait("10.0.0.2", NOW + timedelta(minutes=1)) is None
    assert tries.wait("10.0.0.1", NOW + TRIES_WINDOW) is None
    for number in range(MOST_ADDRESSES + 5):
        tries.failed(str(number), NOW)
    assert len(tries._failed) == MOST_ADDRESSES


@pytest.mark.parametrize(
    "bad",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil", "/a\r\nSet-Cookie: x", "x", "/" * 2],
)
async def test_after_signing_in_only_a_path_of_ours_is_gone_to(api: Api, bad: str) -> None:
    answer = await api.client.post("/sign-in", data={"key": api.keys["viewer"], "next": bad})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_session_can_neither_be_made_up_nor_changed_nor_read_with_another_secret() -> None:
    sessions, others = Sessions("a secret of ours"), Sessions("another secret")
    session = sessions.begin("k1", NOW)
    assert sessions.key_id(session, NOW) == "k1"
    for wrong in ("", "x", session[:-5], f"a{session}", session.replace(".", "", 1), session * 5):
        assert sessions.key_id(wrong, NOW) is None
    assert others.key_id(session, NOW) is None
    assert not others.fits(session, sessions.form_token(session))
    assert sessions.form_token(session) not in session


@pytest.mark.parametrize("role", ["system", "viewer", "agent", "operator", "admin"])
@pytest.mark.parametrize("page", PAGES)
async def test_the_roles_of_a_key_hold_on_pages(api: Api, role: str, page: str) -> None:
    seen = await visitor(api).signs_in(role, page)
    if role == "system":
        assert (seen.status, "may not see this page" in seen.words) == (403, True)
    else:
        assert seen.status in (200, 404)  # there are no templates here


async def test_a_persons_pages_are_in_their_language_and_anybody_elses_in_the_browsers(api: Api) -> None:
    roster = (await api.get("/v1/roster")).json()
    roster["people"][0]["locale"] = "de"
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    someone = visitor(api)
    assert (await someone.signs_in("agent")).language == "de"
    await someone.signs_in("viewer")
    assert (await someone.opens("/templates", **{"Accept-Language": "de"})).language == "de"
