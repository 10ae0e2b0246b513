"""`moderato move`: everything arrives, or nothing does."""

from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text

from core.accounts import Person
from core.domain import now
from core.errors import BadInput, Conflict, ModeratoError, NotAllowed
from core.moving import move
from core.services import Services, build_services
from core.settings import Settings
from db import moving
from db.models import CommentRow, DecisionRow, WorkerRow
from db.session import build_engine
from tests.support.databases import settings_on
from tests.support.ledger import seed

ODD = "tab\there \\ back\\N new\nline “quoted” 'n' \U0001f600 ‮ \x01 ; COPY"


@pytest.fixture
def source(request, tmp_path, ada) -> Services:
    """A deployment that was at work: scores, decisions, keys, odd texts."""
    made = build_services(settings_on(getattr(request, "param", "sqlite"), request, tmp_path))
    seed(made, comments=300)
    made.keys.create("forum", ["analyze"], by=ada)
    with made.sessions.begin() as session:
        session.add(CommentRow(text=ODD, text_hash="x", source="odd\\", external_id="1\t", added_at=now(), author=None))
    yield made
    made.close()


@contextmanager
def target(postgres, tmp_path, kind):
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'moved.db'}"
        return
    with postgres.database() as url:
        yield url


def go(source, url, ada, *, force=False, progress=lambda *_: None):
    return move(source.settings, url, by=ada, force=force, progress=progress)


@pytest.mark.parametrize(
    ("source", "kind"), [("sqlite", "postgresql"), ("postgresql", "sqlite")], indirect=["source"], ids=["over", "back"]
)
def test_everything_arrives_and_goes_on(source, postgres, tmp_path, ada, kind):
    with target(postgres, tmp_path, kind) as url:
        moved = go(source, url, ada)
        assert {table.table for table in moved.tables} == {table.name for table in moving.tables()}
        there = build_services(Settings(data_dir=tmp_path, database_url=url))
        with source.sessions.read() as old, there.sessions.read() as new:
            for row in (CommentRow, DecisionRow):
                query = select(row).order_by(row.id)
                pairs = zip(old.scalars(query), new.scalars(query), strict=True)
                assert all(_values(a) == _values(b) for a, b in pairs)
            highest = new.scalar(select(func.max(CommentRow.id)))
        with there.sessions.begin() as session:  # its numbers go on after the highest that came along
            added = CommentRow(text="new", text_hash="n", source="s", external_id="n", added_at=now())
            session.add(added)
            session.flush()
            assert added.id == highest + 1
        there.search_index.catch_up()
        assert there.keys.list_keys()[0].name == "forum"
        there.close()


def _values(row):
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


def test_keys_and_indexes_stand_as_before(source, postgres, tmp_path, ada):
    listing = text(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
        "SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY 1"
    )
    with postgres.database() as fresh, postgres.database() as url:
        go(source, url, ada)
        build_services(Settings(data_dir=tmp_path, database_url=fresh)).close()
        found = []
        for where in (fresh, url):
            engine = build_engine(where)
            with engine.connect() as connection:
                found.append(connection.scalars(listing).all())
            engine.dispose()
        assert found[0] == found[1]
        assert any("gin" in line for line in found[0])


def test_what_is_not_empty_is_refused(source, postgres, ada):
    with postgres.database() as url:
        go(source, url, ada)
        with pytest.raises(Conflict, match="is not empty"):
            go(source, url, ada)
    with postgres.database() as url:
        engine = build_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE theirs (a int)"))
        engine.dispose()
        with pytest.raises(Conflict, match="not Moderato's"):
            go(source, url, ada)


def test_while_somebody_is_at_work_it_is_refused_unless_forced(source, postgres, ada):
    with source.sessions.begin() as session:
        session.add(WorkerRow(name="worker h:1", started_at=now(), seen_at=now(), scored=0))
    with postgres.database() as url:
        with pytest.raises(Conflict, match="worker h:1"):
            go(source, url, ada)
        assert go(source, url, ada, force=True).rows > 0


@pytest.mark.parametrize("stage", ["copy", "verify"])
def test_interrupted_it_leaves_nothing_and_can_be_run_again(source, postgres, ada, stage):
    def stop(what, table, rows, total):
        if (what, table) == (stage, "score"):
            raise KeyboardInterrupt

    with postgres.database() as url:
        with pytest.raises(KeyboardInterrupt):
            go(source, url, ada, progress=stop)
        engine = build_engine(url)
        with engine.connect() as connection:
            assert not any(moving.count_rows(connection).values())
        engine.dispose()
        go(source, url, ada)


def test_what_arrives_otherwise_is_not_kept(source, postgres, ada, monkeypatch):
    put = moving._put_postgresql

    def garbled(connection, table, batches):
        put(connection, table, batches)
        if table.name == "comment":
            connection.execute(text("UPDATE comment SET text = 'x' WHERE id = 1"))

    monkeypatch.setattr(moving, "_put_postgresql", garbled)
    with postgres.database() as url:
        with pytest.raises(ModeratoError, match="differs from what was sent, in comment"):
            go(source, url, ada)
        engine = build_engine(url)
        with engine.connect() as connection:
            assert not any(moving.count_rows(connection).values())
        engine.dispose()


@pytest.mark.parametrize(("url", "words"), [("mysql://x", "begins with"), ("", "begins with")])
def test_a_wrong_target_is_told(source, ada, url, words):
    with pytest.raises(BadInput, match=words):
        go(source, url, ada)


def test_the_role_is_checked(source):
    with pytest.raises(NotAllowed):
        move(source.settings, "sqlite:///x.db", by=Person("Eve", frozenset()), force=False, progress=lambda *_: None)
