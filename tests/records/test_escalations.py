"""Lists, pages and single cases."""

import base64
import json
from typing import Any

import pytest

from domain.errors import Invalid
from domain.state import LIVE
from records import rows
from records.database import Database
from records.escalations import SORTS, Escalations, Filters
from records.rows import is_breached
from tests.records.samples import NOW, at, document, target, text


@pytest.fixture
def escalations(database: Database) -> Escalations:
    return Escalations(database)


def saved(store: Escalations, *documents: dict[str, Any]) -> None:
    for one in documents:
        assert store.save_document(one, one["version"], NOW)


def ids(store: Escalations, sort: str = "opened_at", **filters: Any) -> list[str]:
    return [item["id"] for item in store.list_page(Filters(**filters), sort, 200)[0]]


def walk(store: Escalations, sort: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        items, cursor = store.list_page(Filters(), sort, limit, cursor)
        found += items
        if cursor is None:
            return found
        assert len(items) == limit


def test_an_older_version_never_overwrites_a_newer(escalations: Escalations) -> None:
    assert escalations.save_document(document(owner="dana", version=2), 2, NOW)
    assert not escalations.save_document(document(owner="eve", version=2), 2, NOW)
    assert not escalations.save_document(document(owner=None, version=1), 1, NOW)
    stored = escalations.find("zendesk-1", 1)
    assert stored == document(owner="dana", version=2)
    assert ids(escalations, owner="dana") == ["zendesk-1"]
    assert escalations.save_document(document(owner="eve", version=3), 3, NOW)
    assert ids(escalations, owner="dana") == []


def test_links_are_not_stored(escalations: Escalations) -> None:
    saved(escalations, document(links={"self": "http://localhost"}))
    assert "links" not in (escalations.latest("zendesk-1") or {})


def test_episodes(escalations: Escalations) -> None:
    assert escalations.next_episode("zendesk-1") == 1
    assert escalations.latest("zendesk-1") is None
    saved(escalations, document(status="closed", closed_at=text(at(9))), document(episode=2, status="paused"))
    assert escalations.next_episode("zendesk-1") == 3
    assert (escalations.latest("zendesk-1") or {})["episode"] == 2
    assert (escalations.find("zendesk-1", 1) or {})["status"] == "closed"
    assert (escalations.live("zendesk-1") or {})["episode"] == 2
    saved(escalations, document(episode=2, status="cancelled", version=2))
    assert escalations.live("zendesk-1") is None


def test_every_filter(escalations: Escalations) -> None:
    other: dict[str, Any] = {
        "status": "acknowledged",
        "priority": "low",
        "owner": "eve",
        "team": "platform",
        "tier": {"index": 1, "name": "L2"},
        "customer": {"id": "globex", "name": "Globex 100% Öl"},
        "targets": [target("resolution", breached=True)],
    }
    saved(escalations, document("zendesk-1"), document("zendesk-2", **other))
    for name, value in {
        "tier": "L2",
        "team": "platform",
        "owner": "eve",
        "priority": "low",
        "customer": "globex",
    }.items():
        assert ids(escalations, **{name: value}) == ["zendesk-2"], name
        assert ids(escalations, **{name: "nothing"}) == []
    assert ids(escalations, status="acknowledged") == ["zendesk-2"]
    assert ids(escalations, status="open, acknowledged") == ["zendesk-1", "zendesk-2"]
    assert ids(escalations, overdue=True) == ["zendesk-2"]
    assert ids(escalations, overdue=False) == ["zendesk-1"]
    assert ids(escalations) == ["zendesk-1", "zendesk-2"]


@pytest.mark.parametrize("q", ["ZENDESK-2", "globex", "öl", "100%", "checkout GLOBEX"])
def test_q_finds_id_subject_and_customer_whatever_the_case(escalations: Escalations, q: str) -> None:
    saved(escalations, document("zendesk-1"), document("zendesk-2", customer={"id": "g", "name": "Globex 100% Öl"}))
    assert ids(escalations, q=q) == ["zendesk-2"]


def test_q_is_words_not_a_pattern(escalations: Escalations) -> None:
    saved(escalations, document("zendesk-1"))
    assert ids(escalations, q="check_ut") == []
    assert ids(escalations, q="%") == []
    assert ids(escalations, q="  ") == ["zendesk-1"]
    with pytest.raises(Invalid):
        ids(escalations, q="x" * 100_000)


def test_an_unknown_status_or_sort_or_limit_is_refused(escalations: Escalations) -> None:
    with pytest.raises(Invalid) as status:
        escalations.list_page(Filters(status="open,late"))
    assert (status.value.code, status.value.field) == ("invalid_field", "status")
    with pytest.raises(Invalid) as sort:
        escalations.list_page(Filters(), "document")
    assert sort.value.code == "bad_sort"
    for limit in (0, 201):
        with pytest.raises(Invalid) as size:
            escalations.list_page(Filters(), limit=limit)
        assert size.value.code == "bad_limit"


def five_hundred() -> list[dict[str, Any]]:
    def one(number: int) -> dict[str, Any]:
        return document(
            f"zendesk-{number:03}",
            episode=1 + number % 2,
            opened_at=text(at(number % 7)),
            next_due_at=text(at(number % 11)) if number % 3 else None,
            closed_at=text(at(number % 5 + 0.001)) if number % 4 == 0 else None,
            priority=("low", "medium", "high", "critical")[number % 4],
        )

    return [one(number) for number in range(500)]


def test_pages_hold_every_case_once_in_order_for_every_sort(database: Database, escalations: Escalations) -> None:
    with database.write() as connection:
        for number, one in enumerate(five_hundred()):
            rows.save(connection, one, 1, at(number % 13))
    ranks = ("low", "medium", "high", "critical")
    for sort in SORTS:
        for direction in ("", "-"):
            found = walk(escalations, direction + sort, 37)
            assert len(found) == 500
            assert len({item["id"] for item in found}) == 500
            if sort == "updated_at":
                continue
            values = [ranks.index(item["priority"]) if sort == "priority" else item[sort] for item in found]
            known = [value for value in values if value is not None]
            assert values[: len(known)] == sorted(known, reverse=direction == "-"), "nulls come last"


def test_a_page_is_stable_while_cases_open_and_move(escalations: Escalations) -> None:
    saved(escalations, *(document(f"zendesk-{number}", opened_at=text(at(number))) for number in range(1, 10)))
    first, cursor = escalations.list_page(Filters(), "-opened_at", 4)
    saved(escalations, document("zendesk-99", opened_at=text(at(99))))
    saved(escalations, document("zendesk-9", version=2, opened_at=text(at(9)), status="resolved"))
    second, _ = escalations.list_page(Filters(), "-opened_at", 4, cursor)
    assert [item["id"] for item in first + second] == [f"zendesk-{number}" for number in range(9, 1, -1)]


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!!!",
        "ÄÖ",
        "bm90IGpzb24",
        forged("opened_at", NOW.isoformat(), "zendesk-1", 1),
        forged("-opened_at", "2026-03-06T17:00:00", "zendesk-1", 1),
        forged("-opened_at", 5, "zendesk-1", 1),
        forged("-opened_at", NOW.isoformat(), 1, 1),
        forged("-opened_at", NOW.isoformat(), "zendesk-1", "1"),
        forged("-opened_at", NOW.isoformat(), "zendesk-1", 10**30),
        forged("-opened_at", NOW.isoformat(), "zendesk-1"),
        base64.urlsafe_b64encode(b"[" * 9_000).decode(),
    ],
)
def test_a_broken_cursor_is_refused(escalations: Escalations, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        escalations.list_page(Filters(), "-opened_at", 10, cursor)
    assert refused.value.code == "bad_cursor"


def test_a_target_missed_and_met_later_is_no_longer_overdue() -> None:
    assert is_breached(document(targets=[target("resolution", breached=True)]))
    assert not is_breached(document(targets=[target("resolution", breached=True, met=True)]))
    assert not is_breached(document(targets=[target("resolution")]))


def test_a_target_of_an_entry_already_left_is_not_overdue() -> None:
    missed = target("acknowledge", tier="L1", breached=True)
    climbed: dict[str, Any] = {"tier": {"index": 1, "name": "L2"}}
    assert is_breached(document(targets=[missed]))
    assert not is_breached(document(targets=[missed, target("acknowledge", tier="L2")], **climbed))
    assert not is_breached(document(targets=[target("tier_resolution", tier="L1", breached=True)], **climbed))


def test_only_live_cases_are_overdue(escalations: Escalations) -> None:
    late = [target("closure", breached=True)]
    saved(escalations, document("zendesk-1", status="closed", targets=late), document("zendesk-2", targets=late))
    assert ids(escalations, overdue=True) == ["zendesk-2"]
    assert ids(escalations, overdue=True, status=",".join(LIVE)) == ["zendesk-2"]
