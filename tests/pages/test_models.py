"""The Models page and the Export tab, without a browser."""

import json
import shutil

import pytest
from sqlalchemy import update

from core.accounts import Person, Role
from core.domain import NewComment, RunState, Stage
from core.gate import unopposed
from core.readings import Reading, ReadingsFile
from core.scoring.files import resolve
from core.settings import Settings
from db.models import ModelVersionRow
from tests.support.databases import on_both
from tests.support.decided import TOXIC, Made, put
from tests.support.models import TINY, add_model, rows, write_csv
from training.compare import examine
from training.config import read_preset
from training.start import summarize
from training.starter import train_starter
from training.train import PRESETS


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "starter"
    train_starter(rows(300), TINY, folder)
    return folder


@pytest.fixture
def database(request, tmp_path):
    """Without a model: these tests put a small one into the shipped one's place first."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield Settings(data_dir=tmp_path)
        return
    with request.getfixturevalue("postgres").database() as url:
        yield Settings(data_dir=tmp_path, database_url=url)


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


@on_both
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


@pytest.fixture
def decided(app_services):
    """Enough corrections to learn from."""
    put(app_services, [Made(text, TOXIC) for text in rows(60, seed=3).texts])


@pytest.fixture
def started(monkeypatch):
    """What would be started: preset, person, base, rows."""
    found = []

    def start(_runs, preset, *, by, options):
        found.append((preset, by.name, options.base, options.max_rows))

    monkeypatch.setattr("core.runs.Runs.start", start)
    return found


def test_a_run_is_followed_and_stopped(app, app_services, ada):
    begun = app_services.runs.begin("starter", by=ada)
    app_services.runs.update(begun.id, step="Training: linear", share=0.4)
    page = open_page(app)
    assert page.get("progress")
    assert not charts(page), "the starter takes no readings"
    page.button(key="stop_run").click().run()
    assert app_services.runs.require(begun.id).state is RunState.STOPPED
    assert page.button(key="retrain")


def charts(page) -> list[dict]:
    drawn = (element.proto for element in page.get("bidi_component"))
    return [json.loads(proto.json) for proto in drawn if proto.component_name == "chart"]


def readings(runs, run):
    """A run's file: steps with a validation on the way, and a line that is being written."""
    file = ReadingsFile(runs.readings_path(run.id))
    for step in range(1, 9):
        file.add(Reading(step, 20, 1 / step, 2e-4, 12_345.6, 13_200_000_000, 600.0, 0.9 + step / 1000))
    with runs.readings_path(run.id).open("a") as half:
        half.write('{"step": 9, "st')


def test_readings_are_tiles_and_a_plot_and_stay_after_the_end(app, app_services, ada):
    runs = app_services.runs
    run = runs.begin("llama2-7b", by=ada)
    readings(runs, run)
    page = open_page(app)
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Loss"] == "0.125"
    assert shown["AUC"] == "0.9080"
    assert shown["Learning rate"] == "2.0e-04"
    assert shown["Tokens/s"] == "12,346"
    assert shown["Memory"] == "13.2 GB"
    assert shown["Time left"] == "10 min"
    loss, auc = charts(page)
    assert loss["title"] == "Does the loss still fall?"
    assert "Up to step 8 of 20" in loss["chart"]["alt"]
    assert loss["chart"]["series"][0]["y"][-1] == 0.125
    assert auc["chart"]["series"][0]["y"][-1] == 0.908
    runs.update(run.id, state=RunState.FAILED, problem="The disk is full. Make room.")
    page = open_page(app)
    assert "The disk is full" in texts(page)
    assert "How it learned" in [expander.label for expander in page.expander]
    assert len(charts(page)) == 2
    assert not page.metric


def test_the_starter_is_retrained_with_a_click(app, decided, started):
    page = open_page(app)
    assert page.selectbox(key="train_preset").options == list(PRESETS)
    assert "a CPU will do" in texts(page)
    page.button(key="retrain").click().run()
    assert not page.exception
    assert started == [("starter", "Ada", "", None)]


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "starter"])
def test_any_preset_is_started_with_its_base(app, decided, started, preset):
    page = open_page(app)
    page.selectbox(key="train_preset").set_value(preset).run()
    base = page.text_input(key=f"train_base_{preset}")
    assert base.value == read_preset(preset).base.name
    assert summarize(preset) in texts(page)
    page.number_input(key=f"train_rows_{preset}").set_value(5000)
    page.button(key="retrain").click().run()
    assert not page.exception
    assert started == [(preset, "Ada", base.value, 5000)]


def test_the_base_is_that_of_the_presets_newest_version(app, app_services, ada):
    version = add_model(app_services, "mine", by=ada)
    with app_services.sessions.begin() as session:
        session.execute(update(ModelVersionRow).where(ModelVersionRow.id == version.id).values(base="/models/mine"))
    app_services.registry.set_metrics(version, {"training": {"preset": "minilm"}}, by=ada)
    page = open_page(app)
    page.selectbox(key="train_preset").set_value("minilm").run()
    assert page.text_input(key="train_base_minilm").value == "/models/mine"


def test_every_problem_is_shown_before_anything_starts(app, app_services, decided, started, tmp_path):
    app_services.settings.base_data.unlink()
    (tmp_path / "base").mkdir()
    page = open_page(app)
    page.selectbox(key="train_preset").set_value("llama2-7b").run()
    page.text_input(key="train_base_llama2-7b").set_value(str(tmp_path / "base"))
    page.button(key="retrain").click().run()
    shown = texts(page)
    assert "base data: " in shown
    assert "is not there. Correct MODERATO_BASE_DATA" in shown
    assert "has no config.json" in shown
    page.text_input(key="train_base_llama2-7b").set_value("/no/such/folder")
    page.button(key="retrain").click().run()
    assert "The base /no/such/folder is not there" in texts(page)
    assert started == []


