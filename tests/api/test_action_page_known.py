"""The page behind a responder's link says what helps for now, where the case belongs to a problem that somebody knows."""

import pytest

from domain.problems import Problem
from records.problems import Problems, link, open_problem
from tests.api.conftest import Api
from tests.api.desk import CASE, Desk, desk_of

HOSTILE = "</section><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}\u202e\0" + "x" * 10_000


@pytest.fixture
async def desk(api: Api) -> Desk:
    return await desk_of(api)


def known(desk: Desk, workaround: str | None = "restart the payment service") -> tuple[Problems, Problem]:
    """The case belongs to a problem, and somebody has written down what helps."""
    services = desk.api.services
    with services.database.write() as connection:
        opened = open_problem(connection, "Certificate: checkout", "certificate", "checkout", "lee", services.now())
        link(connection, opened.id, (CASE, 1), "lee", services.now())
    if workaround is not None:
        services.problems.work_around(opened.id, workaround, services.now())
    return services.problems, opened


async def test_what_helps_for_now_stands_above_the_facts_with_the_problem_it_is_of(desk: Desk) -> None:
    known(desk)
    page = await desk.opens()
    assert "What helps for now P-1 restart the payment service" in page.words
    assert page.words.index("I take it") < page.words.index("What helps for now") < page.words.index("Customer")


async def test_a_german_reader_is_told_in_german(desk: Desk) -> None:
    await desk.changes("dana", locale="de")
    known(desk)
    assert "Was vorerst hilft P-1 restart the payment service" in (await desk.opens()).words


async def test_it_stays_there_when_a_button_is_refused(desk: Desk) -> None:
    known(desk)
    page = await desk.browser.presses(await desk.opens(), "resolve", summary="")
    assert (page.status, "restart the payment service" in page.words) == (422, True)


async def test_nothing_is_said_while_nobody_knows_and_once_the_problem_or_the_case_is_solved(desk: Desk) -> None:
    assert "helps for now" not in (await desk.opens()).words
    store, problem = known(desk, None)
    assert "helps for now" not in (await desk.opens()).words
    store.work_around(problem.id, "restart it", desk.api.services.now())
    assert "helps for now" in (await desk.opens()).words
    await desk.api.say(CASE, "resolve", summary="done")
    assert "helps for now" not in (await desk.opens()).words
    await desk.api.say(CASE, "reopen", reason="it is not")
    assert "helps for now" in (await desk.opens()).words
    store.resolve(problem.id, "lee", "renews itself", desk.api.services.now())
    assert "helps for now" not in (await desk.opens()).words


async def test_a_hostile_workaround_is_only_text(desk: Desk) -> None:
    known(desk, HOSTILE.replace("\0", ""))
    page = await desk.opens()
    assert page.status == 200
    assert "<script" not in page.html
    assert "<img" not in page.html
    assert "{{ 7 * 7 }}" in page.html
