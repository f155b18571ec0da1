"""A seeded store is as if the cases had happened: what is shown validates, adds up, is found, and comes out the same again."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from api.seeding import read_folder
from api.shapes import Escalation, TimelineItem
from domain.facts import Beside, facts_of
from domain.search_words import forms
from domain.state import LIVE
from domain.view_time import clock_time
from local.seed_texts import GRAMMARS
from local.seeding import House, Size, seed
from records.closure_rows import closure_row, keep
from records.closures import ClosureFilters, Closures
from records.database import Database
from records.escalations import Escalations, Filters
from records.facts import facts_row, tier_rows
from records.tables import (
    actions,
    closures,
    escalations,
    facts,
    messages,
    metadata,
    problem_cases,
    problems,
    tickets_seen,
    tier_facts,
    timeline,
)
from tests.postgres import Postgres
from tests.records.conftest import KINDS

NOW = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
SIZE = Size(open=50, closed=200, timelines=80, days=120)
LINKS = {"self": "", "timeline": "", "page": "", "temporal_ui": ""}


def house() -> House:
    folder = read_folder(Path(__file__).parents[2] / "policies")
    [standard] = [one.policy for one in folder.policies if one.policy.name == "standard"]
    assert folder.roster is not None
    assert folder.causes is not None
    return House(standard.with_version(1), folder.roster, folder.causes.causes)


@pytest.fixture(scope="module", params=KINDS)
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One store for all tests that only look."""
    if request.param == "sqlite":
        yield from _sown(f"sqlite:///{tmp_path_factory.mktemp('seeded') / 'seeded.db'}")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield from _sown(url)


def _sown(url: str) -> Iterator[Database]:
    database = Database(url)
    database.migrate()
    seed(database, house(), SIZE, NOW)
    yield database
    database.close()


def rows(database: Database, table: Any, *conditions: Any) -> list[dict[str, Any]]:
    query = select(table).where(*conditions).order_by(*table.primary_key)
    with database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def test_there_are_as_many_cases_as_were_asked_for(seeded: Database) -> None:
    found = rows(seeded, escalations)
    assert sum(one["status"] == "closed" for one in found) == SIZE.closed
    assert sum(one["status"] in LIVE for one in found) == SIZE.open
    assert len(rows(seeded, facts)) == SIZE.closed + SIZE.open
    assert len(rows(seeded, closures)) == SIZE.closed


def test_every_document_is_one_the_api_may_answer(seeded: Database) -> None:
    for row in rows(seeded, escalations):
        Escalation.model_validate({**row["document"], "links": LINKS})
        assert "seed" not in str(row["document"]).lower(), row["id"]
        assert (
            row["id"]
            == row["document"]["id"]
            == f"{row['document']['ticket']['system']}-{row['document']['ticket']['id']}"
        )


def test_columns_say_what_the_document_says(seeded: Database) -> None:
    for row in rows(seeded, escalations):
        shown = row["document"]
        assert (row["subject"], row["customer"]) == (shown["ticket"]["subject"], shown["customer"]["id"])
        assert row["opened_at"] == datetime.fromisoformat(shown["opened_at"])
        assert row["closed_at"] == (shown["closed_at"] and datetime.fromisoformat(shown["closed_at"]))
        assert shown["customer"]["name"].casefold() in row["search"]


def test_the_newest_closed_and_all_open_ones_have_their_history(seeded: Database) -> None:
    newest = [one["id"] for one in rows(seeded, closures)][-SIZE.timelines :]
    still_open = [one["id"] for one in rows(seeded, escalations, escalations.c.status != "closed")]
    assert {one["id"] for one in rows(seeded, timeline)} == {*newest, *still_open}
    assert {one["id"] for one in rows(seeded, messages)} == {*newest, *still_open}
    history = Escalations(seeded).timeline(newest[-1], 1)
    assert (history[0].kind, "closed" in {one.kind for one in history}) == ("opened", True)
    for line in history:
        TimelineItem.model_validate(line, from_attributes=True)


