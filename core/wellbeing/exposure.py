"""What a moderator has had before their eyes, for their own eyes alone.

Every method takes the person who asks and nobody else's name: there is no way to ask for another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from core.accounts import Action, Person, check_may
from core.audit_trail import What
from core.domain import now, pack_labels
from core.labels import LABELS
from core.wellbeing.masking import is_severe
from db.models import to_micros
from db.session import Session, Sessions
from db.stores.exposure import ExposureStore, SeenRow
from db.stores.policies import PolicyStore

DAYS: Final = 7
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
            severe = _Severe(session)
            rows: list[dict[int, list[SeenRow]]] = [{} for _ in range(many)]
            for row in seen:
                place = (row.at - to_micros(since)) // 86_400_000_000
                rows[min(place, many - 1)].setdefault(row.comment_id, []).append(row)
            shown: list[set[int]] = [set() for _ in range(many)]
            for at, comments in reveals:
                shown[min((at - since) // timedelta(days=1), many - 1)].update(comments)
            begins = [since + timedelta(days=place) for place in range(many)]
            return [_day(began, of, severe, len(ids)) for began, of, ids in zip(begins, rows, shown, strict=True)]

    def stretch(self, *, by: Person) -> Stretch:
        """Minutes of work since the last pause, 0 during one, and severe texts within the hour."""
        check_may(by, Action.REVIEW)
        at = self._clock()
        with self._sessions.read() as session:
            store = ExposureStore(session)
            moments = store.moments(by.name, at - _LOOK_BACK)
            hour = store.seen(by.name, at - timedelta(hours=1))
            severe = _Severe(session)
            many = len({row.comment_id for row in hour if severe.is_(row)})
        return Stretch(_since_pause(moments, at).total_seconds() / 60, many)


class _Severe:
    """Whether a row was severe, by the policy that held for it."""

    def __init__(self, session: Session) -> None:
        self._policies = PolicyStore(session)
        self._limits: dict[int | None, Sequence[float]] = {None: (2.0,) * len(LABELS)}

    def is_(self, row: SeenRow) -> bool:
        if row.labels & _SEVERE_LABELS:
            return True
        return row.scores is not None and is_severe(row.scores, self._limits_of(row.policy_id))

    def _limits_of(self, policy_id: int | None) -> Sequence[float]:
        if policy_id not in self._limits:
            policy = self._policies.get(policy_id) if policy_id else None
            self._limits[policy_id] = policy.thresholds if policy else self._limits[None]
        return self._limits[policy_id]


def _day(began: datetime, rows: dict[int, list[SeenRow]], severe: _Severe, revealed: int) -> Day:
    hard = {comment_id for comment_id, acts in rows.items() if any(severe.is_(row) for row in acts)}
    last = [acts[-1].labels for acts in rows.values()]
    spent = {comment_id: sum(min(row.seconds, _LONGEST) for row in acts) for comment_id, acts in rows.items()}
    return Day(
        began,
        severe=len(hard),
        other=len(rows) - len(hard),
        severe_seconds=sum(seconds for comment_id, seconds in spent.items() if comment_id in hard),
        seconds=sum(spent.values()),
        labels=tuple(sum(mask >> j & 1 for mask in last) for j in range(len(LABELS))),
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
