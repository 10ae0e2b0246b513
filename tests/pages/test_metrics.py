"""The metrics page shows the service's numbers, says "too few", and what to do while there are none."""

import json
import re

from core.labels import LABELS
from core.metrics.service import Days, View
from tests.support.databases import on_both
from tests.support.ledger import model_row, seed, today, write_scores

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


def charts(app) -> list[dict]:
    drawn = (element.proto for element in app.get("bidi_component"))
    return [json.loads(proto.json) for proto in drawn if proto.component_name == "chart"]


def words(app) -> str:
    return "\n".join(element.value for kind in ("markdown", "caption", "info") for element in app.get(kind))


@on_both
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
    assert "Import a file, or let your site send them" in words(app)
    assert not charts(app)


def test_nothing_decided_says_what_to_do(app, app_services):
    seed(app_services, comments=300, days=2, decided=0.0)
    open_page(app)
    assert "Decide some in the queue" in words(app)
    assert app.metric[0].value == "0"


def test_the_page_is_light(app, app_services):
    seed(app_services, comments=20_000, days=20)
    drawn = charts(open_page(app))
    assert len(drawn) == 8
    sent = sum(len(element.proto.SerializeToString()) for element in app.get("bidi_component")) + len(page_html(app))
    assert sent < 250_000
    for chart in drawn:
        assert len(chart["chart"]["x"]) <= 400
        assert all(len(series["y"]) == len(chart["chart"]["x"]) for series in chart["chart"]["series"])


def test_curves_are_those_of_the_chosen_label(app, app_services):
    seed(app_services, comments=6_000, days=5)
    open_page(app)
    app.pills(key="label").set_value("insult").run()
    keys = [chart["key"] for chart in charts(app)]
    assert keys[:2] == ["roc_reviewed", "roc_traffic"]
    assert "pr_insult_traffic" in keys
    assert "calibration_insult_reviewed" in keys


def test_each_label_says_what_its_two_rows_mean(app, app_services):
    world = seed(app_services, comments=6_000, days=5)
    shown = page_html(open_page(app))
    at = [app_services.metrics.overview(world.model_id, EVER, view).labels[0].at.recall for view in View]
    words = f"As reviewed the recall looks like {at[0].value:.2f}; of all traffic it is {at[1].value:.2f}"
    assert f"<b>Toxic.</b> {words}" in shown
    assert shown.count("<b>Identity hate.</b> ") == 1
    assert "Calibration error" in shown


def test_all_labels_have_a_row(app, app_services):
    seed(app_services, comments=2_000, days=5)
    assert page_html(open_page(app)).count('<th rowspan="2">') == len(LABELS)


def test_the_address_chooses_label_and_model(app, app_services):
    world = seed(app_services, comments=2_000, days=5)
    write_scores(app_services, model_row(app_services, "another"), world.ids, world.scores)
    open_page(app, label="threat", model="another (live)")  # a link from before it was replaced
    assert app.pills(key="label").value == "threat"
    assert app.selectbox(key="model").value == "another"
    assert not app.warning
    app.pills(key="label").set_value("insult").run()
    assert app.pills(key="label").value == "insult"


def test_the_address_takes_the_words_shown_too_and_no_others(app, app_services):
    seed(app_services, comments=2_000, days=5)
    open_page(app, label="Identity hate", model="nobody")
    assert app.pills(key="label").value == "identity_hate"
    assert app.selectbox(key="model").value == "made-up"
    open_page(app, label="__class__")
    assert app.pills(key="label").value in LABELS


def test_a_policy_beyond_the_sliders_end_is_what_is_measured(app, app_services):
    world = seed(app_services, comments=12_000, days=5, threshold=0.999, all_reviewed=True)
    open_page(app)
    at = app_services.metrics.overview(world.model_id, EVER, View.REVIEWED, thresholds=[0.999] * 6).labels[0].at
    assert "the policy's is 0.999" in app.slider(key="threshold_toxic").label
    assert f"{round(at.confusion.false_negatives):,}</b><small>missed" in page_html(app)
    app.slider(key="threshold_toxic").set_value(0.98).run()
    at = app_services.metrics.overview(world.model_id, EVER, View.REVIEWED, thresholds=[0.98] * 6).labels[0].at
    assert f"{round(at.confusion.false_negatives):,}</b><small>missed" in page_html(app)
