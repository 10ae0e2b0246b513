"""The second shipped model: how it is made, and that the one in the repository is whole."""

import json

import numpy as np
import pytest

from core.domain import ModelVersion, Stage, now
from core.scoring.blend import read_blend
from core.scoring.files import folder_digest, refuse_code, resolve
from core.scoring.load import load_scorer, probe
from tests.support.models import rows
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version
from training.careful import make

CAREFUL = resolve("models/careful")


def version(folder):
    return ModelVersion(1, "careful", "blend", str(folder), folder_digest(folder), Stage.CHALLENGER, now())


def test_it_is_made_of_an_encoder_and_the_shipped_starter(tmp_path):
    encoder = write_version(
        tmp_path / "bert",
        write_base(tmp_path / "base", "bert"),
        training={"rows": 10, "best_step": 1, "step": 2},
    )
    metrics = make(encoder, rows(2000), tmp_path / "careful")
    assert metrics.rows == rows(2000).frozen_test().sum()
    probe(load_scorer(version(tmp_path / "careful"), threads=2))
    assert "the weights of step 1 of 2" in (tmp_path / "careful" / "README.md").read_text()
    assert read_blend(tmp_path / "careful").members[1].path == "models/starter"


@pytest.mark.skipif(not (CAREFUL / "blend.json").is_file(), reason="no careful model ships with this checkout")
class TestTheShippedOne:
    def test_it_is_small_plain_and_answers(self):
        refuse_code(CAREFUL)
        assert sum(path.stat().st_size for path in CAREFUL.rglob("*") if path.is_file()) <= 32_000_000
        scorer = load_scorer(version(CAREFUL), threads=2)
        probe(scorer)
        scores = scorer.score(["You are a stupid idiot.", "Thank you for the source.", "I will kill you tonight."])
        assert scores[0, 4] > 0.5
        assert scores[1].max() < 0.05
        assert scores[2, 3] > 0.3
        assert np.isfinite(scores).all()

    def test_it_marks_the_word(self):
        text = "Thanks for nothing, you idiot"
        span = max(load_scorer(version(CAREFUL), threads=2).explain(text), key=lambda one: one.contributions[4])
        assert text[span.start : span.end] == "idiot"

    def test_its_figures_say_why_it_ships(self):
        careful, starter = (
            json.loads((resolve(f"models/{name}") / "metrics.json").read_text()) for name in ("careful", "starter")
        )
        assert careful["mean_auc"] >= starter["mean_auc"] + 0.002
