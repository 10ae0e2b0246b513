"""The report page: a period is chosen, its figures are shown, files are offered."""

from datetime import date

from core.accounts import local_person
from core.transparency import Period
from tests.support.report_ledger import put_ledger


def open_page(app, **query):
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("report.py").run()
    assert not app.exception
    return app


def page_html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_before_any_comment_it_says_what_to_do(app):
    open_page(app)
    assert app.subheader[0].value == "Nothing to report yet"
    assert not app.get("download_button")


def test_figures_are_those_of_the_chosen_period(app, app_services):
    put_ledger(app_services, comments=60)
    open_page(app, span="Quarter")
    chosen = app.selectbox(key="period_Quarter")
    first = Period(date(2026, 1, 1), date(2026, 3, 31))
    chosen.set_value(first).run()
    report = app_services.transparency.report(first, by=local_person("Ada"))
    assert f"<dt>Decisions</dt><dd>{report.total.decisions:,}</dd>" in page_html(app)
    assert "2026-01-01 to 2026-03-31" in page_html(app)
    assert len(app.get("download_button")) == 3


def test_other_days_need_both_ends(app, app_services):
    put_ledger(app_services, comments=20)
    open_page(app, span="Other days")
    days = app.date_input(key="report_days")
    days.set_value((date(2026, 2, 1),)).run()
    assert "Choose the last day too." in page_html(app)
    app.date_input(key="report_days").set_value((date(2026, 2, 1), date(2026, 2, 9))).run()
    assert "2026-02-01 to 2026-02-09" in page_html(app)
