"""The Models page and the Export tab, without a browser."""

import shutil

import pytest

from core.domain import RunState, Stage
from core.gate import unopposed
from tests.support.decided import TOXIC, Made, put
from tests.support.models import TINY, add_model, rows, write_csv
from training.compare import examine
from training.starter import train_starter


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "starter"
    train_starter(rows(300), TINY, folder)
    return folder


@pytest.fixture(autouse=True)
def shipped(tiny, tmp_path, monkeypatch):
    """A small shipped model of the test's own; before the app starts."""
    folder = tmp_path / "shipped"
    shutil.copytree(tiny, folder)
    monkeypatch.setattr("core.registry.SHIPPED", str(folder.resolve()))
    monkeypatch.setenv("MODERATO_BASE_DATA", str(write_csv(tmp_path / "base.csv", rows(600, seed=9))))
    return folder


def texts(app) -> str:
    kinds = ("markdown", "caption", "subheader", "header", "button")
    found = [getattr(e, "value", "") or getattr(e, "label", "") for kind in kinds for e in app.get(kind)]
    return " ".join([*map(str, found), *(e.proto.body for e in app.get("html"))])


def open_page(app, name="models.py"):
    app.run()
    app.switch_page(name).run()
    assert not app.exception
    return app


def add_challenger(services, person, name, **quality):
    version = add_model(services, name, by=person, **quality)
    report, sets = examine(services, name)
    metrics = {one.name: one.metrics(name) for one in sets} | {"comparison": report.to_json()}
    services.registry.set_metrics(version, metrics, by=person)
    return version


def test_it_shows_the_live_model_with_its_figures(app, app_services):
    page = open_page(app)
    shown = texts(page)
    assert "starter" in shown
    assert "Live since" in shown
    assert "frozen test part" in shown
    assert page.button(key="retrain").disabled
    assert "0** corrections" in shown


def test_without_a_live_model_it_says_what_to_do(app, shipped):
    shutil.rmtree(shipped)
    page = open_page(app)
    assert "train starter" in texts(page)


def test_a_challenger_stands_beside_the_live_model(app, app_services, ada):
    add_challenger(app_services, ada, "bad", noise=0.45)
    add_challenger(app_services, ada, "good", count=900)
    shown = texts(open_page(app))
    assert "▼ worse" in shown
    assert "bad" in shown
    assert "good" in shown


def test_the_dialog_shows_the_gate_and_rollback_puts_back(app, app_services, ada):
    version = add_challenger(app_services, ada, "bad", noise=0.45)
    page = open_page(app)
    page.button(key=f"promote_{version.id}").click().run()
    assert not page.exception
    assert "The gate refuses it" in texts(page)
    assert page.button(key="promote_confirm").disabled
    registry = app_services.registry
    registry.promote("bad", by=ada, report=unopposed("bad", "starter"))
    page = open_page(app)
    page.button(key="rollback").click().run()
    assert registry.require_live().name == "starter"
    assert "starter is live again" in texts(page)
    assert registry.require("bad").stage is Stage.RETIRED


def test_retraining_is_started_followed_and_stopped(app, app_services, ada, monkeypatch):
    put(app_services, [Made(text, TOXIC) for text in rows(60, seed=3).texts])
    begun = app_services.runs.begin("starter", by=ada)
    app_services.runs.update(begun.id, step="Training: linear", share=0.4)
    page = open_page(app)
    assert page.get("progress")
    page.button(key="stop_run").click().run()
    assert app_services.runs.require(begun.id).state is RunState.STOPPED
    started = []
    monkeypatch.setattr("core.runs.Runs.start", lambda self, preset, by: started.append((preset, by.name)))
    page = open_page(app)
    page.button(key="retrain").click().run()
    assert started == [("starter", "Ada")]


def test_a_failed_run_says_why(app, app_services, ada):
    run = app_services.runs.begin("starter", by=ada)
    app_services.runs.log_path(run.id).write_text("12:00:00 Exporting corrections\n")
    app_services.runs.update(run.id, state=RunState.FAILED, problem="The disk is full. Make room.")
    page = open_page(app)
    assert "The disk is full" in texts(page)
    assert "Exporting corrections" in page.code[0].value


def test_the_export_tab_counts_exports_and_lists(app, app_services):
    put(app_services, [Made("a", TOXIC, source="wiki"), Made("b", audit=True), Made("c", None)])
    page = open_page(app, "data.py")
    assert [metric.value for metric in page.metric][-3:] == ["2", "0", "1"]
    page.segmented_control(key="export_purpose").set_value("training").run()
    assert [metric.value for metric in page.metric][-3:] == ["1", "0", "1"]
    page.button(key="export").click().run()
    assert not page.exception
    (snapshot,) = app_services.datasets.list_snapshots()
    assert (snapshot.rows, snapshot.purpose) == (1, "training")
    assert f"SHA-256 of the file: `{snapshot.sha256}`" in texts(page)
    assert "**1 row** written" in texts(page)
    page.selectbox(key="export_source").set_value("wiki").run()
    page.selectbox(key="export_outcome").set_value("remove").run()
    assert page.button(key="export").disabled
