"""Figures. Each answers the question that stands above it; none holds comment text."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.labels import LABEL_TITLES, LABELS
from core.metrics import curves
from core.metrics.activity import QUANTILES, ScoreDays
from core.metrics.estimate import Sample
from core.metrics.service import Overview
from core.readings import Reading

HEIGHT = 360
_FALLBACK = ["#1D4ED8", "#B45309", "#047857", "#BE185D", "#6D28D9", "#0E7490"]
_FLOOR = 1e-4
"""Left and lower end of the calibration chart, whose axes are logarithmic."""
_SMOOTH = 20
"""Readings over which the loss of a training is smoothed."""
_DRAWN = 300
"""Points of a line that is drawn every two seconds: a browser must be done before the next ones come."""


def colorway() -> list[str]:
    """The theme's colours for series, light or dark. Streamlit gives them to plotly.express alone."""
    kind = st.context.theme.type or "light"
    return st.get_option(f"theme.{kind}.chartCategoricalColors") or _FALLBACK


def muted() -> str:
    """A quiet grey that can be seen on light and on dark."""
    return "rgba(128,138,152,0.75)"


def label_colour(label: str) -> str:
    """The colour that a label has on every chart."""
    colours = colorway()
    return colours[LABELS.index(label) % len(colours)]


def roc(overview: Overview) -> go.Figure:
    """ROC curves of the labels that have enough cases."""
    figure = _unit_square("False-positive rate", "Recall", revision=f"roc-{overview.view}")
    _line(figure, [0, 1], [0, 1], "chance", muted(), dash="dot", legend=False)
    for i, report in enumerate(overview.labels):
        if auc := report.ranking.auc:
            curve = curves.roc(overview.sample, i)
            title = LABEL_TITLES[report.label]
            _line(figure, curve.x, curve.y, f"{title} {auc.value:.3f}", label_colour(report.label), curve.threshold)
    return figure


def precision_recall(sample: Sample, label: str, at: tuple[float, float] | None) -> go.Figure:
    """Precision against recall; `at` marks (recall, precision) at the threshold."""
    figure = _unit_square("Recall", "Precision", revision=f"pr-{label}")
    curve = curves.precision_recall(sample, LABELS.index(label))
    _line(figure, curve.x, curve.y, LABEL_TITLES[label], label_colour(label), curve.threshold, legend=False)
    if at:
        marker = {"size": 11, "color": label_colour(label), "line": {"width": 2, "color": "rgba(255,255,255,.9)"}}
        figure.add_scatter(x=[at[0]], y=[at[1]], mode="markers", marker=marker, name="at the threshold")
    return figure.update_layout(showlegend=False)


def calibration(found: curves.Calibration, label: str) -> go.Figure:
    """Observed share against stated probability, with intervals, on logarithmic axes."""
    figure = _unit_square("The model says", "People say yes", revision=f"calibration-{label}")
    ticks = {"type": "log", "range": [-4.1, 0.1], "tickvals": [1e-4, 1e-3, 0.01, 0.1, 1], "constrain": "domain"}
    words = ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"]
    figure.update_xaxes(**ticks, ticktext=words).update_yaxes(**ticks, ticktext=words)
    _line(figure, [_FLOOR, 1], [_FLOOR, 1], "perfect", muted(), dash="dot", legend=False)
    value = np.array([estimate.value for estimate in found.observed])
    low, high = (np.array([getattr(estimate, end) for estimate in found.observed]) for end in ("low", "high"))
    shown = np.maximum(value, _FLOOR)
    bars = {"array": np.maximum(high, _FLOOR) - shown, "arrayminus": shown - np.maximum(low, _FLOOR)}
    figure.add_scatter(
        x=np.maximum(found.predicted, _FLOOR).astype(np.float32),
        y=shown.astype(np.float32),
        error_y={"type": "data", "symmetric": False, "thickness": 1, "width": 3, **bars},
        customdata=np.stack([found.predicted, value], 1).astype(np.float32),
        hovertemplate="the model says %{customdata[0]:.2%}<br>people say yes to %{customdata[1]:.2%}<extra></extra>",
        mode="markers",
        # a share of none has no place on a logarithmic axis: it stands open on the floor
        marker={
            "color": label_colour(label),
            "size": 8,
            "symbol": np.where(value > 0, "circle", "circle-open").tolist(),
        },
    )
    return figure.update_layout(showlegend=False)


def hours(rows: list[tuple[int, int]]) -> go.Figure:
    """Decisions an hour."""
    figure = _figure("hours", height=260)
    at = np.array([hour for hour, _ in rows]).astype("datetime64[h]").astype("datetime64[s]")
    figure.add_bar(
        x=at,
        y=[count for _, count in rows],
        marker={"color": colorway()[0]},
        hovertemplate="%{x|%d %b %H:00} UTC<br>%{y} decisions<extra></extra>",
    )
    figure.update_yaxes(rangemode="tozero", title="Decisions")
    return figure.update_xaxes(title="Hour (UTC)").update_layout(bargap=0.15, showlegend=False)


