"""The Links tab of the Data page."""

import pytest

from core.accounts import Person, Role
from tests.support.databases import on_both
from tests.support.queue import Waiting, fill_queue

GOOD = "https://forum.example.org/t/{thread}/c/{id}"


@pytest.fixture
def opened(app, app_services):
    fill_queue(app_services.sessions, [Waiting("a", thread="<b>5")], source="for *um*")
    app.run()
    app.switch_page("data.py").run()
    assert not app.exception
    return app


def notices(app) -> str:
    return "".join(e.proto.body for e in app.get("html"))


def save(app, words: str):
    app.text_input(key="link_words_for *um*").set_value(words)
    app.button(key="link_save").click().run()
    assert not app.exception
    return app


@on_both
def test_a_link_is_set_shown_and_taken_back(opened, app_services):
    save(opened, GOOD)
    assert "Saved." in notices(opened)
    assert any("https://forum.example.org/t/%3Cb%3E5/c/c1" in text.value for text in opened.text)
    assert app_services.source_links.all()["for *um*"].words == GOOD
    save(opened, "")
    assert "no link any more" in notices(opened)
    assert app_services.source_links.all() == {}


def test_what_is_no_link_is_refused_with_the_reason_and_kept_to_be_mended(opened, app_services):
    save(opened, "javascript:alert({id})")
    assert "begins with https://" in notices(opened)
    assert opened.text_input(key="link_words_for *um*").value == "javascript:alert({id})"
    assert app_services.source_links.all() == {}


def test_whoever_may_not_set_links_sees_them(opened, monkeypatch):
    save(opened, GOOD)
    monkeypatch.setattr("pages.shared.access.local_person", lambda name: Person(name, frozenset({Role.MODERATOR})))
    opened.button(key="link_save").click().run()  # a tab from before the role went
    assert any("lead or admin" in error.value for error in opened.error)
    opened.run()
    assert "Leads and administrators set links." in notices(opened)
    assert not [button for button in opened.button if button.key == "link_save"]
