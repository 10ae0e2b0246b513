"""The migrations make exactly the tables that db.models describes, on both databases."""

import numpy as np
import pytest
from alembic import command
from sqlalchemy import text

from core.routing import queue_order
from db.migrate import config, is_current, migrate
from db.session import build_engine


def test_migrations_make_what_the_models_say(bare_settings):
    engine = build_engine(bare_settings.url)
    migrate(engine)
    made = config()
    with engine.begin() as connection:
        made.attributes["connection"] = connection
        command.check(made)  # raises when a model and the schema differ
    assert is_current(engine)
    engine.dispose()


def test_migrating_twice_changes_nothing(bare_settings):
    engine = build_engine(bare_settings.url)
    migrate(engine)
    migrate(engine)
    assert is_current(engine)
    engine.dispose()


def test_what_waited_before_an_upgrade_keeps_its_place_in_the_new_order(bare_settings):
    engine = build_engine(bare_settings.url)
    made = config()
    with engine.begin() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, "0002")
        for statement in WAITING:
            connection.execute(text(statement))
    migrate(engine)
    with engine.connect() as connection:
        routed = connection.execute(text("SELECT priority, automatic FROM routing ORDER BY comment_id")).all()
        rate = connection.execute(text("SELECT second_rate FROM policy")).scalar()
    (expected,) = queue_order(np.array([[0.9, 0.1, 0.2, 0.05, 0.6, 0.02]], np.float32))
    assert routed[0] == (pytest.approx(expected, rel=1e-5), False)
    assert routed[1].priority == pytest.approx(0.7)  # an audit item keeps its random order
    assert rate == 0.05
    engine.dispose()


WAITING = (
    "INSERT INTO model_version (id, name, kind, path, sha256, stage, metrics, created_at) "
    "VALUES (1, 'm', 'starter', 'none', '0', 'live', '{}', 0)",
    "INSERT INTO policy (id, thresholds, audit_rates, active, created_at, created_by, reason) "
    "VALUES (1, '[0.5,0.5,0.5,0.5,0.5,0.5]', '[0.1,0.1,0.1,0.1,0.1]', true, 0, 'Ada', 'first')",
    "INSERT INTO comment (id, text, text_hash, source, external_id, added_at) "
    "VALUES (1, 'a', 'a', 's', '1', 0), (2, 'b', 'b', 's', '2', 0)",
    "INSERT INTO score (comment_id, model_id, toxic, severe_toxic, obscene, threat, insult, identity_hate, scored_at) "
    "VALUES (1, 1, 0.9, 0.1, 0.2, 0.05, 0.6, 0.02, 0), (2, 1, 0.9, 0.1, 0.2, 0.05, 0.6, 0.02, 0)",
    "INSERT INTO routing (comment_id, policy_id, model_id, state, flagged, lane, priority, band, audit, rate, day, "
    "routed_at) VALUES (1, 1, 1, 'open', true, 'flagged', -0.4, 4, false, 0.1, 20000, 0), "
    "(2, 1, 1, 'open', true, 'audit', 0.7, 4, true, 0.1, 20000, 0)",
)
"""Two comments that wait in a database of the release before: one flagged, one audited."""