def score_days(found: ScoreDays, label: str) -> go.Figure:
    """Quantiles of a label's scores on each day."""
    figure = _figure(f"days-{label}", height=320)
    at = found.days.astype("datetime64[D]")
    names = [f"{share:.0%} of comments are below" for share in QUANTILES]
    for row, name, width in zip(found.quantiles, names, (1.5, 2, 3), strict=True):
        _line(figure, at, row.astype(np.float32), name, label_colour(label), width=width)
        figure.data[-1].update(
            mode="lines+markers",
            opacity=0.4 + 0.2 * width,
            customdata=found.volume,
            hovertemplate="%{x|%d %b}: %{y:.3f}<br>%{customdata:,} comments<extra></extra>",
        )
    figure.update_yaxes(title=f"P({LABEL_TITLES[label].lower()})", rangemode="tozero", hoverformat=".3f")
    figure.update_layout(legend={"y": 1.02, "yanchor": "bottom"})
    return figure.update_xaxes(title="Day of traffic (UTC)", tickformat="%d %b", nticks=8)


def training(readings: list[Reading], name: str) -> go.Figure:
    """Loss of the steps above, AUC of the validations below it, over the same steps."""
    figure = _figure(name, height=HEIGHT)
    steps = np.array([reading.step for reading in readings])
    loss = pd.Series([reading.loss for reading in readings])
    shown = slice(-1, None, -max(1, len(steps) // _DRAWN))  # from the end: the newest is always among them
    for values, title, colour, width in (
        (loss, "loss of each step", muted(), 1),
        (loss.ewm(span=_SMOOTH).mean(), "loss, smoothed", colorway()[0], 2.5),
    ):
        _line(figure, steps[shown][::-1], values.to_numpy()[shown][::-1], title, colour, width=width)
    for trace in figure.data:
        trace.hovertemplate = "step %{x:,}<br>loss %{y:.4f}<extra></extra>"
    figure.update_xaxes(title="Step", tickformat=",", rangemode="tozero", anchor="y")
    figure.update_yaxes(title="Loss", nticks=5)
    validated = _validations(readings)
    if not validated:
        return figure
    figure.add_scatter(
        x=[reading.step for reading in validated],
        y=[reading.auc for reading in validated],
        name="AUC on validation rows",
        yaxis="y2",
        mode="lines+markers",
        line={"color": colorway()[2], "width": 2},
        hovertemplate="step %{x:,}<br>AUC %{y:.4f}<extra></extra>",
    )
    figure.update_xaxes(anchor="y2")
    return figure.update_layout(
        yaxis={"domain": [0.46, 1]},
        yaxis2={"domain": [0, 0.38], "anchor": "x", "title": "AUC", "nticks": 4, "automargin": True},
    )


def _validations(readings: list[Reading]) -> list[Reading]:
    """The readings right after a validation: those whose AUC is another than before."""
    before = [None, *(reading.auc for reading in readings)]
    return [reading for reading, auc in zip(readings, before, strict=False) if reading.auc not in (None, auc)]


def _line(
    figure: go.Figure,
    x: Any,
    y: Any,
    name: str,
    colour: str,
    threshold: Any = None,
    *,
    dash: str | None = None,
    legend: bool = True,
    width: float = 2,
) -> None:
    figure.add_scatter(
        x=_small(x),
        y=_small(y),
        name=name,
        uid=name.rstrip("0123456789. "),  # the legend's AUC changes, the series stays the same
        mode="lines",
        line={"color": colour, "width": width, "dash": dash},
        showlegend=legend,
        customdata=None if threshold is None else _small(threshold),
        hovertemplate=None if threshold is None else "%{x:.3f}, %{y:.3f} at threshold %{customdata:.3f}",
        hoverinfo="skip" if threshold is None and not legend else None,
    )


def _small(values: Any) -> Any:
    """Four bytes a number: a screen shows no more, and the page stays light."""
    array = np.asarray(values)
    return array.astype(np.float32) if array.dtype == np.float64 else values


def _unit_square(x: str, y: str, *, revision: str) -> go.Figure:
    figure = _figure(revision, height=HEIGHT)
    figure.update_xaxes(range=[-0.01, 1.01], title=x, constrain="domain")
    return figure.update_yaxes(range=[-0.01, 1.01], title=y)


def _figure(revision: str, *, height: int) -> go.Figure:
    """`revision` names the chart: what a reader did to it is kept under that name."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        colorway=colorway(),
        uirevision=revision,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "yanchor": "top", "y": -0.22, "x": 0, "xanchor": "left", "title": None},
        hovermode="closest",
    )
    figure.update_xaxes(automargin=True)
    return figure.update_yaxes(automargin=True)
