"""What one person did day by day, from their own acts. Nothing here is compared with anybody else's."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from core.domain import Outcome, unpack_labels
from core.labels import LABELS

PAUSE_SECONDS: Final = 300.0
"""Who decides nothing for longer has paused."""

Act = tuple[int, str, int, float | None]
"""Microseconds since 1970, outcome, bit mask of labels, seconds on screen."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one person."""

    day: date
    outcomes: dict[Outcome, int]
    """Comments decided, by outcome; 0 where there is none."""
    labels: tuple[int, ...]
    """Comments that were given each label, in LABELS order."""
    median_seconds: float | None
    """Time on screen; None where none was measured."""
    minutes: float
    """Time worked: from decision to decision, without pauses of more than five minutes."""

    @property
    def done(self) -> int:
        """Comments decided."""
        return sum(self.outcomes.values())


def local_midnights(at: datetime, zone: tzinfo, days: int) -> list[tuple[date, datetime]]:
    """The last so many days in the zone, oldest first, the one that holds `at` last: each with its beginning in UTC."""
    today = at.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in reversed(range(days))]
    return [(one, datetime(one.year, one.month, one.day, tzinfo=zone).astimezone(UTC)) for one in dates]


def tell_days(midnights: Sequence[tuple[date, datetime]], acts: Iterable[Act]) -> list[Day]:
    """The days with what was done on them; `acts` in order of time, from the first midnight on."""
    begins = [int(start.timestamp() * 1e6) for _, start in midnights]
    per_day: list[list[Act]] = [[] for _ in midnights]
    at = 0
    for act in acts:
        while at + 1 < len(begins) and act[0] >= begins[at + 1]:
            at += 1
        per_day[at].append(act)
    return [_tell(day, done) for (day, _), done in zip(midnights, per_day, strict=True)]


def worked_minutes(acts: Sequence[Act]) -> float:
    """From decision to decision. After a pause, or at first, the time that the comment was on the screen counts."""
    if not acts:
        return 0.0
    seconds = min(acts[0][3] or 0.0, PAUSE_SECONDS)
    for before, act in pairwise(acts):
        gap = (act[0] - before[0]) / 1e6
        seconds += gap if gap <= PAUSE_SECONDS else min(act[3] or 0.0, PAUSE_SECONDS)
    return seconds / 60


def _tell(day: date, acts: Sequence[Act]) -> Day:
    outcomes = Counter(outcome for _, outcome, _, _ in acts)
    masks = Counter(labels for _, _, labels, _ in acts)
    seconds = [value for *_, value in acts if value is not None]
    return Day(
        day=day,
        outcomes={outcome: outcomes[outcome.value] for outcome in Outcome},
        labels=tuple(sum(many for mask, many in masks.items() if unpack_labels(mask)[k]) for k in range(len(LABELS))),
        median_seconds=statistics.median(seconds) if seconds else None,
        minutes=worked_minutes(acts),
    )
