"""A page that breaks is still a page: in the reader's language, with its number in our log, and nothing of the inside."""

import re
from typing import Any, NoReturn

import pytest
import structlog
from sqlalchemy.exc import OperationalError, ProgrammingError

from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.desk import Desk, desk_of
from tests.api.signed_in import visitor

SECRET = "it@acme.example"


@pytest.fixture
async def desk(api: Api) -> Desk:
    return await desk_of(api)


def breaks(monkeypatch: pytest.MonkeyPatch, whose: Any, what: str, error: Exception | None = None) -> None:
    """From now on this fails with an error that says too much."""

    def broken(*_: object, **__: object) -> NoReturn:
        raise error or RuntimeError(SECRET)

    monkeypatch.setattr(whose, what, broken)


def is_told(page: Page, logs: list[Any], title: str, status: int = 500) -> None:
    """A page with that title; its number is the one of our log."""
    assert page.status == status
    assert title in page.words
    assert SECRET not in page.html
    assert "Traceback" not in page.html
    [told] = [one for one in logs if one.get("event") == "request failed"]
    assert told["reference"] in page.words
    assert re.fullmatch("[0-9a-f]{12}", told["reference"])
    assert SECRET not in str(told)


@pytest.mark.parametrize("path", ["/", "/actions", "/problems", "/escalations/zendesk-4711", "/reports", "/on-call"])
async def test_a_page_behind_the_sign_in_says_so_in_words(api: Api, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    someone = visitor(api)
    await someone.signs_in("agent")
    breaks(monkeypatch, api.services.roster, "current")
    with structlog.testing.capture_logs() as logs:
        page = await someone.opens(path)
    is_told(page, logs, "Something went wrong on our side")


async def test_who_is_signed_in_reads_their_own_language_whatever_the_browser_asks_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.changes("dana", locale="de")
    someone = visitor(desk.api)
    await someone.signs_in("agent")
    breaks(monkeypatch, desk.api.services.actions, "page")
    with structlog.testing.capture_logs() as logs:
        page = await someone.opens("/actions", **{"Accept-Language": "en"})
    is_told(page, logs, "Bei uns ist etwas schiefgegangen")
    assert page.language == "de"


@pytest.mark.parametrize(("language", "title"), [("de-AT", "Bei uns ist etwas"), ("en", "Something went wrong")])
async def test_the_page_of_a_link_says_so_in_the_language_of_whose_link_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, language: str, title: str
) -> None:
    await desk.changes("dana", locale=language)
    breaks(monkeypatch, desk.api.services.escalations, "timeline")
    with structlog.testing.capture_logs() as logs:
        page = await desk.opens()
    is_told(page, logs, title)


async def test_a_button_that_breaks_says_so_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    page = await desk.opens()
    breaks(monkeypatch, desk.api.services.escalations, "find")
    with structlog.testing.capture_logs() as logs:
        after = await desk.browser.presses(page, "acknowledge")
    is_told(after, logs, "Something went wrong on our side")


async def test_it_is_kept_by_no_cache_and_shown_in_no_frame(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks(monkeypatch, desk.api.services.escalations, "timeline")
    answer = await desk.api.client.get(desk.link())
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_database_that_is_away_is_told_as_before_and_a_mistake_of_ours_is_not_called_that(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch, desk.api.services.escalations, "timeline", OperationalError(SECRET, {}, Exception(SECRET)))
    page = await desk.opens()
    assert (page.status, "does not answer right now" in page.words) == (503, True)
    breaks(monkeypatch, desk.api.services.escalations, "timeline", ProgrammingError(SECRET, {}, Exception(SECRET)))
    with structlog.testing.capture_logs() as logs:
        page = await desk.opens()
    is_told(page, logs, "Something went wrong on our side")


async def test_the_api_goes_on_answering_in_json(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks(monkeypatch, desk.api.services.actions, "page")
    answer = await desk.api.get("/v1/actions")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/board/act", 405), ("/static/none.css", 404)])
@pytest.mark.parametrize(("language", "words"), [("en", "There is no page here"), ("de-DE", "Hier ist keine Seite")])
async def test_an_address_with_nothing_behind_it_is_a_page_for_people(
    api: Api, path: str, status: int, language: str, words: str
) -> None:
    asked = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": language}
    page = Page(await api.client.get(path, headers=asked))
    assert (page.status, page.language, words in page.words) == (status, language[:2], True)
    assert '<a href="/">' in page.html
    assert f"<title>{words}" in page.html


@pytest.mark.parametrize(
    ("path", "accepts", "status"),
    [
        ("/nowhere", "*/*", 404),
        ("/v1/nowhere", "text/html", 404),
        ("/v1/hooks", "text/html", 404),
        ("/board/act", "*/*", 405),
    ],
)
async def test_for_a_program_it_is_a_problem_all_the_same(api: Api, path: str, accepts: str, status: int) -> None:
    answer = await api.client.get(path, headers={"Accept": accepts})
    assert (answer.status_code, answer.json()["status"]) == (status, status)


@pytest.mark.parametrize("accepts", ["text/html", "*/*"])
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/board/act", "POST"),
        ("PUT", "/sign-in", "GET, POST"),
        ("DELETE", "/problems/P-1", "GET, POST"),
        ("DELETE", "/static/board.js", "GET, HEAD"),
        ("GET", "/nowhere", None),
    ],
)
async def test_who_asks_in_a_way_that_an_address_does_not_take_is_told_which_it_does(
    api: Api, method: str, path: str, allowed: str | None, accepts: str
) -> None:
    answer = await api.client.request(method, path, headers={"Accept": accepts})
    assert (answer.status_code, answer.headers.get("allow")) == (405 if allowed else 404, allowed)