def test_facts_follow_from_document_history_and_messages(seeded: Database) -> None:
    """As `records.facts.refresh` would make them; recurrence is a matter of all cases and has a test of its own."""
    ladder = [tier.name for tier in house().policy.tiers]
    for row in rows(seeded, escalations, escalations.c.id.in_(select(timeline.c.id))):
        said = len(rows(seeded, messages, messages.c.id == row["id"]))
        made = facts_of(row["document"], Escalations(seeded).timeline(row["id"], 1), Beside(ladder, said, 0))
        [stored] = rows(seeded, facts, facts.c.id == row["id"])
        assert {**stored, "recurrence": False} == facts_row(made)
        assert rows(seeded, tier_facts, tier_facts.c.id == row["id"]) == sorted(
            tier_rows(made), key=lambda one: one["tier"]
        )


def test_a_cause_recurs_when_another_case_had_it_in_the_thirty_days_before(seeded: Database) -> None:
    found = rows(seeded, facts, facts.c.cause.is_not(None))
    for one in found:
        before = [
            other
            for other in found
            if (other["cause"], other["product"]) == (one["cause"], one["product"])
            and one["cause_at"] - timedelta(days=30) <= other["cause_at"] < one["cause_at"]
        ]
        assert one["recurrence"] == bool(before)
    assert {one["recurrence"] for one in found} == {True, False}


def test_closed_ones_lie_in_the_past_in_the_order_of_their_closing(seeded: Database) -> None:
    ends = [one["closed_at"] for one in rows(seeded, closures)]
    assert ends == sorted(ends)
    assert ends[-1] < NOW
    assert max(one["at"] for one in rows(seeded, timeline)) <= NOW
    assert min(one["opened_at"] for one in rows(seeded, escalations)) > NOW - timedelta(days=SIZE.days + 14)


def test_due_times_that_people_read_are_those_that_machines_read(seeded: Database) -> None:
    warned = rows(seeded, timeline, timeline.c.kind == "warned")
    for one in warned:
        due_at = datetime.fromisoformat(one["data"]["due_at"])
        assert one["text"].endswith(
            tuple(f"due by {clock_time(due_at, zone, one['at'])}" for zone in ("Europe/Berlin", "UTC"))
        )
    assert len(warned) > 50
    said = {(one["id"], one["text"].partition("due by ")[2]) for one in warned}
    mails = rows(seeded, messages, messages.c.text.like("%due by %"))
    assert {(one["id"], one["text"].partition("due by ")[2].partition(": ")[0]) for one in mails} <= said
    assert len(mails) > 50


def test_some_cases_have_actions_and_some_causes_are_problems(seeded: Database) -> None:
    owed, people = rows(seeded, actions), {one.id for one in house().roster.people}
    assert {one["state"] for one in owed} == {"open", "done"}
    assert {one["owner"] for one in owed} <= people
    assert {one["due_on"] < NOW.date().isoformat() for one in owed} == {True, False}
    for one in owed:
        [case] = rows(seeded, escalations, escalations.c.id == one["escalation"])
        said = case["document"]["root_cause"]["actions"][one["number"]]
        assert said == {name: one[name] for name in ("text", "kind", "owner", "due_on")}
    known = rows(seeded, problems)
    assert {one["state"] for one in known} >= {"open", "known_error"}
    for one in known:
        cases = rows(seeded, problem_cases, problem_cases.c.problem == one["id"])
        mine = [rows(seeded, facts, facts.c.id == case["escalation"])[0] for case in cases]
        assert len(mine) >= 3
        assert {(case["cause"], case["product"]) for case in mine} == {(one["category"], one["product"])}


