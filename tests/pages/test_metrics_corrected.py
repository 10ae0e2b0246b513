"""The switch that takes people's own errors off: its numbers are the services', and it says why where it has none."""

import re

import pytest
from sqlalchemy import text

from core.agreement import ErrorFree
from core.labels import LABEL_TITLES, LABELS
from core.metrics.estimate import edges_of
from core.metrics.human_error import corrected, unadjudicated
from core.metrics.second_opinions import human_errors
from core.metrics.service import Days, View
from pages.shared.metrics_corrected import table
from pages.shared.metrics_tables import estimate
from tests.pages.test_metrics import open_page, page_html, words
from tests.support.databases import on_both
from tests.support.ledger import seed, today, write_decisions
from tests.support.opinions import add_opinions

EVER = Days(today() - 29, today())


def rows(app) -> dict[str, str]:
    """The corrected row of each label."""
    shown = page_html(app)
    found = re.findall(
        r'<th rowspan="2">([^<]+)</th><td class="m-view">As people say.*?Corrected</td>(.*?)</tr>', shown
    )
    return dict(found)


@pytest.fixture
def switched_on(app):
    def open_it():
        open_page(app)
        app.toggle(key="human_error").set_value(True).run()
        assert not app.exception
        return app

    return open_it


def test_off_it_shows_and_reads_nothing(app, app_services, monkeypatch):
    add_opinions(app_services, seed(app_services, comments=4_000, days=5), mean=0.3)
    monkeypatch.setattr("core.agreement.AgreementReports.drawn", None)
    open_page(app)
    assert app.toggle(key="human_error").value is False
    assert not rows(app)


@on_both
def test_on_it_shows_each_labels_corrected_numbers(switched_on, app_services):
    world = seed(app_services, comments=20_000, days=10)
    add_opinions(app_services, world, mean=0.3)
    app = switched_on()
    traffic = app_services.metrics.overview(world.model_id, EVER, View.TRAFFIC)
    pairs = app_services.agreement.drawn(world.model_id).pairs
    errors = human_errors(pairs, of_traffic=True)
    moved = unadjudicated(traffic.sample, pairs, EVER.first, EVER.last)
    edges = edges_of([one.at.threshold for one in traffic.labels])
    assert moved.any()
    found = corrected(traffic.sample, edges, [one and one.error for one in errors], moved)
    shown = rows(app)
    assert list(shown) == list(LABEL_TITLES.values())
    for label, error, one in zip(LABELS, errors, found, strict=True):
        row = shown[LABEL_TITLES[label]]
        if error is None or one is None:
            assert 'colspan="6"' in row
            continue
        for number in (error.sensitivity, one.prevalence, one.precision):
            assert f"<td>{estimate(number)}</td>" in row
    toxic = found[0].prevalence
    assert toxic.low <= world.truth[:, 0].mean() <= toxic.high


def test_on_without_second_opinions_it_says_how_they_come(switched_on, app_services):
    seed(app_services, comments=2_000, days=5)
    app = switched_on()
    assert "too few second opinions on audit items" in words(app)
    assert not rows(app)


def test_it_follows_decisions_and_undos_of_others(switched_on, app_services):
    """Somebody takes adjudications back in another browser while the switch is on."""
    world = seed(app_services, comments=8_000, days=5)
    add_opinions(app_services, world, mean=0.3)
    app = switched_on()
    before = rows(app)
    with app_services.sessions.read() as session:
        judged = session.execute(text("SELECT id, comment_id FROM decision WHERE lane = 'adjudication'")).all()
        last = session.scalar(text("SELECT max(id) FROM decision"))
    undos = [
        {"id": last + 1 + at, "comment_id": comment, "labels": 0, "outcome": "approve", "revokes": id_}
        for at, (id_, comment) in enumerate(judged)
    ]
    write_decisions(app_services, undos)
    app.run()
    assert not app.exception
    assert rows(app) != before  # without a third voice nobody knows who was right
    assert "too few second opinions" in words(app) + page_html(app)


def test_why_there_is_no_number_is_said(app_services):
    world = seed(app_services, comments=8_000, days=5)
    add_opinions(app_services, world, mean=0.3)
    traffic = app_services.metrics.overview(world.model_id, EVER, View.TRAFFIC)
    error = next(filter(None, human_errors(app_services.agreement.drawn().pairs, of_traffic=True)))
    shown = table(traffic, ErrorFree((error, *[None] * 5), (None,) * 6))
    assert shown.count("too few second opinions on this label") == 5
    assert shown.count("by error alone") == 1
