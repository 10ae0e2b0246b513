"""Paired bootstrap: resamples that both models meet alike, and intervals that hold all at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.gate.report import Comparison, Verdict

RESAMPLES: Final = 1000
"""Bootstrap resamples behind each interval."""
LEVEL: Final = 0.95
_SEED: Final = 20120917
_CHUNK_CELLS: Final = 500_000
_NOTHING: Final = 1e-12
"""A difference below this is a rounding error."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One figure of both models, and its difference in each resample."""

    positives: int
    live: float
    challenger: float
    draws: Floats
    """[RESAMPLES], challenger - live; NaN where a resample has nothing to measure."""

    @property
    def difference(self) -> float:
        """challenger - live."""
        return self.challenger - self.live

    @property
    def spread(self) -> float:
        """Standard error of the difference."""
        return float(np.nanstd(self.draws))


def resamples(rows: int, seed: int = 0) -> Iterator[tuple[int, Floats]]:
    """How often each row is drawn, [rows, some resamples], and the first one's number. Always the same draws."""
    random = np.random.default_rng(_SEED + seed)
    step = max(1, _CHUNK_CELLS // rows)
    for first in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - first)
        counts = [np.bincount(random.integers(0, rows, rows), minlength=rows) for _ in range(size)]
        yield first, np.array(counts, np.float64).T.copy()


def joint_width(family: Sequence[Drawn]) -> float:
    """How many standard errors to either side hold all differences of the family at once in 95 % of worlds.

    The quantile of the largest studentised deviation over the family in a resample (Westfall and Young,
    Resampling-Based Multiple Testing, 1993; Romano and Wolf, JASA 100, 2005). With one member about 1.96; the more
    figures are looked at, the wider, so that a model that is just as good is not refused for having many of them.
    """
    deviations = [
        np.abs(one.draws - one.difference) / one.spread for one in family if np.isfinite(one.spread) and one.spread > 0
    ]
    if not deviations:
        return 0.0
    return float(np.quantile(np.nan_to_num(np.array(deviations)).max(axis=0), LEVEL))


def comparison(one: Drawn, width: float, *, better: int = 1) -> Comparison:
    """The figure with its joint interval. `better` is 1 where more is better, -1 where less is, 0 where neither is."""
    low, high = one.difference - width * one.spread, one.difference + width * one.spread
    return Comparison(
        one.positives, one.live, one.challenger, one.difference, low, high, _verdict(low, high, better=better)
    )


def too_few(positives: int) -> Comparison:
    """What stands where there is too little to compare."""
    return Comparison(positives, None, None, None, None, None, "too few")


def _verdict(low: float, high: float, *, better: int) -> Verdict:
    sign = 1 if low > _NOTHING else -1 if high < -_NOTHING else 0
    if not sign:
        return "same"
    if not better:
        return "more" if sign > 0 else "fewer"
    return "better" if sign == better else "worse"
