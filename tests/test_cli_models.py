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


def snapshot_of(services, ada, tmp_path, count=80, **options):
    """A recorded export of decisions that agree with the truth."""
    made = rows(count, seed=3)
    put(services, [Made(text, tuple(map(bool, on))) for text, on in zip(made.texts, made.labels, strict=True)])
    return services.datasets.export(tmp_path / "taught.csv", by=ada, **{"purpose": "training", **options})


def test_train_mixes_a_recorded_snapshot_in(services, ada, tmp_path, monkeypatch):
    base = rows(600, seed=9)
    put(services, [Made(base.texts[0], golden=True), Made("=you snark", (False, True, *[False] * 4))])
    snapshot = snapshot_of(services, ada, tmp_path)
    put(services, [Made(rows(80, seed=3).texts[0].upper(), audit=True)])  # since then one of them became an audit item
    seen = {}

    def spy(taught, _config, out, *, corrections, **_options):
        seen.update(base=taught, corrections=corrections)
        return train_starter(taught, TINY, out, corrections=corrections)

    monkeypatch.setattr("training.retrain.train_starter", spy)
    file = str(write_csv(tmp_path / "base.csv", base))
    assert "mixed is a challenger" in moderato(
        "train", "starter", "--data", file, "--snapshot", str(snapshot.id), "--name", "mixed"
    )
    version = services.registry.require("mixed")
    assert version.snapshot_id == snapshot.id
    assert services.runs.list_runs()[0].snapshot_id == snapshot.id
    assert len(seen["corrections"]) == version.metrics["training"]["corrections"] == 80
    assert "=you snark" in seen["corrections"].texts, "as it was written, without the spreadsheet's apostrophe"
    assert base.texts[0] not in seen["base"].texts
    assert version.metrics["training"]["base_left_out"] == 1
    out = tmp_path / "folder"
    moderato("train", "starter", "--data", file, "--snapshot", str(snapshot.id), "--out", str(out))
    assert len(seen["corrections"]) == 80


def test_retrain_takes_a_recorded_snapshot(services, ada, tmp_path):
    snapshot = snapshot_of(services, ada, tmp_path)
    data = str(write_csv(tmp_path / "base.csv", rows(600, seed=9)))
    moderato("retrain", "--data", data, "--snapshot", str(snapshot.id), "--name", "again")
    assert services.registry.require("again").snapshot_id == snapshot.id
    assert len(services.datasets.list_snapshots()) == 1, "no new one is frozen"


def test_a_snapshot_that_cannot_be_used_says_why(services, ada, tmp_path):
    data = str(write_csv(tmp_path / "base.csv", rows(600, seed=9)))

    def train(snapshot_id, problem):
        with pytest.raises(ModeratoError, match=problem):
            moderato("train", "starter", "--data", data, "--snapshot", str(snapshot_id))

    train(77, "no snapshot 77")
    train(snapshot_of(services, ada, tmp_path, purpose="records").id, "exported for records.*--purpose training")
    snapshot = snapshot_of(services, ada, tmp_path)
    with (tmp_path / "taught.csv").open("a") as file:
        file.write("1,you,1,0,0,0,0,0\n")
    train(snapshot.id, "not the file that snapshot")
    (tmp_path / "taught.csv").unlink()
    train(snapshot.id, "is gone")
    assert not [version for version in services.registry.list_models() if version.kind != "starter"]


def test_promote_prints_the_guardrails_keeps_the_report_and_writes_the_file(services, ada, tmp_path):
    add_model(services, "bad", by=ada, noise=0.45)
    base = str(write_csv(tmp_path / "base.csv", rows(600, seed=9)))
    file = tmp_path / "report.html"
    done = CliRunner().invoke(cli.app, ["promote", "bad", "--data", base, "--html", str(file)])
    assert isinstance(done.exception, ModeratoError)
    for words in ("worse     AUC, each label", "Recall at the policy's thresholds (does not refuse)", "refused: "):
        assert words in done.output
    assert "The gate refuses it" in file.read_text()
    (kept,) = services.gate_reports.list_runs()
    assert (kept.challenger, kept.passed) == ("bad", False)
    _, report = services.gate_reports.require(kept.id)
    assert report.bias.texts == 960
    assert report.speed.live > 0
    with pytest.raises(ModeratoError, match="no gate report 99"):
        services.gate_reports.require(99)


def test_the_shadow_is_started_followed_and_stopped(services, ada):
    assert "ever in the shadow" in moderato("shadow", "status")
    add_model(services, "mine", by=ada)
    assert "mine scores all comments" in moderato("shadow", "start", "mine", "--rate", "0.2")
    assert "(rate 0.2)" in moderato("shadow", "status")
    with pytest.raises(ModeratoError, match="mine runs in the shadow already"):
        moderato("shadow", "start", "mine")
    assert "mine has left" in moderato("shadow", "stop")
