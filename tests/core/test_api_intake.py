"""Comments that programs had scored, kept beside the answers."""

import asyncio

import pytest
from sqlalchemy import select

from core.api_intake import ApiIntake, source_of
from core.services import build_services
from core.settings import Settings
from db.models import CommentRow


@pytest.fixture
def services(tmp_path):
    made = build_services(Settings(data_dir=tmp_path, max_text_bytes=1024))
    yield made
    made.close()


def kept(services):
    with services.sessions.read() as session:
        return [(row.source, row.text) for row in session.scalars(select(CommentRow).order_by(CommentRow.id))]


def add(services, *comments):
    async def run():
        intake = ApiIntake(services.intake)
        for text, token in comments:
            intake.add(text, "wiki", token)
        await intake.close()

    asyncio.run(run())


def test_the_same_text_with_the_same_token_is_one_comment(services):
    add(services, ("hello", "a"), ("hello", "a"), ("Hello ", "a"), ("hello", "b"), ("hello", None), ("hello", None))
    add(services, ("hello", "a"))
    assert len(kept(services)) == 3


def test_one_that_is_too_long_does_not_cost_the_others(services):
    add(services, ("one", None), ("x" * 2_000, None), ("two", None))
    assert kept(services) == [("wiki", "one"), ("wiki", "two")]


def test_what_could_not_be_written_is_written_next_time(services, monkeypatch):
    real = services.intake.add

    async def run():
        intake = ApiIntake(services.intake)
        monkeypatch.setattr(services.intake, "add", lambda _comments: 1 / 0)
        intake.add("one", "wiki", None)
        await intake.close()
        monkeypatch.setattr(services.intake, "add", real)
        await intake.close()

    asyncio.run(run())
    assert kept(services) == [("wiki", "one")]


def test_it_is_full_until_it_has_written(services, monkeypatch):
    monkeypatch.setattr("core.api_intake._MOST", 2)

    async def run():
        intake = ApiIntake(services.intake)
        intake.add("one", "wiki", None)
        assert not intake.is_full
        intake.add("two", "wiki", None)
        assert intake.is_full
        await intake.close()
        assert not intake.is_full

    asyncio.run(run())


@pytest.mark.parametrize(
    ("community", "source"),
    [
        (None, "forum"),
        ("", "forum"),
        (" \n", "forum"),
        ("wiki", "wiki"),
        ("a\0b\u202e", "a\ufffdb"),
        ("x" * 500, "x" * 200),
    ],
)
def test_the_source_is_the_community_made_printable_or_the_key(community, source):
    assert source_of(community, "forum") == source
