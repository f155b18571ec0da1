"""What a report covers, and how a trend is cut, on the clock of a zone."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from domain.errors import Invalid
from domain.periods import Cut, Period, period, pieces
from domain.seen import Seen, tickets_seen

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)  # in Berlin it is the first of April


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_dates_it_is_ninety_days_until_the_end_of_today() -> None:
    found = period(None, None, "Europe/Berlin", NOW)
    assert (found.begin, found.end) == (at("2026-01-01T23:00"), at("2026-04-01T22:00"))


def test_a_day_is_whole_and_an_instant_is_itself() -> None:
    days = period(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin", NOW)  # the clocks change: 23 hours
    assert (days.begin, days.end) == (at("2026-03-28T23:00"), at("2026-03-29T22:00"))
    exact = period(at("2026-03-01T10:00"), at("2026-03-01T11:00"), "Europe/Berlin", NOW)
    assert (exact.begin, exact.end) == (at("2026-03-01T10:00"), at("2026-03-01T11:00"))


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Invalid, match="earlier day"):
        period(date(2026, 3, 2), date(2026, 3, 1), "UTC", NOW)


@pytest.mark.parametrize(
    ("cut", "firsts"),
    [
        ("day", ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31"]),
        ("week", ["2026-03-23", "2026-03-30"]),
        ("month", ["2026-03-01"]),
    ],
)
def test_pieces_are_cut_at_local_midnights_and_join_without_a_gap(cut: Cut, firsts: list[str]) -> None:
    whole = period(date(2026, 3, 28), date(2026, 3, 31), "Europe/Berlin", NOW)
    found = pieces(whole, cut)
    assert [piece.first.isoformat() for piece in found] == firsts
    assert (found[0].begin, found[-1].end) == (whole.begin, whole.end)
    assert all(one.end == following.begin for one, following in pairwise(found))


def test_a_day_that_never_was_has_no_piece() -> None:
    whole = period(date(2011, 12, 29), date(2011, 12, 31), "Pacific/Apia", NOW)
    assert [piece.first.day for piece in pieces(whole, "day")] == [29, 31]


def test_more_pieces_than_anybody_reads_are_refused() -> None:
    with pytest.raises(Invalid, match="cut it by week or month"):
        pieces(Period(at("2024-01-01T00:00"), NOW), "day")


def span(count: int, begins: str, ends: str, product: str = "", system: str = "zendesk", category: str = "") -> Seen:
    return Seen(system, at(begins), at(ends), product, category, count)


def test_a_span_over_the_edge_counts_in_proportion() -> None:
    days = [span(24, "2026-03-01", "2026-03-02"), span(240, "2026-03-02", "2026-03-03")]
    assert tickets_seen(days, at("2026-03-01T12:00"), at("2026-03-02T06:00")) == {"zendesk": 72}
    assert tickets_seen(days, at("2026-03-03"), at("2026-03-04")) == {}


def test_the_count_of_all_rules_over_those_of_products() -> None:
    both = [span(100, "2026-03-01", "2026-03-02"), span(30, "2026-03-01", "2026-03-02", "checkout")]
    assert tickets_seen(both, at("2026-03-01"), at("2026-03-02")) == {"zendesk": 100}
    assert tickets_seen(both, at("2026-03-01"), at("2026-03-02"), product="checkout") == {"zendesk": 30}


def test_where_only_parts_are_counted_they_are_added_up() -> None:
    parts = [span(30, "2026-03-01", "2026-03-02", one) for one in ("checkout", "search")]
    jira = span(7, "2026-03-01", "2026-03-02", "checkout", "jira", "billing")
    assert tickets_seen([*parts, jira], at("2026-03-01"), at("2026-03-02")) == {"zendesk": 60, "jira": 7}
    assert tickets_seen([*parts, jira], at("2026-03-01"), at("2026-03-02"), product="search") == {"zendesk": 30}
