"""A shadow model's numbers as plain text, for a terminal."""

from core.labels import LABEL_TITLES
from core.shadow import Agreement, Judged, ShadowReport


def shadow_text(report: ShadowReport) -> str:
    """How far it is, where the two part, and who was right."""
    shadow = report.shadow
    until = f" until {shadow.ended_at:%Y-%m-%d %H:%M} UTC" if shadow.ended_at else ""
    lag = f", the oldest for {report.lag.total_seconds():,.0f} s" if report.lag else ""
    lines = [
        f"{shadow.model}, in the shadow since {shadow.started_at:%Y-%m-%d %H:%M} UTC{until}, by {shadow.person}",
        f"{report.scored:,} scored, {report.waiting:,} waiting{lag}, {report.failed:,} failed",
        f"{report.differ:,} differ at the policy's thresholds, {report.drawn:,} of them drawn (rate {shadow.rate:g})",
    ]
    if shadow.problem:
        lines.append(f"It cannot score: {shadow.problem}")
    if report.scored:
        lines += ["", f"  {'':<14}{'both':>8}{'live':>8}{'shadow':>8}{'neither':>9}   deserved: only live, only shadow"]
        for name, title in LABEL_TITLES.items():
            right = f"{_share(report.only_live[name])}, {_share(report.only_shadow[name])}"
            lines.append(f"{_counts(title, report.labels[name])}   {right}")
        lines.append(_counts("Any label", report.any_label))
    return "\n".join(lines)


def _counts(title: str, one: Agreement) -> str:
    return f"  {title:<14}{one.both:>8,}{one.only_live:>8,}{one.only_shadow:>8,}{one.neither:>9,}"


def _share(one: Judged) -> str:
    if one.deserved is None:
        return f"too few ({one.decided} of {one.drawn} decided)"
    found = one.deserved
    return f"{found.value:.0%} ({found.low:.0%}-{found.high:.0%}, {one.decided} of {one.drawn} decided)"
