"""What a training reads off its own instruments, step by step, and the small file through which a page follows it."""

import json
import os
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

_EVERY_SECONDS: Final = 1.0
"""Readings are written no oftener."""
_KEPT_PARTS: Final = 400
"""A reading stays in the file when this part of the time so far has passed since the last one that stays."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One step of a training. As text it is a line for people."""

    step: int
    """Updates made."""
    steps: int
    """Updates of the whole training."""
    loss: float
    """Of this step's rows."""
    rate: float | None = None
    """Learning rate of the adapter, or of the whole base."""
    tokens_per_second: float | None = None
    """Real tokens, over the time that updates took."""
    memory_bytes: int | None = None
    """The device's at its peak; on a CPU the process's."""
    seconds_left: float | None = None
    """Until the last step, at this pace."""
    auc: float | None = None
    """Weighted mean AUC of the last validation; None before the first."""

    def __str__(self) -> str:
        """Step, loss and what else is known."""
        parts = [
            f"step {self.step:,} of {self.steps:,}, loss {self.loss:.3f}",
            "" if self.auc is None else f"AUC {self.auc:.4f}",
            "" if self.rate is None else f"rate {self.rate:.1e}",
            "" if self.tokens_per_second is None else f"{self.tokens_per_second:,.0f} tokens/s",
            "" if self.memory_bytes is None else f"{self.memory_bytes / 1e9:.1f} GB",
            "" if self.seconds_left is None else f"{self.seconds_left / 60:.0f} min left",
        ]
        return ", ".join(part for part in parts if part)


class ReadingsFile:
    """Appends readings as JSON lines, one a second at most, and thins them as the training goes on.

    The newest reading stands last until the next one takes its place, unless it is one that stays: the first, one that
    follows a validation, the last step's, and one every 1/400 of the time so far. Ten hours make about 2,000 lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._began = time.monotonic()
        self._written = self._kept = -_EVERY_SECONDS  # seconds since it began
        self._end = 0  # of the lines that stay, in bytes
        self._auc: float | None = None

    def add(self, reading: Reading) -> bool:
        """Write the reading unless it comes too soon after another; says whether it was written."""
        at = time.monotonic() - self._began
        stays = reading.auc != self._auc or reading.step >= reading.steps
        if not stays and at - self._written < _EVERY_SECONDS:
            return False
        stays = stays or at - self._kept >= max(_EVERY_SECONDS, at / _KEPT_PARTS)
        self._write(reading, stays)
        self._written, self._auc = at, reading.auc
        self._kept = at if stays else self._kept
        return True

    def _write(self, reading: Reading, stays: bool) -> None:
        line = json.dumps(asdict(reading)).encode() + b"\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
        with open(descriptor, "wb") as file:
            file.truncate(self._end)
            file.seek(self._end)
            file.write(line)
        self._end += len(line) if stays else 0


def read_readings(path: Path) -> list[Reading]:
    """The readings of a file, oldest first; none if there is no file. Lines that are no readings are left out: the last
    one may be half written."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    return [reading for line in lines if (reading := _parse(line))]


def _parse(line: bytes) -> Reading | None:
    try:
        values = json.loads(line)
        known = {part.name: _number(values[part.name], part.name) for part in fields(Reading) if part.name in values}
        return Reading(**known)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(value: Any, name: str) -> Any:
    if value is None and name not in {"step", "steps", "loss"}:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(name)
    return int(value) if name in {"step", "steps", "memory_bytes"} else float(value)
