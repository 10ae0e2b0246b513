"""The days that a report is about: whole days in UTC, and the spans that people usually want."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from core.errors import BadInput

_EPOCH: Final = date(1970, 1, 1)
MOST_DAYS: Final = 3_660
"""Ten years: longer spans are a slip of the pen."""


class Span(StrEnum):
    """Lengths of calendar periods."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half-year"
    YEAR = "year"


_MONTHS: Final = {Span.MONTH: 1, Span.QUARTER: 3, Span.HALF: 6, Span.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment of one day to the last of another, in UTC. Raises BadInput for days in the wrong order."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise BadInput(
                "The first day, {first}, is after the last, {last}. Swap them.",
                first=self.first,
                last=self.last,
            )
        if self.days > MOST_DAYS:
            raise BadInput(
                "{first} to {last} is {days:,} days. Choose ten years at most.",
                first=self.first,
                last=self.last,
                days=self.days,
            )
        if self.first <= _EPOCH or self.last.year > 9_000:
            raise BadInput(
                "{first} to {last} is not a period of any ledger. Choose days after 1970.",
                first=self.first,
                last=self.last,
            )

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(1), time(), UTC)

    @property
    def numbers(self) -> tuple[int, int]:
        """First and last day as days since 1970, as traffic is counted."""
        return (self.first - _EPOCH).days, (self.last - _EPOCH).days

    @property
    def title(self) -> str:
        """As people name it: 2026, 2026 half-year 1, 2026 quarter 3, March 2026, else its days."""
        for span in (Span.YEAR, Span.HALF, Span.QUARTER, Span.MONTH):
            if self == around(self.first, span):
                return _name(self.first, span)
        return f"{self.first} to {self.last}"


def around(day: date, span: Span) -> Period:
    """The calendar period that the day lies in."""
    months = _MONTHS[span]
    first = (day.month - 1) // months * months + 1
    after = first + months
    end = date(day.year, after, 1) if after <= 12 else date(day.year + 1, 1, 1)
    return Period(date(day.year, first, 1), end - timedelta(1))


def recent(span: Span, today: date, since: date, most: int = 40) -> list[Period]:
    """Calendar periods from the running one back to the one of `since`, newest first."""
    found = [around(today, span)]
    while len(found) < most and found[-1].first > since:
        found.append(around(found[-1].first - timedelta(1), span))
    return found


def parse_day(text: str) -> date:
    """A day as YYYY-MM-DD; raises BadInput."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput("{text!r} is no day. Write it as YYYY-MM-DD, such as 2026-01-31.", text=text[:40]) from None


def buckets(period: Period) -> Iterator[tuple[Period, str]]:
    """The period cut into days (up to 31), weeks from its first day (up to 27), or calendar months, with names."""
    day = period.first
    while day <= period.last:
        if period.days <= 31:
            last, name = day, f"{day}"
        elif period.days <= 27 * 7:
            last = min(day + timedelta(6), period.last)
            name = f"{day} to {last:%m-%d}" if day < last else f"{day}"
        else:
            last, name = min(around(day, Span.MONTH).last, period.last), f"{day:%Y-%m}"
        yield Period(day, last), name
        day = last + timedelta(1)


def _name(day: date, span: Span) -> str:
    if span is Span.YEAR:
        return f"{day.year}"
    if span is Span.MONTH:
        return f"{_MONTH_NAMES[day.month - 1]} {day.year}"
    return f"{day.year} {span.value} {(day.month - 1) // _MONTHS[span] + 1}"


_MONTH_NAMES: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
