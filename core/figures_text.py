"""Models' figures as plain text, for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.domain import ModelVersion, Stage
from core.gate import SET_TITLES, VERDICTS, Comparison, GateReport
from core.labels import LABEL_TITLES


def report_text(report: GateReport) -> str:
    """The gate's report: a table a set, then what it says."""
    parts = [f"{report.challenger} against {report.live or 'no model'}"]
    for one in report.sets:
        title = f"AUC on {SET_TITLES.get(one.name, one.name)}, {one.rows:,} comments"
        head = f"  {'':<14}{'live':>9}{'challenger':>12}{'difference':>12}   95 % interval"
        rows = [_line(LABEL_TITLES[name], found) for name, found in one.labels.items()]
        parts.append("\n".join([title, head, *rows, _line("Mean", one.mean)]))
    parts += [_guardrails(report)] if report.guardrails else []
    parts += [f"note: {note}" for note in report.notes]
    parts += [f"refused: {reason}" for reason in report.reasons]
    parts += ["The gate lets it pass."] if report.passed else []
    return "\n\n".join(parts)


def _guardrails(report: GateReport) -> str:
    """One guardrail a paragraph: verdict, whether it can refuse, what was found."""
    lines = [
        f"  {VERDICTS[one.verdict]:<10}{one.title}{'' if one.blocks else ' (does not refuse)'}\n            {one.words}"
        for one in report.guardrails
    ]
    return "\n".join(["Guardrails", *lines])


def models_text(versions: Sequence[ModelVersion]) -> str:
    """One line a version, the live one marked with *."""
    if not versions:
        return "There is no model yet. `moderato train starter --data FILE` makes one."
    width = max(len(version.name) for version in versions)
    return "\n".join(
        f"{'*' if v.stage is Stage.LIVE else ' '} {v.name:<{width}}  {v.stage:<10}  {v.kind:<8}  "
        f"{v.created_at:%Y-%m-%d %H:%M}  {_mean(v)}"
        for v in versions
    )


def version_text(version: ModelVersion) -> str:
    """What a freshly trained challenger is, and what the gate would say now."""
    lines = [f"{version.name} is a challenger now; `moderato promote {version.name}` makes it live."]
    comparison = version.metrics.get("comparison")
    report = GateReport.from_json(comparison) if isinstance(comparison, dict) else None
    return "\n\n".join([*([report_text(report)] if report else []), *lines])


def _mean(version: ModelVersion) -> str:
    for name in ("test", "audit"):
        found = version.metrics.get(name)
        if isinstance(found, dict) and found.get("mean_auc") is not None:
            return f"mean AUC {found['mean_auc']:.4f} on {SET_TITLES[name]}"
    return "not measured"


def _line(title: str, found: Comparison) -> str:
    if found.live is None or found.challenger is None or found.difference is None:
        return f"  {title:<14}{'too few':>9} ({found.positives} positives)"
    interval = f"[{found.low:+.4f}, {found.high:+.4f}]"
    figures = f"{found.live:>9.4f}{found.challenger:>12.4f}{found.difference:>+12.4f}"
    return f"  {title:<14}{figures}   {interval} {VERDICTS[found.verdict]}"


def metrics_text(metrics: Mapping[str, Any]) -> str:
    """Six labels and their mean: AUC with its interval, average precision, calibration error, positives."""
    lines = [f"  {'':<14}{'AUC':>8}  {'95 % interval':<18}{'AP':>8}{'ECE':>8}{'positives':>11}"]
    for name, title in LABEL_TITLES.items():
        figures = [metrics[key][name] for key in ("auc", "average_precision", "calibration_error")]
        lines.append(_figures(title, metrics["auc_interval"].get(name), figures, str(metrics["positives"][name])))
    means = [metrics["mean_auc"], metrics["mean_average_precision"], None]
    return "\n".join([*lines, _figures("Mean", metrics["auc_interval"].get("mean"), means, "")])


def _figures(title: str, interval: Any, figures: list[float | None], positives: str) -> str:
    auc, precision, error = ("-" if value is None else f"{value:.4f}" for value in figures)
    bounds = f"[{interval[0]:.4f}, {interval[1]:.4f}]" if interval else ""
    return f"  {title:<14}{auc:>8}  {bounds:<18}{precision:>8}{error:>8}{positives:>11}"
