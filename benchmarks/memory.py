"""How a process's memory goes: samples, and the slope of what is its own."""

import asyncio
import time
from pathlib import Path

import numpy as np

_SETTLED = 0.25
"""Part of the samples, from the start, that the slope leaves out: caches fill."""


class Memory:
    """Samples of one process, children not counted.

    `own` is memory that no file stands behind (RssAnon): the database's mapped pages grow with the file, are shared,
    and are given back whenever somebody needs them.
    """

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._began = time.monotonic()
        self.samples: list[tuple[float, float, float]] = []
        """(minutes, own MB, resident MB)."""

    async def sample(self, *, every: float) -> None:
        """Sample until cancelled or until the process is gone."""
        while self._status.is_file():
            values = dict(line.split(":", 1) for line in self._status.read_text().splitlines() if ":" in line)
            own, resident = (int(values[name].split()[0]) / 1024 for name in ("RssAnon", "VmRSS"))
            self.samples.append(((time.monotonic() - self._began) / 60, own, resident))
            await asyncio.sleep(every)

    def figures(self) -> dict[str, float]:
        """First, last and most own MB, resident MB, and the slope of own memory in MB an hour."""
        if len(self.samples) < 4:
            return {}
        minutes, own, resident = np.array(self.samples).T
        late = slice(int(len(own) * _SETTLED), None)
        slope = np.polyfit(minutes[late], own[late], 1)[0] * 60
        first, last, most = round(float(own[late][0]), 1), round(float(own[-1]), 1), round(float(own.max()), 1)
        return {
            "own_first_mb": first, "own_last_mb": last, "own_most_mb": most,
            "own_mb_an_hour": round(float(slope), 1), "resident_mb": round(float(resident[-1]), 1),
        }  # fmt: skip
