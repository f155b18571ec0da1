"""What the events of a feed become: whom they name, when, and what happens to what was there before."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.errors import Invalid
from domain.feeds import MOST_ENTRIES, Feed, FeedEvent, Taken, take_feed
from domain.roster import Absence, Override, Roster, on_duty
from domain.roster_file import MOST_IN_ALL, check_roster

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
START = datetime(2026, 3, 10, 9, tzinfo=UTC)
PEOPLE = [
    {"id": "dana", "name": "Dana Okafor", "email": "dana@x.example", "timezone": "Europe/Berlin"},
    {"id": "sam", "name": "Sam Rivera", "email": "Sam@x.example", "timezone": "Pacific/Auckland"},
    {"id": "lee", "name": "Lee Novak", "email": "lee@x.example", "timezone": "Africa/Cairo"},
    {"id": "kim", "name": "Lee Novak", "timezone": "Atlantic/Azores"},
]
TEAMS = [{"id": "support", "members": ["lee", "dana", "sam"]}, {"id": "network", "members": ["kim"]}]
ROSTER = check_roster({"people": PEOPLE, "teams": TEAMS})
SHIFTS = Feed("plan", "shifts", "support")
HOLIDAYS = Feed("holidays", "absences", None)


def event(
    summary: str = "",
    *attendees: str,
    organizer: str | None = None,
    start: datetime | date = START,
    end: datetime | date | None = None,
) -> FeedEvent:
    last = end or start + timedelta(days=1)
    return FeedEvent(summary=summary, attendees=attendees, organizer=organizer, start=start, end=last)


def taken(*events: FeedEvent, feed: Feed = HOLIDAYS, roster: Roster = ROSTER, now: datetime = NOW) -> Taken:
    return take_feed(roster, feed, events, now)


def away(*events: FeedEvent, feed: Feed = HOLIDAYS) -> list[str]:
    return [one.person for one in taken(*events, feed=feed).roster.absences]


def why(*events: FeedEvent, feed: Feed = HOLIDAYS) -> str:
    found = taken(*events, feed=feed)
    assert found.taken == 0
    [left_out] = found.left_out
    return left_out.why


# whom an event names


def test_an_attendee_is_found_by_the_e_mail() -> None:
    assert away(event("Lee Novak is away", "sam@x.example")) == ["sam"]


def test_every_attendee_of_the_roster_is_meant_and_strangers_beside_them_are_not() -> None:
    assert sorted(away(event("Team day", "zoe@y.example", "dana@x.example", "sam@x.example"))) == ["dana", "sam"]


def test_an_event_that_could_not_be_read_is_left_out_with_the_reason_whoever_attends() -> None:
    assert why(event("Sam Rivera", "sam@x.example").model_copy(update={"why": "no such zone"})) == "no such zone"


def test_the_organizer_is_meant_only_where_nobody_else_attends() -> None:
    assert away(event("Off", "lee@x.example", "dana@x.example", organizer="lee@x.example")) == ["dana"]
    assert away(event("Off", "lee@x.example", organizer="lee@x.example")) == ["lee"]
    assert away(event("Off", organizer="dana@x.example")) == ["dana"]
    assert "zoe@y.example" in why(event("Off", "zoe@y.example", organizer="lee@x.example"))


@pytest.mark.parametrize(
    "summary",
    ["sam", "SAM", " Sam Rivera ", "sam rivera", "sam@x.example", "On Call - Sam Rivera - Support", "Sam: dentist",
     "Vacation (Sam Rivera)", "Urlaub – sam", "Sam Rivera | secondary", "Sam Rivera, all day",
     "Urlaub Sam Rivera", "Sam  Rivera on vacation", "On call: Sam Rivera until noon"],
)  # fmt: skip
def test_the_summary_names_a_person_by_id_name_or_e_mail_whatever_stands_beside_it(summary: str) -> None:
    assert away(event(summary, organizer="lee@x.example")) == ["sam"]


@pytest.mark.parametrize(
    "summary",
    ["", "samuel", "Sam's birthday party", "Sam Rivera's birthday", "Rivera", "sam and dana", "Same day"],
)
def test_a_name_inside_other_words_is_no_name(summary: str) -> None:
    assert why(event(summary)) == "it has no attendee, and its summary is nobody's id or name"


def test_a_name_that_two_people_have_and_two_names_are_no_answer() -> None:
    assert why(event("Lee Novak")) == "its summary names more than one: lee, kim"
    assert why(event("dana / sam")) == "its summary names more than one: dana, sam"
    assert why(event("Sam Rivera covers Dana Okafor today")) == "its summary names more than one: sam, dana"


def test_what_cannot_be_taken_is_said_once_for_all_its_days() -> None:
    strange = [event("Zoe", start=START + timedelta(days=n)) for n in (1, 0, 2)]
    found = taken(*strange, event("dana"), event("", "zoe@y.example"))
    assert found.taken == 1
    assert [(one.event, one.first, one.times) for one in found.left_out] == [
        ("Zoe", "2026-03-10T09:00:00Z", 3),
        ("", "2026-03-10T09:00:00Z", 1),
    ]
    assert found.left_out[1].why == "no person has the e-mail zoe@y.example, and the summary is nobody's id or name"


def test_with_a_team_only_the_absences_of_its_people_are_taken() -> None:
    assert away(event("dana"), event("kim"), feed=Feed("holidays", "absences", "support")) == ["dana"]
    assert why(event("kim"), feed=Feed("holidays", "absences", "support")) == "kim is not in team 'support'"


# when


def test_a_day_and_a_time_without_zone_are_meant_on_the_clock_of_the_person() -> None:
    whole_day = taken(event("sam", start=date(2026, 3, 10), end=date(2026, 3, 12))).roster.absences[0]
    assert (whole_day.from_, whole_day.to) == (
        datetime(2026, 3, 9, 11, tzinfo=UTC),
        datetime(2026, 3, 11, 11, tzinfo=UTC),
    )
    morning = datetime(2026, 3, 10, 9), datetime(2026, 3, 10, 12)
    floating = taken(event("dana", start=morning[0], end=morning[1])).roster.absences[0]
    assert floating.from_ == datetime(2026, 3, 10, 8, tzinfo=UTC)


def test_a_day_that_has_no_midnight_begins_when_it_begins() -> None:
    """In Cairo the clocks go from 00:00 to 01:00 on 2026-04-24, and from 24:00 back to 23:00 on 2026-10-29."""
    spring = taken(event("lee", "lee@x.example", start=date(2026, 4, 24), end=date(2026, 4, 25))).roster.absences[0]
    assert (spring.from_, spring.to) == (
        datetime(2026, 4, 23, 22, tzinfo=UTC),
        datetime(2026, 4, 24, 21, tzinfo=UTC),
    )
    autumn = taken(event("lee", "lee@x.example", start=date(2026, 10, 29), end=date(2026, 10, 30))).roster.absences[0]
    assert autumn.to - autumn.from_ == timedelta(hours=25)


def test_a_day_whose_end_comes_twice_ends_the_second_time() -> None:
    """On the Azores the clocks go from 01:00 back to 00:00 on 2026-10-25."""
    autumn = taken(event("kim", start=date(2026, 10, 24), end=date(2026, 10, 25))).roster.absences[0]
    assert autumn.to - autumn.from_ == timedelta(hours=25)


def test_an_event_without_length_is_left_out() -> None:
    assert why(event("dana", end=START)) == "it has no length: give it an end"


def test_an_event_that_ends_before_it_begins_is_left_out() -> None:
    assert why(event("dana", end=START - timedelta(hours=8))) == "it ends before it begins: give it a later end"
    assert why(event("sam", start=date(2026, 3, 12), end=date(2026, 3, 10))).startswith("it ends before it begins")


def test_what_is_over_is_passed_over_and_what_is_under_way_is_not() -> None:
    over = event("dana", start=NOW - timedelta(days=1), end=NOW)
    under_way = event("dana", start=NOW - timedelta(days=1), end=NOW + timedelta(seconds=1))
    found = taken(over, under_way)
    assert (found.taken, found.left_out, len(found.roster.absences)) == (1, (), 1)


# what becomes of the roster


def test_a_shift_puts_its_person_on_duty_first_in_that_team_and_no_other() -> None:
    found = taken(event("kim"), feed=SHIFTS).roster
    assert on_duty(found, "support", START) == ["kim", "lee", "dana", "sam"]
    assert on_duty(found, "support", START + timedelta(days=1)) == ["lee", "dana", "sam"]
    assert on_duty(found, "network", START) == ["kim"]


def test_the_first_attendee_of_a_shift_is_on_call_and_the_second_next() -> None:
    found = taken(event("", "sam@x.example", "dana@x.example"), feed=SHIFTS).roster
    assert on_duty(found, "support", START) == ["sam", "dana", "lee"]


def test_entries_are_marked_with_their_feed_and_in_the_order_of_time() -> None:
    found = taken(event("sam", start=START + timedelta(days=3)), event("dana"), feed=SHIFTS).roster
    assert [(one.person, one.source, one.team) for one in found.overrides] == [
        ("dana", "ical:plan", "support"),
        ("sam", "ical:plan", "support"),
    ]


def test_importing_again_changes_nothing_and_what_is_gone_goes_away() -> None:
    first = taken(event("sam"), event("dana"), feed=SHIFTS).roster
    again = taken(event("sam"), event("dana"), feed=SHIFTS, roster=first)
    assert again.roster == first
    assert [one.person for one in taken(event("dana"), feed=SHIFTS, roster=first).roster.overrides] == ["dana"]
    assert taken(feed=SHIFTS, roster=first).roster == ROSTER


def test_a_feed_that_now_says_absences_leaves_no_shifts_behind() -> None:
    first = taken(event("sam"), feed=SHIFTS).roster
    then = taken(event("sam"), feed=Feed("plan", "absences", None), roster=first).roster
    assert (then.overrides, [one.person for one in then.absences]) == ((), ["sam"])


def test_what_was_written_by_hand_stays_and_wins() -> None:
    by_hand = Override(person="lee", team="support", from_=START, to=START + timedelta(days=1))
    before = ROSTER.model_copy(update={"overrides": (by_hand,)})
    found = taken(event("dana"), feed=SHIFTS, roster=before).roster
    assert found.overrides[-1] == by_hand
    assert on_duty(found, "support", START) == ["lee", "dana", "sam"]
    assert taken(feed=SHIFTS, roster=found).roster == before


def test_which_of_two_feeds_wins_does_not_depend_on_who_imported_last() -> None:
    def both(*order: Feed) -> list[str]:
        found = ROSTER
        for feed in order:
            found = taken(event("sam" if feed.name == "a" else "dana"), feed=feed, roster=found).roster
        return on_duty(found, "support", START)[:2]

    a, b = Feed("a", "shifts", "support"), Feed("b", "shifts", "support")
    assert both(a, b) == both(b, a) == both(a, b, a) == ["dana", "sam"]


def test_the_marks_survive_the_file_and_are_silent_where_there_are_none() -> None:
    found = taken(event("dana"), feed=SHIFTS).roster
    document = found.model_dump(mode="json", by_alias=True)
    assert document["overrides"][0]["source"] == "ical:plan"
    assert check_roster(document) == found
    by_hand = Override(person="lee", team="support", from_=START, to=START + timedelta(days=1))
    assert "source" not in by_hand.model_dump(mode="json")


# how much may be brought


TEN = [{"id": f"p{n}", "name": f"P{n}", "email": f"p{n}@x.example"} for n in range(10)]
CROWD = check_roster({"people": [*PEOPLE, *TEN], "teams": TEAMS})
ALL_TEN = [f"p{n}@x.example" for n in range(10)]


def refusal(*events: FeedEvent, roster: Roster) -> str:
    with pytest.raises(Invalid) as refused:
        taken(*events, roster=roster)
    assert refused.value.code == "feed_too_long"
    return refused.value.message


def test_a_feed_is_limited_by_its_entries_one_for_each_person_of_each_event() -> None:
    days = [event("Team day", *ALL_TEN, start=START + timedelta(days=n)) for n in range(MOST_ENTRIES // 10)]
    assert taken(*days, roster=CROWD).taken == MOST_ENTRIES
    message = refusal(*days, event("dana"), roster=CROWD)
    assert "more than 2000 entries" in message
    assert "import a calendar with fewer events or fewer people in each" in message


def test_what_is_over_or_names_nobody_does_not_count_against_the_limit() -> None:
    over = event("dana", start=NOW - timedelta(days=1), end=NOW)
    assert taken(*[over] * (MOST_ENTRIES + 1), *[event("Zoe")] * (MOST_ENTRIES + 1), event("sam")).taken == 1


def test_all_feeds_together_bring_only_so_much_and_a_feed_that_brings_less_than_before_is_taken() -> None:
    span = {"from_": START, "to": START + timedelta(days=1)}
    feeds = [Absence(person="sam", source="ical:holidays", **span)] * 2
    by_hand = [Absence(person="dana", **span)] * (MOST_IN_ALL - 1)
    full = ROSTER.model_copy(update={"absences": (*feeds, *by_hand)})
    assert len(taken(event("sam"), roster=full).roster.absences) == MOST_IN_ALL
    more = full.model_copy(update={"absences": (*feeds, *by_hand[1:])})
    message = refusal(*[event("sam")] * 3, roster=more)
    assert f"{MOST_IN_ALL + 1} overrides and absences; at most {MOST_IN_ALL} are kept" in message
    assert "import an empty calendar for each feed that is no longer used" in message
    too_full = full.model_copy(update={"absences": (*feeds, *by_hand, *by_hand[:5])})
    assert len(taken(event("sam"), roster=too_full).roster.absences) == MOST_IN_ALL + 5
