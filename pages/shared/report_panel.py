"""The parts of the report page: the period, the files, the preview."""

from datetime import date, timedelta
from functools import partial
from typing import Final

import streamlit as st

from core.accounts import Person
from core.domain import now
from core.errors import BadInput
from core.transparency import Period, Report, Span, recent
from core.transparency.files import as_file, file_name
from core.transparency.page import CSS, body_html
from pages.shared.links import page_link
from pages.shared.resources import services
from pages.shared.words import _, later

FREE: Final = later("Other days")
_SPANS: Final = {
    later("Month"): Span.MONTH,
    later("Quarter"): Span.QUARTER,
    later("Half-year"): Span.HALF,
    later("Year"): Span.YEAR,
}
_FILES: Final = (
    (
        ".html",
        "text/html",
        later("Download page"),
        ":material/article:",
        later("One HTML file: to read, to print, to publish"),
    ),
    (
        ".csv",
        "text/csv",
        later("Download CSV"),
        ":material/table:",
        later("One line a figure, with unit, population and 95 % limits"),
    ),
    (
        ".zip",
        "application/zip",
        later("Download all"),
        ":material/folder_zip:",
        later("Page, CSV, and one CSV a table"),
    ),
)


def choose_period(since: date) -> Period:
    """The days that are asked for; raises BadInput while they make no period."""
    today = now().date()
    kind, days = st.columns([3, 2], vertical_alignment="bottom")
    chosen = kind.segmented_control(
        _("Period"), [*_SPANS, FREE], default="Month", format_func=_, required=True, key="span", bind="query-params"
    )
    if chosen not in _SPANS:
        return _free(days, since, today)
    periods = recent(_SPANS[chosen], today, since)
    # the newest that is over: what is still running will change
    over = next((at for at, one in enumerate(periods) if one.last < today), 0)
    found = days.selectbox(
        _(chosen), periods, index=over, format_func=lambda one: _title(one, today), key=f"period_{chosen}"
    )
    return found or periods[over]


def draw_downloads(report: Report, person: Person) -> None:
    """A button a file. The file is made when it is asked for, by whoever may have it then."""

    def made(ending: str) -> bytes:
        return as_file(services().transparency.report(report.period, by=person), ending)

    with st.container(horizontal=True):
        for ending, mime, title, icon, words in _FILES:
            st.download_button(
                _(title),
                partial(made, ending),
                file_name=file_name(report, ending),
                mime=mime,
                key=f"report{ending}",
                icon=icon,
                help=_(words),
                on_click="ignore",
            )


def draw_preview(report: Report) -> None:
    """The report as the files have it."""
    st.html(f'<style>{CSS}</style><div class="m-rep">{body_html(report)}</div>')


def draw_empty() -> None:
    """What to do before any comment."""
    with st.container(border=True):
        st.subheader(_("Nothing to report yet"))
        st.write(_("A report counts comments and decisions of a period. First comments have to come in."))
        page_link("data.py", label=_("Import comments"), icon=":material/database:")


def _free(place: st.delta_generator.DeltaGenerator, since: date, today: date) -> Period:
    first = max(since, today - timedelta(29))
    days = place.date_input(_("First and last day (UTC)"), (first, today), format="YYYY-MM-DD", key="report_days")
    if not isinstance(days, tuple) or len(days) != 2:
        raise BadInput("Choose the last day too.")
    return Period(*days)


def _title(period: Period, today: date) -> str:
    return period.title if period.last < today else _("{title}, not over yet").format(title=period.title)
