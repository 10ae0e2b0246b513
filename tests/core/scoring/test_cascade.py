"""A cascade asks the careful model exactly where the quick one is unsure, and its answer depends on nothing else."""

import numpy as np
import pytest

from core.errors import ModelUnavailable
from core.scoring.cascade import Cascade, CascadeScorer, read_cascade
from core.scoring.logits import sigmoid
from tests.support.composed import toy_rows, write_stages
from tests.support.scoring import FakeScorer
from training.cascade import fit_cascade, saving
from training.data import make_rows
from training.evaluate import evaluate

TEXTS = ["0.001 clean", "0.3 unsure", "0.9 toxic", "0.04 nearly"]


class Careful(FakeScorer):
    def _read(self, text):
        return 0.5


def make(low=0.05, high=1.0):
    quick, careful = FakeScorer("quick"), Careful("careful")
    return CascadeScorer("both", Cascade([], low, high), [quick, careful]), careful


def test_it_asks_only_where_the_quick_one_is_unsure():
    scorer, careful = make()
    scores = scorer.score(TEXTS)[:, 0]
    np.testing.assert_allclose(scores, [0.001, 0.5, 0.5, 0.04])
    assert careful.seen == TEXTS[1:3]


def test_above_high_the_quick_ones_answer_stands():
    scorer, careful = make(high=0.8)
    np.testing.assert_allclose(scorer.score(TEXTS)[:, 0], [0.001, 0.5, 0.9, 0.04])
    assert careful.seen == TEXTS[1:2]


def test_asking_both_changes_no_answer():
    scorer, careful = make()
    watching = scorer.watching({TEXTS[0], TEXTS[1]})
    np.testing.assert_array_equal(watching.score(TEXTS), make()[0].score(TEXTS))
    assert careful.seen == TEXTS[:3]
    rows, (quick, said) = watching.noted(TEXTS)
    assert rows.tolist() == [0, 1]
    np.testing.assert_allclose(quick[:, 0], [0.001, 0.3])
    np.testing.assert_allclose(said[:, 0], [0.5, 0.5])


def test_an_unscored_text_goes_to_the_careful_one():
    assert Cascade([], 0.05).unsure(np.full((1, 6), np.nan, np.float32)).tolist() == [True]


@pytest.mark.parametrize("loss", [0.0, 0.002, 0.02])
def test_a_fitted_cascade_loses_no_more_than_it_may_and_asks_less_for_more(loss):
    labels, (first, second) = toy_rows()
    quick, careful = sigmoid(first), sigmoid((first + second) / 2)
    rows = make_rows([f"text {i}" for i in range(len(labels))], labels)
    cascade = fit_cascade([], quick, careful, rows, loss=loss)
    mixed = np.where(cascade.unsure(quick)[:, None], careful, quick)
    lost = evaluate(careful, labels).mean_auc - evaluate(mixed, labels).mean_auc
    assert lost <= loss + 1e-9
    assert cascade.low <= 0.25
    assert cascade.training["asked"] == pytest.approx(cascade.unsure(quick).mean())


def test_the_saving_is_that_of_the_seconds():
    found = saving(0.1, 0.001, 0.01)
    assert found["times_as_quick"] == pytest.approx(0.01 / 0.002)


def test_a_garbled_file_says_what_to_do(tmp_path):
    folder = write_stages(tmp_path / "both", tmp_path)
    assert read_cascade(folder).low == 0.05
    for content in ("{", '{"format": "moderato-cascade", "version": 1, "labels": [], "members": []}'):
        (folder / "cascade.json").write_text(content)
        with pytest.raises(ModelUnavailable, match=r"does not describe a cascade.*moderato cascade"):
            read_cascade(folder)
