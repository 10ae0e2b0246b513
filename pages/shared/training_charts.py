"""The charts of a training while it runs: loss, and AUC of its validations, over the same steps."""

from dataclasses import replace

import pandas as pd

from core.readings import Reading
from pages.shared.chart.spec import MUTED, Chart
from pages.shared.charts import lines
from pages.shared.words import _

_SMOOTH = 20
"""Readings over which the loss of a training is smoothed."""


def loss(readings: list[Reading], group: str) -> Chart:
    """Loss of each step, and smoothed."""
    values = pd.Series([reading.loss for reading in readings])
    chart = lines(
        [reading.step for reading in readings],
        {_("Loss of each step"): values.to_numpy(), _("Smoothed"): values.ewm(span=_SMOOTH).mean().to_numpy()},
        colours={_("Loss of each step"): MUTED, _("Smoothed"): 0},
        x_title=_("Step"), y_title=_("Loss"), x_unit="count", x_range=(0, readings[-1].step), height=220, group=group,
        alt=_("Up to step {step:,} of {steps:,}: loss {loss:.3f}").format(
            step=readings[-1].step, steps=readings[-1].steps, loss=readings[-1].loss
        ),
    )  # fmt: skip
    noisy, smooth = chart.series
    return replace(chart, series=(replace(noisy, width=1.0, dash=0), replace(smooth, width=2.5)))


def auc(readings: list[Reading], group: str) -> Chart | None:
    """AUC of the validations, on the steps of the loss; None before the first."""
    found = _validations(readings)
    if not found:
        return None
    return lines(
        [reading.step for reading in found], {_("AUC on validation rows"): [reading.auc for reading in found]},
        colours={_("AUC on validation rows"): 2}, x_title=_("Step"), y_title="AUC", x_unit="count",
        x_range=(0, readings[-1].step), height=180, group=group, alt=_("Now {auc:.4f}").format(auc=found[-1].auc),
    )  # fmt: skip


def _validations(readings: list[Reading]) -> list[Reading]:
    """The readings right after a validation: those whose AUC is another than before."""
    before = [None, *(reading.auc for reading in readings)]
    return [reading for reading, auc in zip(readings, before, strict=False) if reading.auc not in (None, auc)]
