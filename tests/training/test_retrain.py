"""From decisions to a challenger with figures beside the live model's."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from core.domain import RunState, Stage
from core.errors import BadInput, Conflict
from core.gate import GateReport
from core.runs import SILENT_SECONDS
from core.settings import ROOT
from core.text import text_hash
from db.stores.scores import ScoreStore
from tests.support.decided import Made, put
from tests.support.models import INSULTS, TINY, add_model, rows, write_csv
from training.compare import examine
from training.data import read_rows
from training.retrain import RetrainConfig, retrain
from training.starter import train_starter
from training.train import check_preset, evaluate_version, train_new


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "starter"
    train_starter(rows(300), TINY, folder)
    return folder


@pytest.fixture(autouse=True)
def shipped(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    shutil.copytree(tiny, folder)
    monkeypatch.setattr("core.registry.SHIPPED", str(folder.resolve()))
    return folder


@pytest.fixture
def base(tmp_path):
    return write_csv(tmp_path / "base.csv", rows(500, seed=9))


def decide(services, count=80, *, audit=0, seed=3):
    """Corrections that agree with the truth, some of them audit items."""
    made = rows(count, seed=seed)
    items = [
        Made(text, tuple(bool(v) for v in flags), audit=i < audit)
        for i, (text, flags) in enumerate(zip(made.texts, made.labels, strict=True))
    ]
    return put(services, items)


def config(data=None, **options):
    return RetrainConfig(data=data, starter=TINY, **options)


def test_it_makes_a_measured_challenger(services, ada, base):
    ids = decide(services, 140, audit=60)
    live = services.registry.require_live()
    heard = []
    version = retrain(services, by=ada, config=config(base), say=lambda what, share: heard.append((what, share)))
    assert version.stage is Stage.CHALLENGER
    assert version.base == live.name
    assert replace(services.registry.require_live(), metrics={}) == replace(live, metrics={})
    assert services.registry.require_live().metrics["audit"] == version.metrics["live"]["audit"]
    assert version.metrics["training"]["corrections"] == 80
    assert version.metrics["test"]["rows"] == int(read_rows(base).frozen_test().sum())
    assert version.metrics["audit"]["rows"] == 60
    assert version.metrics["live"]["name"] == live.name
    assert version.metrics["live"]["audit"]["rows"] == 60
    report = GateReport.from_json(version.metrics["comparison"])
    assert [one.name for one in report.sets] == ["audit", "test"]
    with services.sessions.read() as session:
        for model in (live, version):
            assert set(ScoreStore(session).get(ids, model.id)) == set(ids[:60])
    (run,) = services.runs.list_runs()
    assert (run.state, run.share, run.model_id) == (RunState.DONE, 1.0, version.id)
    assert run.snapshot_id == version.snapshot_id
    assert [share for _, share in heard] == sorted(share for _, share in heard)
    assert "Exporting corrections" in services.runs.log_tail(run.id, 100)
    services.registry.promote(
        version.name, by=ada, report=examine(services, version.name, data=base)[0], override=True, reason="x"
    )
    assert services.registry.require_live().name == version.name


def test_training_never_sees_audit_or_golden_content(services, ada, tmp_path, monkeypatch):
    shared = rows(200, seed=9)
    decide(services, 60)
    golden, audit = shared.texts[0], shared.texts[1].upper()
    put(services, [Made(golden, golden=True), Made(audit, audit=True)])
    seen = {}

    def spy(base, _config, out, *, corrections, **_options):
        seen["hashes"] = {*base.hashes, *corrections.hashes}
        return train_starter(base, TINY, out, corrections=corrections)

    monkeypatch.setattr("training.retrain.train_starter", spy)
    version = retrain(services, by=ada, config=config(write_csv(tmp_path / "b.csv", shared)))
    assert not {text_hash(golden), text_hash(audit)} & seen["hashes"]
    assert len(seen["hashes"]) == 198 + 60
    assert version.metrics["training"]["base_left_out"] == 2


def test_without_base_data_it_starts_from_the_live_model(services, ada):
    decide(services, 80, audit=10)
    version = retrain(services, by=ada, config=config())
    assert version.metrics["training"]["base_rows"] == 0
    assert "test" not in version.metrics
    notes = version.metrics["comparison"]["notes"]
    assert any("No frozen test part" in note for note in notes)


def test_corrections_teach(sqlite_services, ada, base):
    """A word that the live model never met is learnt from corrections."""
    texts = [f"you {i} wobblegong {word}" for i, word in enumerate(np.random.default_rng(0).permutation(90))]
    put(sqlite_services, [Made(text, (True,) + (False,) * 5) for text in texts])
    version = retrain(sqlite_services, by=ada, config=config(base))
    from core.scoring.load import load_scorer

    registry = sqlite_services.registry
    before, after = (load_scorer(v, threads=1) for v in (registry.require_live(), version))
    probe = ["what a wobblegong"]
    assert after.score(probe)[0, 0] > before.score(probe)[0, 0] + 0.2
    assert after.score([INSULTS[1]])[0, 1] > 0.5


def test_items_that_a_model_may_have_been_trained_on_prove_nothing(services, ada, tmp_path):
    """Audit items of the base data's own content, as when somebody tries the product on the data it was trained on."""
    shared = rows(300, seed=9)
    put(services, [Made(text, audit=True) for text in shared.texts[:40]])
    put(services, [Made(text, audit=True) for text in rows(20, seed=4).texts])
    live = services.registry.require_live().name
    report, sets = examine(services, live, data=write_csv(tmp_path / "b.csv", shared))
    frozen = int(shared.frozen_test()[:40].sum())
    assert len(sets[0].labels) == 20 + frozen
    assert f"{40 - frozen} of 60 audit items are left out" in report.notes[0]


