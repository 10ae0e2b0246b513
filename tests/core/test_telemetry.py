"""Figures for Prometheus equal what the tables hold, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from core.domain import Lane, now
from core.telemetry import LedgerCount, Telemetry
from db.models import CommentRow, DecisionRow, PendingRow, RoutingRow
from db.stores.telemetry import TelemetryStore
from tests.support.ledger import seed, unlock
from tests.support.scoring import add_comments


@pytest.fixture
def world(services):
    return seed(services, comments=500, days=3, decided=0.5)


def values(telemetry: Telemetry) -> dict[tuple[str, ...], float]:
    telemetry._until = 0.0
    return {(s.name, *s.labels.values()): s.value for family in telemetry.read() for s in family.samples}


def test_counts_are_those_of_the_tables(services, world):
    found = values(Telemetry(services.sessions, services.settings))
    with services.sessions.read() as session:
        lanes = dict(
            session.execute(
                select(RoutingRow.lane, func.count()).where(RoutingRow.state == "open").group_by(RoutingRow.lane)
            ).all()
        )
        kinds = select(DecisionRow.outcome, DecisionRow.lane, func.count())
        kinds = kinds.where(DecisionRow.revokes.is_(None)).group_by(DecisionRow.outcome, DecisionRow.lane)
        decided = {(o, lane): many for o, lane, many in session.execute(kinds)}
    assert decided
    assert {lane: found["moderato_queue_comments", lane] for lane in lanes} == lanes
    assert {key: found["moderato_decisions_total", *key] for key in decided} == decided
    assert found["moderato_comments_routed_total",] == 500
    assert found["moderato_queue_oldest_age_seconds", Lane.AUDIT.value] > 0


def test_the_ledger_is_counted_in_chunks_and_goes_on(services, world, monkeypatch):
    whole, chunks = LedgerCount(), LedgerCount()
    whole.catch_up(services.sessions)
    monkeypatch.setattr("core.telemetry._CHUNK", 7)
    chunks.catch_up(services.sessions)
    assert chunks._counts == whole._counts
    with services.sessions.begin() as session:
        unlock(session)
        session.execute(delete(DecisionRow).where(DecisionRow.id > 10))
    chunks.catch_up(services.sessions)
    assert sum(chunks._counts.values()) == 10, "a restored ledger is shorter: it is counted anew"


def test_lag_is_that_of_comments_without_any_scores(services, world):
    def lag():
        with services.sessions.read() as session:
            return TelemetryStore(session).oldest_unscored()

    assert lag() is None
    with services.sessions.begin() as session:
        session.execute(insert(PendingRow).from_select(["comment_id", "lease_until"], select(CommentRow.id, text("0"))))
    assert lag() is None, "scored again for a new model: nobody waits for them"
    (new,) = add_comments(services.sessions, ["never scored"])
    hour_ago = now() - timedelta(hours=1)
    with services.sessions.begin() as session:
        session.execute(update(CommentRow).where(CommentRow.id == new).values(added_at=hour_ago))
    assert lag() == hour_ago


def test_a_look_is_shared_for_some_seconds(services, world):
    telemetry = Telemetry(services.sessions, services.settings)
    first = telemetry.read()
    add_comments(services.sessions, ["new"])
    assert telemetry.read() is first
    assert values(telemetry)["moderato_scoring_waiting_comments",] == 1
