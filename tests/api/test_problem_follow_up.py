"""A problem over HTTP after it has opened: its run is told what happens, its page says what was before it, in both languages."""

import pytest
from temporalio.service import RPCStatusCode

from api.errors import Unavailable
from api.relay import tell_of_problems
from tests.api.conftest import Api
from tests.api.lessons_desk import explained, problem
from tests.api.signed_in import Visitor, visitor
from tests.api.test_lessons_api import TREE, has_tree, with_a_problem

RUN = ("Problem", "problem/P-1", "look-again")
GERMAN = {"Accept-Language": "de"}


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """An operator, whose language is the browser's."""
    found = visitor(api)
    await found.signs_in("operator", "/policies")
    return found


async def came_back(api: Api, **resolved: str) -> None:
    """P-1 was resolved, and its cause came back: P-2."""
    await with_a_problem(api)
    await api.post("/v1/problems/P-1/workaround", {"by": "sam", "text": "restart it"})
    await api.post("/v1/problems/P-1/resolve", {"by": "sam", "resolution": "renews itself", **resolved})
    for ticket in ("5", "6"):
        await explained(api, ticket, closed=True)


async def test_its_run_is_begun_when_it_opens_and_told_once_of_what_happens(api: Api) -> None:
    await with_a_problem(api)
    assert [await tell_of_problems(api.services) for _ in range(2)] == [1, 0]
    assert api.temporal.followed == [RUN]
    words = (("assign", {"to": "dana"}), ("workaround", {"text": "restart it"}), ("resolve", {"resolution": "gone"}))
    for command, body in words:
        await api.post(f"/v1/problems/P-1/{command}", {"by": "sam", **body})
        assert await tell_of_problems(api.services) == 1, command
    assert api.temporal.followed == [RUN] * 4


async def test_who_has_it_already_is_given_nothing(api: Api) -> None:
    await with_a_problem(api)
    await tell_of_problems(api.services)
    await api.post("/v1/problems/P-1/assign", {"by": "dana", "to": "sam"})
    assert await tell_of_problems(api.services) == 0


async def test_what_happens_while_temporal_is_away_is_told_when_it_is_back(api: Api) -> None:
    await with_a_problem(api)
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    with pytest.raises(Unavailable):
        await tell_of_problems(api.services)
    api.temporal.error = None
    assert await tell_of_problems(api.services) == 1
    assert api.temporal.followed == [RUN]


async def test_one_that_came_back_knows_the_one_before_it(api: Api, someone: Visitor) -> None:
    await came_back(api)
    first, again = await problem(api), (await api.get("/v1/problems/P-2")).json()
    assert first["came_back_after"] is None
    assert again["came_back_after"] == {
        "id": "P-1", "resolved_at": first["resolved_at"], "workaround": "restart it", "resolution": "renews itself",
    }  # fmt: skip
    page = await someone.opens("/problems/P-2")
    assert "It came back after P-1, resolved" in page.words
    assert "What helped then for the time being restart it How it was resolved renews itself" in page.words
    assert 'href="/problems/P-1"' in page.html
    german = await someone.opens("/problems/P-2", **GERMAN)
    assert "Was damals vorerst half restart it Wie es gelöst wurde renews itself" in german.words
    assert "It came back" not in (await someone.opens("/problems/P-1")).words


async def test_its_title_is_in_the_readers_language_where_the_tree_has_it(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    assert "P-1 Certificate expired: checkout" in (await someone.opens("/problems/P-1", **GERMAN)).words
    await has_tree(api, TREE.replace("Certificate expired}", "Certificate expired, de: Zertifikat abgelaufen}"))
    for path in ("/problems", "/problems/P-1", "/escalations/zendesk-1"):
        assert "Zertifikat abgelaufen: checkout" in (await someone.opens(path, **GERMAN)).words, path
    assert "P-1 Certificate expired: checkout" in (await someone.opens("/problems/P-1")).words
    await has_tree(api, TREE.replace("Certificate expired", "TLS"))
    assert "P-1 Certificate expired: checkout" in (await someone.opens("/problems/P-1")).words, "as it was written"


async def test_the_form_to_resolve_says_what_counts_anew(api: Api, someone: Visitor) -> None:
    await with_a_problem(api)
    for language, words, wrong in (
        ("en", "A case that begins later counts anew", "What closes later counts anew"),
        ("de", "Ein Fall, der später beginnt, zählt neu", "Was später schließt, zählt neu"),
    ):
        page = await someone.opens("/problems/P-1", **{"Accept-Language": language})
        assert (words in page.words, wrong in page.words) == (True, False), language
