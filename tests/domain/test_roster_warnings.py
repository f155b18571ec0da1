"""What a roster probably does not mean is said once, with its place and what to do, and refuses nothing."""

from time import perf_counter

from domain.roster import Roster
from domain.roster_warnings import people_at, roster_warnings


def roster(*people: dict[str, str]) -> Roster:
    return Roster.model_validate({"people": [{"id": f"p{i}", "name": "X", **one} for i, one in enumerate(people)]})


def test_an_address_that_several_have_is_told_once_at_the_second() -> None:
    mail = [{"email": "duty@x.example"}, {"email": "DUTY@x.example"}, {"email": "duty@x.example"}]
    [fault] = roster_warnings(roster(*mail))
    assert str(fault).startswith("people[1].email: p0, p1, p2 have the same e-mail address")
    assert "a reply from there does nothing" in fault.message


def test_a_phone_that_two_have_is_told_too() -> None:
    [fault] = roster_warnings(roster({"phone": "+493023125000"}, {}, {"phone": "+493023125000"}))
    assert str(fault).startswith("people[2].phone: p0, p2 have the same phone number")


def test_addresses_of_their_own_and_none_are_fine() -> None:
    assert roster_warnings(roster({"email": "a@x.example"}, {"email": "b@x.example"}, {}, {})) == []


def test_a_roster_without_people_is_told() -> None:
    [fault] = roster_warnings(Roster())
    assert str(fault).startswith("people: nobody is in this roster")


def test_everybody_with_an_address_is_found_in_the_rosters_order() -> None:
    both = roster({"email": "Duty@x.example"}, {"email": "duty@X.example"})
    assert [one.id for one in people_at(both, "email", "duty@x.example")] == ["p0", "p1"]
    assert people_at(both, "sms", "+493023125000") == []


def test_many_people_are_looked_at_once_each() -> None:
    people = [{"email": f"p{n}@x.example"} for n in range(5_000)]
    began = perf_counter()
    assert roster_warnings(roster(*people)) == []
    assert perf_counter() - began < 10  # a guard against growth, not a measurement
