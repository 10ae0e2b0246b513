"""The bootstrap against the linearised intervals: two ways that share no algebra."""

import numpy as np
import pytest

from core.metrics.bootstrap import bootstrap
from core.metrics.estimate import at_thresholds, edges_of, rankings
from tests.core.metrics.test_estimate import THRESHOLDS, audited, sample_of
from tests.support.ledger import draw

RATES = (0.1, 0.2, 0.4, 0.5, 0.5)
RANKED, AT = ("prevalence", "auc", "average_precision"), ("precision", "recall", "f1", "accuracy")


def width(estimate) -> float:
    return estimate.high - estimate.low


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(5)
    truth, scores = draw(rng, 30_000)
    return audited(rng, truth, scores, RATES)


@pytest.fixture(scope="module")
def drawn(sample):
    return bootstrap(sample, edges_of(THRESHOLDS), draws=400)


@pytest.mark.parametrize("label", [0, 2], ids=["toxic", "obscene"])
def test_agrees_with_the_linearised_intervals(sample, drawn, label):
    edges = edges_of(THRESHOLDS)
    ranking, at = drawn[label]
    plain, plain_at = rankings(sample)[label], at_thresholds(sample, edges)[label]
    for name, found, linear in [(n, ranking, plain) for n in RANKED] + [(n, at, plain_at) for n in AT]:
        one, other = getattr(found, name), getattr(linear, name)
        assert one.value == other.value
        assert width(one) == pytest.approx(width(other), rel=0.25), name
        assert abs(one.low - other.low) < 0.3 * width(other), name


def test_a_census_leaves_nothing_to_chance():
    truth, scores = draw(np.random.default_rng(1), 4_000)
    band = np.digitize(scores.max(1), [0.05, 0.2, 0.5, 0.8])
    ranking, at = bootstrap(sample_of(truth, scores, band, np.bincount(band)), edges_of(THRESHOLDS), draws=20)[0]
    assert width(ranking.prevalence) == pytest.approx(0, abs=1e-9)
    assert width(at.recall) == pytest.approx(0, abs=1e-9)


def test_too_few_stays_too_few_and_a_seed_is_a_seed(sample):
    truth, scores = draw(np.random.default_rng(0), 300)
    truth[:, 0] = False
    few = sample_of(truth, scores)
    assert bootstrap(few, edges_of(THRESHOLDS), draws=5)[0][0].auc is None
    edges = edges_of(THRESHOLDS)
    assert bootstrap(sample, edges, draws=20, seed=3) == bootstrap(sample, edges, draws=20, seed=3)
