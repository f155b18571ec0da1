"""Reading calendar feeds: what Google, Outlook, PagerDuty and Opsgenie write, and what breaks or would never end."""

import io
import json
import resource
import subprocess
import sys
from datetime import UTC, date, datetime
from signal import SIGXCPU
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api import ical
from api.feed_process import AHEAD, BEHIND, OUT_OF_MEMORY, read_feed
from api.ical import MOST_EVENTS, read
from domain.errors import Invalid
from domain.feeds import FeedEvent
from tests.api.calendars import GOOGLE, OPSGENIE, OUTLOOK, PAGERDUTY, feed, wire

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = "DTSTART:20260310T090000Z\nDTEND:20260310T170000Z\nSUMMARY:dana"


def events(content: bytes, now: datetime = NOW) -> list[FeedEvent]:
    found = read(content, now - BEHIND, now + AHEAD)
    assert "faults" not in found, found
    return [FeedEvent.model_validate(one) for one in found["events"]]


def times(content: bytes) -> list[str]:
    return [f"{one.start:%m-%d %H:%M}" for one in events(content)]


def faults(content: bytes) -> str:
    return " | ".join(read(content, NOW - BEHIND, NOW + AHEAD)["faults"])


def test_google_recurring_shift_with_a_day_left_out_and_one_moved_through_the_clock_change() -> None:
    found = [one for one in events(wire(GOOGLE)) if one.attendees != ("zoe@elsewhere.example",)]
    assert [(f"{one.start:%m-%d %H:%M}", one.attendees) for one in sorted(found, key=lambda one: str(one.start))] == [
        ("03-09 08:00", ("dana@tierline.example",)),
        ("03-23 08:00", ("dana@tierline.example",)),
        ("03-31 10:00", ("sam@tierline.example",)),
        ("04-06 07:00", ("dana@tierline.example",)),
    ]
    assert found[0].organizer == "c_1a2b3c4d@group.calendar.google.com"


def test_outlook_zones_of_windows_and_of_its_own_and_days_without_time() -> None:
    found = {one.summary: one for one in events(wire(OUTLOOK))}
    assert found["Dana: dentist"].start == datetime(2026, 4, 1, 11, tzinfo=UTC)
    assert [f"{one.start}" for one in events(wire(OUTLOOK)) if one.summary == "sam"] == [
        "2026-03-02 07:00:00+00:00",
        "2026-03-16 07:00:00+00:00",
        "2026-03-30 06:00:00+00:00",
    ]
    holiday = found["Urlaub (Bo)"]
    assert (holiday.start, holiday.end) == (date(2026, 4, 6), date(2026, 4, 11))


def test_on_call_programs_name_the_person_in_the_summary() -> None:
    assert [one.summary for one in events(wire(PAGERDUTY))] == ["On Call - Dana - Support", "On Call - Sam - Support"]
    assert [one.summary for one in events(wire(OPSGENIE))] == ["sam@tierline.example"]


def test_cancelled_events_are_left_out() -> None:
    assert times(feed(DAY, DAY.replace("0310", "0311") + "\nSTATUS:CANCELLED")) == ["03-10 09:00"]
    one_of_them = "DTSTART:20260311T090000Z\nDTEND:20260311T170000Z\nRECURRENCE-ID:20260311T090000Z\nSTATUS:CANCELLED"
    series = feed(DAY + "\nRRULE:FREQ=DAILY;COUNT=3", one_of_them).replace(b"UID:1", b"UID:0")
    assert times(series) == ["03-10 09:00", "03-12 09:00"]


MARS = "DTSTART;TZID=Mars/Base:20260312T090000\nDTEND;TZID=Mars/Base:20260312T100000\nSUMMARY:lee"
WHY = "the time zone 'Mars/Base' is not known: describe it in a VTIMEZONE, or write an IANA name"


def test_an_event_in_an_unknown_zone_is_left_out_with_its_reason_and_the_others_are_read() -> None:
    found = events(
        feed(DAY, MARS, MARS.replace("202603", "202503"), MARS.replace("202603", "202503") + "\nRRULE:FREQ=DAILY")
    )
    assert [(one.summary, f"{one.start:%Y-%m-%d}", one.why) for one in found] == [
        ("dana", "2026-03-10", ""),
        ("lee", "2026-03-12", WHY),
        ("lee", "2025-03-12", WHY),
    ]


