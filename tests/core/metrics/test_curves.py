"""Intervals of curves and of the calibration error, against a known truth."""

import numpy as np
import pytest

from core.metrics import curves
from tests.core.metrics.test_estimate import audited, sample_of
from tests.support.ledger import draw

RATES = (0.05, 0.1, 0.2, 0.3, 0.3)
RUNS = 80


def at(curve: curves.Curve, x: float, values: np.ndarray) -> float:
    return float(np.interp(x, curve.x, values))


@pytest.mark.parametrize(("kind", "x"), [("roc", 0.05), ("roc", 0.15), ("precision_recall", 0.5)])
def test_bands_cover_the_whole_traffics_curve(kind, x):
    rng = np.random.default_rng(6)
    truth, scores = draw(rng, 10_000)
    make = getattr(curves, kind)
    whole = make(sample_of(truth, scores), 0)
    known, hits = at(whole, x, whole.y), 0
    for _ in range(RUNS):
        curve = make(audited(rng, truth, scores, RATES), 0)
        hits += at(curve, x, curve.low) <= known <= at(curve, x, curve.high)
    assert 0.88 <= hits / RUNS <= 1.0
    assert at(curve, x, curve.high) - at(curve, x, curve.low) < 0.4


def test_bands_hold_their_curve_and_widen_with_less():
    rng = np.random.default_rng(7)
    truth, scores = draw(rng, 20_000)
    many, few = sample_of(truth, scores), sample_of(truth[:2_000], scores[:2_000])
    for kind in (curves.roc, curves.precision_recall):
        big, small = kind(many, 0), kind(few, 0)
        assert (big.low <= big.y + 1e-9).all()
        assert (big.y <= big.high + 1e-9).all()
        assert len(big.low) == len(big.y) == len(big.high) <= curves.POINTS
        middle = 0.2 if kind is curves.roc else 0.6
        assert at(small, middle, small.high - small.low) > 2 * at(big, middle, big.high - big.low)


def test_the_calibration_error_is_not_made_up_by_small_groups():
    """A calibrated model on few comments: the plain error says 2 to 3 %, chance alone; the other one says none."""
    rng = np.random.default_rng(8)
    plain, unbiased, covered = [], [], 0
    for _ in range(60):
        scores = rng.beta(0.4, 2, (1_500, 6))
        found = curves.calibration(sample_of(rng.random(scores.shape) < scores, scores), 0)
        plain.append(found.error)
        unbiased.append(found.unbiased.value)
        covered += found.unbiased.low <= 0.002
    assert np.mean(plain) > 2.5 * np.mean(unbiased)
    assert covered / 60 >= 0.9


def test_the_calibration_errors_interval_covers_a_real_error():
    rng = np.random.default_rng(9)
    scores = rng.beta(0.4, 2, (200_000, 6))
    said = np.clip(scores * 1.4, 0, 0.99)
    known = curves.calibration(sample_of(rng.random(scores.shape) < scores, said), 0).error
    hits, runs = 0, 60
    for _ in range(runs):
        some = rng.integers(0, len(scores), 2_000)
        found = curves.calibration(sample_of(rng.random((2_000, 6)) < scores[some], said[some]), 0).unbiased
        hits += found.low <= known <= found.high
    assert 0.88 <= hits / runs <= 1.0
