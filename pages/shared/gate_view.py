"""A gate report on the page: what it says, the guardrails, every figure, and the report as a file."""

from datetime import datetime

import streamlit as st

from core.domain import now
from core.gate import GateReport, tables
from core.gate.page import report_html
from pages.shared.notice import notice
from pages.shared.words import _, later

_STYLE = f"<style>{tables.CSS}</style>"

_TABS = {
    "audit": later("Audit sample"),
    "golden": later("Golden items"),
    "test": later("Frozen test part of the base data"),
}


def draw_verdict(report: GateReport) -> None:
    """Whether it passes, and why not."""
    if report.passed:
        notice(_("The gate lets it pass: nothing that can refuse is worse beyond its interval."), "success")
    for reason in report.reasons:
        notice(_("The gate refuses it: {reason}").format(reason=reason), "warning")


def draw_guardrails(report: GateReport) -> None:
    """A row a guardrail; nothing in reports from before there were any."""
    if report.guardrails:
        st.html(_STYLE + tables.guardrails(report.guardrails))


def draw_figures(report: GateReport) -> None:
    """Every figure: a tab a set, and one for the identity templates. Nothing where nothing was compared."""
    names = [_tab(one.name) for one in report.sets] + ([_("Identity templates")] if report.bias else [])
    if not names:
        return
    for tab, name in zip(st.tabs(names), names, strict=True):
        one = next((found for found in report.sets if _tab(found.name) == name), None)
        made = tables.set_tables(one) if one else tables.bias_tables(report.bias) if report.bias else []
        tab.html(_STYLE + "".join(made))
    if pooled := tables.pooled_table(report):
        st.html(_STYLE + pooled)


def draw_notes(report: GateReport) -> None:
    """What could not be compared."""
    for note in report.notes:
        notice(note, "info")


def download(report: GateReport, key: str, *, made_at: datetime | None = None, person: str = "") -> None:
    """A button that hands out the report as one HTML file."""
    at = made_at or now()
    st.download_button(
        _("Download the report"),
        report_html(report, at, person),
        file_name=f"gate-{report.challenger}-{at:%Y%m%d-%H%M}.html",
        mime="text/html",
        key=key,
        icon=":material/download:",
        on_click="ignore",
        help=_("One HTML file with every figure: to keep, to print, or to hand on."),
    )


def _tab(name: str) -> str:
    return _(_TABS[name]) if name in _TABS else name[0].upper() + name[1:]
