"""The Models page's list of everything that the gate ever said."""

import streamlit as st

from core.errors import ModeratoError
from core.gate_reports import GateRun
from pages.shared import gate_view
from pages.shared.comment import plain
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _, said


def draw() -> None:
    """Former reports: a list to choose from, the chosen one with its figures and as a file."""
    runs = services().gate_reports.list_runs()
    if not runs:
        return
    st.header(_("Gate reports"), anchor=False)
    st.caption(_("Every comparison that was made, whether it passed or not."))
    titles = {run.id: _title(run) for run in runs}
    chosen = st.selectbox(
        _("Report"), list(titles), format_func=lambda key: titles.get(key, str(key)), index=None, key="gate_report",
        placeholder=_("Choose one of {runs}").format(runs=len(runs)),
    )  # fmt: skip
    if chosen is not None:
        _draw_one(chosen)


def _draw_one(report_id: int) -> None:
    try:
        run, report = services().gate_reports.require(report_id)
    except ModeratoError as error:
        notice(said(error))
        return
    with st.container(border=True):
        gate_view.draw_verdict(report)
        gate_view.draw_guardrails(report)
        gate_view.draw_figures(report)
        gate_view.draw_notes(report)
        gate_view.download(report, f"gate_file_{run.id}", made_at=run.made_at, person=run.person)


def _title(run: GateRun) -> str:
    verdict = _("passed") if run.passed else _("refused")
    against = run.live or _("no model")
    return _("{made_at:%Y-%m-%d %H:%M} UTC · {challenger} against {against} · {verdict} · {person}").format(
        made_at=run.made_at, challenger=run.challenger, against=against, verdict=verdict, person=plain(run.person, 60)
    )
