"""Finding comments by any mix of filters, by id, at a cost that does not grow with the number of comments.

The ids are walked in growing windows until a page is full or the time is up: a search that finds little says how far it
looked instead of keeping people waiting. What is asked of each window is planned in db.stores.browse_plan.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import CommentRow
from db.stores.browse_plan import Criteria, Plan

_FIRST_WINDOW = 4_096
_GROWTH = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A page of ids, and how far the search got."""

    ids: list[int]
    """In the order of the search."""
    next_start: int | None
    """Where the next page starts; None when nothing is left."""
    unfinished: bool = False
    """Whether the time was up before the page was full."""


class BrowseStore:
    """Searches on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(
        self, criteria: Criteria, limit: int, *, start: int | None = None, newer: bool = False, seconds: float = 0.4
    ) -> Found:
        """Up to `limit` ids below `start` in falling order, or above it in rising order if `newer`.

        Looks for about `seconds`; beyond that, returns what was found until then.
        """
        deadline = time.monotonic() + seconds
        bounds = self._bounds(criteria, start, newer)
        if bounds is None or criteria.finds_nothing:
            return Found([], None)
        plan = Plan(self._session, criteria)
        ids: list[int] = []
        low = high = 0
        for low, high in _windows(*bounds, newer=newer, whole=plan.is_short, deadline=deadline):
            ids += self._session.scalars(plan.query(low, high, newer=newer).limit(limit + 1 - len(ids)))
            if len(ids) > limit:
                return Found(ids[:limit], ids[limit - 1])
        if (high == bounds[1]) if newer else (low == bounds[0]):
            return Found(ids, None)
        return Found(ids, high if newer else low, unfinished=True)

    def _bounds(self, criteria: Criteria, start: int | None, newer: bool) -> tuple[int, int] | None:
        """The ids between which everything lies that can match; None if nothing can."""
        added = criteria.added(CommentRow.added_at)
        if added:  # one pass over the index of added_at
            ends = select(func.min(CommentRow.id), func.max(CommentRow.id)).where(*added)
        else:  # SQLite finds one end at once, but walks the table for two
            ends = select(*(select(end(CommentRow.id)).scalar_subquery() for end in (func.min, func.max)))
        lowest, highest = self._session.execute(ends).one()
        if lowest is None:
            return None
        if start is not None:
            lowest, highest = (max(lowest, start + 1), highest) if newer else (lowest, min(highest, start - 1))
        return (lowest, highest) if lowest <= highest else None


def _windows(lowest: int, highest: int, *, newer: bool, whole: bool, deadline: float) -> Iterator[tuple[int, int]]:
    """Windows of ids in the order of the search, each larger than the last as far as the time left allows."""
    size = highest - lowest + 1 if whole else _FIRST_WINDOW
    while lowest <= highest:
        low, high = (lowest, min(highest, lowest + size - 1)) if newer else (max(lowest, highest - size + 1), highest)
        started = time.monotonic()
        yield low, high
        ended = time.monotonic()
        if ended >= deadline:
            return
        lowest, highest = (high + 1, highest) if newer else (lowest, low - 1)
        room = (deadline - ended) / max(ended - started, 1e-4)
        size = max(_FIRST_WINDOW, int(size * min(_GROWTH, room)))
