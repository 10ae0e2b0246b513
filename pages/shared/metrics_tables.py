"""Numbers as HTML tables: aligned digits, intervals beneath, "too few" where there is no number."""

from core.labels import LABEL_TITLES
from core.metrics.estimate import AtThreshold, Confusion
from core.metrics.intervals import Estimate
from core.metrics.service import LabelReport, Overview, View

CSS = """<style>
.m-scroll{overflow-x:auto}
.m-numbers{border-collapse:collapse;width:100%;font-size:.875rem;font-variant-numeric:tabular-nums lining-nums}
.m-numbers th,.m-numbers td{padding:.3rem .45rem;text-align:right;white-space:nowrap;vertical-align:top;border:0;
 line-height:1.25}
.m-numbers th{font-weight:600}
.m-numbers thead th{white-space:normal;font-size:.8rem}
.m-numbers thead th{border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent);vertical-align:bottom}
.m-numbers tbody tr.m-first>*{border-top:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.m-numbers th:first-child,.m-numbers td.m-view{text-align:left}
.m-numbers small,.m-facts small{display:block;font-size:.7rem;opacity:.65;letter-spacing:-.01em}
.m-few{opacity:.55;font-style:italic}
.m-numbers tr.m-reviewed td{opacity:.75}
.m-head{line-height:1.35}
.m-head small{display:block;opacity:.65;font-size:.8rem}
.m-facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.6rem,1fr));gap:.5rem .75rem;max-width:30rem;
 font-size:.875rem;font-variant-numeric:tabular-nums lining-nums}
.m-facts span.m-name{display:block;font-size:.75rem;opacity:.75}
.m-facts b{font-weight:600;line-height:1.3}
.m-facts small{font-weight:400}
.m-matrix{border-collapse:separate;border-spacing:3px;width:100%;max-width:30rem;font-size:.875rem;
 font-variant-numeric:tabular-nums lining-nums}
.m-matrix th{font-weight:400;opacity:.75;text-align:right;padding:.2rem .5rem}
.m-matrix td{text-align:right;padding:.5rem .7rem;border-radius:.4rem;width:38%;border:0}
.m-matrix td b{font-size:1.1rem;font-weight:600;display:block}
.m-matrix .m-good{background:rgba(4,120,87,.14)}
.m-matrix .m-bad{background:rgba(180,83,9,.16)}
</style>"""

_COLUMNS = ("AUC", "Avg. precision", "Prevalence", "Precision", "Recall", "F1", "Accuracy", "False-positive rate")


def numbers(reviewed: Overview, traffic: Overview) -> str:
    """The table of all labels, two rows each."""
    head = "".join(f"<th>{name}</th>" for name in ("Label", "", "Positives", *_COLUMNS))
    body = "".join(
        _row(one, f'<th rowspan="2">{LABEL_TITLES[one.label]}</th>', "As reviewed", "m-reviewed m-first")
        + _row(other, "", "All traffic", "m-traffic")
        for one, other in zip(reviewed.labels, traffic.labels, strict=True)
    )
    table = f'<table class="m-numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'{CSS}<div class="m-scroll">{table}</div>'


def at_threshold(at: AtThreshold, ranking_precision: Estimate | None, error: float | None) -> str:
    """One view's numbers of one label at the slider's threshold."""
    rows = {
        "Precision": estimate(at.precision),
        "Recall": estimate(at.recall),
        "F1": estimate(at.f1),
        "Accuracy": estimate(at.accuracy),
        "False-positive rate": estimate(at.false_positive_rate),
        "Average precision": estimate(ranking_precision),
        "Calibration error": FEW_WORDS if error is None else f"{error:.4f}",
    }
    facts = "".join(f'<div><span class="m-name">{name}</span><b>{value}</b></div>' for name, value in rows.items())
    return f'<div class="m-facts">{facts}</div>'


def head(overview: Overview) -> str:
    """What a column is about: the view, and how many comments it rests on. Two lines always, so that columns align."""
    if overview.view is View.REVIEWED:
        title, words = "As reviewed", f"{overview.decided:,} decided comments, each counted once"
    else:
        title, words = "All traffic", f"audit sample: {overview.decided:,} decided, weighted to {overview.covered:,}"
    return f'{CSS}<div class="m-head"><b>{title}</b><small>{words}</small></div>'


def matrix(found: Confusion, *, estimated: bool) -> str:
    """The confusion matrix of one view."""
    total = sum((found.true_positives, found.false_positives, found.false_negatives, found.true_negatives)) or 1.0

    def cell(count: float, good: bool, words: str) -> str:
        about = "≈ " if estimated and count != round(count) else ""
        kind = "m-good" if good else "m-bad"
        return f'<td class="{kind}"><b>{about}{round(count):,}</b><small>{words}, {count / total:.1%}</small></td>'

    return (
        f'<table class="m-matrix"><tr><th></th><th>Model flags</th><th>Model passes</th></tr>'
        f"<tr><th>People: yes</th>{cell(found.true_positives, True, 'found')}"
        f"{cell(found.false_negatives, False, 'missed')}</tr>"
        f"<tr><th>People: no</th>{cell(found.false_positives, False, 'false alarms')}"
        f"{cell(found.true_negatives, True, 'rightly passed')}</tr></table>"
    )


def estimate(found: Estimate | None) -> str:
    """A number with its interval beneath."""
    if found is None:
        return FEW_WORDS
    digits = 4 if found.high < 0.05 else 3
    return f"{found.value:.{digits}f}<small>{found.low:.{digits}f}–{found.high:.{digits}f}</small>"


FEW_WORDS = '<span class="m-few">too few</span>'


def _row(report: LabelReport, title: str, view: str, kind: str) -> str:
    ranking, at = report.ranking, report.at
    found = (
        ranking.auc,
        ranking.average_precision,
        ranking.prevalence,
        at.precision,
        at.recall,
        at.f1,
        at.accuracy,
        at.false_positive_rate,
    )
    cells = "".join(f"<td>{estimate(one)}</td>" for one in found)
    return f'<tr class="{kind}">{title}<td class="m-view">{view}</td><td>{report.positives:,}</td>{cells}</tr>'