def test_a_series_of_which_one_day_is_in_an_unknown_zone_is_left_out_for_nobody_knows_when_that_day_is() -> None:
    moved = f"{MARS}\nRECURRENCE-ID:20260311T090000Z"
    series = feed(DAY + "\nRRULE:FREQ=DAILY;COUNT=3", moved, DAY.replace("dana", "sam")).replace(b"UID:1", b"UID:0")
    assert [(one.summary, one.why) for one in events(series)] == [("sam", ""), ("dana", WHY), ("lee", WHY)]


def test_those_who_declined_and_rooms_are_no_attendees() -> None:
    lines = "ATTENDEE;PARTSTAT=DECLINED:mailto:dana@x.example\nATTENDEE;CUTYPE=ROOM:mailto:room@x.example"
    own = "ATTENDEE;EMAIL=Sam@x.example;CN=Sam:urn:uuid:1\nATTENDEE:invalid:nomail\nATTENDEE:MAILTO:Lee@x.example"
    assert [one.attendees for one in events(feed(f"{DAY}\n{lines}\n{own}"))] == [("sam@x.example", "lee@x.example")]


def test_a_time_without_zone_stays_one_and_a_day_lasts_till_midnight() -> None:
    found = events(feed("DTSTART:20260310T090000\nDURATION:PT8H", "DTSTART;VALUE=DATE:20260310"))
    assert [(one.start, one.end) for one in found] == [
        (datetime(2026, 3, 10, 9), datetime(2026, 3, 10, 17)),
        (date(2026, 3, 10), date(2026, 3, 11)),
    ]


def test_only_a_year_ahead_is_read_and_what_ended_yesterday() -> None:
    endless = times(feed("DTSTART:20200101T090000Z\nDTEND:20200101T100000Z\nRRULE:FREQ=MONTHLY"))
    assert (endless[0], endless[-1], len(endless)) == ("03-01 09:00", "03-01 09:00", 13)
    assert times(feed(DAY.replace("202603", "202503"))) == []
    assert times(feed("DTSTART:20260220T090000Z\nDTEND:20260310T090000Z")) == ["02-20 09:00"]


@pytest.mark.parametrize(
    "times",
    [
        "DTSTART:20260310T090000Z\nDTEND:99991231T235959Z",
        "DTSTART;TZID=Europe/Berlin:20260310T100000\nDTEND;TZID=Europe/Berlin:99991231T235959",
        "DTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:99991231",
        "DTSTART:20260310T090000Z\nDURATION:P2900000D",
    ],
)
def test_an_event_until_further_notice_ends_after_what_is_read_and_at_the_same_day_when_read_again(times: str) -> None:
    [today] = events(feed(times))
    [in_june] = events(feed(times), NOW.replace(month=6))
    assert f"{today.start:%Y-%m-%d}" == "2026-03-10"
    assert f"{today.end:%Y-%m-%d}" == f"{in_june.end:%Y-%m-%d}" == "2028-01-02"


def test_an_event_far_away_is_not_read_and_harms_no_other() -> None:
    far = "DTSTART;VALUE=DATE:99991231\nSUMMARY:the end"
    moved = f"{far}\nRECURRENCE-ID:20260311T090000Z"
    series = feed(DAY + "\nRRULE:FREQ=DAILY;COUNT=2", moved).replace(b"UID:1", b"UID:0")
    assert times(feed(DAY, far)) == times(series) == ["03-10 09:00"]


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("DTSTART:20260310T170000Z\nDTEND:20260310T090000Z", "2026-03-10T17:00:00Z", "2026-03-10T09:00:00Z"),
        ("DTSTART:20260310T170000Z\nDURATION:-PT8H", "2026-03-10T17:00:00Z", "2026-03-10T09:00:00Z"),
        ("DTSTART;VALUE=DATE:20260312\nDTEND;VALUE=DATE:20260310", "2026-03-12", "2026-03-10"),
        ("DTSTART:20260312T090000Z\nDTEND;VALUE=DATE:20260312", "2026-03-12T09:00:00Z", "2026-03-12T00:00:00Z"),
    ],
)
def test_an_event_that_ends_before_it_begins_stays_as_it_was_written(written: str, start: str, end: str) -> None:
    [one] = read(feed(written), NOW - BEHIND, NOW + AHEAD)["events"]
    assert [text.replace("+00:00", "Z") for text in (one["start"], one["end"])] == [start, end]


