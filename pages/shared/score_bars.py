"""Six probabilities as bars, each against the threshold from which a comment goes to review."""

import html
from collections.abc import Sequence

from core.labels import LABELS
from pages.shared.titles import label_title
from pages.shared.words import _, written

CSS = """<style>
.m-bars{display:grid;grid-template-columns:max-content minmax(6rem,1fr) max-content;gap:.55rem .8rem;align-items:center;
 max-width:44rem;margin:.25rem 0}
.m-bar{position:relative;height:.8rem;border-radius:.4rem;background:color-mix(in srgb,currentColor 12%,transparent)}
.m-bar>i{position:absolute;inset:0 auto 0 0;border-radius:.4rem;background:#2563eb;min-width:2px}
.m-over .m-bar>i,.m-bar.m-over>i{background:#dc2626}
.m-bar>b{position:absolute;top:-.25rem;bottom:-.25rem;width:2px;margin-left:-1px;background:currentColor;opacity:.75}
.m-value{font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}
.m-value small{opacity:.7}
.m-name.m-over,.m-value.m-over{font-weight:600}
</style>"""


def bars_html(scores: Sequence[float], thresholds: Sequence[float]) -> str:
    """HTML for `st.html`, with CSS: one row a label; the mark on a bar is the threshold."""
    rows = zip(LABELS, scores, thresholds, strict=True)
    return f'<div class="m-bars" role="list">{"".join(_row(*row) for row in rows)}</div>'


def _row(label: str, score: float, threshold: float) -> str:
    over = " m-over" if score >= threshold else ""
    title = html.escape(label_title(label))
    says = _("{title}: {score:.3f}, review from {threshold:.2f}").format(title=title, score=score, threshold=threshold)
    return (
        f'<span class="m-name{over}">{title}</span>'
        f'<span class="m-bar{over}" role="listitem" aria-label="{says}" title="{says}">'
        f'<i style="width:{100 * score:.1f}%"></i><b style="left:{100 * threshold:.1f}%"></b></span>'
        f'<span class="m-value{over}">{written(score, ".3f")} <small>/ {written(threshold, ".2f")}</small></span>'
    )
