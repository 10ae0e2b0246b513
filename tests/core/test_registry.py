"""Versions, the shipped model, promotion and rollback, and that no pickle is ever loaded."""

import ast
import pickle
import shutil
import threading
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import delete, select

from core.accounts import Person, local_person
from core.domain import Stage, now
from core.errors import BadInput, Conflict, ModelUnavailable, NotAllowed, NotFound
from core.gate import Evidence, GateReport, compare, unopposed
from core.registry import Registry
from core.scoring.files import folder_digest
from core.scoring.load import load_scorer, probe
from core.services import build_services
from core.settings import ROOT
from db.models import ModelVersionRow, PendingRow, PromotionRow, RoutingRow
from tests.support.composed import write_pair
from tests.support.databases import settings_on
from tests.support.decided import TOXIC, Made, put
from tests.support.models import TINY, add_model, rows
from training.starter import train_starter

ADA = local_person("Ada")


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path):
    """Without a model: these tests put their own into the shipped one's place first."""
    return settings_on(request.param, request, tmp_path, with_model=False)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A folder with a tiny starter."""
    folder = tmp_path_factory.mktemp("tiny") / "starter"
    train_starter(rows(300), TINY, folder)
    return folder


@pytest.fixture
def shipped(tiny, tmp_path, monkeypatch):
    """A shipped model of the test's own."""
    folder = tmp_path / "shipped"
    shutil.copytree(tiny, folder)
    monkeypatch.setattr("core.registry.SHIPPED", str(folder.resolve()))
    return folder


@pytest.fixture
def registry(shipped, services) -> Registry:
    """A registry whose live model is the test's shipped one, or its only one."""
    return services.registry


def allowed(challenger, live) -> GateReport:
    return unopposed(challenger, live)


def refused(challenger, live) -> GateReport:
    labels = np.random.default_rng(0).random((2000, 6)) < 0.1
    good = labels * 0.5 + np.random.default_rng(1).random((2000, 6)) * 0.5
    bad = np.random.default_rng(2).random((2000, 6))
    weights = np.ones(2000)
    return compare([Evidence("audit", labels, weights, bad, good)], challenger=challenger, live=live)


# --- the shipped model ---


def test_the_first_start_makes_the_shipped_model_live(registry, shipped):
    live = registry.require_live()
    assert (live.name, live.sha256) == ("starter", folder_digest(shipped))
    assert live.metrics["test"]["rows"] > 0
    assert [p.model for p in registry.history()] == ["starter"]
    probe(load_scorer(live, threads=1))


def test_starting_again_changes_nothing(registry, services):
    build_services(services.settings).close()
    assert [v.name for v in registry.list_models()] == ["starter"]
    assert len(registry.history()) == 1


def test_many_may_start_at_once(registry, services):
    with services.sessions.begin() as session:
        session.execute(delete(PromotionRow))
        session.execute(delete(ModelVersionRow))
    threads = [threading.Thread(target=registry.ensure_shipped) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(v.name, v.stage) for v in registry.list_models()] == [("starter", Stage.LIVE)]


def test_without_the_shipped_files_there_is_no_live_model(shipped, settings):
    shutil.rmtree(shipped)
    services = build_services(settings)
    assert services.registry.live() is None
    with pytest.raises(ModelUnavailable, match="train starter"):
        services.registry.require_live()
    with pytest.raises(ModelUnavailable, match="No model is live"):
        services.registry.rollback(by=ADA)
    services.close()


def test_a_new_release_of_the_shipped_model_replaces_the_old_one(registry, shipped):
    old = registry.require_live()
    train_starter(rows(300, seed=7), TINY, shipped)
    registry.ensure_shipped()
    live = registry.require_live()
    assert live.name == f"starter-{live.sha256[:8]}"
    assert registry.require(old.name).stage is Stage.RETIRED
    assert registry.former_live() is None
    with pytest.raises(Conflict, match="older release"):
        registry.rollback(by=ADA)
    assert registry.require_live() == live


def test_a_new_release_leaves_a_promoted_model_live(registry, services, shipped, ada):
    add_model(services, "mine", by=ada)
    registry.promote("mine", by=ada, report=allowed("mine", "starter"))
    train_starter(rows(300, seed=7), TINY, shipped)
    registry.ensure_shipped()
    assert registry.require_live().name == "mine"
    assert registry.list_models()[0].stage is Stage.CHALLENGER


