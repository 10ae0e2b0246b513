"""The migrations make exactly the tables that db.models describes, on both databases."""

from alembic import command

from db.migrate import config, is_current, migrate
from db.session import build_engine


def test_migrations_make_what_the_models_say(settings):
    engine = build_engine(settings.url)
    migrate(engine)
    made = config()
    with engine.begin() as connection:
        made.attributes["connection"] = connection
        command.check(made)  # raises when a model and the schema differ
    assert is_current(engine)
    engine.dispose()


def test_migrating_twice_changes_nothing(settings):
    engine = build_engine(settings.url)
    migrate(engine)
    migrate(engine)
    assert is_current(engine)
    engine.dispose()
