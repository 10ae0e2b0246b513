"""When a message is sent again, by a clock that is told."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.webhooks.schedule import DELAYS, SPAN, next_attempt, rest_after, retry_after

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
wishes = st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=30))
chances = st.floats(0, 1, exclude_max=True)


def attempts(chance=0.5, wish=None):
    """Moments of all attempts of a message that always fails at once."""
    at, found = START, [START]
    while (at := next_attempt(len(found), START, at, wish=wish, chance=chance)) is not None:
        found.append(at)
    return found


def test_a_message_is_tried_for_a_day():
    found = [(at - START).total_seconds() for at in attempts()]
    assert found[:5] == [0, 5, 35, 155, 755]
    assert len(found) == len(DELAYS) + 1 == 12
    assert 23.5 * 3600 < found[-1] <= 24 * 3600
    assert sum(DELAYS, timedelta()) <= SPAN


@given(chances, wishes)
def test_it_always_ends_and_never_later_than_a_day_after_the_first(chance, wish):
    found = attempts(chance, wish)
    assert 2 <= len(found) <= len(DELAYS) + 1
    assert found == sorted(set(found))
    assert found[-1] <= START + SPAN


@given(st.integers(1, 5), chances)
def test_jitter_stays_within_a_tenth(tries, chance):
    due = next_attempt(tries, START, START, chance=chance)
    assert due is not None
    assert abs((due - START) / DELAYS[tries - 1] - 1) <= 0.1 + 1e-9


def test_a_retry_after_is_waited_for_up_to_a_day():
    assert next_attempt(1, START, START, wish=timedelta(hours=2)) == START + timedelta(hours=2)
    assert next_attempt(1, START, START, wish=timedelta(days=9)) == START + SPAN
    assert next_attempt(6, START, START, wish=timedelta(seconds=1), chance=0.5) == START + DELAYS[5]


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ("120", timedelta(seconds=120)), (" 7 ", timedelta(seconds=7)), ("0", None), (None, None), ("", None),
        ("-5", None), ("soon", None), ("1e3", None), ("9" * 400, timedelta(seconds=10**6)), ("٣", None),
        (format_datetime(START + timedelta(minutes=3), usegmt=True), timedelta(minutes=3)),
        (format_datetime(START - timedelta(minutes=3), usegmt=True), None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", SPAN),
    ],
)  # fmt: skip
def test_what_a_retry_after_says(header, wish):
    assert retry_after(header, START) == wish


@given(st.text(max_size=40))
def test_no_retry_after_breaks(header):
    wish = retry_after(header, START)
    assert wish is None or wish > timedelta(0)


def test_a_receiver_that_keeps_failing_is_given_a_rest():
    assert [rest_after(streak) for streak in (0, 1, 4)] == [None] * 3
    assert [rest_after(streak).total_seconds() for streak in (5, 6, 7, 11, 10_000)] == [5, 10, 20, 300, 300]
    assert rest_after(1, timedelta(minutes=2)) == timedelta(minutes=2)
    assert rest_after(1, timedelta(days=2)) == timedelta(hours=1)
