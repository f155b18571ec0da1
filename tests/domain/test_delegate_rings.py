"""Delegates who are away themselves and lead back to where they began: refused when handed in, kept where they are stored."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain.errors import PolicyFaults
from domain.feeds import Feed, FeedEvent, take_feed
from domain.roster import Roster
from domain.roster_file import check_roster

PEOPLE = [{"id": name, "name": name} for name in ("ann", "bob", "cat", "dan")]
Entry = dict[str, Any]


def away(person: str, delegate: str | None = None, days: tuple[int, int] = (2, 9), source: str | None = None) -> Entry:
    """Away from one day of March 2026 to another."""
    begins, ends = (f"2026-03-{day:02}T00:00:00Z" for day in days)
    return {"person": person, "delegate": delegate, "from": begins, "to": ends, "source": source}


def told(*absences: Entry) -> list[str]:
    """What is wrong with a roster with these absences."""
    try:
        check_roster({"people": PEOPLE, "absences": absences})
    except PolicyFaults as refused:
        return [str(fault) for fault in refused.faults]
    return []


def stored(*absences: Entry) -> Roster:
    return Roster.model_validate({"people": PEOPLE, "absences": absences})


def ring(place: int, people: str, days: tuple[int, int], more: str = "") -> str:
    begins, ends = (f"2026-03-{day:02}T00:00:00Z" for day in days)
    return (
        f"absences[{place}].delegate: the delegates lead round in a ring, {people}, "
        f"and all of them are away from {begins} to {ends}{more}: name somebody who is there"
    )


def test_two_who_name_each_other_are_refused_with_their_names_and_the_time() -> None:
    assert told(away("ann", "bob", (2, 9)), away("bob", "ann", (5, 12))) == [ring(1, "ann → bob → ann", (5, 9))]


def test_a_longer_ring_is_refused_wherever_it_is_written() -> None:
    absences = (away("cat", "ann", (1, 20)), away("dan"), away("ann", "bob", (3, 9)), away("bob", "cat", (2, 8)))
    assert told(*absences) == [ring(3, "cat → ann → bob → cat", (3, 8))]


@pytest.mark.parametrize(
    "absences",
    [
        (away("ann", "bob", (2, 5)), away("bob", "ann", (5, 9))),  # one is back when the other leaves
        (away("ann", "bob", (2, 6)), away("bob", "cat", (4, 9)), away("cat", "ann", (6, 12))),  # never all three
        (away("ann", "bob"), away("bob", "cat")),
        (away("ann", "bob"), away("bob")),
        (away("ann", "cat"), away("bob", "cat")),
        (away("ann", "bob"), away("bob", "ann"), away("bob", "cat")),  # the later of two absences counts
    ],
)
def test_where_somebody_is_there_in_the_end_nothing_is_refused(absences: Sequence[Entry]) -> None:
    assert told(*absences) == []


def test_who_leads_into_a_ring_without_being_in_it_is_not_named() -> None:
    assert told(away("dan", "ann"), away("ann", "bob"), away("bob", "ann")) == [ring(2, "ann → bob → ann", (2, 9))]


def test_a_ring_that_a_later_absence_uncovers_at_its_end_is_found() -> None:
    absences = (away("ann", "bob", (2, 20)), away("bob", "ann", (3, 20)), away("bob", "cat", (1, 10)))
    assert told(*absences) == [ring(1, "ann → bob → ann", (3, 20))]


def test_every_ring_is_told_and_the_times_of_one_absence_together() -> None:
    two = (away("ann", "bob"), away("bob", "ann"), away("cat", "dan", (1, 4)), away("dan", "cat", (3, 5)))
    assert told(*two) == [ring(1, "ann → bob → ann", (2, 9)), ring(3, "cat → dan → cat", (3, 4))]
    weeks = (away("bob", "ann", (2, 4)), away("bob", "ann", (6, 8)), away("ann", "bob", (1, 20)))
    assert told(*weeks) == [ring(2, "bob → ann → bob", (2, 4), ", and 1 times more")]


def test_of_a_ring_of_many_ten_are_named_and_the_rest_counted() -> None:
    names = [f"p{number}" for number in range(13)]
    people = [{"id": name, "name": name} for name in names]
    absences = [away(name, other) for name, other in zip(names, [*names[1:], names[0]], strict=True)]
    with pytest.raises(PolicyFaults, match=r"ring, p0 → .* → p9 → 3 more → p0, and"):
        check_roster({"people": people, "absences": absences})


def test_to_delegate_to_oneself_is_told_once_and_in_its_own_words() -> None:
    assert told(away("ann", "ann")) == ["absences[0].delegate: nobody delegates to themselves: name another"]


def test_a_ring_is_told_beside_other_mistakes_but_not_made_of_times_that_cannot_be_read() -> None:
    broken = {**away("cat", "dan"), "from": "soon"}
    found = told(away("ann", "bob"), away("bob", "ann"), broken, away("dan", "cat"))
    assert [fault.partition(": ")[0] for fault in found] == ["absences[1].delegate", "absences[2].from"]


def test_a_stored_ring_is_read_as_ever_and_whatever_else_is_added_is_taken() -> None:
    old = stored(away("ann", "bob"), away("bob", "ann"))
    document = old.model_dump(mode="json", by_alias=True)
    assert Roster.model_validate(document) == old
    longer = [*document["absences"], away("cat")]
    assert check_roster({**document, "absences": longer}, before=old).absences[2].person == "cat"
    with pytest.raises(PolicyFaults) as refused:
        check_roster({**document, "absences": [*longer, away("dan", "cat"), away("cat", "dan")]}, before=old)
    assert [fault.path for fault in refused.value.faults] == ["absences[4].delegate"]


def test_a_stored_ring_is_mended_by_taking_one_away_or_by_a_later_word() -> None:
    old = [away("ann", "bob"), away("bob", "ann")]
    assert told(*old)
    assert told(old[0]) == told(old[1]) == told(*old, away("bob", "cat")) == []


def test_a_feed_makes_no_ring_and_is_taken_into_a_roster_that_has_one() -> None:
    old = stored(away("ann", "bob"), away("bob", "ann"))
    event = FeedEvent.model_validate(
        {"summary": "ann", "attendees": (), "organizer": None, "start": "2026-03-04", "end": "2026-03-06"}
    )
    taken = take_feed(old, Feed("holidays", "absences", None), [event], old.absences[0].from_)
    assert taken.taken == 1
    assert [one.delegate for one in taken.roster.absences] == [None, "bob", "ann"]
    assert told(away("ann", source="ical:holidays"), away("ann", "bob"), away("bob")) == []
