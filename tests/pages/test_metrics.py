"""The metrics page shows the service's numbers, says "too few", and what to do while there are none."""

import re

import pytest

from core.labels import LABELS
from core.metrics.service import Days, View
from tests.support.ledger import seed, today

EVER = Days(today() - 29, today())


def open_page(app, **query):
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("metrics.py").run()
    assert not app.exception
    return app


def page_html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def words(app) -> str:
    return "\n".join(element.value for kind in ("markdown", "caption", "info") for element in app.get(kind))


def test_numbers_are_the_services(app, app_services):
    world = seed(app_services, comments=6_000, days=5)
    shown = page_html(open_page(app))
    for view in View:
        overview = app_services.metrics.overview(world.model_id, EVER, view)
        for report in overview.labels:
            if report.ranking.auc:
                assert f"{report.ranking.auc.value:.3f}<small>" in shown
                assert f"{report.at.recall.value:.3f}<small>" in shown
        assert f"<td>{overview.labels[0].positives:,}</td>" in shown
        confusion = overview.labels[0].at.confusion
        assert f"{round(confusion.true_positives):,}</b>" in shown
        assert f"{overview.decided:,}" in words(app)


def test_the_slider_moves_the_matrix(app, app_services):
    world = seed(app_services, comments=6_000, days=5)
    open_page(app)
    app.slider(key="threshold_toxic").set_value(0.2).run()
    at = app_services.metrics.overview(world.model_id, EVER, View.TRAFFIC, thresholds=[0.2] * 6).labels[0].at
    assert f"{round(at.confusion.true_positives):,}</b>" in page_html(app)
    assert f"{at.precision.value:.3f}" in page_html(app)


def test_labels_and_days_are_chosen(app, app_services):
    world = seed(app_services, comments=6_000, days=5)
    open_page(app)
    app.pills(key="label").set_value("insult").run()
    assert app.slider(key="threshold_insult")
    app.segmented_control(key="days").set_value("1 day").run()
    decided = app_services.metrics.overview(world.model_id, Days(today(), today()), View.REVIEWED).decided
    assert f"counts the {decided:,} comments" in words(app)


def test_too_few_is_said_and_no_number_is_shown(app, app_services):
    seed(app_services, comments=400, days=2)
    shown = page_html(open_page(app))
    assert "too few" in shown
    assert "Too few decided audit items" in words(app)
    threat = re.search(r"<th rowspan=\"2\">Threat</th>.*?</tr>", shown).group()
    assert "too few" in threat
    assert "<small>" not in threat


def test_pending_audits_are_said(app, app_services):
    seed(app_services, comments=3_000, days=2, decided=0.7)
    pending = app_services.metrics.pending_audits(EVER)
    open_page(app)
    assert f"{pending:,} audit items of these days wait" in words(app)


def test_empty_says_what_to_do(app):
    open_page(app)
    assert "First comments have to come in" in words(app)
    assert not app.get("plotly_chart")


def test_nothing_decided_says_what_to_do(app, app_services):
    seed(app_services, comments=300, days=2, decided=0.0)
    open_page(app)
    assert "Decide some in the queue" in words(app)
    assert app.metric[0].value == "0"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_light(app, app_services, theme):
    seed(app_services, comments=20_000, days=20)
    app.run()
    app.context = {"theme": theme}
    app.switch_page("metrics.py").run()
    figures = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert len(figures) == 8
    assert sum(map(len, figures)) + len(page_html(app)) < 1_000_000
    colour = {"light": "#1D4ED8", "dark": "#60A5FA"}[theme]
    assert colour in figures[0]


def test_all_labels_have_a_row(app, app_services):
    seed(app_services, comments=2_000, days=5)
    assert page_html(open_page(app)).count('<th rowspan="2">') == len(LABELS)
