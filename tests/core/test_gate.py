"""The gate's figures agree with scikit-learn's, and its verdicts with what was built into the data."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.gate import Evidence, GateReport, auc_of, compare, unopposed
from core.labels import LABELS

RARE = np.array([0.1, 0.02, 0.05, 0.02, 0.05, 0.02])


def made(rows, *, better=0.0, seed=0, labels=None):
    """Live scores of fixed quality and a challenger that is better or worse by so much."""
    random = np.random.default_rng(seed)
    labels = random.random((rows, 6)) < RARE if labels is None else labels
    noise = random.normal(size=(rows, 6))
    live = 1 / (1 + np.exp(-(2 * labels + noise)))
    challenger = 1 / (1 + np.exp(-((2 + better) * labels + noise)))
    weights = random.uniform(0.5, 2, rows)
    return Evidence("audit", labels, weights, challenger.astype(np.float32), live.astype(np.float32))


def gate(*evidence):
    return compare(evidence, challenger="new", live="old")


@pytest.mark.parametrize("ties", [False, True])
def test_auc_agrees_with_scikit_learn(ties):
    one = made(800)
    scores = one.live[:, 0].round(1) if ties else one.live[:, 0]
    measure = auc_of(scores, one.labels[:, 0], one.weights)
    repeats = np.random.default_rng(1).integers(0, 3, (800, 4)).astype(float)
    for j, found in enumerate(measure(repeats)):
        weights = one.weights * repeats[:, j]
        assert found == pytest.approx(roc_auc_score(one.labels[:, 0], scores, sample_weight=weights), abs=1e-9)


def test_a_better_model_passes_and_a_worse_one_does_not():
    better, worse = gate(made(3000, better=0.7)), gate(made(3000, better=-0.7))
    assert better.passed
    assert better.difference > 0
    assert {found.verdict for found in better.sets[0].labels.values()} == {"better"}
    assert not worse.passed
    assert any("Toxic is worse" in reason for reason in worse.reasons)
    assert any("mean AUC over all sets is lower" in reason for reason in worse.reasons)


def test_the_same_model_passes():
    report = gate(made(3000))
    assert report.passed
    assert report.difference == 0


def test_a_model_that_is_lower_by_a_hair_passes_and_by_more_does_not():
    one = made(3000)
    for shift, passes in ((1e-6, True), (0.3, False)):
        odds = np.log(one.live / (1 - one.live)) - shift * one.labels
        report = gate(Evidence("test", one.labels, one.weights, (1 / (1 + np.exp(-odds))).astype(np.float32), one.live))
        assert report.difference <= 0
        assert report.passed is passes


def test_one_bad_label_is_enough_to_refuse():
    one = made(3000, better=0.7)
    one.challenger[:, 3] = np.random.default_rng(5).random(3000)
    report = gate(one)
    assert report.difference < 0 or report.reasons
    assert any(reason.startswith("Threat is worse on the audit sample") for reason in report.reasons)


def test_an_interval_covers_the_true_difference_about_as_often_as_it_says():
    """100 worlds, one truth (estimated from a huge world). 95 % intervals should rarely miss."""
    truth = gate(made(60_000, better=0.4, seed=999)).sets[0].labels["toxic"].difference
    hits = 0
    for seed in range(100):
        found = gate(made(400, better=0.4, seed=seed)).sets[0].labels["toxic"]
        hits += found.low <= truth <= found.high
    assert hits >= 88


def test_too_few_items_are_said_and_only_the_others_count():
    labels = np.zeros((300, 6), bool)
    labels[:40, 0] = labels[:9, 3] = True
    report = gate(made(300, labels=labels))
    found = report.sets[0].labels
    assert found["toxic"].verdict == "same"
    assert found["threat"].verdict == "too few"
    assert found["threat"].live is None
    assert "Threat" in report.notes[0]
    assert report.sets[0].mean.live == found["toxic"].live


@pytest.mark.parametrize("evidence", [[], [made(5)]], ids=["nothing", "five"])
def test_nothing_to_compare_is_refused_with_what_to_do(evidence):
    report = gate(*evidence)
    assert not report.passed
    assert "--data" in report.reasons[0]


def test_a_sure_set_outweighs_an_unsure_one():
    report = gate(made(6000, better=0.3), made(150, better=-0.1, seed=3))
    assert report.difference > 0


def test_a_report_survives_json():
    report = gate(made(500))
    assert GateReport.from_json(report.to_json() | {"reason": "because"}) == report
    assert GateReport.from_json({"reason": "shipped"}) is None
    assert unopposed("a").passed
    assert set(report.sets[0].labels) == set(LABELS)
