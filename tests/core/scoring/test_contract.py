"""What every kind of scorer keeps to. A new kind is one more parameter."""

import numpy as np
import pytest

from core.domain import ModelVersion, Stage, now
from core.scoring.adapters import release
from core.scoring.files import folder_digest
from core.scoring.load import load_scorer, probe
from core.settings import ROOT
from tests.support.composed import write_onnx, write_pair, write_stages
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version

ODD = {
    "none": [],
    "empty": [""],
    "bidi": ["\u202eevil\u2066"],
    "unstorable": ["nul \0, surrogate \ud800"],
    "emoji": ["🙂" * 10_000],
    "huge": ["you idiot " * 100_000],
    "markup": ["</s><|im_end|>[PAD]"],
}


MAKERS = {
    "transformer": lambda root: write_version(root / "version", write_base(root / "base")),
    "transformer in words": lambda root: write_version(root / "version", write_base(root / "base"), pooling="slots"),
    "onnx": lambda root: write_onnx(root / "version", root),
    "blend": lambda root: write_pair(root / "version", root),
    "cascade": lambda root: write_stages(root / "version", root),
}


@pytest.fixture(scope="module", params=["starter", "transformer", "transformer in words", "onnx", "blend", "cascade"])
def scorer(request, tmp_path_factory):
    if request.param == "starter":
        folder = ROOT / "models" / "starter"
    else:
        root = tmp_path_factory.mktemp("made")
        folder = MAKERS[request.param](root)
    kind = request.param.split()[0]
    version = ModelVersion(1, "one", kind, str(folder), folder_digest(folder), Stage.LIVE, now())
    yield load_scorer(version, threads=1)
    release()


def test_it_is_named_and_passes_the_probe(scorer):
    assert scorer.name == "one"
    probe(scorer)


@pytest.mark.parametrize("texts", ODD.values(), ids=ODD.keys())
def test_odd_input_is_scored_too(scorer, texts):
    scores = scorer.score(texts)
    assert scores.shape == (len(texts), 6)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_order_and_company_make_no_difference(scorer):
    texts = [text for texts in ODD.values() for text in texts]
    together = scorer.score(texts)
    np.testing.assert_allclose(scorer.score(texts[::-1])[::-1], together, atol=1e-5)
    np.testing.assert_allclose(np.vstack([scorer.score([text]) for text in texts]), together, atol=1e-5)


@pytest.mark.parametrize("texts", ODD.values(), ids=ODD.keys())
def test_spans_are_sorted_and_within_the_text(scorer, texts):
    for text in texts:
        ends = 0
        for span in scorer.explain(text):
            assert ends <= span.start < span.end <= len(text)
            assert len(span.contributions) == 6
            ends = span.end