def test_going_back_to_an_older_release_makes_that_one_live(registry, shipped, tmp_path):
    shutil.copytree(shipped, tmp_path / "kept")
    train_starter(rows(300, seed=7), TINY, shipped)
    registry.ensure_shipped()
    shutil.rmtree(shipped)
    shutil.copytree(tmp_path / "kept", shipped)
    registry.ensure_shipped()
    assert registry.require_live().name == "starter"
    assert len(registry.list_models()) == 2


# --- versions ---


def test_names(registry, services, ada, tiny):
    with pytest.raises(NotFound, match="moderato models"):
        registry.require("nobody")
    assert registry.get("nobody") is None
    for name in ("", "A", "../up", "a b", "x" * 65):
        with pytest.raises(BadInput, match="cannot be a model's name"):
            registry.register(name, tiny, by=ada, kind="starter")
    registry.register("a", tiny, by=ada, kind="starter")
    with pytest.raises(Conflict, match="already"):
        registry.register("a", tiny, by=ada, kind="starter")


def test_the_digest_counts_content_and_not_cards(tiny, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(tiny, folder)
    before = folder_digest(folder)
    (folder / "README.md").write_text("other words")
    (folder / "metrics.json").write_text("{}")
    (folder / ".DS_Store").write_text("dropped by a file manager")
    assert folder_digest(folder) == before
    (folder / "config.json").write_bytes((folder / "config.json").read_bytes() + b" ")
    assert folder_digest(folder) != before


@pytest.mark.parametrize("damage", ["changed", "gone", "unknown kind", "truncated"])
def test_a_broken_version_says_what_to_do(services, ada, tiny, tmp_path, damage):
    folder = tmp_path / "copy"
    shutil.copytree(tiny, folder)
    if damage == "truncated":
        (folder / "linear.safetensors").write_bytes(b"short")
    kind = "abacus" if damage == "unknown kind" else "starter"
    version = services.registry.register("broken", folder, by=ada, kind=kind)
    if damage == "changed":
        (folder / "config.json").write_text("{}")
    if damage == "gone":
        shutil.rmtree(folder)
    live = services.registry.live()
    with pytest.raises(ModelUnavailable) as caught:
        load_scorer(version, threads=1)
    assert any(word in str(caught.value) for word in ("Restore", "promote", "Update"))
    with pytest.raises(ModelUnavailable):
        services.registry.promote("broken", by=ada, report=allowed("broken", live and live.name))
    assert services.registry.live() == live


# --- promise 8: no pickle is ever loaded ---


@pytest.mark.parametrize("name", ["model.pkl", "pytorch_model.bin", "weights.pt", "sub/x.joblib", "a.npy", "noending"])
def test_a_folder_with_a_pickle_is_refused(services, ada, tiny, tmp_path, name):
    folder = tmp_path / "copy"
    shutil.copytree(tiny, folder)
    version = services.registry.register("fine", folder, by=ada, kind="starter")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelUnavailable, match="may run code"):
        load_scorer(version, threads=1)
    with pytest.raises(ModelUnavailable, match="may run code"):
        services.registry.register("other", folder, by=ada, kind="starter")


