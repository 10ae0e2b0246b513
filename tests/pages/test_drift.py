"""The drift page and the alert bar, without a browser."""

import pytest

from core.domain import now
from core.drift.judge import Kind
from core.labels import LABELS
from db.stores.drift import DriftStore, NewAlert
from tests.support.databases import on_both
from tests.support.scoring import make_live
from tests.support.traffic import Site, put_days

TODAY = int(now().timestamp()) // 86_400


def texts(app) -> str:
    kinds = ("markdown", "caption", "subheader", "success", "info", "warning", "error")
    said = [str(element.value) for kind in kinds for element in app.get(kind)]
    return " ".join([*said, *(element.proto.body for element in app.get("html"))])


@pytest.fixture
def model_id(app_services):
    app_services.policies.active()
    model_id, site = make_live(app_services.sessions), Site(5)
    put_days(app_services.sessions, site, {TODAY - k: site.scores(400) for k in range(1, 41)}, model_id)
    return model_id


def raise_one(services, model_id, kind=Kind.SCORES, subject="threat"):
    new = NewAlert(kind.value, subject, model_id, TODAY, 0.31, 0.2, 2.5)
    with services.sessions.begin() as session:
        DriftStore(session).raise_alert(new, at=now())


def open_page(app, name="drift.py"):
    app.run()
    app.switch_page(name).run()
    assert not app.exception
    return app


def test_an_empty_site_says_what_to_do(app):
    assert "First comments have to come in" in texts(open_page(app))


@on_both
def test_quiet_days_say_so_with_every_chart(app, model_id):
    shown = texts(open_page(app))
    assert "No limit is passed" in shown
    assert len(app.get("bidi_component")) >= 2 * len(LABELS) + 3
    assert "11,200 comments" in shown  # 28 days of 400


@pytest.mark.parametrize("kind", list(Kind))
def test_each_alert_says_what_to_do(app, app_services, model_id, kind):
    subject = {Kind.VOLUME: "", Kind.NEW_WORDS: "", Kind.BAND: "3"}.get(kind, LABELS[3])
    raise_one(app_services, model_id, kind, subject)
    shown = texts(open_page(app))
    assert "Since" in shown
    assert "No limit is passed" not in shown


def test_alerts_of_a_kind_are_told_together_with_one_advice(app, app_services, model_id):
    for label in LABELS:
        raise_one(app_services, model_id, Kind.FLAGS, label)
    raise_one(app_services, model_id, Kind.SHIFT, LABELS[0])
    shown = texts(open_page(app))
    assert shown.count(" is flagged in ") == len(LABELS)
    assert shown.count("More flags mean more hours") == 1
    assert shown.count("moved up by") == 1


@pytest.mark.parametrize("page", ["metrics.py", "policy.py"])
def test_the_bar_is_one_line_on_pages_that_drift_bends(app, app_services, model_id, page):
    assert "Drift" not in texts(open_page(app, page))
    raise_one(app_services, model_id)
    assert "scores of Threat" in texts(open_page(app, page))


def test_an_analyst_fixes_the_reference(app, app_services, model_id):
    open_page(app)
    app.radio(key="reference_how").set_value("Fixed days")
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.exception
    assert app_services.drift.reference()[1] == "Ada"
    assert "fixed by Ada" in texts(app)


def test_a_name_is_never_read_as_markdown(app, app_services, model_id):
    name = "![x](http://evil.test/x.png) <b>B</b> :red[hot]"
    with app_services.sessions.begin() as session:
        DriftStore(session).set_reference((TODAY - 30, TODAY - 10), by=name, at=now())
    shown = texts(open_page(app))
    assert "&lt;b&gt;B&lt;/b&gt;" in shown
    assert not any("evil.test" in str(e.value) for kind in ("markdown", "caption") for e in app.get(kind))
