"""The agreement page shows the numbers of the second opinions, says "too few", and what to do while there are none."""

import re

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from core import agreement
from core.accounts import Person, Role
from core.labels import LABEL_TITLES
from core.metrics.second_opinions import human_errors, model_against_people, pulls
from core.settings import ROOT
from tests.support.databases import on_both
from tests.support.ledger import seed
from tests.support.opinions import add_opinions


def open_page(app, **query):
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("agreement.py").run()
    assert not app.exception
    return app


def page_html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def words(app) -> str:
    return "\n".join(element.value for kind in ("markdown", "caption", "info") for element in app.get(kind))


@pytest.fixture
def seeded(app, app_services):
    world = seed(app_services, comments=9_000, days=28, decided=1.0)
    add_opinions(app_services, world, mean=0.5, pull=0.5)
    return app


@on_both
def test_numbers_are_those_of_the_second_opinions(seeded, app_services):
    shown = page_html(open_page(seeded))
    pairs = app_services.agreement.drawn().pairs
    for label in agreement.by_label(pairs):
        assert label is None or f"<td>{label.alpha.value:.2f}<small>{label.alpha.low:.2f} – " in shown
    for error in human_errors(pairs):
        assert error is None or f"<td>{error.sensitivity.value:.1%}<small>" in shown
    drawn = app_services.agreement.drawn()
    for spread in agreement.spreads(drawn).labels:
        assert spread is None or f"<td>{spread.high.value:.2f}<small>{spread.high.low:.2f} – " in shown
    assert not any(name in shown + words(seeded) for name in drawn.people), "a league table names people"
    assert seeded.metric[0].value == f"{len(pairs):,}"
    found = [one for one in model_against_people(pairs) if one]
    assert found
    assert all(f"({one.model.value:.2%} against {one.people.value:.2%}" in words(seeded) for one in found)


def test_all_traffic_takes_audit_items_alone(seeded, app_services):
    shown = page_html(open_page(seeded, of="All traffic"))
    pairs = app_services.agreement.drawn().pairs
    toxic = human_errors(pairs, of_traffic=True)[0]
    assert toxic.sensitivity.value != human_errors(pairs)[0].sensitivity.value
    assert f"<td>{toxic.pairs:,}</td>" in shown
    assert f"<td>{toxic.sensitivity.value:.1%}<small>" in shown


def test_the_pull_is_said_for_the_labels_that_have_one(seeded, app_services):
    open_page(seeded)
    found = [one for one in pulls(app_services.agreement.drawn().pairs) if one]
    strong = [LABEL_TITLES[one.label] for one in found if one.more_kept.low > 0]
    assert strong
    assert f"Shown scores pull decisions on {', '.join(strong)}." in words(seeded)


def test_too_few_is_said_and_no_number_is_shown(app, app_services):
    world = seed(app_services, comments=300, days=2, decided=1.0)
    add_opinions(app_services, world, mean=0.1)
    shown = page_html(open_page(app))
    threat = re.findall(r"<th>Threat</th>.*?</tr>", shown)
    assert threat
    assert "too few" in threat[0]
    assert "<small>" not in threat[0]
    assert "Fewer than 3 pairs of people have 30 comments in common yet" in words(app)


def test_empty_says_what_to_do(app):
    open_page(app)
    assert "begins when two people have decided something" in words(app)
    assert not page_html(app).count("<table")


def test_only_analysts_see_it(app, monkeypatch):
    moderator = Person("Mo", frozenset({Role.MODERATOR}))
    monkeypatch.setattr("pages.shared.access.current_person", lambda: moderator)
    app.run()
    with pytest.raises(ValueError, match="navigation page"):  # it is not among this person's pages
        app.switch_page("agreement.py")
    page = AppTest.from_file(str(ROOT / "pages" / "agreement.py"), default_timeout=30).run()  # and asks by itself
    assert "analyst" in page.error[0].value
    assert not page.metric


def test_a_lead_withdraws_what_waits(app, app_services):
    world = seed(app_services, comments=3_000, days=5, decided=1.0)
    add_opinions(app_services, world, mean=0.2)
    app.run()  # the queue, which takes what waits
    with app_services.sessions.begin() as session:
        session.execute(text("UPDATE routing SET state = 'open', lane = 'second' WHERE comment_id <= 3"))
    app.switch_page("agreement.py").run()
    app.button(key="withdraw_second").click().run()
    assert not app.exception
    assert "3 comments are settled" in app.success[0].value
    assert app_services.second_opinions.waiting().second == 0
