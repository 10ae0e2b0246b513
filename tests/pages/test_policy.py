"""The Policy page: what it shows, what it saves, and what it refuses."""

import pytest

from core.labels import LABELS
from core.routing import DEFAULT_THRESHOLDS
from core.worker import ScoringWorker
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live

PAGE = "policy.py"


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page(PAGE)


@pytest.fixture
def scored(app_services):
    """A hundred comments, a tenth of them bad, scored."""
    make_live(app_services.sessions)
    add_comments(app_services.sessions, ["0.9 bad"] * 10 + ["0.01 good"] * 90)
    models = FakeModels(app_services.sessions, FakeScorer())
    worker = ScoringWorker(app_services.sessions, app_services.settings, models, "w")
    while worker.score_waiting():
        pass


def metrics(page):
    return {metric.label: metric.value for metric in page.metric}


def shown(page):
    return " ".join(html.proto.body for html in page.get("html"))


def test_it_opens_on_an_empty_database_with_the_default_policy(page):
    page.run()
    assert not page.exception
    assert [page.slider(key=f"threshold_{label}_1").value for label in LABELS] == list(DEFAULT_THRESHOLDS)
    assert page.button(key="save").disabled


def test_a_slider_tells_what_it_would_flag(scored, page):
    page.run()
    assert metrics(page)["Comments a day"] == "100"
    assert metrics(page)["Flagged a day"] == "10"
    for label in LABELS:
        page.slider(key=f"threshold_{label}_1").set_value(0.95)
    page.run()
    assert metrics(page)["Flagged a day"] == "0"
    assert not page.exception


def test_saving_makes_a_new_version(app_services, page):
    page.run()
    page.slider(key="threshold_threat_1").set_value(0.2)
    page.number_input(key="rate_0_1").set_value(2.0)
    page.run()
    page.text_input(key="reason_1").set_value("fewer threats")
    page.button(key="save").click().run()
    assert not page.exception
    policy = app_services.policies.active()
    assert (policy.id, policy.created_by, policy.reason) == (2, "Ada", "fewer threats")
    assert policy.thresholds == (0.25, 0.1, 0.25, 0.2, 0.25, 0.1)
    assert policy.audit_rates[0] == 0.02
    assert [version.id for version in app_services.policies.list_policies()] == [2, 1]
    assert "Version 2 holds now" in page.success[0].value
    assert page.slider(key="threshold_threat_2").value == 0.2


def test_a_version_needs_a_reason(app_services, page):
    page.run()
    page.slider(key="threshold_threat_1").set_value(0.2).run()
    page.button(key="save").click().run()
    assert "Say why" in page.error[0].value
    assert app_services.policies.active().id == 1


def test_use_again_saves_the_old_numbers_as_a_new_version(app_services, page, ada):
    first = app_services.policies.active()
    app_services.policies.save((0.9,) * 6, first.audit_rates, by=ada, reason="a mistake")
    page.run()
    page.button(key="use_again_1").click().run()
    policy = app_services.policies.active()
    assert (policy.id, policy.thresholds, policy.reason) == (3, first.thresholds, "Version 1 again")
    assert len(app_services.policies.list_policies()) == 3


def test_a_reason_is_shown_as_it_is(app_services, page, ada):
    first = app_services.policies.active()
    reason = "<img src=x onerror=alert(1)> ![a](http://evil.test/x.png) $x$ \u202eabc"
    app_services.policies.save((0.9,) * 6, first.audit_rates, by=ada, reason=reason)
    page.run()
    assert "&lt;img src=x" in shown(page)
    assert "<img" not in shown(page)
    assert "\u202e" not in shown(page)
    assert all("evil.test" not in markdown.value for markdown in page.markdown)


def test_a_stored_threshold_beyond_the_slider_is_kept(app_services, page, ada):
    first = app_services.policies.active()
    app_services.policies.save((0.995,) * 6, first.audit_rates, by=ada, reason="high")
    page.run()
    assert page.button(key="save").disabled, "opening the page changes nothing"


def test_the_banner_says_that_nobody_scores(app_services, page):
    add_comments(app_services.sessions, ["a", "b"])
    page.run()
    assert "No worker is running, so 2 comments wait unscored" in page.warning[0].value
