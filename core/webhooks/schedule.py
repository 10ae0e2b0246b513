"""When a message is sent again, and when a whole webhook is given a rest. Pure functions."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 28_800, 8_100)
)
"""From each failure of a message to its next attempt: 24 hours in all, 12 attempts."""

SPAN: Final = timedelta(days=1)
"""A message that was first tried so long ago is tried no more."""

JITTER: Final = 0.1
"""Each delay is up to so much longer or shorter, so that messages that failed together do not come together again."""

RESTS_AFTER: Final = 5
"""After so many failures in a row the whole webhook rests, and then one message is sent to see."""
LONGEST_REST: Final = timedelta(minutes=5)
LONGEST_WISH: Final = timedelta(hours=1)
"""Longest rest of a whole webhook that a Retry-After brings about. The message itself waits up to SPAN."""


def next_attempt(
    tries: int, first: datetime, at: datetime, *, wish: timedelta | None = None, chance: float | None = None
) -> datetime | None:
    """When a message is due again that has just failed for the `tries`-th time; None: give it up.

    `wish` is the receiver's Retry-After, `chance` in [0, 1) the jitter's draw.
    """
    if tries > len(DELAYS) or at >= first + SPAN:
        return None
    draw = random.random() if chance is None else chance  # nosec B311 # jitter, no secret
    delay = DELAYS[tries - 1] * (1 + JITTER * (2 * draw - 1))
    if wish:
        delay = max(delay, min(wish, SPAN))
    return min(at + delay, first + SPAN)


def rest_after(streak: int, wish: timedelta | None = None) -> timedelta | None:
    """How long the whole webhook rests after so many failures in a row; None: not at all."""
    rest = timedelta(0)
    if streak >= RESTS_AFTER:
        rest = min(DELAYS[0] * 2 ** min(streak - RESTS_AFTER, 10), LONGEST_REST)
    if wish:
        rest = max(rest, min(wish, LONGEST_WISH))
    return rest or None


def retry_after(header: str | None, at: datetime) -> timedelta | None:
    """What a Retry-After says (RFC 9110, 10.2.3): seconds or a date. None if it says nothing, or the past."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**6)) if int(text[:9]) else None
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(date - at, SPAN) if date > at else None
