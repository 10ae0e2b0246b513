"""Values that are costly on a large database, kept for a while."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_MOST: Final = 200
"""Values that are kept at most: those of filters come and go."""


class Recent:
    """Values that are costly on a large database, kept for some times as long as they took, twenty if not told."""

    def __init__(self, times: int = 20) -> None:
        self._kept: dict[object, tuple[float, object]] = {}
        self._times = times

    def get(self, key: object, make: Callable[[], T]) -> T:
        """The kept value, or a new one."""
        started = time.monotonic()
        until, value = self._kept.get(key, (0.0, None))
        if started < until:
            return value  # type: ignore[return-value]  # what is kept under a key came from its own `make`
        made = make()
        ended = time.monotonic()
        took = ended - started
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key] = (ended + self._times * took if took > 0.005 else 0.0, made)
        return made