def test_the_load_is_spread_and_lately_no_more_arrives_than_before(database: Database) -> None:
    seed(database, house(), Size(open=30, closed=600, timelines=0, days=120), NOW)
    found = rows(database, facts)
    owners = Counter(one["owner"] for one in found)
    assert max(owners.values()) < 0.45 * len(found)
    ages = [(NOW - one["opened_at"]).days // 14 for one in found]
    assert 0.4 * ages.count(1) < ages.count(0) < 1.6 * ages.count(1)


def test_open_ones_are_in_every_state_and_due_around_now(seeded: Database) -> None:
    found = rows(seeded, escalations, escalations.c.status != "closed")
    assert {one["status"] for one in found} >= {"open", "acknowledged", "resolved"}
    due = [one["next_due_at"] - NOW for one in found if one["next_due_at"]]
    assert min(due) < timedelta(hours=2)
    assert all(one["updated_at"] <= NOW for one in found)
    assert Escalations(seeded).list_page(Filters(status=",".join(LIVE), overdue=True))[0]


def test_life_is_not_all_smooth(seeded: Database) -> None:
    found = rows(seeded, facts)
    for name in (
        "climbs",
        "acknowledge_breached",
        "tier_resolution_breached",
        "customer_update_breached",
        "reopen_count",
    ):
        assert 0 < sum(one[name] > 0 for one in found) < len(found), name
    assert {one["survey_score"] is None for one in found} == {True, False}
    assert {one["language"] for one in rows(seeded, closures)} >= {"en", "de"}
    customers = [one["customer"] for one in found]
    assert max(map(customers.count, set(customers))) > 5 * len(customers) / len(set(customers))


def test_what_is_found_is_what_the_closing_would_have_entered(seeded: Database) -> None:
    stored = {one["id"]: one for one in rows(seeded, closures)}
    for row in rows(seeded, escalations, escalations.c.status == "closed"):
        made, kept = closure_row(row["document"]), stored[row["id"]]
        assert {**made, "terms": {*made["terms"]}} == {name: kept[name] for name in made} | {"terms": {*kept["terms"]}}


def test_no_part_of_a_customers_name_is_a_word_of_any_case() -> None:
    """Words of a customer's name are kept out of what a case is found by; the seeding works them out without the customer."""
    grammars, tree = GRAMMARS.values(), house().causes
    assert tree is not None
    written = [
        text
        for one in grammars
        for part in (one.wrong, one.where, one.described, one.fixes, one.causes)
        for text in part
    ]
    things = [text for one in grammars for thing in one.things for text in vars(thing).values()]
    titles = [
        text for path in tree.paths() for text in (path[-1].id, path[-1].title.en, path[-1].title.in_language("de"))
    ]
    names = [text for one in grammars for half in one.halves for text in half]
    assert not {*forms([*written, *things, *titles])} & {*forms(names)}


def test_a_case_finds_others_like_it(seeded: Database) -> None:
    found = Closures(seeded)
    one = rows(seeded, escalations, escalations.c.status != "closed")[0]["document"]
    assert found.similar_to(one)


def test_a_case_that_closes_after_the_seeding_is_found_like_those_that_were_seeded(database: Database) -> None:
    seed(database, house(), Size(open=1, closed=10, timelines=0, days=60), NOW)
    [case] = rows(database, escalations, escalations.c.status != "closed")
    closed_at = NOW.isoformat()
    document = {**case["document"], "status": "closed", "closed_at": closed_at, "resolution": {"summary": "Gnomonik"}}
    with database.write() as connection:
        keep(connection, document)
    [found] = Closures(database).list_page(ClosureFilters(q="Gnomonik"))[0]
    seeded = rows(database, closures, closures.c.id != case["id"])[0]
    by_words, _ = Closures(database).list_page(ClosureFilters(q=seeded["subject"]))
    assert (found.id, seeded["id"] in {one.id for one in by_words}) == (case["id"], True)


def test_days_that_are_over_have_their_tickets_counted(seeded: Database) -> None:
    counted = rows(seeded, tickets_seen)
    assert all(one["ends"] - one["begins"] == timedelta(days=1) and one["ends"] <= NOW for one in counted)
    assert sum(one["count"] for one in counted) > SIZE.closed


def test_the_same_seed_gives_the_same_store_and_another_one_another(database: Database, tmp_path: Path) -> None:
    small = Size(open=3, closed=20, timelines=5, days=60)
    stores = [database, *(Database(f"sqlite:///{tmp_path / name}.db") for name in ("again", "other"))]
    for store, number in zip(stores, (7, 7, 8), strict=True):
        store.migrate()
        seed(store, house(), Size(**{**vars(small), "seed": number}), NOW)
    whole = [
        {
            table.name: [{**one, "terms": None} for one in rows(store, table)]
            for table in metadata.sorted_tables
            if table is not actions
        }
        for store in stores
    ]
    assert whole[0] == whole[1]
    assert whole[0]["escalations"] != whole[2]["escalations"]
    for store in stores[1:]:
        store.close()


def test_more_can_be_added_and_nothing_comes_twice(database: Database) -> None:
    small = Size(open=2, closed=10, timelines=2, days=60)
    seed(database, house(), small, NOW)
    seed(database, house(), small, NOW)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(escalations)) == 24