def test_who_may_not_start_sees_no_form_and_no_stop(app, app_services, ada, decided, monkeypatch):
    eve = Person("Eve", frozenset({Role.MODERATOR}))
    monkeypatch.setattr("pages.shared.access.local_person", lambda _name: eve)
    page = open_page(app)
    assert "60** corrections" in texts(page)
    assert not page.selectbox
    assert "retrain" not in [button.key for button in page.button]
    app_services.runs.begin("starter", by=ada)
    page = open_page(app)
    assert page.get("progress")
    assert "stop_run" not in [button.key for button in page.button]


def manifest_of(version, **values):
    (resolve(version.path) / "moderato.json").write_text(json.dumps(values))


def test_a_transformers_card_says_what_it_is(app, app_services, ada):
    version = add_model(app_services, "llama-1", by=ada)
    with app_services.sessions.begin() as session:
        session.execute(update(ModelVersionRow).where(ModelVersionRow.id == version.id).values(kind="transformer"))
    manifest_of(
        version,
        base={"name": "meta-llama/Llama-2-7b-hf", "architecture": "llama", "digest": "00"},
        precision="nf4",
        weights="adapter",
        max_tokens=256,
        thresholds=[0.31] * 6,
        calibration=[[1.5] * 6, [-0.25] * 6],
        training={"rows": 159_571, "preset": "llama2-7b"},
    )
    shown = texts(open_page(app))
    for words in ("meta-llama/Llama-2-7b-hf", "nf4", "LoRA adapter", "159,571", "llama2-7b", "0.31", "1.500", "-0.250"):
        assert words in shown


@pytest.mark.parametrize(
    "values",
    [{}, {"base": 3, "training": [], "thresholds": "x", "calibration": [[1], 2]}, {"base": {"name": None}}],
    ids=["nothing", "odd", "empty"],
)
def test_a_kind_that_is_not_known_has_a_card_too(app, app_services, ada, values):
    version = add_model(app_services, "both", by=ada)
    with app_services.sessions.begin() as session:
        session.execute(update(ModelVersionRow).where(ModelVersionRow.id == version.id).values(kind="blend"))
    app_services.registry.set_metrics(version, {"training": {"corrections": "many", "seconds": "few"}}, by=ada)
    manifest_of(version, **values)
    shown = texts(open_page(app))
    assert "both" in shown
    assert "blend" in shown


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


def test_the_report_has_guardrails_and_is_kept_and_handed_out(app, app_services, ada):
    version = add_challenger(app_services, ada, "bad", noise=0.45)
    page = open_page(app)
    assert "AUC, each label" in texts(page), "on the card"
    page.button(key=f"promote_{version.id}").click().run()
    assert not page.exception
    for words in ("Bias on identity templates", "does not refuse", "Scoring speed", "Average precision on"):
        assert words in texts(page)
    assert len(page.get("download_button")) == 1
    (kept,) = app_services.gate_reports.list_runs()
    assert (kept.challenger, kept.live, kept.person, kept.passed) == ("bad", "starter", "Ada", False)
    page = open_page(app)
    page.selectbox(key="gate_report").set_value(kept.id).run()
    assert not page.exception
    assert "Worse: " in texts(page)
    assert "The gate refuses it: " in texts(page)


def test_a_challenger_goes_into_the_shadow_and_out_again(app, app_services, ada):
    add_model(app_services, "mine", by=ada)
    page = open_page(app)
    page.number_input(key="shadow_rate").set_value(20.0)
    page.button(key="shadow_start").click().run()
    assert not page.exception
    running = app_services.shadows.running()
    assert (running.model, running.rate, running.person) == ("mine", 0.2, "Ada")
    assert "Nothing scored yet" in texts(page)
    page.button(key="shadow_stop").click().run()
    assert app_services.shadows.running() is None
    assert "has left the shadow" in texts(page)


def test_the_shadow_shows_where_the_two_part(app, app_services, ada):
    add_model(app_services, "mine", by=ada, seed=5, noise=0.3)
    shadow = app_services.shadows.start("mine", by=ada, rate=1.0)
    app_services.intake.add([NewComment(text, "test", str(i)) for i, text in enumerate(rows(40, seed=8).texts)])
    worker = app_services.build_worker()
    while worker.score_waiting():
        pass
    while worker._beside.score_some():
        pass
    found = app_services.shadows.report(shadow)
    assert found.scored == 40
    assert found.differ > 0
    shown = texts(open_page(app))
    for words in ("Both flag", "Who was right", "too few", "score band", f"{found.drawn:,} (at a rate of 100.0%)"):
        assert words in shown


def test_who_may_not_start_a_shadow_sees_no_buttons(app, app_services, ada, monkeypatch):
    add_model(app_services, "mine", by=ada)
    eve = Person("Eve", frozenset({Role.MODERATOR}))
    monkeypatch.setattr("pages.shared.access.local_person", lambda _name: eve)
    assert "shadow_start" not in [button.key for button in open_page(app).button]
    app_services.shadows.start("mine", by=ada)
    page = open_page(app)
    assert "Drawn for people" in texts(page)
    assert "shadow_stop" not in [button.key for button in page.button]
