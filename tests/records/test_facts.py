"""Facts follow what the store has of a case: with every record, with every message, after closing, and for cases from before."""

from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select

from domain.facts import facts_of, recurs
from domain.periods import Period
from domain.state import TimelineEntry
from records.afterwards import Afterwards
from records.database import Database
from records.facts import facts_row, fill, refresh
from records.figures import Figures, Wanted
from records.outbound import Outbound
from records.policies import Policies
from records.rows import save
from records.tables import facts, tier_facts
from records.transitions import Transitions
from tests.records.conftest import upgrade
from tests.records.samples import NOW, at, document, message, policy, target, text, transition
from tests.records.test_afterwards import rated

CASE = ("zendesk-1", 1)


def entry(seq: int, kind: str, minute: float, actor: str = "dana", **data: Any) -> TimelineEntry:
    shape = {"seq": seq, "at": at(minute), "kind": kind, "actor": actor, "text": kind, "data": data}
    return TimelineEntry.model_validate(shape)


def found(database: Database, case: tuple[str, int] = CASE) -> RowMapping:
    mine = (facts.c.id == case[0]) & (facts.c.episode == case[1])
    with database.read() as connection:
        return connection.execute(select(facts).where(mine)).mappings().one()


def record(database: Database, version: int, *lines: TimelineEntry, **changes: Any) -> None:
    more = {name: changes.pop(name) for name in ("messages", "as_of", "after") if name in changes}
    whole = document(changes.pop("id", "zendesk-1"), version=version, **changes)
    made = transition(version, timeline=lines, **more).model_copy(update={"document": whole})
    Transitions(database).record(made, at(version))


def test_facts_are_written_with_the_record_and_follow_it(database: Database) -> None:
    record(database, 1)
    assert (found(database)["status"], found(database)["acknowledge_seconds"]) == ("open", None)
    record(database, 2, entry(1, "acknowledged", 4), status="acknowledged", owner="dana")
    row = found(database)
    assert (row["status"], row["owner"], row["acknowledge_seconds"], row["version"]) == ("acknowledged", "dana", 240, 2)
    record(database, 1)
    assert found(database) == row


def test_each_tier_has_its_row_and_a_second_record_no_second_one(database: Database) -> None:
    lines = (entry(1, "breached", 15, target="acknowledge"), entry(2, "climbed", 15, tier="L2"))
    higher = {"tier": {"index": 1, "name": "L2"}, "targets": [target("acknowledge", tier="L1", breached=True)]}
    for _ in range(2):
        record(database, 2, *lines, **higher)
    with database.read() as connection:
        rows = connection.execute(
            select(tier_facts.c.tier, tier_facts.c.stays, tier_facts.c.seconds, tier_facts.c.breaches)
        ).all()
    assert sorted(map(tuple, rows)) == [("L1", 1, 900, 1), ("L2", 1, 0, 0)]
    assert (found(database)["climbs"], found(database)["acknowledge_breached"]) == (1, 1)


def test_the_highest_tier_is_told_by_the_policy(database: Database) -> None:
    rules = policy()
    ladder = tuple(rules.tiers[0].model_copy(update={"name": name}) for name in ("L1", "L2"))
    version = Policies(database).save(rules.model_copy(update={"tiers": ladder}), "api", None, NOW)
    back = (entry(1, "climbed", 15, tier="L2"), entry(2, "handed_back", 20, tier="L1"))
    record(database, 1, *back, policy={"name": "standard", "version": version})
    assert (found(database)["tier"], found(database)["highest_tier"]) == ("L1", "L2")


def test_what_is_taken_back_is_taken_back_from_the_facts(database: Database) -> None:
    record(database, 1, as_of=at(1), after=at(0))
    record(database, 2, entry(1, "acknowledged", 2), status="acknowledged", as_of=at(2), after=at(1))
    assert found(database)["acknowledge_seconds"] == 120
    record(database, 2, entry(1, "note", 5), as_of=at(5), after=at(1))
    assert (found(database)["status"], found(database)["acknowledge_seconds"]) == ("open", None)


def test_messages_count_when_they_went_out_or_failed_also_after_the_last_record(database: Database) -> None:
    sent, failed, waits = message("dana/sms"), message("dana/email"), message("lea/sms")
    record(database, 1, messages=(sent, failed, waits))
    outbound = Outbound(database)
    for one, end in ((sent, "sent"), (failed, "failed")):
        outbound.claim(one.key, "+49", None, "acknowledge", at(2))
        outbound.mark(one.key, "sent" if end == "sent" else "failed", at(2))
    assert (found(database)["messages_sent"], found(database)["messages_failed"]) == (1, 1)
    outbound.mark(sent.key, "failed", at(3), reason="bounced")
    assert (found(database)["messages_sent"], found(database)["messages_failed"]) == (1, 2)


def test_what_a_customer_says_after_closing_counts(database: Database) -> None:
    record(database, 1, status="closed", rules_version=4)
    Afterwards(database).record_survey(rated(2, "c1", database), at(3))
    assert found(database)["survey_score"] == 2


def test_cases_from_before_are_filled_once_each_and_only_those_without(database: Database) -> None:
    for number in range(250):
        record(database, 1, id=f"zendesk-{number}", opened_at=text(at(-number)))
    with database.write() as connection:
        connection.execute(delete(facts).where(facts.c.id != "zendesk-7"))
    place, batches = fill(database), 1
    while place is not None:
        place, batches = fill(database, place), batches + 1
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(facts)) == 250
    assert batches == 4  # two whole ones, the rest, and the look that finds nothing


