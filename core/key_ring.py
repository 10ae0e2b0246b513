"""Which key a request has, and whether it may make one more: looked up often, read seldom."""

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from core.domain import now
from core.errors import DatabaseTrouble, ModeratoError
from core.keys import ApiKey, Keys, KnownKeys
from core.log_text import whereabouts
from core.policies import today_number
from core.request_notes import note_key

log = logging.getLogger("moderato.keys")

_FRESH: Final = 0.05
"""Seconds for which the keys are taken as read: another process's revocation holds after that."""
_COST_FACTOR: Final = 20
"""A slow database is asked at most so that asking takes a twentieth of the time."""
_WRITE_EVERY: Final = 5.0
"""Seconds between two writings of the counts; a killed process forgets at most so much."""
_PATIENCE: Final = 5.0
"""Seconds that a request waits for the keys: a database that hangs never answers."""
_BURST_SECONDS: Final = 2.0
_DAY_SECONDS: Final = 86_400


class OverLimit(ModeratoError):
    """A key's rate or daily quota is used up."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which to try again."""


class KeyRing:
    """The keys as the server knows them, with their limits and counts. Lives on one event loop."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._known = KnownKeys({}, any=True)
        self._until, self._changes = -math.inf, -1
        self._reading: asyncio.Task[None] | None = None
        self._buckets: dict[int, tuple[float, float]] = {}
        """By key: requests that may come at once, and since when."""
        self._counts: Counter[tuple[int, int]] | None = None
        """Requests by day and key, written down or not; None until those written before were read."""
        self._unwritten: Counter[tuple[int, int]] = Counter()
        self._written_at = clock()
        self._writing: asyncio.Task[None] | None = None

    async def known(self) -> KnownKeys:
        """The keys that hold now. Requests that come together share one look. Raises DatabaseTrouble."""
        while self._clock() >= self._until or self._changes != self._keys.changes:
            if self._reading is None:
                self._reading = asyncio.create_task(self._read())
                self._reading.add_done_callback(lambda done: done.cancelled() or done.exception())
            try:
                await asyncio.wait_for(asyncio.shield(self._reading), _PATIENCE)
            except TimeoutError:
                raise DatabaseTrouble("The database does not answer, so the key cannot be checked.") from None
        return self._known

    def admit(self, key: ApiKey) -> None:
        """Count one request of the key. Raises OverLimit."""
        note_key(key.name)
        counts, at = self._counts if self._counts is not None else Counter(), (today_number(), key.id)
        if key.daily is not None and counts[at] >= key.daily:
            left = _DAY_SECONDS - int(now().timestamp()) % _DAY_SECONDS
            raise OverLimit(f"The daily quota of {key.daily:,} requests is used up.", left)
        if key.rate is not None:
            self._take(key.id, key.rate)
        counts[at] += 1
        self._unwritten[at] += 1
        if self._clock() - self._written_at >= _WRITE_EVERY and self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Write down what was counted."""
        if self._writing:
            await self._writing
        await self._write()

    def _take(self, key_id: int, rate: float) -> None:
        """A token bucket: it fills at the rate, and holds two seconds' worth."""
        at, most = self._clock(), max(rate * _BURST_SECONDS, 1.0)
        left, since = self._buckets.get(key_id, (most, at))
        left = min(most, left + (at - since) * rate)
        if left < 1:
            self._buckets[key_id] = left, at
            raise OverLimit(f"The rate of {rate:g} requests a second is used up.", math.ceil((1 - left) / rate))
        self._buckets[key_id] = left - 1, at

    async def _read(self) -> None:
        try:
            changes, started = self._keys.changes, self._clock()
            self._known = await asyncio.to_thread(self._keys.known)
            took = self._clock() - started
            if self._counts is None:
                day, used = today_number(), await asyncio.to_thread(self._keys.used_today)
                self._counts = Counter({(day, key_id): many for key_id, many in used.items()})
            self._until, self._changes = self._clock() + max(_FRESH, _COST_FACTOR * took), changes
        finally:
            self._reading = None

    async def _write(self) -> None:
        waiting, self._unwritten, self._written_at = self._unwritten, Counter(), self._clock()
        try:
            for day in sorted({day for day, _ in waiting}):
                used = {key_id: many for (on, key_id), many in waiting.items() if on == day}
                await asyncio.to_thread(self._keys.note_use, used, day)
        except Exception as error:  # counts are no reason to refuse anybody; they are written with the next ones
            log.warning("the use of keys was not written down: %s", whereabouts(error))
            self._unwritten += waiting
        finally:
            self._writing = None
