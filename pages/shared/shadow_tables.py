"""A shadow model's numbers as HTML tables."""

from datetime import timedelta
from html import escape

from core.labels import LABEL_TITLES
from core.routing import band_titles
from core.shadow import LATEST, Agreement, Judged, ShadowReport
from pages.shared.figures import table

_CSS = """<style>
.m-shadow{display:flex;flex-wrap:wrap;gap:.15rem 1.25rem;font-size:.875rem;line-height:1.5}
.m-shadow i{font-style:normal;opacity:.7;margin-right:.15rem}
.m-say{font-size:.875rem;line-height:1.45;opacity:.85;margin:.25rem 0 .75rem}
.m-part .m-fig td small{display:block}.m-part .m-fig td{vertical-align:top}.m-part .m-fig th{white-space:normal}
</style>"""


def facts(report: ShadowReport) -> str:
    """Since when, how many, how far behind."""
    shadow = report.shadow
    pairs = {
        "Since": f"{shadow.started_at:%Y-%m-%d %H:%M} UTC, by {shadow.person}",
        "Scored": f"{report.scored:,}",
        "Waiting": f"{report.waiting:,}" + (f", the oldest for {_span(report.lag)}" if report.lag else ""),
        "Differ": f"{report.differ:,}" + (f" ({report.differ / report.scored:.1%})" if report.scored else ""),
        "Drawn for people": f"{report.drawn:,} (at a rate of {shadow.rate:.1%})",
    }
    if report.failed:
        pairs["Failed"] = f"{report.failed:,} that it gives no scores for"
    made = "".join(f"<span><i>{name}</i> {escape(value)}</span>" for name, value in pairs.items())
    return f'{_CSS}<div class="m-shadow">{made}</div>'


def agreement(report: ShadowReport) -> str:
    """How often each flags a label, at the policy's thresholds."""
    head = "<th>Label</th><th>Both flag</th><th>Only live</th><th>Only shadow</th><th>Neither</th>"
    rows = [_agreement_row(LABEL_TITLES[name], one) for name, one in report.labels.items()]
    total = _agreement_row("Any label", report.any_label).replace("<tr>", '<tr class="mean">')
    return _part(table("At the policy's thresholds, all comments scored by both", head, [*rows, total]))


def answers(report: ShadowReport) -> str:
    """Of the comments that one model alone flags, which share deserved it."""
    head = "<th>Label</th><th>Only live flags</th><th>Only shadow flags</th>"
    rows = [
        f"<tr><td>{title}</td>"
        f"<td>{_judged(report.only_live[name])}</td><td>{_judged(report.only_shadow[name])}</td></tr>"
        for name, title in LABEL_TITLES.items()
    ]
    say = [_sentence(name, report.only_shadow[name]) for name in LABEL_TITLES]
    waits = (
        f"{report.open_flagged:,} of the drawn wait in the flagged lane, where those likely to have rare labels are "
        "served first: until they are decided, the shares are of what is served first."
        if report.open_flagged
        else ""
    )
    words = " ".join(part for part in [*say, waits] if part)
    caption = "Who was right: share that deserved the label"
    return f'{_part(table(caption, head, rows))}<div class="m-say">{escape(words)}</div>'


def bands(report: ShadowReport) -> str:
    """Where in the live model's scores they part."""
    head = "<th>Highest live score</th><th>Live flags more</th><th>Shadow flags more</th><th>Mixed</th>"
    rows = [
        f"<tr><td>{title}</td><td>{one.only_live:,}</td><td>{one.only_shadow:,}</td><td>{one.mixed:,}</td></tr>"
        for title, one in zip(band_titles(), report.bands, strict=True)
    ]
    return _part(table(f"The latest disagreements by score band, {LATEST} at most", head, rows))


def _part(made: str) -> str:
    return f'{_CSS}<div class="m-part">{made}</div>'


def _agreement_row(title: str, one: Agreement) -> str:
    total = max(one.total, 1)
    cells = "".join(
        f"<td>{count:,} <small>{count / total:.2%}</small></td>"
        for count in (one.both, one.only_live, one.only_shadow, one.neither)
    )
    return f"<tr><td>{title}</td>{cells}</tr>"


def _judged(one: Judged) -> str:
    many = f"<small>{one.decided:,} of {one.drawn:,} decided</small>"
    if one.deserved is None:
        return f"<small>too few</small> {many}" if one.drawn else "<small>none drawn</small>"
    found = one.deserved
    return f"{found.value:.0%} <small>{found.low:.0%}–{found.high:.0%}</small>{many}"


def _sentence(label: str, one: Judged) -> str:
    if one.deserved is None:
        return ""
    found = one.deserved
    return (
        f"Of the comments that only the challenger flags as {LABEL_TITLES[label]}, {found.value:.0%} "
        f"({found.low:.0%}–{found.high:.0%}) deserved it."
    )


def _span(lag: timedelta) -> str:
    seconds = max(lag.total_seconds(), 0)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
