"""Commands about data sets and models, as somebody runs them."""

import json
import shutil

import pytest
from typer.testing import CliRunner

import cli
from core.errors import ModeratoError
from core.services import build_services
from core.settings import Settings
from tests.support.decided import TOXIC, Made, put
from tests.support.models import TINY, add_model, rows, write_csv
from training.starter import train_starter


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "starter"
    train_starter(rows(300), TINY, folder)
    return folder


@pytest.fixture
def services(tiny, tmp_path, monkeypatch):
    """What the commands work on: a data folder of the test's own, a small shipped model, small trainings."""
    shipped = tmp_path / "shipped"
    shutil.copytree(tiny, shipped)
    monkeypatch.setattr("core.registry.SHIPPED", str(shipped.resolve()))
    monkeypatch.setattr("training.retrain.StarterConfig", lambda: TINY)
    monkeypatch.setattr("training.train.StarterConfig", lambda: TINY)
    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path / "data"))
    made = build_services(Settings(data_dir=tmp_path / "data"))
    yield made
    made.close()


def moderato(*arguments: str) -> str:
    """What the command prints; raises what it raises."""
    done = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
    if isinstance(done.exception, Exception):
        raise done.exception
    return done.output


def test_export_writes_a_file_and_says_its_hash(services, tmp_path):
    put(services, [Made("a", TOXIC), Made("b", audit=True), Made("=c", person="Bob")])
    out = tmp_path / "out.csv"
    said = moderato("export", str(out), "--purpose", "training", "--since", "2026-11-01", "--label", "toxic")
    (snapshot,) = services.datasets.list_snapshots()
    assert snapshot.sha256 in said
    assert "1 rows" in said
    assert len(out.read_text().splitlines()) == 2
    moderato("export", str(out), "--moderator", "Bob")
    assert "'=c" in out.read_text()


def test_export_to_standard_output(services):
    put(services, [Made("a", TOXIC)])
    done = CliRunner().invoke(cli.app, ["export", "-", "--format", "jsonl"], catch_exceptions=False)
    assert json.loads(done.stdout)["comment_text"] == "a"
    assert "SHA-256" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["export", "out.csv", "--purpose", "fun"], "records or for training"),
        (["export", "out.csv", "--label", "rude"], "no label 'rude'"),
        (["export", "out.csv"], "nothing to export"),
        (["promote", "nobody"], "no model 'nobody'"),
        (["rollback"], "none to put back"),
        (["train", "llama", "--data", "x.csv"], "no preset 'llama'"),
        (["train", "starter", "--data", "x.csv"], "x.csv is not there"),
        (["retrain"], "at least 20"),
        (["evaluate", "starter", "--data", "x.csv"], "x.csv is not there"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_problems_are_one_sentence(services, arguments, problem):
    with pytest.raises(ModeratoError, match=problem):
        moderato(*arguments)


def test_models_lists_and_marks_the_live_one(services, ada):
    add_model(services, "mine", by=ada)
    lines = moderato("models").splitlines()
    assert lines[0].startswith("  mine")
    assert lines[1].startswith("* starter")


def test_the_loop_train_retrain_promote_roll_back_evaluate(services, ada, tmp_path):
    base = str(write_csv(tmp_path / "base.csv", rows(600, seed=9)))
    made = rows(120, seed=3)
    flags = [tuple(bool(v) for v in row) for row in made.labels]
    put(services, [Made(text, on, audit=i < 40) for i, (text, on) in enumerate(zip(made.texts, flags, strict=True))])
    assert "fresh is a challenger" in moderato("train", "starter", "--data", base, "--name", "fresh")
    assert "better is a challenger" in moderato("retrain", "--data", base, "--name", "better")
    said = moderato("promote", "better", "--data", base, "--override", "--reason", "a test")
    assert "AUC on the frozen test part" in said
    assert "better is live" in said
    assert services.registry.require_live().name == "better"
    assert "starter is live again" in moderato("rollback")
    assert "Frozen part" in moderato("evaluate", "better", "--data", base)
    out = tmp_path / "folder"
    assert "Mean" in moderato("train", "starter", "--data", base, "--out", str(out))
    assert (out / "config.json").is_file()
    assert [v.name for v in services.registry.list_models()] == ["better", "fresh", "first", "starter"]
