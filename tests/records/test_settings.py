"""What people configure: policies and roster by version, API keys."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from domain.roster import Person, Roster
from records.database import Database
from records.keys import ApiKey, Keys
from records.policies import Policies, PolicyVersion
from records.roster import RosterStore
from records.tables import api_keys
from tests.records.conftest import Open
from tests.records.samples import NOW, at, policy

DANA = Person(id="dana", name="Dana", phone="+493023125000")
EVE = Person(id="eve", name="Eve")


@pytest.fixture
def policies(database: Database) -> Policies:
    return Policies(database)


@pytest.fixture
def roster(database: Database) -> RosterStore:
    return RosterStore(database)


def with_person(person: Person) -> Roster:
    return Roster(people=(person,))


def test_a_policy_comes_back_as_it_was_with_its_version(policies: Policies) -> None:
    assert policies.latest("standard") is None
    assert policies.save(policy(), "api", "dana", NOW) == 1
    assert policies.latest("standard") == policy().with_version(1)
    assert policies.find("standard", 1) == policy().with_version(1)
    assert policies.find("standard", 2) is None


def test_a_change_makes_a_new_version_and_sameness_none(policies: Policies) -> None:
    policies.save(policy(), "api", "dana", NOW)
    assert policies.save(policy().with_version(7), "api", "eve", at(1)) == 1
    assert policies.save(policy(last_resort="boss"), "api", "eve", at(2)) == 2
    assert policies.save(policy(), "api", "eve", at(3)) == 3
    assert policies.versions("standard") == [
        PolicyVersion("standard", 3, "api", None, at(3), "eve"),
        PolicyVersion("standard", 2, "api", None, at(2), "eve"),
        PolicyVersion("standard", 1, "api", None, NOW, "dana"),
    ]
    assert policies.find("standard", 2) == policy(last_resort="boss").with_version(2)


def test_the_newest_of_every_policy(policies: Policies) -> None:
    policies.save(policy("vip"), "file", None, NOW, "h")
    policies.save(policy(), "api", "dana", NOW)
    policies.save(policy(last_resort="boss"), "api", "dana", NOW)
    assert [(found.name, found.version) for found in policies.latest_all()] == [("standard", 2), ("vip", 1)]


def test_a_version_of_another_process_counts_at_once_and_a_known_one_is_not_parsed_again(open_database: Open) -> None:
    here, there = Policies(open_database()), Policies(open_database())
    here.save(policy(), "api", "dana", NOW)
    here.save(policy("vip"), "api", "dana", NOW)
    standard, vip = here.latest_all()
    there.save(policy(last_resort="boss"), "api", "eve", at(1))
    newer, same = here.latest_all()
    assert (standard.version, newer) == (1, policy(last_resort="boss").with_version(2))
    assert same is vip


def test_an_unchanged_file_never_overrides_a_put(policies: Policies) -> None:
    assert policies.save(policy(), "file", None, NOW, "hash1") == 1
    assert policies.save(policy(last_resort="boss"), "api", "dana", at(1)) == 2
    assert policies.file_hash("standard") == "hash1"
    assert policies.save(policy(), "file", None, at(2), "hash1") == 2
    assert policies.latest("standard") == policy(last_resort="boss").with_version(2)


def test_a_changed_file_makes_a_new_version(policies: Policies) -> None:
    policies.save(policy(), "file", None, NOW, "hash1")
    policies.save(policy(last_resort="boss"), "api", "dana", at(1))
    assert policies.save(policy(last_resort="chief"), "file", None, at(2), "hash2") == 3
    assert policies.file_hash("standard") == "hash2"


def test_a_file_with_another_comment_only_is_read_but_no_version(policies: Policies) -> None:
    policies.save(policy(), "file", None, NOW, "hash1")
    assert policies.save(policy(), "file", None, at(1), "hash2") == 1
    policies.save(policy(last_resort="boss"), "api", "dana", at(2))
    assert policies.save(policy(), "file", None, at(3), "hash2") == 2


def test_policies_saved_at_once_get_different_versions(open_database: Open) -> None:
    databases = [open_database(), open_database()]
    start = Barrier(6)

    def save(number: int) -> int:
        start.wait()
        return Policies(databases[number % 2]).save(policy(last_resort=f"p{number}"), "api", "dana", NOW)

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(save, range(6))) == [1, 2, 3, 4, 5, 6]


def test_no_roster_is_an_empty_roster(roster: RosterStore) -> None:
    assert roster.is_empty()
    assert roster.current() == Roster()


def test_the_newest_roster_counts(roster: RosterStore) -> None:
    assert roster.save(with_person(DANA), "ops", NOW) == 1
    assert roster.save(with_person(DANA), "ops", at(1)) == 1
    assert roster.save(with_person(EVE), "ops", at(2)) == 2
    assert roster.current() == with_person(EVE)
    assert not roster.is_empty()


def test_a_roster_of_another_process_counts_at_once_and_a_known_one_is_not_parsed_again(open_database: Open) -> None:
    here, there = RosterStore(open_database()), RosterStore(open_database())
    assert here.current() == Roster()
    there.save(with_person(DANA), "ops", NOW)
    first = here.current()
    assert here.current() is first
    there.save(with_person(EVE), "ops", at(1))
    assert (first, here.current()) == (with_person(DANA), with_person(EVE))


def test_the_file_seeds_only_an_empty_store(roster: RosterStore) -> None:
    assert roster.seed(with_person(DANA), NOW)
    assert not roster.seed(with_person(EVE), at(1))
    assert roster.current() == with_person(DANA)


def test_edits_at_once_are_all_kept(open_database: Open) -> None:
    databases = [open_database(), open_database()]

    def add(number: int) -> None:
        person = Person(id=f"p{number}", name=f"P {number}")
        RosterStore(databases[number % 2]).change(lambda old: Roster(people=(*old.people, person)), "ops", NOW)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(8)))
    assert {person.id for person in RosterStore(databases[0]).current().people} == {f"p{number}" for number in range(8)}


def test_an_edit_that_raises_changes_nothing(roster: RosterStore) -> None:
    def refuse(_old: Roster) -> Roster:
        raise KeyError

    with pytest.raises(KeyError):
        roster.change(refuse, "ops", NOW)
    assert roster.is_empty()


def test_a_key_is_found_by_its_secret_only(database: Database) -> None:
    keys = Keys(database)
    id, secret = keys.create("agent", "dana", "Dana's laptop", NOW)
    assert secret.startswith("tl_")
    assert len(secret) == len("tl_") + 43
    assert keys.find(secret) == ApiKey(id, "agent", "dana", "Dana's laptop", NOW, None)
    for wrong in ("", id, secret[:-1], secret.upper(), "tl_ÄÖ"):
        assert keys.find(wrong) is None
    with database.read() as connection:
        row = connection.execute(select(api_keys)).mappings().one()
    assert secret not in repr(row)
    assert len(row["hash"]) == 64


def test_a_revoked_key_opens_nothing_but_stays_listed(database: Database) -> None:
    keys = Keys(database)
    id, secret = keys.create("admin", None, "first", NOW)
    keys.create("viewer", None, "second", at(1))
    assert keys.revoke(id, at(2))
    assert not keys.revoke(id, at(3))
    assert not keys.revoke("unknown", at(3))
    assert keys.find(secret) is None
    assert [(key.label, key.revoked_at) for key in keys.all()] == [("first", at(2)), ("second", None)]
