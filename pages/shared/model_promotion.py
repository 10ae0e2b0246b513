"""Promotion from the Models page: compare anew, show what the gate says, confirm."""

from typing import Any

import streamlit as st

from core.accounts import Action, Person
from core.domain import ModelVersion
from core.errors import ModeratoError
from core.gate import GateReport
from pages.shared import gate_view
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.words import _, said
from training.compare import run_gate

_REPORT = "promotion_report"


def button(version: ModelVersion, person: Person, place: Any) -> None:
    """The button that opens the dialog; for those who may promote."""
    if not person.may(Action.MANAGE_MODELS):
        return
    key = f"promote_{version.id}"
    if place.button(_("Promote…"), key=key, icon=":material/rocket_launch:", width="stretch"):
        keep(_REPORT, None)
        _dialog(version.name)


@st.dialog(_("Promote a model"), width="large")
def _dialog(name: str) -> None:
    report = _compared(name)
    if report is None:
        return
    st.write(
        _("`{name}` would take the place of `{live}`.").format(name=name, live=report.live)
        if report.live
        else _("`{name}` would be the first.").format(name=name)
    )
    gate_view.draw_verdict(report)
    gate_view.draw_guardrails(report)
    gate_view.draw_figures(report)
    gate_view.draw_notes(report)
    gate_view.download(report, "gate_file")
    reason = st.text_input(_("Reason"), key="promote_reason", max_chars=500, help=_("Kept with the promotion."))
    override = False
    if not report.passed:
        override = st.checkbox(_("Promote against the gate; the reason is kept"), key="promote_override")
    blocked = not report.passed and not (override and reason.strip())
    if st.button(_("Make it live"), type="primary", key="promote_confirm", disabled=blocked):
        _promote(name, report, reason, override)


def _compared(name: str) -> GateReport | None:
    """The comparison, made and kept once each time that the dialog opens."""
    person = require(Action.MANAGE_MODELS)
    known = kept(_REPORT)
    if isinstance(known, GateReport) and known.challenger == name:
        return known
    with st.spinner(_("Scoring what both are compared on…")):
        try:
            report, _comparisons = run_gate(services(), name, by=person)
        except ModeratoError as error:
            notice(said(error))
            return None
    keep(_REPORT, report)
    return report


def _promote(name: str, report: GateReport, reason: str, override: bool) -> None:
    person = require(Action.MANAGE_MODELS)
    try:
        services().registry.promote(name, by=person, report=report, reason=reason, override=override)
    except ModeratoError as error:
        notice(said(error))
        return
    keep("models_message", (_("{name} is live. Workers take it up within seconds.").format(name=name), "success"))
    st.rerun()
