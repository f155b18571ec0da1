"""Who is on duty: a named test for each row of the rules, and what a roster file may say."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.roster import (
    Roster,
    Rotation,
    acting_lead,
    check_selector,
    lead,
    leads_of,
    manager_of,
    on_duty,
    reachable,
    responder,
    stand_in_of,
)

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SAMPLE = Path(__file__).parents[2] / "policies" / "roster.yaml"

Entry = dict[str, object]


def rotation(*members: str, **rest: object) -> Entry:
    base: Entry = {"timezone": "UTC", "handoff": "09:00", "every": "1d", "start": "2026-03-02"}
    return base | {"members": members} | rest


def person(name: str, manager: str | None = None) -> Entry:
    return {"id": name, "name": name.title(), "manager": manager}


def roster(*rotations: Entry, **rest: object) -> Roster:
    """Team `t` led by `boss` with `rotations`; ann, bob and cat report to boss, boss to top."""
    people = [*(person(p, "boss") for p in ("ann", "bob", "cat", "dan")), person("boss", "top"), person("top")]
    team = {"id": "t", "lead": "boss", "members": ["ann", "bob", "cat"], "rotations": rotations}
    return Roster.model_validate({"people": people, "teams": [team]} | rest)


def span(start: datetime = MONDAY - DAY, end: datetime = MONDAY + 30 * DAY, **rest: object) -> Entry:
    return {"from": start, "to": end, **rest}


def duty(found: Roster, at: datetime = MONDAY) -> list[str]:
    return on_duty(found, "t", at)


def local(text: str, timezone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))


# layers


def test_the_first_layer_with_somebody_on_duty_is_on_call_and_the_next_distinct_person_below_is_next() -> None:
    three = roster(rotation("ann"), rotation("ann"), rotation("bob"))
    assert duty(three) == ["ann", "bob"]
    assert responder(three, "t", "on_call", MONDAY) == "ann"
    assert responder(three, "t", "on_call.next", MONDAY) == "bob"


def test_a_rotation_with_hours_has_nobody_outside_them() -> None:
    layered = roster(rotation("ann", hours=["08:00-18:00"]), rotation("bob"))
    assert duty(layered) == ["ann", "bob"]
    assert duty(layered, MONDAY.replace(hour=18)) == ["bob"]
    alone = roster(rotation("ann", "bob", hours={"tue": ["08:00-18:00"]}))
    assert duty(alone) == []
    assert responder(alone, "t", "on_call", MONDAY) is None


def test_nobody_is_on_duty_before_a_rotation_starts() -> None:
    assert duty(roster(rotation("ann")), MONDAY.replace(hour=8)) == []
    assert duty(roster(rotation("ann")), MONDAY.replace(hour=9)) == ["ann"]


def test_in_a_single_rotation_the_next_in_turn_is_on_call_next() -> None:
    assert duty(roster(rotation("ann", "bob", "cat"))) == ["ann", "bob", "cat"]
    assert duty(roster(rotation("ann", "bob", "cat")), MONDAY + DAY) == ["bob", "cat", "ann"]
    assert duty(roster(rotation("ann", "ann", "bob"))) == ["ann", "bob"]
    assert responder(roster(rotation("ann")), "t", "on_call.next", MONDAY) is None


def test_a_team_without_rotations_answers_with_its_members_in_order() -> None:
    assert duty(roster()) == ["ann", "bob", "cat"]


def test_an_unknown_team_is_nobody() -> None:
    assert on_duty(roster(), "nowhere", MONDAY) == []
    assert lead(roster(), "nowhere") is None
    for selector in ("on_call", "on_call.next", "team.lead"):
        assert responder(roster(), "nowhere", selector, MONDAY) is None


# hand-off


@pytest.mark.parametrize(
    ("timezone", "handoff", "start", "changes"),
    [
        ("America/Chicago", "02:30", "2020-03-07", "2020-03-08T03:00-05:00"),
        ("Australia/Lord_Howe", "02:15", "2020-10-03", "2020-10-04T02:30+11:00"),
        ("Europe/Berlin", "02:30", "2026-10-24", "2026-10-25T02:30+02:00"),
    ],
)
def test_hand_off_is_local_wall_clock_also_when_that_time_does_not_exist_or_exists_twice(
    timezone: str, handoff: str, start: str, changes: str
) -> None:
    daily = roster(rotation("ann", "bob", timezone=timezone, handoff=handoff, start=start))
    at = datetime.fromisoformat(changes)
    assert duty(daily, at - timedelta(seconds=1))[0] == "ann"
    assert duty(daily, at)[0] == "bob"
    assert all(duty(daily, at + timedelta(minutes=10 * n))[0] == "bob" for n in range(6 * 22))
    assert duty(daily, local(f"{at.date() + DAY}T{handoff}", timezone))[0] == "ann"


def test_hand_off_on_the_day_of_a_clock_change_makes_a_23_h_or_25_h_shift() -> None:
    daily = roster(rotation("ann", "bob", timezone="Europe/Berlin", handoff="00:00", start="2026-03-28"))
    change = local("2026-03-29T00:00", "Europe/Berlin").astimezone(UTC)
    assert [duty(daily, change + timedelta(hours=h))[0] for h in (-1, 0, 22, 23)] == ["ann", "bob", "bob", "ann"]
    daily = roster(rotation("ann", "bob", timezone="Europe/Berlin", handoff="00:00", start="2026-10-24"))
    change = local("2026-10-25T00:00", "Europe/Berlin").astimezone(UTC)
    assert [duty(daily, change + timedelta(hours=h))[0] for h in (-1, 0, 24, 25)] == ["ann", "bob", "bob", "ann"]


def test_hand_off_every_12h_means_two_fixed_local_times_a_day() -> None:
    halves = roster(rotation("ann", "bob", timezone="Europe/Berlin", handoff="08:00", every="12h", start="2026-03-01"))
    for day in ("2026-03-01", "2026-03-28", "2026-03-29", "2026-10-25", "2026-12-01"):
        assert duty(halves, local(f"{day}T07:59", "Europe/Berlin"))[:1] in (["bob"], [])
        assert duty(halves, local(f"{day}T08:00", "Europe/Berlin"))[0] == "ann"
        assert duty(halves, local(f"{day}T19:59", "Europe/Berlin"))[0] == "ann"
        assert duty(halves, local(f"{day}T20:00", "Europe/Berlin"))[0] == "bob"


def test_a_weekly_hand_off_keeps_its_weekday_and_fortnights_count_from_the_start() -> None:
    weekly = roster(rotation("ann", "bob", handoff="mon 09:00", every="1w"))
    assert duty(weekly, datetime(2026, 3, 9, 8, 59, tzinfo=UTC))[0] == "ann"
    assert duty(weekly, datetime(2026, 3, 9, 9, tzinfo=UTC))[0] == "bob"
    fortnight = roster(rotation("ann", "bob", handoff="mon 09:00", every="2w"))
    assert duty(fortnight, datetime(2026, 3, 9, 9, tzinfo=UTC))[0] == "ann"
    assert duty(fortnight, datetime(2026, 3, 16, 9, tzinfo=UTC))[0] == "bob"


def test_a_weekly_turn_without_a_weekday_hands_off_on_the_weekday_of_its_start() -> None:
    weekly = roster(rotation("ann", "bob", every="1w", start="2026-03-04"))
    assert duty(weekly, datetime(2026, 3, 11, 8, 59, tzinfo=UTC))[0] == "ann"
    assert duty(weekly, datetime(2026, 3, 11, 9, tzinfo=UTC))[0] == "bob"


def test_a_start_between_hand_offs_gives_the_first_member_a_shorter_shift() -> None:
    weekly = roster(rotation("ann", "bob", handoff="mon 09:00", every="1w", start="2026-03-04"))
    assert duty(weekly, datetime(2026, 3, 4, 8, 59, tzinfo=UTC)) == []
    assert duty(weekly, datetime(2026, 3, 4, 9, tzinfo=UTC))[0] == "ann"
    assert duty(weekly, datetime(2026, 3, 9, 9, tzinfo=UTC))[0] == "bob"
    halves = roster(rotation("ann", "bob", every="12h", start="2026-03-02T22:00:00Z"))
    assert duty(halves, datetime(2026, 3, 2, 21, 59, tzinfo=UTC)) == []
    assert duty(halves, datetime(2026, 3, 2, 22, tzinfo=UTC))[0] == "ann"
    assert duty(halves, datetime(2026, 3, 3, 9, tzinfo=UTC))[0] == "bob"


# override


def test_an_override_with_instead_of_stands_in_exactly_while_the_other_would_be_on_duty() -> None:
    swapped = roster(rotation("ann", "bob"), overrides=[span(person="cat", instead_of="ann")])
    assert duty(swapped) == ["cat", "bob"]
    assert duty(swapped, MONDAY + DAY) == ["bob", "cat"]
    assert duty(swapped, MONDAY + 40 * DAY) == ["ann", "bob"]


def test_an_override_without_instead_of_is_on_duty_first_for_the_whole_window() -> None:
    window = span(MONDAY, MONDAY + 2 * DAY, person="dan", team="t")
    covered = roster(rotation("ann", "bob"), overrides=[window])
    assert duty(covered, MONDAY - timedelta(seconds=1))[0] == "ann"
    assert duty(covered, MONDAY) == ["dan", "ann", "bob"]
    assert duty(covered, MONDAY + DAY) == ["dan", "bob", "ann"]
    assert duty(covered, MONDAY + 2 * DAY)[0] == "ann"
    shut = roster(rotation("ann", hours=["01:00-02:00"]), overrides=[window])
    assert duty(shut) == ["dan"]


def test_later_overrides_win() -> None:
    entries = [span(person="bob", instead_of="ann"), span(person="cat", instead_of="ann")]
    assert duty(roster(rotation("ann"), overrides=entries)) == ["cat"]
    entries = [span(person="bob", team="t"), span(person="cat", team="t")]
    assert duty(roster(rotation("ann"), overrides=entries)) == ["cat", "bob", "ann"]


def test_a_stand_in_can_be_stood_in_for_by_a_later_override() -> None:
    entries = [span(person="bob", instead_of="ann"), span(person="cat", instead_of="bob")]
    assert duty(roster(rotation("ann"), overrides=entries)) == ["cat"]


def test_two_who_swap_stay_swapped() -> None:
    entries = [span(person="bob", instead_of="ann"), span(person="ann", instead_of="bob")]
    assert duty(roster(rotation("ann"), rotation("bob"), overrides=entries)) == ["bob", "ann"]


def test_an_override_without_team_reaches_the_teams_of_its_person() -> None:
    assert duty(roster(rotation("ann"), overrides=[span(person="bob")])) == ["bob", "ann"]
    other = {"id": "t", "members": ["ann"]}, {"id": "u", "members": ["bob"]}
    elsewhere = roster(teams=other, overrides=[span(person="bob")])
    assert duty(elsewhere) == ["ann"]
    assert on_duty(elsewhere, "u", MONDAY) == ["bob"]


def test_an_override_of_another_team_changes_nothing_here() -> None:
    teams = {"id": "t", "members": ["ann"]}, {"id": "u", "members": ["ann"]}
    entries = [span(person="bob", instead_of="ann", team="u"), span(person="cat", team="u")]
    assert duty(roster(teams=teams, overrides=entries)) == ["ann"]


# absence


def test_an_absence_removes_the_person_and_the_delegate_takes_the_place() -> None:
    away = roster(rotation("ann", "bob"), absences=[span(person="ann", delegate="cat")])
    assert duty(away) == ["cat", "bob"]
    assert duty(away, MONDAY + 40 * DAY) == ["ann", "bob"]


def test_an_absence_of_the_delegate_leads_on() -> None:
    chain = [span(person="ann", delegate="cat"), span(person="cat", delegate="dan")]
    assert duty(roster(rotation("ann", "bob"), absences=chain))[0] == "dan"


def test_an_absence_whose_delegates_loop_ends_at_nobody_and_the_next_in_the_rotation_takes_the_shift() -> None:
    loop = [span(person="ann", delegate="cat"), span(person="cat", delegate="ann")]
    assert duty(roster(rotation("ann", "bob"), absences=loop)) == ["bob"]


def test_an_absence_without_delegate_gives_that_shift_to_the_next_in_the_rotation() -> None:
    away = roster(rotation("ann", "bob", "cat"), absences=[span(person="ann")])
    assert duty(away) == ["bob", "cat"]
    assert duty(away, MONDAY + DAY) == ["bob", "cat"]
    assert duty(away, MONDAY + 2 * DAY) == ["cat", "bob"]
    everybody = [span(person=p) for p in ("ann", "bob", "cat")]
    assert duty(roster(rotation("ann", "bob", "cat"), absences=everybody)) == []


def test_an_absence_counts_for_stand_ins_and_for_members_without_rotation() -> None:
    entries = [span(person="cat", instead_of="ann")]
    both = roster(rotation("ann", "bob"), overrides=entries, absences=[span(person="cat")])
    assert duty(both) == ["bob"]
    assert duty(roster(absences=[span(person="ann"), span(person="bob", delegate="dan")])) == ["dan", "cat"]
    assert duty(roster(rotation("ann"), overrides=[span(person="bob")], absences=[span(person="bob")])) == ["ann"]


# chain of command


def test_chain_of_command_goes_up_past_absent_ones_one_person_at_a_time() -> None:
    assert manager_of(roster(), "ann", MONDAY) == "boss"
    assert manager_of(roster(), "boss", MONDAY) == "top"
    assert manager_of(roster(), "top", MONDAY) is None
    assert manager_of(roster(absences=[span(person="boss")]), "ann", MONDAY) == "top"
    assert manager_of(roster(absences=[span(person="boss"), span(person="top")]), "ann", MONDAY) is None
    assert manager_of(roster(absences=[span(person="boss", delegate="ann")]), "ann", MONDAY) == "top"
    assert manager_of(roster(), "nobody", MONDAY) is None


def test_chain_of_command_stands_behind_an_absent_lead() -> None:
    assert lead(roster(), "t") == "boss"
    assert responder(roster(), "t", "team.lead", MONDAY) == "boss"
    assert responder(roster(absences=[span(person="boss", delegate="dan")]), "t", "team.lead", MONDAY) == "dan"
    assert responder(roster(absences=[span(person="boss")]), "t", "team.lead", MONDAY) == "top"
    nobody = roster(absences=[span(person="boss"), span(person="top")])
    assert responder(nobody, "t", "team.lead", MONDAY) is None


def test_chain_of_command_stands_behind_a_named_person() -> None:
    assert responder(roster(), "t", "person:dan", MONDAY) == "dan"
    assert responder(roster(absences=[span(person="dan", delegate="cat")]), "t", "person:dan", MONDAY) == "cat"
    assert responder(roster(absences=[span(person="dan")]), "t", "person:dan", MONDAY) == "boss"
    assert responder(roster(), "t", "person:nobody", MONDAY) is None
    assert responder(roster(), "t", "everybody", MONDAY) is None
    assert reachable(roster(), "dan", MONDAY) == "dan"


AWAY = {"boss": span(person="boss"), "top": span(person="top"), "dan": span(person="dan", delegate="cat")}


@pytest.mark.parametrize(
    ("absences", "told"),
    [
        ([], "boss"),
        ([span(person="boss", delegate="dan")], "dan"),
        ([span(person="boss", delegate="dan"), AWAY["dan"]], "cat"),
        ([span(person="boss", delegate="dan"), span(person="dan", delegate="boss")], "top"),
        ([AWAY["boss"]], "top"),
        ([AWAY["boss"], span(person="top", delegate="ann")], "ann"),
        ([AWAY["boss"], AWAY["top"]], "boss"),
        ([span(MONDAY + DAY, person="boss", delegate="dan")], "boss"),
        ([span(end=MONDAY, person="boss", delegate="dan")], "boss"),
    ],
    ids=[
        *("present", "delegate", "delegate away", "loop", "manager", "delegate of the manager", "nobody"),
        *("not away yet", "back"),
    ],
)
def test_who_is_away_is_stood_in_for_and_where_nobody_can_is_told_all_the_same(
    absences: list[Entry], told: str
) -> None:
    found = roster(absences=absences)
    assert stand_in_of(found, "boss", MONDAY) == told
    assert acting_lead(found, "t", MONDAY) == told


def test_nobody_stands_in_for_a_lead_that_there_is_not() -> None:
    leaderless = roster(teams=[{"id": "t", "members": ["ann"]}])
    assert (acting_lead(leaderless, "t", MONDAY), leads_of(leaderless)) == (None, {})
    assert stand_in_of(leaderless, "stranger", MONDAY) == "stranger"


# what may be written


@pytest.mark.parametrize("selector", ["on_call", "on_call.next", "team.lead", "person:dana", "person:ops-manager"])
def test_selectors(selector: str) -> None:
    check_selector(selector)


@pytest.mark.parametrize("selector", ["", "oncall", "person:", "person:<id>", "person:Dana", "team.lead "])
def test_other_selectors_are_refused_and_told_what_is_allowed(selector: str) -> None:
    with pytest.raises(ValueError, match=r"on_call, on_call\.next, team\.lead, person:<id>"):
        check_selector(selector)


def test_all_unknown_names_duplicates_and_loops_are_reported_at_once() -> None:
    people = [person("ann", "bob"), person("bob", "ann"), person("cat", "nobody"), person("cat")]
    teams = [
        {"id": "t", "lead": "bobb", "members": ["zed"], "rotations": [rotation("zoe")]},
        {"id": "t"},
    ]
    entries = {
        "overrides": [span(person="ann", instead_of="ann"), span(person="cat"), span(person="ann", team="tt")],
        "absences": [span(person="ann", delegate="ann")],
    }
    with pytest.raises(ValidationError) as refused:
        Roster.model_validate({"people": people, "teams": teams, **entries})
    found = {".".join(map(str, error["loc"])): error["msg"] for error in refused.value.errors()}
    assert "did you mean 'bob'" in found["teams.0.lead"]
    assert "did you mean 't'" in found["overrides.2.team"]
    assert set(found) == {
        "people.0.manager",
        "people.2.manager",
        "people.3.id",
        "teams.1.id",
        "teams.0.lead",
        "teams.0.members.0",
        "teams.0.rotations.0.members.0",
        "overrides.0.instead_of",
        "overrides.1.team",
        "overrides.2.team",
        "absences.0.delegate",
    }


def test_a_loop_of_managers_is_shown() -> None:
    people = [person("ann", "bob"), person("bob", "cat"), person("cat", "ann"), person("dan", "ann")]
    with pytest.raises(ValidationError, match="ann → bob → cat → ann"):
        Roster.model_validate({"people": people})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"handoff": "9:00"}, "mon 09:00"),
        ({"handoff": "monday 09:00"}, "mon 09:00"),
        ({"handoff": 600}, "quotes"),
        ({"handoff": "mon 09:00", "every": "1d"}, "weekday"),
        ({"every": "90m"}, "whole hours"),
        ({"every": "0s"}, "at least 1s"),
        ({"members": []}, "at least 1"),
        ({"timezone": "Mars/Base"}, "IANA name"),
        ({"start": "2026-03-02T09:00:00"}, "no time zone"),
        ({"start": "soon"}, "start"),
        ({"hours": ["9-17"]}, "HH:MM-HH:MM"),
        ({"hours": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "overlap"),
        ({"hours": []}, "no hours at all"),
        ({"hand_off": "09:00"}, "Extra inputs"),
    ],
)
def test_a_bad_rotation_is_refused_and_told_what_to_write(change: Entry, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Rotation.model_validate(rotation("ann") | change)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": "Dana"}, "pattern"),
        ({"id": "a" * 65}, "pattern"),
        ({"email": "nobody"}, "email"),
        ({"phone": "030 123"}, "country code"),
        ({"phone": 493023125000}, "quotes"),
        ({"timezone": "Berlin"}, "IANA name"),
        ({"locale": "english please"}, "locale"),
        ({"pager": "1"}, "Extra inputs"),
    ],
)
def test_a_bad_person_is_refused(change: Entry, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Roster.model_validate({"people": [person("ann") | change]})


def test_a_phone_number_is_kept_in_e164() -> None:
    found = Roster.model_validate({"people": [person("ann") | {"phone": "+49 30 23125-000"}]})
    assert found.people[0].phone == "+493023125000"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"from": "2026-03-02T09:00:00"}, r"no time zone: add an offset"),
        ({"from": date(2026, 3, 2)}, r"no time zone: add an offset"),
        ({"to": MONDAY - DAY}, "not after"),
    ],
)
def test_a_bad_span_is_refused(change: Entry, says: str) -> None:
    for kind in ("overrides", "absences"):
        with pytest.raises(ValidationError, match=says):
            roster(**{kind: [span(person="ann") | change]})


def test_a_roster_survives_json() -> None:
    full = roster(
        rotation("ann", "bob", hours=["09:00-17:00"]),
        rotation("bob", start="2026-03-02T09:00:00+01:00", every="12h"),
        overrides=[span(person="cat", instead_of="ann")],
        absences=[span(person="ann", delegate="cat")],
    )
    again = Roster.model_validate_json(full.model_dump_json())
    assert again == full
    assert Roster.model_validate(full.model_dump()) == full
    assert again.teams[0].rotations[0].start == date(2026, 3, 2)
    assert '"from"' in full.model_dump_json()


def test_the_sample_roster_is_valid_and_everyone_answers() -> None:
    sample = Roster.model_validate(yaml.safe_load(SAMPLE.read_text(encoding="utf-8")))
    assert on_duty(sample, "support", datetime(2026, 1, 6, tzinfo=UTC)) == ["dana", "ines"]
    for team in sample.teams:
        for hours in range(0, 24 * 30, 5):
            at = MONDAY + timedelta(hours=hours)
            assert responder(sample, team.id, "on_call", at)
            assert responder(sample, team.id, "team.lead", at)
    assert all(p.email and p.phone and (p.manager or p.id == "ops-manager") for p in sample.people)


ZONES = ("Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.times().map(lambda t: f"{t:%H:%M}"),
    st.sampled_from(["6h", "12h", "1d", "3d", "1w", "2w"]),
    st.datetimes(datetime(2017, 6, 1), datetime(2019, 6, 1), timezones=st.just(UTC)),
)
def test_turns_follow_the_order_of_the_members_through_every_clock_change(
    timezone: str, handoff: str, every: str, first: datetime
) -> None:
    turns = roster(rotation("ann", "bob", "cat", timezone=timezone, handoff=handoff, every=every, start="2017-01-02"))
    order = [duty(turns, first + n * timedelta(hours=3))[0] for n in range(8 * 50)]
    shifts = [who for who, before in zip(order[1:], order, strict=False) if who != before]
    following = {"ann": "bob", "bob": "cat", "cat": "ann"}
    assert all(following[a] == b for a, b in pairwise(shifts))
