"""A blend is the mean that it says it is, is fitted on rows nobody learnt from, and refuses members that changed."""

import json
import shutil

import numpy as np
import pytest

from core.errors import BadInput, ModelUnavailable
from core.scoring.blend import KNOTS, BlendScorer, rank_knots, read_blend, to_ranks
from core.scoring.logits import logit, sigmoid
from core.scoring.protocol import Span
from core.scoring.spans import merge_spans
from core.text import fold_of
from tests.support.composed import toy_rows, write_pair
from tests.support.scoring import FakeScorer
from training.blend import fit_blend, held_back, rank_table
from training.data import make_rows
from training.evaluate import evaluate
from training.splits import FOLDS


def scorer(folder):
    return BlendScorer.load(folder, name="both", load_member=lambda member, _: FakeScorer(member.name, default=0.2))


def toy(count=4000):
    labels, logits = toy_rows(count)
    rows = make_rows([f"text {i}" for i in range(count)], labels)
    return rows, [sigmoid(part) for part in logits]


def test_it_is_the_mean_of_logits(tmp_path):
    shares = [0.25, 0.5, 0.5, 0.5, 0.5, 1.0]
    folder = write_pair(tmp_path / "both", tmp_path, shares=shares)
    first, second = np.full((1, 6), 0.9, np.float32), np.full((1, 6), 0.2, np.float32)
    wanted = sigmoid(np.array(shares) * logit(first) + (1 - np.array(shares)) * logit(second))
    np.testing.assert_allclose(scorer(folder).combine([first, second]), wanted, atol=1e-6)


@pytest.mark.parametrize("mode", ["logit", "rank"])
def test_a_fitted_blend_ranks_better_than_either(mode):
    rows, scores = toy()
    blend = fit_blend([], scores, rows, mode=mode)
    mixed = blend.mean([logit(part) for part in scores])
    alone = max(evaluate(part, rows.labels).mean_auc for part in scores)
    assert evaluate(mixed, rows.labels).mean_auc > alone + 0.01
    calibrated = sigmoid(mixed * np.array(blend.calibration[0]) + np.array(blend.calibration[1]))
    assert max(evaluate(calibrated, rows.labels).calibration_error.values()) < 0.02
    assert all(0.3 <= share <= 0.7 for share in blend.shares)


def test_a_useless_member_gets_little():
    rows, (good, _) = toy()
    noise = sigmoid(np.random.default_rng(1).normal(0, 2, good.shape).astype(np.float32))
    assert max(fit_blend([], [good, noise], rows, mode="logit").shares) == 1.0
    assert min(fit_blend([], [noise, good], rows, mode="logit").shares) == 0.0


def test_ranks_rise_with_the_logit_and_go_on_beyond_the_rows():
    rows, (scores, _) = toy()
    table = rank_table(logit(scores), rows.weights)
    assert table.shape == (6, KNOTS)
    line = np.repeat(np.linspace(-20, 20, 500, dtype=np.float32)[:, None], 6, axis=1)
    assert (np.diff(to_ranks(line, table), axis=0) >= 0).all()
    assert to_ranks(line, table).max() > rank_knots()[-1]


def test_held_back_rows_are_nobodys_training_rows():
    rows, _ = toy()
    held = held_back(rows)
    assert len(held) > 200
    assert not held.frozen_test().any()
    assert {fold_of(digest, FOLDS) for digest in held.hashes} == {0}
    with pytest.raises(BadInput, match="belong to the part that no training learns from, and at least 100"):
        held_back(rows.take(np.arange(len(rows)) < 50))


def test_a_member_that_changed_is_refused_by_name(tmp_path):
    folder = write_pair(tmp_path / "both", tmp_path)
    with (folder / "encoder" / "encoder.json").open("a") as file:
        file.write("\n")
    with pytest.raises(ModelUnavailable, match=r"both is made of encoder, and the files in .* are not those"):
        scorer(folder)
    shutil.rmtree(folder / "encoder")
    with pytest.raises(ModelUnavailable, match="both is made of encoder, which has no files"):
        scorer(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "median"}, "has an unusable mode or shares"),
        ({"shares": [2.0] * 6}, "has an unusable mode or shares"),
        ({"labels": ["spam"]}, "is of another format, version or set of labels"),
        ({"members": []}, "does not name two members"),
        ({"mode": "rank"}, "has unusable ranks"),
        ({"calibration": [1]}, "has an unusable calibration"),
        ({"sugar": 1}, "is missing or does not describe a blend"),
    ],
)
def test_a_garbled_file_says_what_is_wrong(tmp_path, change, said):
    folder = write_pair(tmp_path / "both", tmp_path)
    values = json.loads((folder / "blend.json").read_text())
    (folder / "blend.json").write_text(json.dumps(values | change))
    with pytest.raises(ModelUnavailable, match=f"{said}.*moderato blend"):
        read_blend(folder)


def test_spans_of_both_are_added_where_they_meet():
    first, second = [Span(0, 4, (1.0,) * 6)], [Span(2, 6, (2.0,) * 6)]
    merged = merge_spans([first, second], [np.full(6, 0.5), np.full(6, 0.5)])
    assert [(span.start, span.end) for span in merged] == [(0, 2), (2, 4), (4, 6)]
    assert [span.contributions[0] for span in merged] == [0.25, 0.75, 0.5]
