"""The Models page's cards: the live model, its challengers, what was live before."""

from html import escape
from typing import Any

import streamlit as st

from core.accounts import Action, Person
from core.domain import ModelVersion, Promotion, Stage
from core.errors import ModeratoError
from core.gate import SET_TITLES, GateReport
from pages.shared import gate_view, model_facts, model_promotion
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.figures import comparison_table, metrics_table
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.titles import STAGES
from pages.shared.words import _, said, written

_SHOWN = 5
"""Challengers with a card of their own; older ones are listed under it."""
_MESSAGE = "models_message"


def draw_message() -> None:
    """What the last action said, once."""
    if message := kept(_MESSAGE):
        notice(message[0], message[1])
        keep(_MESSAGE, None)


def draw_live(live: ModelVersion, history: list[Promotion]) -> None:
    """The live model: what it is, since when, and how good."""
    with st.container(border=True):
        title, action = st.columns([3, 1], vertical_alignment="center")
        went_live = next((p for p in history if p.model == live.name), None)
        title.subheader(f":green[:material/check_circle:] `{live.name}`", anchor=False)
        title.html(_small(f"{_('Live.')} {_origin(live)}{_since(went_live)}"))
        former = services().registry.former_live()
        if former:
            action.button(
                _("Put {name} back").format(name=former.name),
                key="rollback",
                icon=":material/undo:",
                on_click=_rollback,
                help=_("Make the former live model live again; what is open is scored anew."),
                width="stretch",
            )
        model_facts.draw(live)
        _draw_metrics(live)


def _rollback() -> None:
    person = require(Action.MANAGE_MODELS)
    try:
        version = services().registry.rollback(by=person)
    except ModeratoError as error:
        keep(_MESSAGE, (said(error), "error"))
    else:
        keep(
            _MESSAGE,
            (_("{name} is live again. Workers take it up within seconds.").format(name=version.name), "success"),
        )


def _draw_metrics(version: ModelVersion) -> None:
    known = _figures(version)
    if not known:
        st.caption(_("Not measured yet: retrain, or run `moderato evaluate NAME --data FILE`."))
        return
    for column, (name, metrics) in zip(st.columns(len(known)), known.items(), strict=True):
        column.html(metrics_table(metrics, name))


def _figures(version: ModelVersion) -> dict[str, Any]:
    found = {name: version.metrics.get(name) for name in SET_TITLES}
    return {name: metrics for name, metrics in found.items() if isinstance(metrics, dict) and metrics.get("rows")}


def _origin(version: ModelVersion) -> str:
    training = version.metrics.get("training")
    known = training if isinstance(training, dict) else {}
    parts = [_("Made {at:%Y-%m-%d %H:%M} UTC").format(at=version.created_at)]
    corrections, base_rows, seconds = (known.get(name) for name in ("corrections", "base_rows", "seconds"))
    if corrections and isinstance(corrections, int) and isinstance(base_rows, int):
        parts.append(
            _("from {corrections:,} corrections and {base_rows:,} base rows").format(
                corrections=corrections, base_rows=base_rows
            )
        )
    if seconds and isinstance(seconds, int | float):
        parts.append(
            _("in {seconds:.1f} min").format(seconds=seconds / 60)
            if seconds >= 90
            else _("in {seconds:.0f} s").format(seconds=seconds)
        )
    return " ".join(parts) + ". "


def _small(text: str) -> str:
    return f'<div style="font-size:.875rem;opacity:.7">{escape(text)}</div>'


def _since(promotion: Promotion | None) -> str:
    if promotion is None:
        return ""
    return _("Live since {at:%Y-%m-%d %H:%M} UTC, by {person}.").format(
        at=promotion.promoted_at, person=promotion.person
    )


def draw_challengers(versions: list[ModelVersion], live: ModelVersion | None, person: Person) -> None:
    """Each challenger beside the live model; a promotion begins here."""
    st.header(_("Challengers"), anchor=False)
    challengers = [version for version in versions if version.stage is Stage.CHALLENGER]
    if not challengers:
        st.caption(_("None. Retraining makes one; it goes live only if you promote it."))
    for version in challengers[:_SHOWN]:
        with st.container(border=True):
            _draw_challenger(version, live, person)
    older = challengers[_SHOWN:] + [version for version in versions if version.stage is Stage.RETIRED]
    if older:
        with st.expander(_("Former and older versions ({many})").format(many=len(older)), icon=":material/history:"):
            for version in older:
                _draw_line(version, person)


def _draw_challenger(version: ModelVersion, live: ModelVersion | None, person: Person) -> None:
    title, action = st.columns([3, 1], vertical_alignment="center")
    title.subheader(f"`{version.name}`", anchor=False)
    title.html(_small(_origin(version)))
    model_promotion.button(version, person, action)
    model_facts.draw(version)
    comparison = version.metrics.get("comparison")
    report = GateReport.from_json(comparison) if isinstance(comparison, dict) else None
    if report and report.sets and live and report.live == live.name:
        gate_view.draw_guardrails(report)
        for one in report.sets:
            st.html(comparison_table(one))
    elif report and report.live and live:
        st.caption(
            _("It was compared with `{live}`, which is not live any more. Promote… compares again.").format(
                live=report.live
            )
        )
        _draw_metrics(version)
    else:
        _draw_metrics(version)


def _draw_line(version: ModelVersion, person: Person) -> None:
    words, action = st.columns([3, 1], vertical_alignment="center")
    words.markdown(f"`{version.name}` · {version.kind} · {_(STAGES[version.stage])} · {_origin(version)}")
    model_promotion.button(version, person, action)


def draw_history(history: list[Promotion]) -> None:
    """Every change of the live model, newest first."""
    if not history:
        return
    st.header(_("History"), anchor=False)
    rows = [
        {
            _("When (UTC)"): promotion.promoted_at,
            _("Live model"): promotion.model,
            _("Before"): promotion.previous or "–",
            _("By"): _plain(promotion.person),
            _("How"): _how(promotion),
            _("Mean AUC"): _difference(promotion),
            _("Reason"): _plain(str(promotion.report.get("reason") or "")),
        }
        for promotion in history
    ]
    columns = {
        _("When (UTC)"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        _("Mean AUC"): st.column_config.TextColumn(help=_("Difference to the model before, over all sets.")),
    }
    st.dataframe(rows, column_config=columns, hide_index=True, key="history")


def _how(promotion: Promotion) -> str:
    if promotion.rollback:
        return _("put back")
    if promotion.report.get("overridden"):
        return _("against the gate")
    if "sets" not in promotion.report:
        return "shipped"
    return _("passed the gate") if promotion.report["sets"] else _("nothing to compare")


def _difference(promotion: Promotion) -> str:
    value = promotion.report.get("difference")
    return written(value, "+.4f") if isinstance(value, float) else "–"


def _plain(text: str) -> str:
    return plain(text, 200)
