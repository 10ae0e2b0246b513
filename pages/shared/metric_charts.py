"""The charts of the metrics page. Each answers the question that stands above it; none holds comment text."""

from dataclasses import replace

import numpy as np

from core.labels import LABELS
from core.metrics import curves
from core.metrics.activity import QUANTILES, ScoreDays
from core.metrics.estimate import Sample
from core.metrics.service import Overview
from pages.shared.chart.spec import MOST_POINTS, Chart, Mark, Series
from pages.shared.charts import bars, lines, plain, points
from pages.shared.titles import label_title, label_word
from pages.shared.words import _, written

FLOOR = 1e-4
"""Ends of the calibration chart, whose axes are in logits: 0.01 % and 99.99 %."""
_SQUARE = 420
"""Most pixels of a square chart, either way."""


def roc(overview: Overview, chosen: str | None = None) -> Chart:
    """ROC curves of the labels that have enough cases, over one set of false-positive rates, so that they can be read
    off side by side. The chosen label's band is drawn where the curve has one."""
    ranked = {i: report.ranking.auc for i, report in enumerate(overview.labels) if report.ranking.auc}
    found = {i: curves.roc(overview.sample, i) for i in ranked}
    grid = _common_grid(list(found.values()))
    series = [replace(_on_grid(curve, grid, i, banded=LABELS[i] == chosen), detail=written(ranked[i].value, ".3f"))
              for i, curve in found.items()]  # fmt: skip
    chart = lines(
        grid, {}, x_title=_("False-positive rate"), y_title=_("Recall"), x_range=(0, 1), y_range=(0, 1), height=_SQUARE,
        alt=_("Areas under the curves: {areas}").format(areas=", ".join(f"{one.name} {one.detail}" for one in series)),
    )  # fmt: skip
    return replace(chart, series=tuple(series), diagonal=_("Chance"), square=True)


def precision_recall(sample: Sample, label: str, at: tuple[float, float] | None) -> Chart:
    """Precision against recall; `at` marks (recall, precision) at the threshold."""
    curve = curves.precision_recall(sample, LABELS.index(label))
    name, colour = label_title(label), LABELS.index(label)
    chart = lines(
        curve.x,
        {name: curve.y},
        bands={name: (curve.low, curve.high)} if curve.low is not None and curve.high is not None else None,
        colours={name: colour},
        x_title=_("Recall"), y_title=_("Precision"), x_range=(0, 1), y_range=(0, 1), height=_SQUARE,
        marks=[Mark(name=_("at the threshold"), x=at[0], y=at[1], colour=colour)] if at else [],
    )  # fmt: skip
    (line,) = chart.series
    noted = replace(line, note=plain(curve.threshold, 4), note_name=_("threshold"))
    return replace(chart, series=(noted,), square=True)


def calibration(found: curves.Calibration, label: str) -> Chart:
    """Observed share against stated probability, with intervals, on logit axes.

    A share of none or all has no place on such an axis: it stands open on the edge.
    """
    value, low, high = (np.array([getattr(one, part) for one in found.observed]) for part in ("value", "low", "high"))
    name, colour = _("People say yes"), LABELS.index(label)
    chart = points(
        _inside(found.predicted),
        {name: _inside(value)},
        errors={name: (_inside(low), _inside(high))},
        colours={name: colour},
        x_title=_("The model says"), y_title=_("People say yes"), x_scale="logit", y_scale="logit",
        x_unit="share", y_unit="share", x_range=(FLOOR, 1 - FLOOR), y_range=(FLOOR, 1 - FLOOR), height=_SQUARE,
    )  # fmt: skip
    (dots,) = chart.series
    hollow = tuple(bool(edge) for edge in (value < FLOOR) | (value > 1 - FLOOR))
    return replace(chart, series=(replace(dots, hollow=hollow),), diagonal=_("Perfect"), square=True)


def hours(rows: list[tuple[int, int]]) -> Chart:
    """Decisions an hour; rows of (hour since 1970, count)."""
    at = np.array([hour for hour, _ in rows]) * 3600
    counts = [count for _, count in rows]
    return bars(
        at, {_("Decisions"): counts}, x_unit="hour", y_unit="count", x_title=_("Hour (UTC)"), height=240,
        alt=_("{decisions:,} decisions in {hours} hours, {most:,} in the busiest").format(
            decisions=sum(counts), hours=len(rows), most=max(counts, default=0)
        ),
    )  # fmt: skip


def score_days(found: ScoreDays, label: str) -> Chart:
    """Quantiles of a label's scores on each day, the highest as the boldest line."""
    names = [_("{share:.0%} of comments are below").format(share=share) for share in QUANTILES]
    chart = lines(
        found.days * 86_400,
        {**dict(zip(names, found.quantiles, strict=True)), "comments": found.volume},
        colours=dict.fromkeys(names, LABELS.index(label)),
        x_unit="day", x_title=_("Day of traffic (UTC)"), y_title=f"P({label_word(label)})", y_range=(0, None),
    )  # fmt: skip
    *quantiles, volume = chart.series
    drawn = [replace(one, width=1.5 + 0.5 * k, dash=2 - k) for k, one in enumerate(quantiles)]
    drawn[0] = replace(drawn[0], note=volume.y, note_name=_("comments"))
    return replace(chart, series=tuple(drawn))


def _common_grid(found: list[curves.Curve]) -> np.ndarray:
    """At most MOST_POINTS rates, spread evenly along the curves' mean way; 0 stands twice: curves rise there."""
    every = np.unique(np.concatenate([curve.x for curve in found])) if found else np.array([0.0, 1.0])
    way = every + sum(np.interp(every, *_rightmost(curve)) for curve in found) / max(1, len(found))
    at = np.searchsorted(way, np.linspace(way[0], way[-1], MOST_POINTS - 1))
    return np.concatenate([[0.0], every[np.unique(np.minimum(at, len(every) - 1))]])


def _on_grid(curve: curves.Curve, grid: np.ndarray, label: int, *, banded: bool) -> Series:
    """The curve at the grid's rates, each with the lowest threshold that keeps to the rate."""
    lasts = _lasts(curve)
    below = np.searchsorted(curve.x, grid, side="right") - 1
    below[0] = 0  # the curve begins above the highest score
    ends = [curve.low, curve.high] if banded else [None, None]

    def read_off(values: np.ndarray | None, start: float) -> tuple[float | None, ...] | None:
        if values is None:
            return None
        return plain([start, *np.interp(grid[1:], curve.x[lasts], np.asarray(values)[lasts])], 4)

    return Series(
        name=label_title(LABELS[label]),
        y=read_off(curve.y, 0.0) or (),
        low=read_off(ends[0], 0.0),
        high=read_off(ends[1], 0.0),
        note=plain(curve.threshold[np.maximum(below, 0)], 4),
        note_name=_("threshold"),
        colour=label,
    )


def _lasts(curve: curves.Curve) -> np.ndarray:
    """Places of the highest point at each x."""
    return np.flatnonzero(np.append(np.diff(curve.x) > 0, True))


def _rightmost(curve: curves.Curve) -> tuple[np.ndarray, np.ndarray]:
    return curve.x[_lasts(curve)], curve.y[_lasts(curve)]


def _inside(share: np.ndarray) -> np.ndarray:
    return np.clip(share, FLOOR, 1 - FLOOR)
