"""Human error, the model against people, the pull of shown scores: known truths are found, and intervals cover them."""

import numpy as np
import pytest

from core.labels import LABELS
from core.metrics.cells import split_stratum
from core.metrics.pairs import Pairs, drawn_of
from core.metrics.second_opinions import confusion, human_errors, model_against_people, pulls
from db.stores.second_opinions import COLUMNS

SE, SP = 0.85, 0.98


def make(rng, n, *, prevalence=0.1, judged=1.0, pull=0.0, model=(0.9, 0.95), rates=(0.2, 0.5)) -> Pairs:
    """Pairs of a made-up world; every label alike. With `pull` the first copies the preset so often."""
    size = 4 * n
    truth = rng.random((size, 6)) < prevalence
    said = [np.where(truth, rng.random(truth.shape) < SE, rng.random(truth.shape) > SP) for _ in range(2)]
    shown = np.where(truth, rng.random(truth.shape) < model[0], rng.random(truth.shape) > model[1])
    blind = rng.random(size) < 0.3
    copies = (rng.random(truth.shape) < pull) & ~blind[:, None]
    first, second = np.where(copies, shown, said[0]), said[1]
    rate = np.where(first.any(1), rates[1], rates[0])
    rows = np.flatnonzero(rng.random(size) < rate)[:n]
    judge = np.where((first != second).any(1) & (rng.random(size) < judged), 2, -1)
    ones = np.ones(size, bool)
    return Pairs(
        first=first, second=second, same=(first == second).all(1), weight=1 / rate, audit=blind,
        audit_weight=1 / rate, first_person=np.zeros(size, int), second_person=ones.astype(int), judge=judge,
        judged=truth, week=np.zeros(size, int), blind=blind, preset=shown, preset_known=ones, model=shown,
        model_known=ones, day=np.zeros(size, int), stratum=np.zeros(size, int),
    ).take(rows)  # fmt: skip


@pytest.mark.parametrize("judged", [1.0, 0.6])
def test_human_error_is_found_and_covered(judged):
    """500 worlds of 600 pairs and six labels each: intervals hold the true numbers in 93-97.5 % of them."""
    rng = np.random.default_rng(3)
    held, errors = np.zeros(2), []
    for _ in range(500):
        for found in human_errors(make(rng, 600, judged=judged)):
            errors.append((found.sensitivity.value, found.specificity.value))
            held += [found.sensitivity.low <= SE <= found.sensitivity.high,
                     found.specificity.low <= SP <= found.specificity.high]  # fmt: skip
    assert np.mean(errors, 0) == pytest.approx([SE, SP], abs=0.004)
    assert ((held / len(errors) > 0.93) & (held / len(errors) < 0.975)).all(), held / len(errors)


def test_stated_variances_are_those_of_repeated_samples():
    rng = np.random.default_rng(4)
    found = [error for _ in range(150) for error in human_errors(make(rng, 800))]
    values = np.array([(one.sensitivity.value, one.specificity.value) for one in found])
    stated = np.mean([(one.sensitivity_variance, one.specificity_variance) for one in found], 0)
    assert stated == pytest.approx(values.var(0), rel=0.2)


def test_errors_correct_a_models_numbers():
    (found, *_) = human_errors(make(np.random.default_rng(12), 900))
    error = found.error
    assert (error.sensitivity, error.specificity) == (found.sensitivity.value, found.specificity.value)
    assert (error.sensitivity_variance, error.specificity_variance) == (
        found.sensitivity_variance, found.specificity_variance
    )  # fmt: skip
    assert error.informs


def test_no_error_seen_is_not_no_error():
    pairs = make(np.random.default_rng(13), 900)
    object.__setattr__(pairs, "second", pairs.first)
    found = human_errors(pairs)[0]
    assert (found.sensitivity.value, found.specificity.value) == (1, 1)
    assert 0.9 < found.error.sensitivity < 1
    assert found.error.sensitivity_variance > found.error.specificity_variance > 0


def test_people_who_agree_only_by_chance_get_no_numbers():
    """Nobody can be that bad: the equations have no solution, and none is made up."""
    rng = np.random.default_rng(5)
    pairs = make(rng, 600)
    noise = Pairs(*(getattr(pairs, name) for name in pairs.__slots__))
    object.__setattr__(noise, "first", rng.random(pairs.first.shape) < 0.5)
    object.__setattr__(noise, "second", ~noise.first)
    assert human_errors(noise) == (None,) * 6


def test_unjudged_disagreements_are_too_few():
    rng = np.random.default_rng(6)
    assert human_errors(make(rng, 600, judged=0.0)) == (None,) * 6
    assert human_errors(make(rng, 20)) == (None,) * 6


