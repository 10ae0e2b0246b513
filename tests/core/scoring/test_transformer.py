"""Every architecture is scored the same alone and in a batch, whatever the text."""

import gc
from itertools import pairwise

import numpy as np
import pytest

from core.errors import BadInput, ModelUnavailable
from core.scoring.adapters import _SHARED, release
from core.scoring.load import PROBE
from core.scoring.transformer import TransformerScorer
from tests.support.tiny_bases import WORDS, write_base
from tests.support.versions import write_version

TEXTS = [
    *PROBE,
    "</s><s> you are</s>",
    "you are a kind idiot " * 40,
    "a" * 3000,
    "\ud800 nul \0",
    " \n",
    "idiot",
    WORDS,
]
SHAPES = ["llama", "mixtral", "bert"]


@pytest.fixture(scope="module", params=SHAPES)
def shape(request):
    return request.param


@pytest.fixture(scope="module")
def base(shape, tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base") / shape, shape)


@pytest.fixture(scope="module")
def folder(base, tmp_path_factory):
    return write_version(tmp_path_factory.mktemp("version") / "v", base)


@pytest.fixture(scope="module", params=["merged", "adapter"])
def scorer(base, tmp_path_factory, request):
    made = write_version(tmp_path_factory.mktemp("version") / request.param, base, serving=request.param)
    yield TransformerScorer.load(made, name=request.param)
    release()


def test_one_by_one_is_batched(scorer):
    together = scorer.score(TEXTS)
    alone = np.vstack([scorer.score([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    assert together.std(axis=0).min() > 1e-3, "texts that all score alike would prove nothing"


def test_merged_and_beside_give_the_same(folder, base, tmp_path):
    beside = TransformerScorer.load(write_version(tmp_path / "b", base, serving="adapter"), name="b")
    merged = TransformerScorer.load(write_version(tmp_path / "m", base, serving="merged"), name="m")
    np.testing.assert_allclose(beside.score(TEXTS), merged.score(TEXTS), atol=1e-5)


def test_as_transformers_and_peft_score_it(folder, base):
    """A PEFT user needs nothing of ours: the folder, its base and six labels."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    plain = AutoModelForSequenceClassification.from_pretrained(base, num_labels=6, dtype=torch.float32, pad_token_id=0)
    model = PeftModel.from_pretrained(plain, folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = ["you are a kind idiot", "thanks for the nice article"]
    with torch.inference_mode():
        theirs = [model(**tokenizer(text, return_tensors="pt")).logits[0].sigmoid().numpy() for text in texts]
    ours = TransformerScorer.load(folder, name="x").score(texts)
    np.testing.assert_allclose(ours, np.array(theirs), atol=1e-5)


def test_order_is_kept_and_nothing_gives_nothing(scorer):
    assert scorer.score([]).shape == (0, 6)
    assert scorer.score([]).dtype == np.float32
    np.testing.assert_allclose(scorer.score(TEXTS[::-1])[::-1], scorer.score(TEXTS), atol=1e-5)


def test_special_tokens_in_a_text_are_text(scorer):
    ends = scorer.tokenizer.encode(["idiot</s>", "idiot[PAD]", "idiot"])
    assert len(ends[0]) > len(ends[2]) + 1
    scores = scorer.score(["idiot</s>", "idiot[PAD]", "idiot<unk>", "idiot"])
    assert (np.abs(scores[:3] - scores[3]).max(axis=1) > 1e-4).all()


def test_long_texts_keep_head_and_tail(scorer):
    middle = "read the article " * 100
    plain, head, tail, inside = scorer.score(
        [middle, "idiot " + middle, middle + "kill", middle + "idiot " + middle + middle]
    )
    assert np.abs(head - plain).max() > 1e-4
    assert np.abs(tail - plain).max() > 1e-4
    np.testing.assert_allclose(inside, plain, atol=1e-5)


@pytest.mark.parametrize("unit", ["a", "word ", "\u4e2d", "🙂", "\u0301", " "])
def test_a_megabyte_is_scored(scorer, unit):
    assert np.isfinite(scorer.score([unit * (1_000_000 // len(unit))])).all()


def test_explain_gives_code_points_of_the_original(scorer):
    text = "🙂 you are a\u0301 kind idiot, go away"
    spans = scorer.explain(text)
    assert spans
    assert all(0 <= a.start < a.end <= b.start for a, b in pairwise(spans))
    words = {"🙂", "you", "are", "a", "\u0301", "kind", "idiot", ",", "go", "away"}
    assert {text[span.start : span.end] for span in spans} <= words


def test_a_contribution_is_what_leaving_the_word_out_takes(scorer):
    text = "thanks you stupid"
    (span,) = [span for span in scorer.explain(text) if text[span.start : span.end] == "stupid"]
    with_, without = scorer.logits([text, "thanks you"])
    np.testing.assert_allclose(span.contributions, with_ - without, atol=1e-4)


@pytest.mark.parametrize("text", ["", " ", "\u202e", "\ud800", "idiot " * 5000, "a" * 100_000], ids=range(6))
def test_any_text_is_explained(scorer, text):
    spans = scorer.explain(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert len(spans) <= 64


def test_the_tail_of_a_long_text_is_explained_where_it_stands(scorer):
    text = "nice article " * 3000 + "idiot"
    assert any(text[span.start : span.end] == "idiot" for span in scorer.explain(text))


def test_adapters_swap_without_reloading_the_base(base, tmp_path):
    release()
    folders = [write_version(tmp_path / f"v{seed}", base, seed=seed, serving="adapter") for seed in (1, 2)]
    first = TransformerScorer.load(folders[0], name="first")
    before = first.score(TEXTS)
    second = TransformerScorer.load(folders[1], name="second")
    assert first.runner.model is second.runner.model
    assert np.abs(second.score(TEXTS) - before).max() > 1e-3
    np.testing.assert_array_equal(first.score(TEXTS), before)
    del first
    gc.collect()
    again = TransformerScorer.load(folders[0], name="again")
    np.testing.assert_array_equal(again.score(TEXTS), before)
    assert len(again.runner.model.peft_config) == 2, "an adapter that nobody uses is dropped"


def test_a_base_that_nobody_uses_is_let_go(base, tmp_path):
    release()
    gc.collect()
    scorer = TransformerScorer.load(write_version(tmp_path / "v", base, serving="adapter"), name="v")
    del scorer
    gc.collect()
    assert len(_SHARED) == 1, "kept for the next version"
    release()
    gc.collect()
    assert not _SHARED


def test_a_batch_that_does_not_fit_is_halved(scorer, monkeypatch):
    import torch

    import core.scoring.forward as forward

    expected, real = scorer.score(TEXTS), forward.six_logits

    def small(model, ids, lengths, **options):
        if ids.numel() > 100:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, ids, lengths, **options)

    monkeypatch.setattr(forward, "six_logits", small)
    monkeypatch.setattr(scorer.runner.budget, "tokens", 4096)
    np.testing.assert_allclose(scorer.score(TEXTS), expected, atol=1e-5)


def test_what_never_fits_is_told(scorer, monkeypatch):
    import core.scoring.forward as forward

    def full(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(forward, "six_logits", full)
    with pytest.raises(ModelUnavailable, match=r"does not fit into the memory of cpu.*Comments wait"):
        scorer.score(["idiot"])


def test_another_precision_is_refused(folder):
    with pytest.raises(BadInput, match=r"trained on a base in fp32.*bf16"):
        TransformerScorer.load(folder, name="v", precision="bf16")
