"""The ledger is folded before anybody asks, part by part, and to the same numbers."""

import pytest

from core.metrics import service
from core.metrics.ahead import FoldAhead
from core.metrics.service import Days, Metrics, View
from tests.support.ledger import seed

EVER = Days(0, 60_000)


@pytest.fixture
def world(services, monkeypatch):
    monkeypatch.setattr(service, "_CHUNK", 100)
    return seed(services, comments=900, days=3, decided=1.0)


def test_parts_make_the_same_numbers(services, world):
    metrics = Metrics(services.sessions)
    parts = 1
    while metrics.fold_part(world.model_id):
        parts += 1
    assert parts == -(-metrics.version().decisions // 100) > 1
    shown = metrics.overview(world.model_id, EVER, View.TRAFFIC)
    assert shown.labels == services.metrics.overview(world.model_id, EVER, View.TRAFFIC).labels


def test_it_folds_the_live_model_and_ends(services, world, monkeypatch):
    metrics = Metrics(services.sessions)
    ahead = FoldAhead(metrics)
    ahead.start()
    ahead._thread.join(20)
    assert not ahead._thread.is_alive()
    assert not metrics.fold_part(world.model_id)
    monkeypatch.setattr(metrics, "_probe", lambda *_: None)
    monkeypatch.setattr(service, "_fold_part", lambda *_: pytest.fail("it was folded already"))
    assert metrics.overview(world.model_id, EVER, View.REVIEWED).decided == world.decided.sum()


def test_stop_comes_between_parts(services, world):
    ahead = FoldAhead(metrics := Metrics(services.sessions))
    ahead._stop.set()
    ahead.start()
    ahead.stop()
    assert metrics.fold_part(world.model_id), "nothing was folded"


def test_a_database_that_is_away_is_noted_and_no_more(services, caplog, monkeypatch):
    metrics = Metrics(services.sessions)
    monkeypatch.setattr(metrics, "models", lambda: 1 / 0)
    ahead = FoldAhead(metrics)
    ahead.start()
    ahead.stop()
    assert "could not be folded ahead (ZeroDivisionError)" in caplog.text
