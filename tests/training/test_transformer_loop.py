"""`moderato train` and `moderato retrain` with a transformer's preset: from rows and decisions to a scoring version."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import cli
import training.config
from core.errors import BadInput, Conflict
from core.gate import unopposed
from core.scoring.adapters import release
from core.scoring.load import load_scorer
from core.services import build_services
from core.settings import Settings
from tests.support.decided import Made, put
from tests.support.models import rows, write_csv
from tests.support.tiny_bases import write_base
from training.config import RowsConfig
from training.data import make_rows
from training.splits import split_rows

PRESET = """
[base]
name = "somebody/not-here"
precision = "fp32"
[adapter]
rank = 4
[rows]
max_tokens = 32
[steps]
epochs = 0.5
step_tokens = 1024
batch_tokens = 1024
[serve]
batch_tokens = 1024
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A preset named tiny, a base for it, labelled data, and the services that the commands work on."""
    presets = tmp_path / "presets"
    presets.mkdir()
    (presets / "tiny.toml").write_text(PRESET)
    monkeypatch.setattr(training.config, "FOLDER", presets)
    monkeypatch.setattr("training.train.PRESETS", ("starter", "tiny"))
    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MODERATO_BASE_DATA", "")
    write_base(tmp_path / "base")
    write_csv(tmp_path / "rows.csv", rows(400))
    services = build_services(Settings(data_dir=tmp_path / "data"))
    yield services, tmp_path
    services.close()
    release()


def moderato(*arguments):
    done = CliRunner().invoke(cli.app, [str(one) for one in arguments], catch_exceptions=False)
    if isinstance(done.exception, Exception):
        raise done.exception
    return done.output


def test_train_registers_a_version_that_scores(tiny):
    services, root = tiny
    said = moderato("train", "tiny", "--data", root / "rows.csv", "--base", root / "base", "--name", "mine")
    assert "mine is a challenger now" in said
    version = services.registry.require("mine")
    assert (version.kind, version.base) == ("transformer", str((root / "base").resolve()))
    assert load_scorer(version, threads=1).score(["blurb", ""]).shape == (2, 6)
    assert version.metrics["test"]["rows"] > 0
    assert "mine" in moderato("models")
    assert "Frozen part" in moderato("evaluate", "mine", "--data", root / "rows.csv")


def test_train_into_a_folder_of_ones_own(tiny):
    services, root = tiny
    moderato(
        "train", "tiny", "--data", root / "rows.csv", "--base", root / "base", "--out", root / "out", "--max-rows", 150
    )
    training = json.loads((root / "out" / "moderato.json").read_text())["training"]
    assert training["rows"] == 150
    assert not any(version.kind == "transformer" for version in services.registry.list_models())


def test_retrain_learns_the_corrections_on_the_same_base(tiny, ada):
    services, root = tiny
    moderato("train", "tiny", "--data", root / "rows.csv", "--base", root / "base", "--name", "first")
    made = rows(80, seed=3)
    decided = [
        Made(text, tuple(bool(v) for v in flags), audit=i < 10)
        for i, (text, flags) in enumerate(zip(made.texts, made.labels, strict=True))
    ]
    put(services, decided)
    moderato("retrain", "tiny", "--data", root / "rows.csv", "--name", "second")
    version = services.registry.require("second")
    assert version.base == services.registry.require("first").base
    assert version.metrics["training"]["corrections"] == 70
    assert version.metrics["training"]["preset"] == "tiny"
    assert version.metrics["training"]["went_on_from"] == "first"
    moderato("retrain", "tiny", "--data", root / "rows.csv", "--name", "third", "--anew")
    assert services.registry.require("third").metrics["training"]["went_on_from"] is None
    assert version.snapshot_id is not None
    assert version.metrics["test"]["mean_auc"] is not None


def test_retrain_without_base_data_says_why_not(tiny):
    services, root = tiny
    made = rows(60, seed=3)
    put(services, [Made(text, tuple(map(bool, y))) for text, y in zip(made.texts, made.labels, strict=True)])
    with pytest.raises(BadInput, match="it would forget the rest"):
        moderato("retrain", "tiny", "--base", root / "base")


def test_a_base_that_cannot_be_had_says_what_to_do(tiny, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    _, root = tiny
    with pytest.raises(BadInput, match=r"somebody/not-here.*licence.*--base FOLDER"):
        moderato("train", "tiny", "--data", root / "rows.csv")


def test_options_that_the_starter_does_not_have(tiny):
    _, root = tiny
    with pytest.raises(BadInput, match="The starter has no base"):
        moderato("train", "starter", "--data", root / "rows.csv", "--base", root / "base")
    with pytest.raises(BadInput, match=r"no preset 'gpt'. There is: starter, tiny"):
        moderato("train", "gpt", "--data", root / "rows.csv")


def test_every_correction_is_kept_when_rows_are_few():
    base, corrections = rows(2000), rows(150, seed=4)
    splits = split_rows(base, corrections, RowsConfig(max_rows=200), seed=0)
    assert set(corrections.take(~corrections.frozen_test()).hashes) <= set(splits.train.hashes)
    assert abs(len(splits.train) - 200) <= 1
    assert np.isfinite(splits.train.weights).all()


def test_a_correction_replaces_the_base_row():
    base = rows(500)
    corrections = make_rows(base.texts[:50], 1 - base.labels[:50])
    splits = split_rows(base, corrections, RowsConfig(), seed=0)
    found = dict(zip(splits.train.hashes, splits.train.labels, strict=True))
    for digest, labels in zip(corrections.hashes, corrections.labels, strict=True):
        if digest in found:
            np.testing.assert_array_equal(found[digest], labels)


@pytest.mark.parametrize("passes", [True, False])
def test_one_command_trains_and_goes_through_the_gate(tiny, monkeypatch, passes):
    services, root = tiny
    report = replace(unopposed("mine", "starter"), passed=passes, reasons=[] if passes else ["It is worse."])
    monkeypatch.setattr("training.compare.examine", lambda *_, **__: (report, []))
    command = ("train", "tiny", "--data", root / "rows.csv", "--base", root / "base", "--name", "mine", "--promote")
    if passes:
        assert "mine is live" in moderato(*command)
    else:
        with pytest.raises(Conflict, match="The gate refuses mine: It is worse"):
            moderato(*command)
    assert services.registry.require_live().name == ("mine" if passes else "starter")
    assert services.registry.require("mine").metrics["test"]["rows"] > 0
