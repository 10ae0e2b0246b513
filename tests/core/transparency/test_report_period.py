"""Periods: whole days in UTC, calendar spans, buckets that add up."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import BadInput
from core.transparency import Period, Span, around, parse_day, recent
from core.transparency.period import buckets


def test_a_period_ends_before_the_next_day():
    period = Period(date(2026, 1, 1), date(2026, 1, 31))
    assert (period.start, period.end) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert period.numbers == (20_454, 20_484)


@pytest.mark.parametrize(
    ("span", "first", "last", "title"),
    [
        (Span.MONTH, "2026-12-01", "2026-12-31", "December 2026"),
        (Span.QUARTER, "2026-10-01", "2026-12-31", "2026 quarter 4"),
        (Span.HALF, "2026-07-01", "2026-12-31", "2026 half-year 2"),
        (Span.YEAR, "2026-01-01", "2026-12-31", "2026"),
    ],
)
def test_calendar_periods(span, first, last, title):
    period = around(date(2026, 12, 9), span)
    assert (str(period.first), str(period.last), period.title) == (first, last, title)


def test_recent_periods_reach_back_to_the_first_day():
    found = recent(Span.QUARTER, date(2026, 11, 25), date(2026, 2, 3))
    assert [one.title for one in found] == [f"2026 quarter {k}" for k in (4, 3, 2, 1)]


@pytest.mark.parametrize("days", [1, 31, 32, 100, 181, 189, 190, 365, 800])
def test_buckets_cover_every_day_once(days):
    period = Period(date(2026, 1, 29), date(2026, 1, 29) + timedelta(days - 1))
    parts = list(buckets(period))
    assert (parts[0][0].first, parts[-1][0].last) == (period.first, period.last)
    assert all(a[0].end == b[0].start for a, b in itertools.pairwise(parts))
    assert len({name for _, name in parts}) == len(parts) <= 31


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-02-01", "2026-01-01", "Swap them"),
        ("2000-01-01", "2026-01-01", "ten years at most"),
        ("1970-01-01", "1970-01-02", "after 1970"),
    ],
)
def test_bad_periods_say_what_to_do(first, last, words):
    with pytest.raises(BadInput, match=words):
        Period(parse_day(first), parse_day(last))


@pytest.mark.parametrize("text", ["2026-13-01", "1.1.2026", "", "2026-02-30"])
def test_what_is_no_day_is_named(text):
    with pytest.raises(BadInput, match="YYYY-MM-DD"):
        parse_day(text)
