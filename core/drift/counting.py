"""Counts the words of new comments, a stretch at a time: what the rate of new words is made from."""

import time
from typing import Final

import numpy as np

from core.drift.words import SAMPLE, WINDOW_DAYS, Hashes, Tally, count, pack, unpack
from core.routing import Ints, audit_order
from db.quality_models import WordDayRow
from db.session import Session, Sessions
from db.stores.drift import DriftStore

_STRETCH: Final = 20_000
"""Comment ids gone through at a time."""
_SECONDS: Final = 1.0
"""After this the rest waits for the next check: scoring goes on meanwhile."""
_KEPT_DAYS: Final = WINDOW_DAYS + 7
"""Hashes are kept a week longer than needed, for days that are routed late."""


def count_words(sessions: Sessions, cursor: int) -> None:
    """Go on from the cursor for about a second. May be killed anywhere, and two may do it: nothing counts twice."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        after = _count_stretch(sessions, cursor)
        if after is None or after == cursor:
            return
        cursor = after


def _count_stretch(sessions: Sessions, cursor: int) -> int | None:
    """Count one stretch; where it ended, or None if another worker has counted it."""
    with sessions.read() as session:
        store = DriftStore(session)
        ids, days, end = store.next_routed(cursor, _STRETCH)
        texts = {day: _sample(store, day, ids[days == day]) for day in np.unique(days).tolist()}
        kept = store.word_hashes(min(texts) - WINDOW_DAYS, max(texts) - 1) if any(texts.values()) else {}
    made = _count_days(texts, {day: unpack(packed) for day, packed in kept.items()})
    with sessions.begin() as session:
        store = DriftStore(session)
        if end == cursor or not store.move_cursor(cursor, end):
            return None
        for day, (tally, hashes, known_days) in made.items():
            _add(session, day, tally, hashes, known_days)
        if made:
            store.forget_words(max(made) - _KEPT_DAYS)
    return end


def _count_days(texts: dict[int, list[str]], known: dict[int, Hashes]) -> dict[int, tuple[Tally, Hashes, int]]:
    """Tally, hashes and number of known days of each day, oldest first: an earlier day is known to a later one."""
    made = {}
    for day, some in sorted(texts.items()):
        before = [hashes for on, hashes in known.items() if day - WINDOW_DAYS <= on < day]
        tally, hashes = count(some, {word for one in before for word in one.tolist()})
        made[day] = (tally, hashes, len(before))
        if len(hashes):
            known[day] = np.union1d(known[day], hashes) if day in known else hashes
    return made


def _sample(store: DriftStore, day: int, ids: Ints) -> list[str]:
    """Texts of some of a day's comments: about SAMPLE of the whole day's, drawn by a hash of the id."""
    volume = store.volume(day - 7, day)
    before = [count for on, count in volume.items() if on < day]
    expected = max(float(np.mean(before)) if before else 0.0, volume.get(day, 0), 1.0)
    return store.texts(ids[audit_order(ids) < SAMPLE / expected].tolist())


def _add(session: Session, day: int, tally: Tally, hashes: Hashes, known_days: int) -> None:
    store = DriftStore(session)
    row = store.word_day(day) or WordDayRow(
        day=day, comments=0, words=0.0, fresh=0.0, words_squared=0.0, fresh_squared=0.0, words_fresh=0.0, known_days=0
    )
    for name in ("comments", "words", "fresh", "words_squared", "fresh_squared", "words_fresh"):
        setattr(row, name, getattr(row, name) + getattr(tally, name))
    row.known_days = max(row.known_days, known_days)
    row.hashes = pack(np.union1d(unpack(row.hashes), hashes) if row.hashes else hashes)
    store.put_word_day(row)
