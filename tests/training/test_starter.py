"""Training writes one folder that scores; retraining learns and does not forget."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.errors import BadInput, ModelUnavailable
from core.scoring.ngrams import Buckets
from core.scoring.starter import StarterScorer
from core.text import in_frozen_test, text_hash
from training.data import make_rows
from training.linear import LinearConfig
from training.net import NetConfig
from training.starter import StarterConfig, data_hash, train_starter

INSULTS = ("blurb", "snark", "grotz", "fleem")
NICE = ("train", "river", "paper", "stone", "green", "quiet", "bridge", "north", "letter", "music")
CONFIG = StarterConfig(
    linear=LinearConfig(buckets=Buckets(char_sizes=(3, 4), char_bits=14, word_bits=12), iterations=20),
    net=NetConfig(dimensions=8, hidden=4, known_words=200, epochs=2, batch=32, least_count=2),
    resamples=5,
)


def synthetic(count, seed=0, insults=INSULTS):
    random = np.random.default_rng(seed)
    texts, labels = [], np.zeros((count, 6), np.float32)
    for i in range(count):
        words = list(random.choice(NICE, 8))
        for j in np.flatnonzero(random.random(6) < 0.3):
            words.insert(int(random.integers(8)), insults[j % len(insults)] + "abcdef"[j])
            labels[i, j] = 1
        texts.append(" ".join([*words, str(i)]))
    return make_rows(texts, labels, random.uniform(0.5, 2, count).astype(np.float32))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("starter") / "model"
    steps = []
    metrics = train_starter(synthetic(700), CONFIG, out, progress=lambda step, share: steps.append((step, share)))
    return out, metrics, steps


def test_it_learns_and_tells(trained):
    out, metrics, steps = trained
    assert metrics.mean_auc > 0.9
    assert metrics.rows == sum(in_frozen_test(text_hash(text)) for text in synthetic(700).texts)
    assert json.loads((out / "metrics.json").read_text())["mean_auc"] == metrics.mean_auc
    assert steps[-1] == ("done", 1.0)
    assert "frozen test part" in (out / "README.md").read_text()


def test_graph_and_torch_agree(trained):
    import torch

    from core.scoring.ngrams import encode, find_words
    from core.scoring.vocabulary import read_words
    from training.net import fit_net, make_module
    from training.onnx_graph import build_graph

    rows = synthetic(80, seed=3)
    net = fit_net(rows.texts, rows.labels, rows.weights, CONFIG.net)
    module = make_module(CONFIG.net)
    module.load_state_dict({name: torch.from_numpy(value) for name, value in net.tensors.items()})
    from core.scoring.starter_net import Net
    from core.scoring.vocabulary import Vocabulary

    vocabulary = Vocabulary.build(net.hashes, net.known, net.pieces)
    served = Net.load(build_graph(net.tensors, dimensions=8, hidden=4), vocabulary, threads=1)
    batch = encode([*rows.texts[:20], "", "neverseen words", "long " * 300])
    words = find_words(batch)
    reading = read_words(words, 23)
    lengths = np.maximum(reading.lengths, 1)
    padded = np.zeros((int(lengths.max()), 23, 8), np.float32)
    padded[reading.step, reading.row] = vocabulary.vectors(batch, words, reading.picked)
    with torch.no_grad():
        expected = module.eval()(torch.from_numpy(padded), torch.from_numpy(lengths)).numpy()
    np.testing.assert_allclose(served.logits(batch, words), expected, atol=1e-5)


def test_the_same_rows_give_the_same_model(trained, tmp_path):
    out, _, _ = trained
    train_starter(synthetic(700), CONFIG, tmp_path / "again")
    texts = synthetic(50, seed=9).texts
    first, second = (StarterScorer.load(folder, name="x").score(texts) for folder in (out, tmp_path / "again"))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_frozen_rows_teach_nothing(tmp_path):
    rows = synthetic(400)
    frozen = rows.frozen_test()
    flipped = replace(rows, labels=np.where(frozen[:, None], 1 - rows.labels, rows.labels))
    config = replace(CONFIG, net=None)
    for name, given in (("a", rows), ("b", flipped)):
        train_starter(given, config, tmp_path / name)
    assert (tmp_path / "a/linear.safetensors").read_bytes() == (tmp_path / "b/linear.safetensors").read_bytes()
    assert data_hash(rows.take(~frozen)) == json.loads((tmp_path / "a/config.json").read_text())["data_hash"]


def test_corrections_alone_teach_without_forgetting(trained, tmp_path):
    out, _, _ = trained
    test = synthetic(300, seed=5)
    corrections = synthetic(120, seed=6, insults=("zworp",))
    train_starter(make_rows([], np.zeros((0, 6))), CONFIG, tmp_path / "new", corrections=corrections, init=out)
    old, new = (StarterScorer.load(folder, name="x") for folder in (out, tmp_path / "new"))

    def separation(scorer, rows):
        scores = scorer.score(rows.texts)[:, 0]
        return scores[rows.labels[:, 0] == 1].mean() - scores[rows.labels[:, 0] == 0].mean()

    assert separation(new, corrections) > separation(old, corrections) + 0.05
    assert separation(new, test) > separation(old, test) - 0.05


def test_nothing_to_train_on_is_told(tmp_path):
    with pytest.raises(BadInput, match="no rows to train on"):
        train_starter(make_rows([], np.zeros((0, 6))), CONFIG, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_rows_of_one_kind_are_told(tmp_path):
    with pytest.raises(BadInput, match="threat"):
        train_starter(make_rows(["a", "b", "c", "d"], np.zeros((4, 6))), CONFIG, tmp_path / "x")


def test_an_unreadable_start_is_told_and_leaves_no_trace(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        train_starter(synthetic(20), CONFIG, tmp_path / "x", init=tmp_path / "gone")
    assert not list(tmp_path.iterdir())


def test_a_failed_training_keeps_the_old_folder(trained, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("old")

    def stop(step, _share):
        if step == "write":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_starter(synthetic(100), replace(CONFIG, net=None), tmp_path / "model", progress=stop)
    assert (tmp_path / "model/config.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
