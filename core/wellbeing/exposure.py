"""What a moderator has had before their eyes, for their own eyes alone.

Every method takes the person who asks and nobody else's name: there is no way to ask for another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.accounts import Action, Person, check_may
from core.audit_trail import What
from core.domain import now, pack_labels
from core.labels import LABELS
from core.wellbeing.masking import severe_limits
from db.models import to_micros
from db.session import Session, Sessions
from db.stores.exposure import ExposureStore
from db.stores.policies import PolicyStore

DAYS: Final = 7
_DAY: Final = 86_400_000_000
PAUSE: Final = timedelta(minutes=5)
"""Whoever decided nothing for so long has paused."""
_LOOK_BACK: Final = timedelta(hours=12)
_LONGEST: Final = 300.0
"""Seconds of one comment that count as work: a card that was left open is no work."""
_SEVERE_LABELS: Final = pack_labels(tuple(label in {"severe_toxic", "threat", "identity_hate"} for label in LABELS))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the person's clock. A comment that was decided twice on it counts once."""

    began: datetime
    severe: int = 0
    other: int = 0
    severe_seconds: float = 0.0
    """Time on the screen."""
    seconds: float = 0.0
    labels: tuple[int, ...] = (0,) * len(LABELS)
    """Comments on which the person set each label, in LABELS order."""
    revealed: int = 0
    """Severe texts that were shown more than masked whole."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """How long it has been since a pause."""

    minutes: float
    severe: int
    """Severe texts within the last hour."""


class Exposure:
    """Computed when asked for, from the ledger, the scores that were shown and the noted reveals; nothing is kept."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock

    def days(self, *, by: Person, today: datetime, many: int = DAYS) -> list[Day]:
        """The last days, oldest first, the last of which began at `today`; each 24 hours long.

        Severe is what the scores that were shown say, or the labels that the person set. Of blind comments only those
        labels count: the meter must not tell what hidden scores are.
        """
        check_may(by, Action.REVIEW)
        since = today - timedelta(days=many - 1)
        with self._sessions.read() as session:
            store = ExposureStore(session)
            seen, reveals = store.seen(by.name, since), store.reveals(by.name, What.TEXT_REVEALED.value, since)
            severe = _severe(session, seen)
        place = np.clip((seen["at"] - to_micros(since)) // _DAY, 0, many - 1)
        shown: list[set[int]] = [set() for _ in range(many)]
        for at, comments in reveals:
            shown[min(max((at - since) // timedelta(days=1), 0), many - 1)].update(comments)
        begins = [since + timedelta(days=k) for k in range(many)]
        return [_day(began, seen[place == k], severe[place == k], len(shown[k])) for k, began in enumerate(begins)]

    def stretch(self, *, by: Person) -> Stretch:
        """Minutes of work since the last pause, 0 during one, and severe texts within the hour."""
        check_may(by, Action.REVIEW)
        at = self._clock()
        with self._sessions.read() as session:
            store = ExposureStore(session)
            moments = store.moments(by.name, at - _LOOK_BACK)
            hour = store.seen(by.name, at - timedelta(hours=1))
            severe = _severe(session, hour)
        many = len(np.unique(hour["comment"][severe]))
        return Stretch(_since_pause(moments, at).total_seconds() / 60, many)


def _severe(session: Session, seen: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which of the rows were severe, by the policy that held for each; what has no scores only by its labels."""
    found: NDArray[np.bool_] = (seen["labels"] & _SEVERE_LABELS) > 0
    policies = PolicyStore(session)
    for policy_id in np.unique(seen["policy"]).tolist():
        policy = policies.get(policy_id) if policy_id else None
        if policy is None:
            continue
        limits = severe_limits(policy.thresholds)
        reach = np.array([limits.get(label, np.inf) for label in LABELS])
        found |= (seen["policy"] == policy_id) & (seen["scores"] >= reach).any(axis=1)  # NaN reaches nothing
    return found


def _day(began: datetime, seen: NDArray[np.void], severe: NDArray[np.bool_], revealed: int) -> Day:
    comments, which = np.unique(seen["comment"], return_inverse=True)
    hard = np.bincount(which, severe, len(comments)) > 0
    spent = np.bincount(which, np.minimum(seen["seconds"], _LONGEST), len(comments))
    last = np.zeros(len(comments), np.int64)
    last[which] = seen["labels"]  # rows are in order: the newest wins
    return Day(
        began,
        severe=int(hard.sum()),
        other=int((~hard).sum()),
        severe_seconds=float(spent[hard].sum()),
        seconds=float(spent.sum()),
        labels=tuple(int((last >> j & 1).sum()) for j in range(len(LABELS))),
        revealed=revealed,
    )


def _since_pause(moments: Sequence[tuple[datetime, float]], at: datetime) -> timedelta:
    """How long somebody has worked who acted at these moments, newest first, each after so many seconds of looking."""
    if not moments or at - moments[0][0] >= PAUSE:
        return timedelta()
    starts = [moment - timedelta(seconds=min(seconds, _LONGEST)) for moment, seconds in moments]
    ends = [moment for moment, _ in moments]
    for start, (_, before) in zip(starts, pairwise(ends), strict=False):
        if start - before >= PAUSE:
            return at - start
    return at - starts[-1]
