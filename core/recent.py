"""Values that are costly on a large database, kept for a while."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Recent:
    """Values that are costly on a large database, kept for twenty times as long as they took."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[float, object]] = {}

    def get(self, key: object, make: Callable[[], T]) -> T:
        """The kept value, or a new one."""
        started = time.monotonic()
        until, value = self._kept.get(key, (0.0, None))
        if started < until:
            return value  # type: ignore[return-value]  # what is kept under a key came from its own `make`
        made = make()
        ended = time.monotonic()
        self._kept[key] = (ended + 20 * (ended - started) if ended - started > 0.005 else 0.0, made)
        return made