OPENED = entry(1, "resolved", 10), entry(2, "closed", 20)
CLOSED: dict[str, Any] = {"status": "closed", "resolved_at": text(at(10)), "closed_at": text(at(20))}
AGAIN: dict[str, Any] = {"episode": 2, "reopened_from": 1, "reopen_count": 1, "opened_at": text(at(30))}


def reopened_after_closing(database: Database) -> None:
    """One case: opened, resolved, closed, reopened."""
    record(database, 2, *OPENED, **CLOSED)
    record(database, 1, entry(1, "reopened", 30), **AGAIN)


def coming_back(database: Database) -> dict[int, tuple[bool, bool]]:
    """Episode → whether it is the reopening of one, and whether it came back."""
    columns = facts.c.episode, facts.c.reopens, facts.c.came_back
    with database.read() as connection:
        return {row[0]: (row[1], row[2]) for row in connection.execute(select(*columns))}


def test_an_episode_that_is_reopened_after_its_closing_came_back(database: Database) -> None:
    record(database, 2, *OPENED, **CLOSED)
    assert coming_back(database) == {1: (False, False)}
    record(database, 1, entry(1, "reopened", 30), **AGAIN)
    assert coming_back(database) == {1: (False, True), 2: (True, False)}
    whole = Wanted(Period(at(-60), at(60)))
    assert Figures(database).total(whole)["reopen_rate"] == 100
    record(database, 2, entry(2, "resolved", 40), **AGAIN, resolved_at=text(at(40)))
    assert Figures(database).total(whole)["reopen_rate"] == 100


def test_it_stays_so_when_its_own_facts_are_made_again(database: Database) -> None:
    reopened_after_closing(database)
    with database.write() as connection:
        refresh(connection, CASE)
    assert coming_back(database) == {1: (False, True), 2: (True, False)}


def test_a_ticket_that_is_escalated_again_is_another_case(database: Database) -> None:
    record(database, 2, *OPENED, **CLOSED)
    record(database, 1, episode=2, opened_at=text(at(30)))
    assert coming_back(database) == {1: (False, False), 2: (False, False)}


def test_the_upgrade_knows_which_cases_came_back_before_it(empty_url: str) -> None:
    database = Database(empty_url)
    upgrade(database, "0015")
    before(database, document(**CLOSED), *OPENED)
    before(database, document(**AGAIN), entry(1, "reopened", 30))
    before(database, document("zendesk-2", 3), entry(1, "resolved", 5), entry(2, "reopened", 9))
    before(database, document("zendesk-3", 4, **CLOSED), *OPENED)
    database.migrate()
    assert coming_back(database) == {1: (False, True), 2: (True, False), 3: (False, True), 4: (False, False)}
    database.close()


def before(database: Database, whole: dict[str, Any], *lines: TimelineEntry) -> None:
    """A case and its facts as the release before wrote them."""
    made = facts_row(facts_of(whole, lines))
    kept = {name: value for name, value in made.items() if name not in ("reopens", "came_back")}
    with database.write() as connection:
        save(connection, whole, 1, NOW)
        connection.execute(insert(facts).values(kept))


def caused(number: int, minute: float, opened: float = 0.0, product: str | None = "checkout") -> dict[str, Any]:
    """A case whose cause was recorded at that minute."""
    ticket = {"system": "zendesk", "id": str(number), "subject": "down", "product": product}
    cause = {"by": "dana", "at": text(at(minute)), "category": "disk", "description": "full", "origin": "ours"}
    return {"id": f"zendesk-{number}", "ticket": ticket, "root_cause": cause, "opened_at": text(at(opened))}


def flags(database: Database) -> dict[str, bool]:
    with database.read() as connection:
        return dict(map(tuple, connection.execute(select(facts.c.id, facts.c.recurrence))))


A_DAY = 24 * 60
CASES = (
    caused(1, 0, opened=-5),
    caused(2, 30 * A_DAY, opened=-9),  # just inside the window of the first, and opened before it
    caused(3, 61 * A_DAY),  # thirty-one days after the second
    caused(4, 62 * A_DAY, product=None),
    caused(5, 63 * A_DAY, product=None),
)
RECURS = {"zendesk-1": False, "zendesk-2": True, "zendesk-3": False, "zendesk-4": False, "zendesk-5": True}


def test_a_cause_that_came_back_is_flagged_when_it_is_recorded(database: Database) -> None:
    for one in CASES:
        record(database, 1, **dict(one))
    assert flags(database) == RECURS


def test_the_fill_flags_it_in_whatever_order_the_cases_were_opened(database: Database) -> None:
    for one in CASES:
        record(database, 1, **dict(one))
    with database.write() as connection:
        connection.execute(delete(facts))
    place = fill(database)
    assert place is not None
    assert fill(database, place) is None
    assert flags(database) == RECURS


def test_the_flag_is_what_the_rule_says(database: Database) -> None:
    for one in CASES:
        record(database, 1, **dict(one))
    with database.write() as connection:
        made = [refresh(connection, (str(one["id"]), 1)) for one in CASES]
    known = [one for one in made if one is not None]
    assert {one.id: recurs(one, known) for one in known} == RECURS


def test_a_case_the_store_has_not_has_no_facts(database: Database) -> None:
    with database.write() as connection:
        assert refresh(connection, ("zendesk-9", 1)) is None
