"""Estimates against scikit-learn, and intervals against a known truth."""

import numpy as np
import pytest
from sklearn import metrics as sk

from core.labels import LABELS
from core.metrics import curves
from core.metrics.bins import BINS, CENTRES, EDGES, PLACES, bin_of, place_of
from core.metrics.estimate import FEW, Sample, at_thresholds, edges_of, rankings
from tests.support.ledger import draw

THRESHOLDS = [0.5, 0.3, 0.45, 0.2, 0.5, 0.1]


def sample_of(truth, scores, strata=None, population=None) -> Sample:
    """Histograms of decided comments; stratum i stands for population[i] comments."""
    strata = np.zeros(len(truth), int) if strata is None else strata
    counts = np.zeros((strata.max() + 1, len(LABELS), 2, BINS))
    places = np.zeros((2, len(LABELS), 2, BINS))
    for label in range(len(LABELS)):
        place = place_of(scores[:, label]).astype(int)
        at = (label, truth[:, label].astype(int), place // PLACES)
        np.add.at(counts, (strata, *at), 1)
        np.add.at(places, (0, *at), place % PLACES)
        np.add.at(places, (1, *at), (place % PLACES) ** 2)
    sampled = counts[:, 0].sum((1, 2)).astype(float)
    return Sample(counts, places, sampled, None if population is None else np.asarray(population, float))


def by_sklearn(truth, score, weight, threshold) -> dict[str, float]:
    said = score >= threshold
    options = {"sample_weight": weight}
    tn, fp, fn, tp = sk.confusion_matrix(truth, said, **options).ravel()
    return {
        "auc": sk.roc_auc_score(truth, score, **options),
        "average_precision": sk.average_precision_score(truth, score, **options),
        "prevalence": np.average(truth, weights=weight),
        "precision": sk.precision_score(truth, said, **options),
        "recall": sk.recall_score(truth, said, **options),
        "f1": sk.f1_score(truth, said, **options),
        "accuracy": sk.accuracy_score(truth, said, **options),
        "false_positive_rate": fp / (fp + tn),
        "confusion": (tp, fp, fn, tn),
    }


def ours(sample: Sample, label: int) -> dict:
    ranking, at = rankings(sample)[label], at_thresholds(sample, edges_of(THRESHOLDS))[label]
    names = ("precision", "recall", "f1", "accuracy", "false_positive_rate")
    found = {name: getattr(at, name).value for name in names}
    found |= {name: getattr(ranking, name).value for name in ("auc", "average_precision", "prevalence")}
    matrix = at.confusion
    quadrants = (matrix.true_positives, matrix.false_positives, matrix.false_negatives, matrix.true_negatives)
    return found | {"confusion": quadrants, "threshold": at.threshold}


def world(rng, kind, n=40_000):
    truth, scores = draw(rng, n)
    if kind == "ties":
        scores = np.clip(np.round(scores, 2), 0.01, 0.99)
    if kind == "repeats":
        again = rng.integers(0, n // 3, n)
        truth, scores = truth[again], scores[again]
    return truth, scores


@pytest.mark.parametrize("kind", ["continuous", "ties", "repeats"])
@pytest.mark.parametrize("weighting", ["plain", "strata"])
@pytest.mark.parametrize("label", range(len(LABELS)), ids=LABELS)
def test_agrees_with_scikit_learn(kind, weighting, label):
    truth, scores = world(np.random.default_rng(label), kind)
    strata, population, weight = None, None, np.ones(len(truth))
    if weighting == "strata":
        strata = np.digitize(scores.max(1), [0.05, 0.2, 0.5, 0.8])
        population = np.bincount(strata) * np.array([20.0, 10.0, 5.0, 2.0, 1.0])
        weight = (population / np.bincount(strata))[strata]
    found = ours(sample_of(truth, scores, strata, population), label)
    wanted = by_sklearn(truth[:, label], scores[:, label].astype(float), weight, found.pop("threshold"))
    assert found.pop("confusion") == pytest.approx(wanted.pop("confusion"), rel=1e-9)
    for name, value in found.items():
        # where each text comes three times, a bin holds ties beside neighbours, which its sums cannot tell apart
        within = 5e-4 if (kind, name) == ("repeats", "average_precision") else 1e-4
        assert value == pytest.approx(wanted[name], abs=within), name


def test_is_scikit_learn_to_the_last_digits_on_tied_scores():
    truth, scores = draw(np.random.default_rng(9), 5_000)
    tied = CENTRES[bin_of(scores)]
    found = rankings(sample_of(truth, tied))[0]
    assert found.auc.value == pytest.approx(sk.roc_auc_score(truth[:, 0], tied[:, 0]), abs=1e-12)
    wanted = sk.average_precision_score(truth[:, 0], tied[:, 0])
    assert found.average_precision.value == pytest.approx(wanted, abs=1e-12)


def test_auc_variance_is_delongs():
    """DeLong et al. 1988 from its definition, on two classes; ours has Student's t and n / (n - 1) a class."""
    truth, scores = draw(np.random.default_rng(3), 3_000)
    y, s = truth[:, 0], bin_of(scores[:, 0]).astype(float)
    kernel = (s[y][:, None] > s[~y]) + 0.5 * (s[y][:, None] == s[~y])
    delong = kernel.mean(1).var(ddof=1) / y.sum() + kernel.mean(0).var(ddof=1) / (~y).sum()
    auc = rankings(sample_of(truth, scores))[0].auc
    logit_width = np.log(auc.high / (1 - auc.high)) - np.log(auc.value / (1 - auc.value))
    assert logit_width * auc.value * (1 - auc.value) / 1.96 == pytest.approx(np.sqrt(delong), rel=0.03)


@pytest.mark.parametrize("positives", [0, FEW - 1])
def test_too_few_is_no_number(positives):
    truth, scores = draw(np.random.default_rng(0), 500)
    truth[:, 0] = False
    truth[:positives, 0] = True
    sample = sample_of(truth, scores)
    ranking, at = rankings(sample)[0], at_thresholds(sample, edges_of(THRESHOLDS))[0]
    assert (ranking.auc, ranking.average_precision, ranking.prevalence) == (None, None, None)
    assert (at.precision, at.recall, at.f1, at.accuracy, at.false_positive_rate) == (None,) * 5
    assert at.confusion.true_positives + at.confusion.false_negatives == positives


def test_too_few_negatives_or_flagged_is_no_number():
    truth, scores = draw(np.random.default_rng(0), 500)
    truth[:, 0] = np.arange(500) >= FEW - 1
    assert rankings(sample_of(truth, scores))[0].auc is None
    truth[:, 1] = np.arange(500) < 100
    scores[:, 1] = 0.01
    at = at_thresholds(sample_of(truth, scores), edges_of(THRESHOLDS))[1]
    assert at.precision is None
    assert at.recall.value == 0
    assert at.recall.high > 0.01


def test_nothing_decided():
    none = np.zeros((0, 6, 2, BINS))
    empty = Sample(none, np.zeros((2, 6, 2, BINS)), np.zeros(0), np.zeros(0))
    assert rankings(empty)[0].auc is None
    assert at_thresholds(empty, edges_of(THRESHOLDS))[0].confusion.true_negatives == 0


def test_perfect_ranking_keeps_an_interval():
    truth, scores = draw(np.random.default_rng(0), 2_000)
    scores[:, 0] = np.where(truth[:, 0], 0.9, 0.1)
    auc = rankings(sample_of(truth, scores))[0].auc
    assert auc.value == 1
    assert 0.9 < auc.low < 1


def test_curves_end_where_they_should_and_are_thin():
    truth, scores = draw(np.random.default_rng(1), 30_000)
    sample = sample_of(truth, scores)
    roc, pr = curves.roc(sample, 0), curves.precision_recall(sample, 0)
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert pr.x[-1] == 1
    assert len(roc.x) <= curves.POINTS >= len(pr.x)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(sk.roc_auc_score(truth[:, 0], scores[:, 0]), abs=2e-3)
    at_half = np.abs(roc.threshold - 0.5).argmin()
    assert roc.y[at_half] == pytest.approx((scores[truth[:, 0], 0] >= roc.threshold[at_half]).mean(), abs=1e-9)


def test_a_calibrated_model_has_a_small_calibration_error():
    rng = np.random.default_rng(2)
    scores = rng.beta(0.3, 2, (60_000, 6))
    truth = rng.random(scores.shape) < scores
    found = curves.calibration(sample_of(truth, scores), 0)
    assert found.error < 0.01
    assert len(found.observed) == len(found.predicted) == curves.GROUPS
    inside = [low.low <= said <= low.high for said, low in zip(found.predicted, found.observed, strict=True)]
    assert sum(inside) >= 12
    assert curves.calibration(sample_of(truth, scores**0.5), 0).error > 0.1


RUNS = 300


def audited(rng, truth, scores, rates):
    """One draw of the audit sample and its answers so far: 85 % of the items."""
    band = np.digitize(scores.max(1), [0.05, 0.2, 0.5, 0.8])
    taken = (rng.random(len(truth)) < np.array(rates)[band]) & (rng.random(len(truth)) < 0.85)
    return sample_of(truth[taken], scores[taken], band[taken], np.bincount(band, minlength=5))


def test_intervals_cover_the_truth():
    """Of the traffic itself: the truth is fixed, the audit draw is what varies."""
    rng = np.random.default_rng(4)
    truth, scores = draw(rng, 10_000)
    whole = sample_of(truth, scores)
    known = {name: getattr(rankings(whole)[0], name).value for name in ("prevalence", "auc", "average_precision")}
    known |= {k: getattr(at_thresholds(whole, edges_of(THRESHOLDS))[0], k).value for k in ("precision", "recall", "f1")}
    hits = dict.fromkeys(known, 0)
    for _ in range(RUNS):
        sample = audited(rng, truth, scores, (0.05, 0.1, 0.2, 0.3, 0.3))
        found, at = rankings(sample)[0], at_thresholds(sample, edges_of(THRESHOLDS))[0]
        for name, value in known.items():
            estimate = getattr(found, name, None) or getattr(at, name)
            hits[name] += estimate.low <= value <= estimate.high
    shares = {name: hit / RUNS for name, hit in hits.items()}
    assert all(0.90 <= share <= 0.99 for share in shares.values()), shares


def test_edges_are_thresholds():
    assert EDGES[edges_of([0.5])[0]] == 0.5
