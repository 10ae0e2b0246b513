"""The model card that goes with every trained starter."""

from pathlib import Path

from core.labels import LABELS
from training.evaluate import Metrics

_CARD = """# Starter model

Six calibrated probabilities for a comment, on a CPU. Trained with `moderato train starter`; see `config.json` for the
data's hash and the settings, and `metrics.json` for all figures.

Measured on {rows} rows of the frozen test part, which no training sees:

| label | ROC AUC (95 %) | average precision | calibration error |
|---|---|---|---|
{table}
"""


def write_card(folder: Path, metrics: Metrics) -> None:
    """Write README.md from the metrics."""
    (folder / "README.md").write_text(_CARD.format(rows=metrics.rows, table=table(metrics)), encoding="utf-8")


def table(metrics: Metrics) -> str:
    """One row of a Markdown table a label: AUC with its interval, average precision, calibration error."""
    return "\n".join(_line(metrics, name) for name in LABELS)


def _line(metrics: Metrics, name: str) -> str:
    low, high = metrics.auc_interval.get(name, (None, None))
    auc = f"{_digits(metrics.auc[name])} ({_digits(low)} to {_digits(high)})"
    others = (_digits(metrics.average_precision[name]), _digits(metrics.calibration_error[name]))
    return f"| {name} | {auc} | {' | '.join(others)} |"


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
