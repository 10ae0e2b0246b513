"""Similar decided comments on pages: in the history of a comment, and as the card is told of them."""

import json
from uuid import uuid4

import pytest

from core.accounts import Person, Role, local_person
from core.domain import Lane, Outcome
from core.verdict import Verdict
from core.wellbeing.masking import Masking
from pages.shared.review_card import beside
from pages.shared.review_card.log import Desk, pairs
from tests.support.queue import SEVERE, Waiting, fill_queue

HOSTILE = "<script>alert(1)</script> ![x](http://evil.test/a.png) you pathetic clown \u202eabc"
INSULT = (False, False, False, False, True, False)
MODERATOR = Person("Mo", frozenset({Role.MODERATOR}))
LEAD = Person("Lea", frozenset({Role.LEAD}))


@pytest.fixture
def world(app_services):
    """Two decided comments, one of them severe, and one that waits, all alike."""
    one, two, shown = fill_queue(
        app_services.sessions,
        [Waiting(HOSTILE), Waiting(HOSTILE + " and I will come", scores=SEVERE), Waiting(HOSTILE + " again")],
    )
    app_services.review.decide(
        Verdict(uuid4(), one, Outcome.REMOVE, INSULT, note="<b>rude</b>"), by=local_person("Bob")
    )
    app_services.review.decide(Verdict(uuid4(), two, Outcome.APPROVE), by=local_person("api-like"))
    app_services.nearest.catch_up()
    return one, two, shown


def open_history(app, monkeypatch, comment_id, person=LEAD):
    app.run()
    monkeypatch.setattr("pages.shared.access.current_person", lambda: person)
    monkeypatch.setattr("pages.shared.history_panel.current_person", lambda: person)
    app.switch_page("browse.py").run()
    app.session_state["q"] = f"#{comment_id}"
    return app.run()


def html(page) -> str:
    return "".join(found.proto.body for found in page.get("html"))


def test_the_history_of_a_comment_shows_what_is_like_it(app, monkeypatch, world):
    one, two, shown = world
    page = open_history(app, monkeypatch, shown)
    before = html(page)
    page.toggle(key=f"near_{shown}").set_value(True).run()
    assert not page.exception
    told = html(page)[len(before) :] or html(page)
    assert "<b>Removed</b><span>Insult</span><span>Bob</span>" in told
    assert "Nearly the same" in told
    assert "&lt;b&gt;rude&lt;/b&gt;" in told
    assert "<script>alert" not in html(page)
    assert [button.key for button in page.button if (button.key or "").startswith("reveal_")] == [f"reveal_{two}"]
    page.button(key=f"near_open_{one}").click().run()
    assert page.session_state["q"] == f"#{one}"


def test_whoever_may_not_see_others_is_told_of_a_colleague(app, monkeypatch, world):
    *_, shown = world
    page = open_history(app, monkeypatch, shown, MODERATOR)
    page.toggle(key=f"near_{shown}").set_value(True).run()
    assert not page.exception
    assert "<span>A colleague</span>" in html(page)
    assert "Bob" not in html(page)


def test_what_waits_blind_has_no_such_switch(app, app_services, monkeypatch):
    (blind,) = fill_queue(app_services.sessions, [Waiting(HOSTILE, lane=Lane.AUDIT)])
    page = open_history(app, monkeypatch, blind)
    assert not page.exception
    assert not page.toggle


def test_the_card_is_told_who_decided_as_far_as_the_viewer_may_know(app_services, world):
    one, two, shown = world
    found = app_services.nearest.find(shown)

    def who(viewer):
        return {near["id"]: near["who"] for near in beside._found(found, viewer, Masking())["found"]}

    assert who(LEAD)[one] == {"kind": "colleague", "name": "Bob"}
    assert who(MODERATOR)[one] == {"kind": "colleague", "name": None}
    assert who(Person("Bob", frozenset({Role.MODERATOR})))[one] == {"kind": "you", "name": None}
    (first,) = [near for near in beside._found(found, MODERATOR, Masking())["found"] if near["id"] == one]
    assert (first["outcome"], first["labels"], first["note"], first["masked"]) == ("remove", [4], "<b>rude</b>", False)
    assert [near["masked"] for near in beside._found(found, MODERATOR, Masking())["found"] if near["id"] == two] == [
        True
    ]
    assert "Bob" not in json.dumps(beside._found(found, MODERATOR, Masking()))


def test_the_card_asks_only_about_what_it_was_shown_with_scores(app_services, world):
    *_, shown = world
    desk, nearest = Desk(person="Mo"), app_services.nearest
    assert beside.similar({shown: -1}, MODERATOR, desk, Masking()) == {}
    assert not nearest._asked, "not one of the comments that this desk has"
    nearest._known[shown] = nearest.find(shown)
    desk.models[shown] = 1
    assert beside.similar({shown: -1}, MODERATOR, desk, Masking())[str(shown)]["complete"]
    assert beside.similar({shown: nearest._front}, MODERATOR, desk, Masking()) == {}, "the browser has it already"
    nearest.stop()


@pytest.mark.parametrize(
    "sent", [None, 7, "x", [1], [[1]], [[True, 2]], [[1, "2"]], [[0, 1]], [[2**70, 1]], [[1, 2, 3]]]
)
def test_what_a_browser_says_it_has_can_be_anything(sent):
    assert pairs({"near": sent}, "near") == {}


def test_a_browser_that_knows_the_guidelines_is_not_told_them_again(app_services):
    in_force = app_services.guidelines.in_force(by=MODERATOR)
    told = beside.guidelines_json(in_force, None)
    assert [topic["topic"] for topic in told["topics"]][:2] == ["general", "toxic"]
    assert told["topics"][0]["blocks"][0] == ["heading", "How to decide"]
    assert beside.guidelines_json(in_force, told["stamp"]) is None
    assert beside.guidelines_json(in_force, "2.1.1.1.1.1.1") == told
