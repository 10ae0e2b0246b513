"""Disk full, clocks that jump, a worker that hangs, a damaged model, a migration that was killed: on both databases."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import pytest
from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, func, select, text

from core import heartbeat, worker
from core.doctor import Grade, examine
from core.domain import NewComment, Outcome, now
from core.errors import DatabaseTrouble, ModelUnavailable
from core.gate import unopposed
from core.review import Review
from core.services import build_services
from core.settings import ROOT
from core.verdict import Verdict
from core.worker import ScoringWorker
from db.migrate import config, is_current, migrate
from db.models import CommentRow, DecisionRow, PendingRow, ScoreRow, StratumRow
from db.session import Sessions, build_engine
from tests.core.test_worker import WORKER
from tests.faults.test_database_gone import wait_until
from tests.support.models import add_model
from tests.support.queue import fill_queue, flagged
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live


def count(services, row, *where) -> int:
    with services.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(row).where(*where))


# -- the disk is full --------------------------------------------------------------------------------------------------

_RAISE = """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$"""


def fill_disk(services) -> None:
    """SQLite may grow no more; PostgreSQL answers what it answers on a full disk."""
    engine = services.sessions.engine
    if engine.dialect.name == "sqlite":
        engine.dispose()
        event.listen(engine, "connect", _grow_no_more)
        return
    with engine.begin() as connection:
        connection.execute(text(_RAISE))
        for table in ("comment", "decision"):
            trigger = f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()"
            connection.execute(text(trigger))


def _grow_no_more(connection, _record) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")


def free_disk(services) -> None:
    engine = services.sessions.engine
    if engine.dialect.name == "sqlite":
        event.remove(engine, "connect", _grow_no_more)
        engine.dispose()
        return
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION full_disk CASCADE"))


def test_on_a_full_disk_nothing_is_half_recorded_and_it_goes_on_by_itself(services, ada):
    (comment_id,) = fill_queue(services.sessions, flagged(1))
    services.review.claim(ada, 1)
    note = "n" * 400 if services.sessions.engine.dialect.name == "postgresql" else "n" * 2_000
    verdict = Verdict(uuid4(), comment_id, Outcome.REMOVE, seconds=1.0, note=note)
    many = [NewComment("long " * 2_000, "site", str(k)) for k in range(50)]
    before = count(services, CommentRow)
    fill_disk(services)
    with pytest.raises(DatabaseTrouble, match="disk that holds the database is full"):
        services.intake.add(many)
    if services.sessions.engine.dialect.name == "postgresql":  # SQLite may still have a free page for so little
        with pytest.raises(DatabaseTrouble, match="disk that holds the database is full"):
            services.review.decide(verdict, by=ada)
        assert count(services, DecisionRow) == 0
    assert count(services, CommentRow) == before
    free_disk(services)
    services.intake.add(many)
    services.review.decide(verdict, by=ada)
    assert count(services, CommentRow) == before + len(many)
    assert count(services, DecisionRow) == 1


# -- clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_while_a_batch_is_scored_scores_nothing_twice(services, monkeypatch, hours):
    make_live(services.sessions)
    ids = add_comments(services.sessions, [f"0.2 {k}" for k in range(6)])
    other = ScoringWorker(services.sessions, services.settings, FakeModels(services.sessions, FakeScorer()), "other")

    def jump(_texts):
        for module in (worker, heartbeat):
            monkeypatch.setattr(module, "now", lambda: now() + timedelta(hours=hours))
        while other.score_waiting():
            pass

    models = FakeModels(services.sessions, FakeScorer(on_score=jump))
    first = ScoringWorker(services.sessions, services.settings, models, "first")
    assert first.score_waiting() in (0, len(ids))
    while other.score_waiting():
        pass
    assert count(services, PendingRow) == 0
    assert count(services, ScoreRow) == len(ids)
    with services.sessions.read() as session:
        assert session.scalar(select(func.sum(StratumRow.count))) == len(ids)


def test_a_lease_of_the_future_does_not_hold_its_batch_when_the_clock_goes_back(services, monkeypatch):
    make_live(services.sessions)
    add_comments(services.sessions, ["0.2 a", "0.2 b"])
    monkeypatch.setattr(worker, "now", lambda: now() + timedelta(hours=1))
    ahead = ScoringWorker(services.sessions, services.settings, FakeModels(services.sessions, FakeScorer()), "ahead")
    ahead._lease()  # and dies
    monkeypatch.setattr(worker, "now", now)
    models = FakeModels(services.sessions, FakeScorer())
    alive = ScoringWorker(services.sessions, services.settings, models, "alive")
    while alive.score_waiting():
        pass
    assert count(services, PendingRow) == 0


def test_the_order_of_the_ledger_does_not_follow_the_clock(services, ada):
    first, second = fill_queue(services.sessions, flagged(2))
    services.review.claim(ada, 2)
    services.review.decide(Verdict(uuid4(), first, Outcome.REMOVE, seconds=1.0), by=ada)
    behind = Review(services.sessions, services.settings, lambda: now() - timedelta(hours=1))
    behind.decide(Verdict(uuid4(), second, Outcome.REMOVE, seconds=1.0), by=ada)
    with services.sessions.read() as session:
        rows = session.scalars(select(DecisionRow).order_by(DecisionRow.id)).all()
    assert [row.comment_id for row in rows] == [first, second]
    assert rows[0].decided_at > rows[1].decided_at
    live = services.registry.require_live().id
    assert services.metrics.refresh(live) is not None


# -- a worker that hangs -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_worker_that_hangs_loses_its_batch_and_writes_nothing_stale(services, settings):
    make_live(services.sessions)
    ids = add_comments(services.sessions, [f"0.2 {k}" for k in range(4)])
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "MODERATO_DATA_DIR": str(settings.data_dir),
        "MODERATO_DATABASE_URL": settings.database_url, "MODERATO_SCORING_LEASE_SECONDS": "1",
        "MODERATO_POLL_SECONDS": "0.1", "MODERATO_WORKER_BATCH": "8",
    }  # fmt: skip
    hung = subprocess.Popen(
        [sys.executable, "-c", WORKER, "0.2"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert hung.stdout.readline()  # it holds all four, and scores
        hung.send_signal(signal.SIGSTOP)
        models = FakeModels(services.sessions, FakeScorer(default=0.9))
        other = ScoringWorker(services.sessions, services.settings, models, "other")
        wait_until(lambda: other.score_waiting() or count(services, PendingRow) == 0)
        wait_until(lambda: not other.score_waiting() and count(services, PendingRow) == 0)
        hung.send_signal(signal.SIGCONT)
        hung.send_signal(signal.SIGTERM)
        assert hung.wait(20) == 0
    finally:
        hung.kill()
    assert count(services, ScoreRow) == len(ids)
    with services.sessions.read() as session:
        assert session.scalar(select(func.sum(StratumRow.count))) == len(ids)


# -- a damaged model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["truncated", "garbled"])
def test_a_damaged_model_is_told_and_the_loaded_one_goes_on(services, ada, damage, monkeypatch):
    add_model(services, "mine", by=ada)
    services.registry.promote("mine", by=ada, report=unopposed("mine", "starter"), override=True, reason="a test")
    running = services.build_worker("one")
    add_comments(services.sessions, ["train river"])
    assert running.score_waiting() == 1
    file = max((services.settings.models_dir / "mine").iterdir(), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    half = len(content) // 2
    file.write_bytes(content[:half] if damage == "truncated" else content[:half] + bytes(len(content) - half))
    add_comments(services.sessions, ["paper stone"])
    assert running.score_waiting() == 1  # what is loaded does not look at its files again
    monkeypatch.setattr(worker, "find_loaded", lambda _version: None)  # from here on as another process
    again = build_services(services.settings)
    late = again.build_worker("two")
    add_comments(services.sessions, ["green quiet"])
    with pytest.raises(ModelUnavailable, match="mine"):
        late.score_waiting()
    assert count(services, PendingRow) == 1  # not scored, and not lost
    found = next(check for check in examine(services.settings) if check.name == "live model")
    assert found.grade is Grade.FAIL
    assert "mine" in found.todo
    again.registry.rollback(by=ada)
    while late.score_waiting():
        pass
    assert count(services, PendingRow) == 0
    again.close()


# -- a migration that is killed ----------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from alembic.operations import Operations
from db.migrate import migrate
from db.session import build_engine
made, create = [], Operations.create_table
def create_table(self, *arguments, **more):
    done = create(self, *arguments, **more)
    made.append(arguments[0])
    if arguments[0] == "suggestion":
        print(*made, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return done
Operations.create_table = create_table
migrate(build_engine(sys.argv[1]))
"""


