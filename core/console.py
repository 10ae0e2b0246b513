"""What a long command says of itself on standard error."""

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

_EVERY_SECONDS: Final = 30.0
"""Without a terminal, lines come no oftener: a log of hours stays readable."""


class Teller:
    """Says what is done now and how far it is: on a terminal in one line that is written over, else in plain lines."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream or sys.stderr, clock
        self._said = float("-inf")

    def __call__(self, what: object, share: float) -> None:
        """Say `what`; `share` is 0 to 1."""
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{share:4.0%} {what}" + "\n" * (share >= 1))
            self._stream.flush()
            return
        if self._clock() - self._said >= _EVERY_SECONDS:
            self._said = self._clock()
            self._stream.write(f"{time.strftime('%H:%M:%S')} {share:4.0%} {what}\n")
            self._stream.flush()