def test_of_traffic_takes_audit_items_alone():
    pairs = make(np.random.default_rng(7), 900)
    assert {one.pairs for one in human_errors(pairs, of_traffic=True)} == {int(pairs.audit.sum())}


@pytest.mark.parametrize(
    ("model", "verdict"), [((0.99, 0.999), "less"), ((0.5, 0.9), "more"), ((SE, SP), "alike")], ids=str
)
def test_the_model_is_held_against_people(model, verdict):
    found = model_against_people(make(np.random.default_rng(8), 3_000, model=model))
    assert [one.verdict for one in found].count(verdict) >= 5
    for one in found:
        assert one.more.value == pytest.approx(one.model.value - one.people.value)


@pytest.mark.parametrize("pull", [0.0, 0.4])
def test_the_pull_of_shown_scores_is_found_and_covered(pull):
    rng, held, runs = np.random.default_rng(9), np.zeros(2), 150
    prevalence, model = 0.1, (0.9, 0.95)
    yes = prevalence * (model[0] * SE + (1 - model[0]) * (1 - SE))
    no = (1 - prevalence) * (model[1] * SP + (1 - model[1]) * (1 - SP))
    truth = pull * (1 - yes - no)
    shown = prevalence * model[0] + (1 - prevalence) * (1 - model[1])
    kept = (prevalence * model[0] * SE + (1 - prevalence) * (1 - model[1]) * (1 - SP)) / shown
    for _ in range(runs):
        for found in pulls(make(rng, 900, pull=pull)):
            held += [found.pull.low <= truth <= found.pull.high,
                     found.more_kept.low <= pull * (1 - kept) <= found.more_kept.high]  # fmt: skip
    assert ((held / (6 * runs) > 0.93) & (held / (6 * runs) < 0.975)).all(), held / (6 * runs)


def test_nothing_pulls_where_the_first_was_blind():
    found = pulls(make(np.random.default_rng(10), 3_000, pull=0.5), assisted=False)
    assert sum(one.pull.low <= 0 <= one.pull.high for one in found) >= 5


def test_confusion_counts_labels_of_both():
    pairs = make(np.random.default_rng(11), 100)
    shares, many = confusion(pairs)
    both = pairs.first[:, 0] & pairs.second[:, 4]
    assert shares[0, 4] == pytest.approx(pairs.weight[both].sum() / pairs.weight[pairs.first[:, 0]].sum())
    assert many[6] == (~pairs.first.any(1)).sum()


def row(**values) -> tuple:
    plain = dict.fromkeys(COLUMNS) | {
        "rate": 0.25, "audit": 0, "audit_rate": 0.1, "first_person": "Ada", "first_labels": 17, "first_blind": False,
        "first_outcome": "remove", "first_policy": 3, "second_person": "Bob", "second_labels": 17, "second_at": 0,
        "second_outcome": "remove", **{f"first_{label}": 0.7 for label in LABELS}, "model_toxic": 0.1,
        "day": 20_000, "band": 2,
    }  # fmt: skip
    return tuple((plain | values)[name] for name in COLUMNS)


def test_rows_become_arrays():
    rows = [row(), row(second_outcome="approve"), row(second_outcome="escalate"), row(second_outcome=None),
            row(judge="Cleo", judge_labels=2, first_policy=99)]  # fmt: skip
    found = drawn_of(rows, {0: [0.5] * 6, 3: [0.7] * 5 + [0.8]})
    assert (found.drawn, found.passed_on, found.missing, found.people) == (5, 1, 1, ("Ada", "Bob", "Cleo"))
    pairs = found.pairs
    assert pairs.same.tolist() == [True, False, True]
    assert pairs.preset[0].tolist() == [True] * 5 + [False]  # 0.7 as it is stored reaches a threshold of 0.7
    assert pairs.preset_known.tolist() == [True, True, False]
    assert pairs.model_known.tolist() == [False] * 3
    assert pairs.judge.tolist() == [-1, -1, 2]
    assert pairs.week.tolist() == [-1] * 3
    assert pairs.weight.tolist() == [4.0] * 3
    assert pairs.day.tolist() == [20_000] * 3
    assert [part.tolist() for part in split_stratum(pairs.stratum)] == [[2] * 3, [100_000] * 3, [1] * 3]
    assert pairs.audit_weight == pytest.approx([40.0] * 3)


def test_nothing_drawn_is_nothing():
    found = drawn_of([], {0: [0.5] * 6})
    assert (found.drawn, len(found.pairs), found.people) == (0, 0, ())
    assert human_errors(found.pairs) == pulls(found.pairs) == model_against_people(found.pairs) == (None,) * 6
