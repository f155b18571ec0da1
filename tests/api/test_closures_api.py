"""Closed cases over HTTP: a page of those that fit, and those that resemble words or a case."""

import pytest

from tests.api.conftest import Api
from tests.records.closed import close, closed


@pytest.fixture
def desk(api: Api) -> Api:
    """A desk that has closed three cases."""
    close(
        api.services.database,
        closed("zendesk-1", "Zahlungen fehlgeschlagen", product="checkout", category="payment"),
        closed("zendesk-2", "Invoice is empty", days=1, product="billing", origin="product"),
        closed("zendesk-3", "Invoices sent twice", days=2, product="billing", customer="beta"),
    )
    return api


async def ids(api: Api, query: str) -> list[str]:
    answer = await api.get(f"/v1/closures{query}", "viewer")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def test_a_closed_case_is_shown_with_its_cause_its_fix_and_its_page(desk: Api) -> None:
    answer = await desk.get("/v1/closures?q=Zahlung", "viewer")
    assert answer.json() == {
        "items": [
            {
                "id": "zendesk-1",
                "episode": 1,
                "closed_at": "2026-03-06T17:00:00Z",
                "customer": "acme",
                "product": "checkout",
                "category": "payment",
                "priority": "high",
                "subject": "Zahlungen fehlgeschlagen",
                "cause_category": "certificate",
                "cause": "Certificate expired",
                "origin": "ours",
                "fix": "Renewed",
                "language": None,
                "links": {
                    "self": "http://tierline.test/v1/escalations/zendesk-1?episode=1",
                    "page": "http://tierline.test/escalations/zendesk-1?episode=1",
                },
            }
        ],
        "next_cursor": None,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["zendesk-3", "zendesk-2", "zendesk-1"]),
        ("?product=billing", ["zendesk-3", "zendesk-2"]),
        ("?category=payment", ["zendesk-1"]),
        ("?customer=beta", ["zendesk-3"]),
        ("?origin=product", ["zendesk-2"]),
        ("?from=2026-03-07T17:00:00Z", ["zendesk-3", "zendesk-2"]),
        ("?to=2026-03-07T17:00:00Z", ["zendesk-1"]),
        ("?q=invoice&product=billing&limit=1", ["zendesk-3"]),
    ],
)
async def test_the_list_shows_what_fits_closed_last_first(desk: Api, query: str, found: list[str]) -> None:
    assert await ids(desk, query) == found


async def test_a_cursor_leads_to_the_next_page(desk: Api) -> None:
    first = (await desk.get("/v1/closures?limit=2")).json()
    assert await ids(desk, f"?limit=2&cursor={first['next_cursor']}") == ["zendesk-1"]


async def test_words_find_what_was_like_them_and_say_why(desk: Api) -> None:
    answer = await desk.get(
        "/v1/closures/similar", "viewer", params={"q": "Zahlung schlägt fehl", "product": "checkout"}
    )
    [best] = answer.json()["items"]
    assert (best["id"], best["cause"], best["fix"]) == ("zendesk-1", "Certificate expired", "Renewed")
    assert best["why"] == {"words": best["why"]["words"], "same_product": True, "same_category": False}
    assert set(best["why"]["words"]) == {"zahlung", "fehl"}
    assert 0 < best["score"] <= 1


async def test_a_case_finds_what_was_like_it(desk: Api) -> None:
    ticket = {"system": "zendesk", "id": "9", "subject": "Empty invoices", "product": "billing"}
    await desk.opened("9", ticket=ticket)
    assert await ids(desk, "/similar?escalation=zendesk-9&limit=1") == ["zendesk-2"]
    assert await ids(desk, "/similar?escalation=zendesk-9&exclude=zendesk-2") == ["zendesk-3"]
    assert "zendesk-2" not in await ids(desk, "/similar?escalation=zendesk-2")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?limit=201", 422, "bad_limit"),
        ("?cursor=x", 422, "bad_cursor"),
        ("?colour=red", 422, "invalid_field"),
        ("?from=yesterday", 422, "invalid_field"),
        ("?q=" + "x" * 201, 422, "invalid_field"),
        ("/similar", 422, "invalid_field"),
        ("/similar?q=a&escalation=zendesk-1", 422, "invalid_field"),
        ("/similar?q=a&limit=51", 422, "bad_limit"),
        ("/similar?escalation=zendesk-404", 404, "escalation_not_found"),
    ],
)
async def test_what_cannot_be_answered_is_said(desk: Api, query: str, status: int, code: str) -> None:
    answer = await desk.get(f"/v1/closures{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/v1/closures", "/v1/closures/similar?q=invoice"])
async def test_nobody_reads_them_without_a_key(desk: Api, path: str) -> None:
    assert (await desk.get(path, None)).status_code == 401


@pytest.mark.parametrize(
    "words", ["\"' OR 1=1 --", "a* NEAR(b c) ^d:e", "<script>", "\u202e\u0627", "' | ! & <->", "%", "\\"]
)
async def test_hostile_words_are_only_words(desk: Api, words: str) -> None:
    for path in ("/v1/closures", "/v1/closures/similar"):
        assert (await desk.get(path, params={"q": words})).status_code == 200
