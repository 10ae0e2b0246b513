"""The Policy page: what it shows, what it saves, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import insert

from core.automatic import Beside
from core.domain import now
from core.labels import LABELS
from core.policies import today_number
from core.routing import DEFAULT_THRESHOLDS
from core.worker import ScoringWorker
from db.quality_models import DriftAlertRow
from tests.support.databases import on_both
from tests.support.ledger import seed
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


@on_both
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


@pytest.fixture
def world(app_services):
    """A site whose audit items are mostly decided."""
    return seed(app_services, comments=6_000, rates=(0.1, 0.2, 0.3, 0.3, 0.3))


def test_the_costs_are_shown_with_their_intervals(world, page):
    page.run()
    assert not page.exception
    assert metrics(page)["Comments a day"] == "429"
    assert float(metrics(page)["Missed a day"]) > 0
    assert float(metrics(page)["Reviewer hours a day"]) > 0
    assert "What these thresholds find, miss and cost" in shown(page)


def test_a_label_with_too_few_audits_says_so(world, page, app_services):
    page.run()
    costs = next(html.proto.body for html in page.get("html") if "What these thresholds find" in html.proto.body)
    threat = costs[costs.index("<td>Threat") :]
    assert threat.count("too few") >= 4


def test_a_goal_gives_thresholds_that_a_click_takes_over(world, page, app_services):
    page.run()
    page.number_input(key="goal_recall_toxic").set_value(0.9)
    page.button(key="find_thresholds").click().run()
    assert not page.exception
    assert "Every goal is met" in " ".join(success.value for success in page.success)
    page.button(key="use_thresholds").click().run()
    assert page.slider(key="threshold_toxic_1").value < 0.5
    assert page.slider(key="threshold_insult_1").value == 0.5
    assert app_services.policies.active().id == 1, "nothing is saved yet"


def test_hours_that_cannot_be_kept_say_what_is_feasible(world, page):
    page.run()
    page.number_input(key="goal_recall_toxic").set_value(0.95)
    page.number_input(key="goal_hours").set_value(0.1)
    page.button(key="find_thresholds").click().run()
    assert any("Recall of toxic ≥ 0.95 needs" in warning.value for warning in page.warning)


def test_proposed_rates_are_taken_over_and_can_be_saved(world, page, app_services):
    page.run()
    page.number_input(key="audit_budget_1").set_value(40)
    page.run()
    page.button(key="use_rates").click().run()
    page.text_input(key="reason_1").set_value("a budget")
    page.button(key="save").click().run()
    assert not page.exception
    rates = app_services.policies.active().audit_rates
    traffic = app_services.policies.traffic()
    assert traffic.audits_a_day(rates).sum() == pytest.approx(40, abs=1)


def test_the_preview_counts_and_never_shows_what_waits_blind(world, page, app_services):
    page.run()
    page.slider(key="threshold_toxic_1").set_value(0.3).run()
    page.toggle(key="preview").set_value(True).run()
    assert not page.exception
    draft = replace(app_services.policies.active(), thresholds=(0.3, *(0.5,) * 5))
    preview = app_services.planner.preview(draft)
    newly = (world.scores >= np.float32((0.3, *(0.5,) * 5))).any(1) & ~(world.scores >= np.float32(0.5)).any(1)
    recent = world.day > today_number() - 7
    assert preview.flagged.count == (newly & recent).sum() > 0
    assert preview.flagged.by_day.sum() == preview.flagged.count == preview.flagged.by_label[0]
    assert preview.let_through.count == 0
    assert f"<td>{preview.flagged.count:,}</td>" in shown(page)
    items = app_services.browse.items(preview.flagged.examples)
    waiting = {item.id for item in items if item.hidden}
    assert waiting <= set(world.ids[world.audit & ~world.decided].tolist())


def test_second_opinions_are_saved(app_services, page):
    page.run()
    page.number_input(key="second_rate_1").set_value(20.0).run()
    page.text_input(key="reason_1").set_value("more agreement")
    page.button(key="save").click().run()
    assert app_services.policies.active().second_rate == 0.2


def test_switching_removal_on_asks_first(app_services, page):
    page.run()
    page.number_input(key="auto_remove_threat_1").set_value(0.97).run()
    page.text_input(key="reason_1").set_value("raids at night")
    page.button(key="save").click().run()
    assert app_services.policies.active().auto_remove is None, "asked, not saved"
    assert any("statement of reasons" in markdown.value for markdown in page.markdown)
    assert page.button(key="switch_on").disabled
    page.checkbox(key="sure").check().run()
    page.button(key="switch_on").click().run()
    assert not page.exception
    policy = app_services.policies.active()
    assert policy.auto_remove == (None, None, None, 0.97, None, None)
    assert policy.reason == "raids at night"


def test_a_mark_below_the_review_threshold_is_refused(app_services, page):
    page.run()
    page.slider(key="threshold_toxic_1").set_value(0.95)
    page.number_input(key="auto_remove_toxic_1").set_value(0.9).run()
    page.text_input(key="reason_1").set_value("wrong")
    page.button(key="save").click().run()
    page.checkbox(key="sure").check().run()
    page.button(key="switch_on").click().run()
    assert "below its review threshold" in page.error[0].value
    assert app_services.policies.active().id == 1


def test_going_back_takes_one_click(app_services, page, ada):
    first = app_services.policies.active()
    app_services.policies.save((0.9,) * 6, first.audit_rates, by=ada, reason="a mistake")
    page.run()
    assert page.button(key="revert").label == "Go back to version 1"
    page.button(key="revert").click().run()
    policy = app_services.policies.active()
    assert (policy.id, policy.thresholds, policy.reason) == (3, first.thresholds, "Version 1 again")
    assert page.button(key="revert_saved").label == "Go back to version 2"


def test_going_back_to_a_version_that_removes_asks_as_well(app_services, page, ada):
    first = app_services.policies.active()
    on = Beside(auto_remove=(0.95, *(None,) * 5))
    app_services.policies.save((0.5,) * 6, first.audit_rates, by=ada, reason="on", beside=on)
    app_services.policies.save((0.5,) * 6, first.audit_rates, by=ada, reason="off", beside=Beside())
    page.run()
    page.button(key="revert").click().run()
    assert app_services.policies.active().auto_remove is None
    page.checkbox(key="sure").check().run()
    page.button(key="switch_on").click().run()
    assert app_services.policies.active().auto_remove == (0.95, *(None,) * 5)


def test_a_band_that_drifts_is_named_with_both_rates(app_services, page):
    values = {"kind": "band", "subject": "2", "day": 20_000, "value": 0.31, "limit": 0.2, "boost": 2.0}
    with app_services.sessions.begin() as session:
        session.execute(insert(DriftAlertRow).values(**values, raised_at=now(), cleared_at=None))
    page.run()
    warning = next(warning.value for warning in page.warning if "drift" in warning.value)
    assert "0.2 to 0.5" in warning
    assert "at 10.00% instead of 5.00%" in warning