def test_only_the_day_of_a_series_that_was_moved_to_end_before_it_begins_does_so() -> None:
    moved = "DTSTART:20260311T090000Z\nDTEND:20260311T080000Z\nRECURRENCE-ID:20260311T090000Z"
    series = feed(DAY + "\nRRULE:FREQ=DAILY;COUNT=3", moved).replace(b"UID:1", b"UID:0")
    found = [(f"{one.start:%d %H:%M}", f"{one.end:%d %H:%M}") for one in events(series)]
    assert sorted(found) == [("10 09:00", "10 17:00"), ("11 09:00", "11 08:00"), ("12 09:00", "12 17:00")]


def test_a_day_beside_a_time_is_no_event_backwards() -> None:
    assert times(feed("DTSTART;VALUE=DATE:20260310\nDTEND:20260310T120000Z\nSUMMARY:dana")) == ["03-10 00:00"]


def test_of_two_organizers_summaries_or_ids_the_first_counts() -> None:
    doubled = "SUMMARY:sam\nUID:2\nSEQUENCE:1\nSEQUENCE:2\nSTATUS:CONFIRMED\nSTATUS:CANCELLED"
    organizers = "ORGANIZER:mailto:dana@x.example\nORGANIZER:mailto:sam@x.example"
    [one] = events(feed(f"{DAY}\n{organizers}\n{doubled}"))
    assert (one.summary, one.organizer) == ("dana", "dana@x.example")


@pytest.mark.parametrize(
    "line", ["DTSTART:20260310T090000Z", "DTEND:20260310T180000Z", "RECURRENCE-ID:20260310T090000Z"]
)
def test_a_time_that_is_there_twice_is_refused_with_the_name_of_the_event(line: str) -> None:
    field = line.partition(":")[0]
    assert faults(feed(f"{DAY}\n{line}\n{line}")) == f"event 'dana' has more than one {field}: write one"


def test_a_rule_counts_in_the_calendars_own_zone_where_its_times_are_utc() -> None:
    daily = "DTSTART:20260327T080000Z\nDTEND:20260327T160000Z\nRRULE:FREQ=DAILY;COUNT=4"
    assert times(feed(daily, zone="X-WR-TIMEZONE:Europe/Berlin\n"))[-1] == "03-30 07:00"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no iCalendar feed"),
        (b"<html>Sign in</html>", "no iCalendar feed"),
        (feed(DAY)[:-20], "cut off"),
        (feed(DAY).replace(b"dana", b"\xff"), "not UTF-8"),
        (feed("DTEND:20260310T170000Z\nSUMMARY:dana"), "event 'dana' has no DTSTART"),
        (feed(DAY.replace("20260310T09", "soon")), "event 'dana': DTSTART cannot be read"),
        (feed(DAY + "\nEXDATE:soon"), "event 'dana': EXDATE cannot be read"),
        (feed(DAY + "\nRRULE:FREQ=SOMETIMES"), "event 'dana': RRULE cannot be read"),
        (feed(DAY + "\nRRULE:every day"), "event 'dana': RRULE has no FREQ"),
        (feed(DAY + "\nRRULE:FREQ=SECONDLY"), "event 'dana': it repeats SECONDLY: write HOURLY or longer"),
        (feed(DAY + "\nRRULE:FREQ=MINUTELY;COUNT=3"), "it repeats MINUTELY"),
        (feed(DAY + "\nRRULE:FREQ=DAILY;INTERVAL=0"), "INTERVAL=0 never ends"),
        (feed(DAY + "\nRRULE:FREQ=HOURLY"), f"at most {MOST_EVENTS}"),
        (feed("DTSTART;TZID=Mars/Base:20260310T090000\nDTEND;TZID=Mars/Base:20260310T100000"), "zone 'Mars/Base' is not known"),
        (feed(DAY + "\nRRULE:FREQ=DAILY\nEXDATE;TZID=Mars/Base:20260311T090000"), "zone 'Mars/Base' is not known"),
        (feed(DAY, zone="X-WR-TIMEZONE:Mars/Base\n"), "Mars/Base"),
        (feed("DTSTART:00010101T000000Z\nDTEND:99991231T000000Z\nRRULE:FREQ=DAILY"), "cannot be worked out"),
    ],
)  # fmt: skip
def test_a_feed_that_cannot_be_read_is_refused_in_words(content: bytes, says: str) -> None:
    assert says in faults(content)


