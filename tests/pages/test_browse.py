"""The Browse page: who may, what it finds, and what it hides."""

import json

import pytest

from core.automatic import Beside
from core.domain import NewComment
from core.history import Standing
from core.worker import ScoringWorker
from tests.core.test_browse import World
from tests.support.databases import on_both
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live

HOSTILE = "<script>alert(1)</script> ![x](http://evil.test/a.png) \u202eabc"


@pytest.fixture
def world(app_services) -> World:
    return World(app_services)


def open_page(app):
    app.run()
    return app.switch_page("browse.py").run()


def rows(at):
    """What the list shows; the component that runs before it remembers the name."""
    lists = [element.proto for element in at.get("bidi_component") if element.proto.component_name == "comment_list"]
    return json.loads(lists[0].json)["rows"] if lists else []


def texts(at):
    return [row["text"] for row in rows(at)]


def test_a_stranger_sees_nothing(stranger):
    stranger.run()
    at = stranger.switch_page("browse.py").run()
    assert not rows(at)
    assert at.text_input(key="name")


def test_an_empty_database_says_what_to_do(app):
    at = open_page(app)
    assert not at.exception
    assert "Import a file" in at.markdown[-1].value


@on_both
def test_text_and_state_filter(app, world):
    world.services.intake.add([NewComment("good dog", "t", "1"), NewComment("bad cat", "t", "2")])
    world.services.search_index.catch_up()
    at = open_page(app)
    assert texts(at) == ["bad cat", "good dog"]
    assert [row["state"] for row in rows(at)] == ["Not scored", "Not scored"]
    at.text_input(key="q").set_value("dog").run()
    assert texts(at) == ["good dog"]
    at.selectbox(key="state").set_value("Allowed").run()
    assert not rows(at)
    assert not at.exception


def test_pages_go_older_and_newer(app, world):
    world.services.intake.add([NewComment(f"c{i}", "t", str(i)) for i in range(60)])
    at = open_page(app)
    assert "60 comments" in [text.value for text in at.text]
    assert texts(at)[0] == "c59"
    at.button(key="go_older").click().run()
    assert texts(at) == [f"c{i}" for i in range(9, -1, -1)]
    assert at.button(key="go_older").disabled
    at.button(key="go_newer").click().run()
    assert texts(at)[0] == "c59"


def test_a_number_opens_the_history(app, world):
    world.comment(5, HOSTILE)
    world.score(5, 0.9)
    world.route(5, "settled", "flagged")
    world.decide(5, 0b1)
    at = open_page(app)
    at.text_input(key="q").set_value("#5").run()
    drawn = "".join(element.proto.body for element in at.get("html"))
    assert "&lt;script&gt;" in drawn
    assert "<script" not in drawn
    assert "U+202E" in drawn
    assert "Removed: Toxic" in drawn
    assert "a note" in drawn
    at.text_input(key="q").set_value("#6").run()
    assert "no comment 6" in at.error[0].value


def test_open_audit_items_hide_scores(app, world):
    world.comment(5, "text")
    world.score(5, 0.987)
    world.route(5, "open", "audit", audit=True)
    at = open_page(app)
    assert rows(at)[0]["facts"][0] == "scores hidden until decided"
    assert "0.9" not in json.dumps(rows(at))
    at.text_input(key="q").set_value("#5").run()
    assert "hidden until it is decided" in at.info[0].value
    assert len(at.dataframe) == 0


def test_comment_text_never_reaches_markdown(app, world):
    world.comment(5, HOSTILE)
    at = open_page(app)
    at.text_input(key="q").set_value("#5").run()
    words = [element.value for kind in ("markdown", "caption", "info", "error") for element in getattr(at, kind)]
    assert not any("evil.test" in word for word in words)


def test_severe_text_is_masked_in_the_list_and_in_the_history(app, world):
    world.comment(5, "dreadful words")
    world.score(5, 0.9, severe=0.8)
    at = open_page(app)
    assert rows(at)[0]["masked"]
    assert "dreadful" not in json.dumps(rows(at))
    at.text_input(key="q").set_value("#5").run()
    drawn = "".join(element.proto.body for element in at.get("html"))
    assert "dreadful" not in drawn
    at.button(key="reveal_5").click().run()
    assert "dreadful" in "".join(element.proto.body for element in at.get("html"))


def test_what_the_policy_removed_can_be_sent_to_review(app, app_services, ada):
    beside = Beside(auto_remove=(0.95,) * 6, auto_audit_rate=0.01)
    app_services.policies.save((0.5,) * 6, (0.001,) * 5, by=ada, reason="a test", beside=beside)
    make_live(app_services.sessions)
    (bad,) = add_comments(app_services.sessions, ["0.96 bad"])
    models = FakeModels(app_services.sessions, FakeScorer())
    ScoringWorker(app_services.sessions, app_services.settings, models, "w").score_waiting()
    app.run()
    page = app.switch_page("browse.py").run()
    page.text_input(key="q").set_value(f"#{bad}").run()
    assert any("removed this without review" in info.value for info in page.info)
    page.button(key=f"send_to_review_{bad}").click().run()
    assert not page.exception
    assert app_services.browse.history(bad).comment.standing is Standing.ESCALATED
    assert not any("removed this without review" in info.value for info in page.info)
