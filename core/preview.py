"""What a new policy would have done otherwise to the comments of the last days. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.automatic import automatic
from core.domain import Policy
from core.routing import margins

EXAMPLES: Final = 40
"""Comments named of each group, newest first: the page shows some that may be shown."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Change:
    """Comments that would be treated otherwise in one way."""

    count: int
    by_label: Ints
    """By label whose threshold they pass, or no longer pass; one may count for several, [6]."""
    by_day: Ints
    """[days], as in Preview.days."""
    examples: list[int]
    """Ids, newest first."""


@dataclass(frozen=True, slots=True)
class Preview:
    """An old and a new policy on the same comments, audit draws apart: those are made once, when a comment comes in."""

    comments: int
    """How many were looked at."""
    days: Ints
    """Days since 1970 that they came in on, oldest first."""
    flagged: Change
    """Let through before, flagged now."""
    let_through: Change
    """Flagged before, let through now."""
    removed: Change
    """Removed without review now and not before."""
    kept: Change
    """Removed without review before and not now."""


def compare(ids: Ints, day: Ints, scores: NDArray[np.float32], *, old: Policy, new: Policy) -> Preview:
    """n comments, newest first, with their scores [n, 6]."""
    days = np.unique(day)
    was, now = margins(scores, old.thresholds) >= 0, margins(scores, new.thresholds) >= 0
    gone, goes = automatic(scores, old.auto_remove), automatic(scores, new.auto_remove)
    over = [scores >= np.asarray(policy.thresholds, np.float32) for policy in (old, new)]
    marked = [_marked(scores, policy) for policy in (old, new)]

    def change(which: NDArray[np.bool_], labels: NDArray[np.bool_]) -> Change:
        return Change(
            int(which.sum()),
            labels[which].sum(0),
            np.bincount(np.searchsorted(days, day[which]), minlength=len(days)),
            ids[which][:EXAMPLES].tolist(),
        )

    return Preview(
        len(ids),
        days,
        flagged=change(now & ~was, over[1] & ~over[0]),
        let_through=change(was & ~now, over[0] & ~over[1]),
        removed=change(goes & ~gone, marked[1] & ~marked[0]),
        kept=change(gone & ~goes, marked[0] & ~marked[1]),
    )


def _marked(scores: NDArray[np.float32], policy: Policy) -> NDArray[np.bool_]:
    marks = policy.auto_remove or (None,) * scores.shape[1]
    return np.asarray(scores >= np.array([2.0 if mark is None else mark for mark in marks], np.float32))
