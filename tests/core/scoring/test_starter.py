"""The starter that ships, and what happens when its folder is not as it should be."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from core.errors import ModelUnavailable
from core.scoring.starter import StarterScorer

SHIPPED = Path(__file__).parents[3] / "models" / "starter"
TEXTS = [
    "",
    "Thank you for the kind words, the article reads well now.",
    "you are a fucking idiot",
    "I will find you and kill you",
    "\u202eevil\u2066",
    "nul \0 and surrogate \ud800",
    "\U0001f642" * 300,
    "word " * 3000,
    "\n\t ",
]


@pytest.fixture(scope="module")
def scorer():
    return StarterScorer.load(SHIPPED, name="starter")


def test_shapes_and_ranges(scorer):
    scores = scorer.score(TEXTS)
    assert scores.shape == (len(TEXTS), 6)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_nothing_gives_nothing(scorer):
    assert scorer.score([]).shape == (0, 6)


def test_insults_and_threats_stand_out(scorer):
    kind, insult, threat = scorer.score(TEXTS[1:4])
    assert insult[0] > 0.9 > 0.1 > kind[0]
    assert insult[4] > 0.5 > kind[4]
    assert threat[3] > 0.2 > kind[3]


def test_alone_or_together_is_the_same(scorer):
    together = scorer.score(TEXTS)
    alone = np.vstack([scorer.score([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, together, atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=60), max_size=8))
def test_any_text_is_scored_and_order_kept(scorer, texts):
    scores = scorer.score(texts)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scorer.score(texts[::-1])[::-1], scores, atol=1e-5)


@pytest.mark.parametrize("unit", ["a", "word ", "a1", "\u0301", "\u4e2d", "x y "])
def test_a_megabyte_is_scored(scorer, unit):
    scores = scorer.score([unit * (1_000_000 // len(unit)), "fine"])
    assert np.isfinite(scores).all()


def test_toxic_words_in_the_middle_of_a_long_text_are_seen(scorer):
    filler = "The article is about trains and their history. " * 400
    (scores,) = scorer.score([filler + "you are a fucking idiot, fuck you bitch " * 8 + filler])
    assert scores[0] > 0.5


@pytest.mark.parametrize(
    "tricky",
    [
        "YOU ARE A FUCKING IDIOT",
        "you are a fuc\u200bking i\u200bdiot",
        "y\u043eu \u0430re a fu\u0441king idi\u043et",
        "you are a f.u.c.k.i.n.g idiot",
    ],
)
def test_tricks_change_nothing(scorer, tricky):
    np.testing.assert_allclose(scorer.score([tricky]), scorer.score(["you are a fucking idiot"]), atol=1e-5)


def test_threads_share_a_scorer(scorer):
    expected = scorer.score(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(lambda _: scorer.score(TEXTS), range(8)):
            np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_explain_points_at_the_words_of_the_original(scorer):
    text = "\U0001f642 Hello, you F\u200bU\u200bC\u200bKING 1d10t"
    spans = scorer.explain(text)
    found = {text[span.start : span.end]: span.contributions for span in spans}
    strongest = sorted(found, key=lambda word: -found[word][0])[:2]
    assert set(strongest) == {"F\u200bU\u200bC\u200bKING", "1d10t"}
    assert found["1d10t"][0] > 0


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters(exclude_categories=()), max_size=120))
def test_spans_are_sorted_inside_and_apart(scorer, text):
    spans = scorer.explain(text)
    places = [place for span in spans for place in (span.start, span.end)]
    assert places == sorted(places)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(len(span.contributions) == 6 and np.isfinite(span.contributions).all() for span in spans)


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "copy"))


def files():
    return ["config.json", *sorted(path.name for path in SHIPPED.iterdir() if path.suffix in {".safetensors", ".onnx"})]


@pytest.mark.parametrize("name", files())
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "foreign"])
def test_a_damaged_file_is_named(copy, name, damage):
    path = copy / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "foreign": b"\x80\x04K*." * 50}[damage])
    with pytest.raises(ModelUnavailable, match=name):
        StarterScorer.load(copy, name="damaged")


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["toxic"]},
        {"version": 99},
        {"format": "other"},
        {"buckets": {}},
        {"buckets": 3},
        {"buckets": {"char_sizes": ["x"], "char_bits": 20, "word_bits": 18}},
        {"calibration": [[0] * 6, [0] * 6]},
        {"calibration": "no"},
        {"net": {"share": "x"}},
    ],
    ids=str,
)
def test_a_foreign_config_is_named(copy, change):
    path = copy / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        StarterScorer.load(copy, name="foreign")


def test_wrong_tensors_are_named(copy):
    tensors = load_file(copy / "linear.safetensors")
    save_file({**tensors, "scale": np.full(6, np.nan, np.float32)}, copy / "linear.safetensors")
    with pytest.raises(ModelUnavailable, match=r"linear\.safetensors"):
        StarterScorer.load(copy, name="wrong")


def test_the_shipped_folder_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 24_000_000