def test_all_faults_of_a_feed_are_said() -> None:
    broken = feed("SUMMARY:one\nDTSTART:soon", "SUMMARY:two", DAY)
    assert "'one': DTSTART cannot be read" in faults(broken)
    assert "'two' has no DTSTART" in faults(broken)


LINES = wire(GOOGLE).split(b"\r\n")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_broken_in_a_feed_is_a_fault_and_never_an_error(data: st.DataObject) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["gone", "twice", "cut", "noise"]))
        cut = data.draw(st.integers(0, len(lines[at])))
        noise = data.draw(
            st.sampled_from([b":", b";", b"=", b",", b"\x00", b"99999999", b"-1", b"\xc3\xbc", b"VALUE=PERIOD"])
        )
        lines[at : at + 1] = {
            "gone": [], "twice": [lines[at]] * 2, "cut": [lines[at][:cut]], "noise": [lines[at][:cut] + noise + lines[at][cut:]]
        }[kind]  # fmt: skip
    found = read(b"\r\n".join(lines), NOW - BEHIND, NOW + AHEAD)
    if "faults" not in found:
        assert len(found["events"]) == len([FeedEvent.model_validate(one) for one in found["events"]])


# the process of its own


def test_what_was_read_comes_back_from_the_reading_process() -> None:
    assert read_feed(wire(OUTLOOK), NOW) == events(wire(OUTLOOK))
    with pytest.raises(Invalid) as refused:
        read_feed(b"nonsense", NOW)
    assert refused.value.code == "invalid_feed"
    assert "no iCalendar feed" in refused.value.message


@pytest.mark.parametrize(
    "rule", ["FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=HOURLY;BYMINUTE=0,1,2,3,4,5;BYSECOND=0,1,2,3,4,5"]
)
def test_a_rule_that_keeps_the_library_busy_is_refused_when_its_time_is_over(rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_feed(feed(f"{DAY}\nRRULE:{rule}"), NOW, seconds=2)
    assert refused.value.code == "feed_too_long"


def test_the_reading_process_ends_by_itself_also_where_nobody_waits_for_it_any_more() -> None:
    """An API that is killed while it waits must not leave a process behind that is busy for ever."""
    command = [sys.executable, "-m", "api.ical", (NOW - BEHIND).isoformat(), (NOW + AHEAD).isoformat(), "1"]
    content = feed(f"{DAY}\nRRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30")
    ended = subprocess.run(command, input=content, capture_output=True, timeout=60)
    assert ended.returncode == -SIGXCPU


def test_memory_that_ends_while_the_answer_is_written_is_said_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def dumps(_: object) -> str:
        raise MemoryError

    monkeypatch.setattr(sys, "argv", ["ical", (NOW - BEHIND).isoformat(), (NOW + AHEAD).isoformat(), "10"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(feed(DAY))))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)  # this process goes on
    monkeypatch.setattr(json, "dumps", dumps)
    with pytest.raises(SystemExit) as ended:
        ical.main()
    assert ended.value.code == OUT_OF_MEMORY


def test_the_reading_process_knows_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    real = subprocess.run

    def run(*words: Any, **options: Any) -> Any:
        seen.append(options["env"])
        return real(*words, **options)

    monkeypatch.setenv("TIERLINE_SECRET", "signs action links")
    monkeypatch.setattr(subprocess, "run", run)
    read_feed(feed(DAY), NOW)
    assert sorted(seen[0]) == ["PYTHONPATH", "PYTHONTZPATH"]