def test_too_few_corrections_says_how_many(services, ada):
    decide(services, 30, audit=20)
    with pytest.raises(BadInput, match=r"There are 10 corrections .*20 audit and golden.* at least 20"):
        retrain(services, by=ada)
    (run,) = services.runs.list_runs()
    assert run.state is RunState.FAILED
    assert "at least 20" in run.problem


def test_one_training_at_a_time_and_a_dead_one_is_buried(services, ada, monkeypatch):
    run = services.runs.begin("starter", by=ada)
    with pytest.raises(Conflict, match=f"run {run.id} has not ended"):
        services.runs.begin("starter", by=ada)
    monkeypatch.setattr("core.runs.SILENT_SECONDS", -SILENT_SECONDS)
    (dead,) = services.runs.list_runs()
    assert dead.state is RunState.FAILED
    assert "without a word" in dead.problem
    services.runs.begin("starter", by=ada)


def test_a_stopped_run_registers_nothing(services, ada, base):
    decide(services)

    def stop(what, _share):
        if what.startswith("Training:"):
            services.runs.stop(services.runs.list_runs()[0].id, by=ada)

    before = services.registry.list_models()
    with pytest.raises(KeyboardInterrupt):
        retrain(services, by=ada, config=config(base), say=stop)
    assert services.runs.list_runs()[0].state is RunState.STOPPED
    assert services.registry.list_models() == before
    folder = services.settings.models_dir
    assert not folder.exists() or not list(folder.iterdir())


def test_train_and_evaluate(sqlite_services, ada, base):
    version = train_new(sqlite_services, base, by=ada, name="fresh", config=TINY)
    assert version.metrics["test"]["rows"] > 0
    figures = evaluate_version(sqlite_services, "fresh", base)
    assert next(iter(figures.values()))["rows"] == 500
    with pytest.raises(BadInput, match="starter"):
        check_preset("llama")


def test_a_challenger_that_breaks_is_not_promoted(sqlite_services, ada, base):
    version = add_model(sqlite_services, "mine", by=ada)
    report, _ = examine(sqlite_services, "mine", data=base)
    (sqlite_services.settings.models_dir / "mine" / "config.json").unlink()
    with pytest.raises(Exception, match="not the registered ones"):
        sqlite_services.registry.promote(version.name, by=ada, report=report, override=True, reason="x")
    assert sqlite_services.registry.require_live().name == "starter"


def test_a_broken_live_model_does_not_stand_in_the_way(sqlite_services, ada, base, shipped):
    decide(sqlite_services, audit=20)
    (shipped / "config.json").write_text("{}")
    add_model(sqlite_services, "mine", by=ada)
    report, sets = examine(sqlite_services, "mine", data=base)
    assert report.passed
    assert "not the registered ones" in report.notes[0]
    assert [one.name for one in sets] == ["audit", "test"]
    sqlite_services.registry.promote("mine", by=ada, report=report)
    assert sqlite_services.registry.require_live().name == "mine"


@pytest.mark.slow
def test_as_a_process_of_its_own(sqlite_services, ada, base):
    """Started, followed and stopped as the page does it; killed, it is recognised as dead by its silence."""
    decide(sqlite_services)
    runs = sqlite_services.runs
    run = runs.start("starter", by=ada)
    assert _wait(lambda: runs.require(run.id).step != "Starting"), runs.log_tail(run.id)
    runs.stop(run.id, by=ada)
    assert runs.require(run.id).state is RunState.STOPPED
    assert _wait(lambda: not _alive(run.pid))
    second = runs.start("starter", by=ada)
    assert _wait(lambda: runs.require(second.id).step != "Starting")
    os.kill(second.pid, signal.SIGKILL)
    assert _wait(lambda: not _alive(second.pid))
    assert runs.require(second.id).state is RunState.RUNNING


def _alive(pid: int) -> bool:
    done = subprocess.run([sys.executable, "-c", f"import os; os.kill({pid}, 0)"], capture_output=True, cwd=ROOT)
    return done.returncode == 0


def _wait(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
