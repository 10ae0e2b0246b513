"""Every page of a moderator where there is nothing: it says what it is, why, and the next step."""

import re

import pytest
from sqlalchemy import text

from core.errors import DatabaseTrouble
from tests.pages.test_metrics import words
from tests.pages.test_queue import told
from tests.support.queue import fill_queue, flagged

NEXT = {
    "queue": {"data.py", "practice.py"},
    "raids": {"data.py", "practice.py"},
    "score": set(),
    "browse": {"data.py", "practice.py"},
    "my_work": {"queue.py", "practice.py"},
    "preferences": {"practice.py"},
    "practice": {"queue.py"},
    "metrics": {"data.py", "practice.py"},
}
"""Where an empty page leads. Score needs nothing: one writes into it."""
BARE = re.compile(r"\b(?:no data|n/a|nan|null|undefined)\b|\bNone\b(?! yet| of)", re.IGNORECASE)


def opened(app, page: str):
    app.run()
    if page != "queue":
        app.switch_page(f"{page}.py").run()
    assert not app.exception
    assert not app.error
    return app


def said(app) -> str:
    """Everything that the page says, but its styles."""
    titles = [one.value for kind in ("title", "subheader", "header") for one in app.get(kind)]
    html = "\n".join(one.proto.body for one in app.get("html"))
    return "\n".join([*titles, words(app), re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)])


def leads_to(app) -> set[str]:
    paths = {link.proto.page for link in app.get("page_link")}
    return {f"{path or 'queue'}.py" for path in paths}


@pytest.mark.parametrize("page", NEXT)
def test_an_empty_database_is_told_with_the_next_step(app, app_services, page):
    app_services.raids.find()  # a page draws its newest look
    opened(app, page)
    assert not BARE.search(said(app))
    assert leads_to(app) >= NEXT[page]


@pytest.mark.parametrize("page", ["raids", "browse", "metrics"])
def test_without_comments_pages_say_so_alike(app, app_services, page):
    app_services.raids.find()
    assert "No comments yet" in said(opened(app, page))


def test_the_queues_card_says_it_itself(app):
    assert told(opened(app, "queue"))["elsewhere"]["title"] == "No comments yet"


@pytest.mark.parametrize("page", NEXT)
def test_without_a_model_every_page_still_says_something(app, app_services, page):
    with app_services.sessions.begin() as session:
        session.execute(text("UPDATE model_version SET stage = 'retired'"))
    app_services.raids.find()
    opened(app, page)
    assert not BARE.search(said(app))
    if page == "score":
        assert "No model to score with" in said(app)
        assert leads_to(app) == {"models.py"}


@pytest.mark.parametrize("page", NEXT)
def test_with_comments_but_no_decision_none_is_called_empty(app, app_services, page):
    fill_queue(app_services.sessions, flagged(3))
    app_services.raids.find()
    opened(app, page)
    assert "No comments yet" not in said(app)
    assert not BARE.search(said(app))


@pytest.mark.parametrize("page", ["raids", "browse", "my_work", "preferences", "metrics"])
def test_while_the_database_is_away_a_page_says_so(app, app_services, page, monkeypatch):
    opened(app, page)

    def away():
        raise DatabaseTrouble("The database is away. What you do is kept.")

    monkeypatch.setattr(app_services.sessions, "read", away)
    app.run()
    assert not app.exception
    assert [error.value for error in app.error] == ["The database is away. What you do is kept."]