def test_no_module_of_the_product_unpickles():
    banned = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
    for folder in ("core", "db", "api", "pages", "training"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names = {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    names = {(node.module or "").split(".")[0]}
                elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                    names = {"pickle"} if getattr(node.value, "value", True) else set()
                elif isinstance(node, ast.Attribute) and node.attr == "load" and ast.unparse(node) == "torch.load":
                    names = {"pickle"}
                else:
                    continue
                assert not names & banned, f"{path}: {names & banned}"


# --- promotion ---


def test_promotion_switches_keeps_the_report_and_rescores(registry, services, ada):
    ids = put(services, [Made("open", None), Made("settled long ago", TOXIC), Made("settled today", TOXIC)])
    with services.sessions.begin() as session:
        session.get(RoutingRow, ids[2]).routed_at = now() - timedelta(days=6)
    add_model(services, "mine", by=ada)
    live = registry.promote("mine", by=ada, report=allowed("mine", "starter"), reason="it is better")
    assert live.stage is Stage.LIVE
    assert registry.require_live().name == "mine"
    assert registry.require("starter").stage is Stage.RETIRED
    latest = registry.history()[0]
    assert (latest.model, latest.previous, latest.person, latest.rollback) == ("mine", "starter", "Ada", False)
    assert (latest.report["reason"], latest.report["passed"]) == ("it is better", True)
    with services.sessions.read() as session:
        assert set(session.scalars(select(PendingRow.comment_id))) == {ids[0], ids[2]}


def test_the_gate_refuses_unless_overridden_with_a_reason(registry, services, ada):
    add_model(services, "mine", by=ada)
    report = refused("mine", "starter")
    with pytest.raises(Conflict, match="refuses mine: The mean is worse"):
        registry.promote("mine", by=ada, report=report)
    with pytest.raises(BadInput, match="reason"):
        registry.promote("mine", by=ada, report=report, override=True, reason="  ")
    assert registry.require_live().name == "starter"
    registry.promote("mine", by=ada, report=report, override=True, reason="the old one is banned")
    kept = registry.history()[0].report
    assert (kept["overridden"], kept["reason"]) == (True, "the old one is banned")


def test_a_report_about_another_model_or_another_live_one_is_no_use(registry, services, ada):
    for name in ("mine", "yours"):
        add_model(services, name, by=ada)
    with pytest.raises(BadInput, match="Compare yours"):
        registry.promote("yours", by=ada, report=allowed("mine", "starter"))
    registry.promote("mine", by=ada, report=allowed("mine", "starter"))
    with pytest.raises(Conflict, match="mine went live"):
        registry.promote("yours", by=ada, report=allowed("yours", "starter"))
    with pytest.raises(Conflict, match="live already"):
        registry.promote("mine", by=ada, report=allowed("mine", "starter"))


def test_of_two_promotions_at_once_one_wins(registry, services, ada):
    names = ("mine", "yours")
    for name in names:
        add_model(services, name, by=ada)
    barrier, errors = threading.Barrier(2), []

    def promote(name):
        barrier.wait()
        try:
            registry.promote(name, by=ada, report=allowed(name, "starter"))
        except Conflict as error:
            errors.append(str(error))

    threads = [threading.Thread(target=promote, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 1
    assert "went live" in errors[0]
    assert len([v for v in registry.list_models() if v.stage is Stage.LIVE]) == 1


def test_rollback_goes_back_step_by_step(registry, services, ada):
    for name, live in (("a", "starter"), ("b", "a")):
        add_model(services, name, by=ada)
        registry.promote(name, by=ada, report=allowed(name, live))
    assert registry.former_live().name == "a"
    assert registry.rollback(by=ada).name == "a"
    assert registry.rollback(by=ada).name == "starter"
    with pytest.raises(Conflict, match="none to put back"):
        registry.rollback(by=ada)
    assert registry.former_live() is None
    assert [p.rollback for p in registry.history()] == [True, True, False, False, False]


def test_the_role_is_checked(registry, services, ada, tiny):
    eve = Person("Eve", frozenset())
    add_model(services, "mine", by=ada)
    for forbidden in (
        lambda: registry.promote("mine", by=eve, report=allowed("mine", "starter")),
        lambda: registry.rollback(by=eve),
        lambda: registry.register("x", tiny, by=eve, kind="starter"),
        lambda: services.runs.begin("starter", by=eve),
    ):
        with pytest.raises(NotAllowed):
            forbidden()


# --- the second shipped model ---


def test_the_careful_model_waits_as_a_challenger(registry, tmp_path, monkeypatch, ada):
    """It goes live when somebody promotes it, and then a new release of it takes its place."""
    folder = write_pair(tmp_path / "careful", tmp_path)
    monkeypatch.setattr("core.registry.CAREFUL", str(folder.resolve()))
    registry.ensure_shipped()
    registry.ensure_shipped()
    careful = registry.require("careful")
    assert (careful.kind, careful.stage) == ("blend", Stage.CHALLENGER)
    assert registry.require_live().name == "starter"
    registry.promote("careful", by=ada, report=allowed("careful", "starter"))
    shutil.rmtree(folder)
    write_pair(folder, tmp_path / "again", shares=[0.4] * 6)
    registry.ensure_shipped()
    assert registry.require_live().name.startswith("careful-")
    assert registry.require("starter").stage is Stage.RETIRED
