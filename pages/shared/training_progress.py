"""What a training reads off its instruments: tiles and a plot that grow while it runs."""

import streamlit as st

from core.readings import Reading
from pages.shared import training_charts
from pages.shared.charts import draw_chart
from pages.shared.words import _, written

_CSS = """<style>
.st-key-training_tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(13rem,45%),1fr))}
.st-key-training_tiles [data-testid=stMetricValue]{font-size:1.6rem}
</style>"""
"""Three in a row on a desktop, two on a telephone."""


def draw_tiles(reading: Reading) -> None:
    """Loss, AUC, learning rate, pace, memory and time left, of the latest step."""
    tiles = {
        _("Loss"): (written(reading.loss, ".3f"), _("Of the latest step.")),
        "AUC": (_or_dash(reading.auc, ".4f"), _("Weighted mean over labels, of the latest validation.")),
        _("Learning rate"): (_or_dash(reading.rate, ".1e"), _("It rises first, then falls along a cosine.")),
        _("Tokens/s"): (_or_dash(reading.tokens_per_second, ",.0f"), _("In updates, padding not counted.")),
        _("Memory"): (_bytes(reading.memory_bytes), _("The GPU's at its peak; without one, that of the process.")),
        _("Time left"): (_duration(reading.seconds_left), _("Until the last step. Measuring comes after it.")),
    }
    st.html(_CSS)
    with st.container(horizontal=True, key="training_tiles"):
        for label, (value, meaning) in tiles.items():
            st.metric(label, value, help=meaning, border=True)


def draw_plot(readings: list[Reading], run_id: int) -> None:
    """Loss and validation AUC over the steps."""
    group = f"training_{run_id}"
    draw_chart(training_charts.loss(readings, group), f"{group}_loss", _("Does the loss still fall?"))
    if validated := training_charts.auc(readings, group):
        draw_chart(validated, f"{group}_auc", _("Does the AUC still rise?"))


def _or_dash(value: float | None, spec: str) -> str:
    return "–" if value is None else written(value, spec)


def _bytes(count: int | None) -> str:
    if count is None:
        return "–"
    return (
        _("{count:.1f} GB").format(count=count / 1e9) if count >= 1e9 else _("{count:.0f} MB").format(count=count / 1e6)
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 90:
        return _("{seconds:.0f} s").format(seconds=seconds)
    minutes = round(seconds / 60)
    return (
        _("{minutes} min").format(minutes=minutes)
        if minutes < 90
        else _("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)
    )