def test_a_migration_that_is_killed_leaves_the_old_schema_and_is_done_at_the_next_start(bare_settings):
    engine = build_engine(bare_settings.url)
    made = config()
    with engine.begin() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, "0003")
    engine.dispose()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, bare_settings.url], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "api_key" in killed.stdout
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0003"
        with pytest.raises(Exception, match="api_key"):
            connection.execute(text("SELECT 1 FROM api_key"))
    migrate(engine)
    assert is_current(engine)
    engine.dispose()


# -- other words -------------------------------------------------------------------------------------------------------


def test_sqlite_s_troubles_have_words(tmp_path):
    file = tmp_path / "moderato.db"
    engine = build_engine(f"sqlite:///{file}")
    migrate(engine)
    sessions = Sessions(engine)
    with sessions.begin() as holder:
        holder.execute(text("UPDATE comment_fts_progress SET last_id = 0"))
        other = build_engine(f"sqlite:///{file}")
        event.listen(other, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=50"))
        with pytest.raises(DatabaseTrouble, match="busy"), Sessions(other).begin() as waiting:
            waiting.execute(text("UPDATE comment_fts_progress SET last_id = 0"))
        other.dispose()
    engine.dispose()
    for path in tmp_path.glob("moderato.db*"):
        path.unlink()
    file.write_bytes(b"no database at all" * 1_000)
    with pytest.raises(DatabaseTrouble, match="damaged"), sessions.read() as session:
        session.scalar(select(func.count()).select_from(CommentRow))


def test_a_bug_of_ours_is_not_taken_for_the_database_s(services):
    with pytest.raises(Exception, match="nothing") as error, services.sessions.read() as session:
        session.execute(text("SELECT 1 FROM nothing"))
    assert not isinstance(error.value, DatabaseTrouble)
