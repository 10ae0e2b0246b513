"""Every day against a reference span: what the page shows and what alerts are raised from. Pure functions."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.domain import BANDS
from core.drift.measures import Index, Shift, mean_shift, stability_index
from core.drift.volume import Usual, interval, ratio_variance, usual_volume, usual_words
from core.labels import LABELS
from db.stores.drift import DayCounts, WordCounts
from db.stores.traffic import BINS, LOGIT_RANGE, bin_edges

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

GAP_DAYS: Final = 7
"""The rolling reference ends so many days before the day that it is for."""
SPAN_DAYS: Final = 28
"""Days of the rolling reference."""
FEWEST_DAYS: Final = 3
"""Days with traffic that a reference needs."""
FEWEST_REFERENCE: Final = 1_000
"""Comments that a reference needs."""
FEWEST: Final = 200
"""Comments that a day needs to be compared."""
FEWEST_OF_BAND: Final = 100
"""Of a band, for its scores to be compared within it."""
_SETTLED_DAYS: Final = 7
"""With fewer days in its span, a rolling reference takes every day before instead: a model that is new."""
_COVERED: Final = 0.5
"""A day counts for a model if it scored this part of the day's comments: a new model scores leftovers of old days."""

CENTRES: Final[Floats] = (np.arange(BINS, dtype=np.float64) + 0.5) * (2 * LOGIT_RANGE / BINS) - LOGIT_RANGE
"""Logits in the middle of the bins."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days since 1970 (UTC), both ends included."""

    first: int
    last: int

    def holds(self, days: Ints) -> NDArray[np.bool_]:
        """Which of the days lie in it."""
        return (days >= self.first) & (days <= self.last)


@dataclass(frozen=True, slots=True, eq=False)
class WordRates:
    """Share of a day's words that none of the 28 days before had, [days]; NaN where there was nothing to compare."""

    rate: Floats
    low: Floats
    high: Floats
    usual: Usual | None
    """None while the reference has too few days with words."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One model's days against a reference. Arrays run over `days`; labels in LABELS order."""

    days: Ints
    """Every day of the span, those without traffic too."""
    volume: Ints
    """Comments that came in."""
    scored: Ints
    """Comments that the model scored."""
    judged: NDArray[np.bool_]
    """Days with enough scored comments to be compared."""
    reference: Span
    reference_scored: int
    """Comments of the reference; 0 if it is too short to compare to."""
    index: tuple[Index, ...]
    """A label each; empty without a reference."""
    shift: tuple[Shift, ...]
    """The same for how far the mean score moved."""
    flagged: Ints
    """[days, 6], comments at or above the label's threshold."""
    reference_flagged: Ints
    """[6]."""
    usual_volume: Usual | None
    """None while the reference has too few days."""
    words: WordRates
    bands: Ints
    """[days, 5], comments by band."""
    reference_bands: Ints
    """[5]."""
    band_index: tuple[Index, ...]
    """A band each: how its scores are spread within it; empty without a reference."""
    band_judged: NDArray[np.bool_]
    """[days, 5], whether a band has enough comments on a day and in the reference."""

    @property
    def has_reference(self) -> bool:
        """Whether scores can be compared."""
        return self.reference_scored > 0


def rolling(counts: DayCounts, day: int) -> Span:
    """The reference for a day: the 28 days before its last 7; for a new model all days before it."""
    known = counts.days[covered(counts) & (counts.days < day)]
    usual = Span(day - GAP_DAYS - SPAN_DAYS + 1, day - GAP_DAYS)
    if usual.holds(known).sum() >= _SETTLED_DAYS or not len(known):
        return usual
    return Span(int(known.min()), day - 1)


def covered(counts: DayCounts) -> NDArray[np.bool_]:
    """Days of which the model scored enough to speak for them."""
    scored = counts.scores[:, 0].sum(1)
    return (scored > 0) & (scored >= _COVERED * counts.volume)


@dataclass(frozen=True, slots=True)
class Rules:
    """What days are judged by."""

    thresholds: tuple[float, ...]
    """The policy's, in LABELS order."""
    alpha: float
    """Chance of a false alarm of one test."""
    band_alpha: float
    """The same of one test of a band."""


def examine(counts: DayCounts, reference: Span, shown: Span, rules: Rules) -> Report:
    """All measures of the days shown; the counts hold those of the reference too."""
    held = reference.holds(counts.days)
    base_counts = counts.take(held & covered(counts))
    base, base_bands = base_counts.scores.sum(0), base_counts.bands.sum(0)
    total = int(base[0].sum())
    enough = total >= FEWEST_REFERENCE and len(base_counts.days) >= FEWEST_DAYS
    seen = shown.holds(counts.days)
    usual, words = _usual_volume(counts, held, seen, rules.alpha), _word_rates(counts.words, held, seen, rules.alpha)
    counts = counts.take(seen)
    speaks, scored = covered(counts), counts.scores[:, 0].sum(1)
    cut = np.array([nearest_bin(threshold) for threshold in rules.thresholds])
    over = np.arange(counts.scores.shape[2]) >= cut[:, None]
    bands = counts.bands.sum(2)
    return Report(
        days=counts.days,
        volume=counts.volume,
        scored=scored,
        judged=speaks & (scored >= FEWEST),
        reference=reference,
        reference_scored=total if enough else 0,
        index=tuple(
            stability_index(counts.scores[:, j], base[j], alpha=rules.alpha) for j in range(len(LABELS)) if enough
        ),
        shift=tuple(mean_shift(counts.scores[:, j], base[j], CENTRES) for j in range(len(LABELS)) if enough),
        flagged=(counts.scores * over).sum(2),
        reference_flagged=(base * over).sum(1),
        usual_volume=usual,
        words=words,
        bands=bands,
        reference_bands=base_bands.sum(1),
        band_index=tuple(
            stability_index(counts.bands[:, b], base_bands[b], alpha=rules.band_alpha) for b in range(BANDS) if enough
        ),
        band_judged=(bands >= FEWEST_OF_BAND) & (base_bands.sum(1) >= FEWEST) & speaks[:, None],
    )


def nearest_bin(threshold: float) -> int:
    """The bin that a threshold's comments begin at: the nearest edge, at most 1/16 of a logit away."""
    logit = np.log(threshold / (1 - threshold))
    edges = np.log(bin_edges() / (1 - bin_edges()))
    return int(np.abs(edges - logit).argmin())


def _usual_volume(counts: DayCounts, held: NDArray[np.bool_], shown: NDArray[np.bool_], alpha: float) -> Usual | None:
    active = np.flatnonzero(counts.volume > 0)
    if not len(active):
        return None
    base = held & (counts.days >= counts.days[active[0]])  # before the very first comment a day was not quiet
    if base.sum() < FEWEST_DAYS or not counts.volume[base].any():
        return None
    return usual_volume(counts.days[shown], counts.days[base], counts.volume[base], alpha=alpha)


def _word_rates(words: WordCounts, held: NDArray[np.bool_], shown: NDArray[np.bool_], alpha: float) -> WordRates:
    known = (words.known_days >= FEWEST_DAYS) & (words.comments >= FEWEST // 2)
    rate = np.where(known, words.fresh / np.maximum(words.words, 1), np.nan)
    squares = (words.words_squared, words.fresh_squared, words.words_fresh)
    variance = ratio_variance(words.words, words.fresh, squares, words.comments)
    low, high = interval(rate, variance)
    base = held & known
    usual = None
    if base.sum() >= FEWEST_DAYS:
        usual = usual_words(rate[base], variance[base], variance[shown], alpha=alpha)
    return WordRates(rate[shown], low[shown], high[shown], usual)
