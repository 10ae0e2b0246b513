"""Numbers as HTML tables: aligned digits, intervals beneath, "too few" where there is no number."""

from html import escape

from core.labels import LABELS
from core.metrics import curves
from core.metrics.estimate import AtThreshold, Confusion
from core.metrics.intervals import Estimate
from core.metrics.service import LabelReport, Overview, View
from pages.shared.titles import label_title
from pages.shared.words import _, later, ngettext, written

CSS = """<style>
.m-scroll{overflow-x:auto}
.m-numbers{border-collapse:collapse;width:100%;font-size:.84rem;font-variant-numeric:tabular-nums lining-nums}
.m-numbers th,.m-numbers td{padding:.3rem .28rem;text-align:right;white-space:nowrap;vertical-align:top;border:0;
 line-height:1.25}
.m-numbers th{font-weight:600}
.m-numbers thead th{white-space:normal;font-size:.8rem}
.m-numbers thead th{border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent);vertical-align:bottom}
.m-numbers tbody tr.m-first>*{border-top:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.m-numbers th:first-child,.m-numbers td.m-view{text-align:left}
.m-numbers small,.m-facts small{display:block;font-size:.7rem;opacity:.75;letter-spacing:-.01em}
.m-few{opacity:.7;font-style:italic}
.m-numbers tr.m-reviewed td{opacity:.75}
.m-head{line-height:1.35}
.m-head small{display:block;opacity:.75;font-size:.8rem}
.m-facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.6rem,1fr));gap:.5rem .75rem;max-width:30rem;
 font-size:.875rem;font-variant-numeric:tabular-nums lining-nums}
.m-facts span.m-name{display:block;font-size:.75rem;opacity:.75}
.m-facts b{font-weight:600;line-height:1.3}
.m-facts small{font-weight:400}
.m-sentences{margin:0;padding-left:1.1rem;font-size:.9rem;line-height:1.45;max-width:62rem}
.m-sentences li{margin:.15rem 0}
.m-matrix{border-collapse:separate;border-spacing:3px;width:100%;max-width:30rem;font-size:.875rem;
 font-variant-numeric:tabular-nums lining-nums}
.m-matrix th{font-weight:400;opacity:.75;text-align:right;padding:.2rem .5rem}
.m-matrix td{text-align:right;padding:.5rem .7rem;border-radius:.4rem;width:38%;border:0}
.m-matrix td b{font-size:1.1rem;font-weight:600;display:block}
.m-matrix .m-good{background:rgba(4,120,87,.14)}
.m-matrix .m-bad{background:rgba(180,83,9,.16)}
</style>"""

_COLUMNS = (
    "AUC",
    later("Avg. precision"),
    later("Prevalence"),
    later("Precision"),
    later("Recall"),
    "F1",
    later("Accuracy"),
    later("False-positive rate"),
    later("Calibration error"),
)


def numbers(reviewed: Overview, traffic: Overview) -> str:
    """The table of all labels, two rows each."""
    head = "".join(f"<th>{name}</th>" for name in (_("Label"), "", _("Positives"), *map(_, _COLUMNS)))
    body = "".join(
        _row(reviewed, one, f'<th rowspan="2">{label_title(one.label)}</th>', "m-reviewed m-first")
        + _row(traffic, other, "", "m-traffic")
        for one, other in zip(reviewed.labels, traffic.labels, strict=True)
    )
    table = f'<table class="m-numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'{CSS}<div class="m-scroll">{table}</div>'


def sentences(by_label: dict[str, str]) -> str:
    """A sentence on each label."""
    items = (f"<li><b>{label_title(label)}.</b> {escape(words)}</li>" for label, words in by_label.items())
    return f'{CSS}<ul class="m-sentences">{"".join(items)}</ul>'


def at_threshold(at: AtThreshold, ranking_precision: Estimate | None, error: Estimate | float | None) -> str:
    """One view's numbers of one label at the slider's threshold."""
    rows = {
        _("Precision"): estimate(at.precision),
        _("Recall"): estimate(at.recall),
        "F1": estimate(at.f1),
        _("Accuracy"): estimate(at.accuracy),
        _("False-positive rate"): estimate(at.false_positive_rate),
        _("Average precision"): estimate(ranking_precision),
        _("Calibration error"): plain_or_estimate(error),
    }
    facts = "".join(f'<div><span class="m-name">{name}</span><b>{value}</b></div>' for name, value in rows.items())
    return f'<div class="m-facts">{facts}</div>'


def head(overview: Overview) -> str:
    """What a column is about: the view, and how many comments it rests on. Two lines always, so that columns align."""
    if overview.view is View.REVIEWED:
        title, words = (
            _("As reviewed"),
            ngettext(
                "{many:,} decided comment, counted once",
                "{many:,} decided comments, each counted once",
                overview.decided,
            ).format(many=overview.decided),
        )
    else:
        title, words = (
            _("All traffic"),
            _("audit sample: {decided:,} decided, weighted to {covered:,}").format(
                decided=overview.decided, covered=overview.covered
            ),
        )
    return f'{CSS}<div class="m-head"><b>{title}</b><small>{words}</small></div>'


def matrix(found: Confusion, *, estimated: bool) -> str:
    """The confusion matrix of one view."""
    total = sum((found.true_positives, found.false_positives, found.false_negatives, found.true_negatives)) or 1.0

    def cell(count: float, good: bool, words: str) -> str:
        about = "≈ " if estimated and count != round(count) else ""
        kind = "m-good" if good else "m-bad"
        share = f"{words}, {written(count / total, '.1%')}"
        return f'<td class="{kind}"><b>{about}{written(round(count))}</b><small>{share}</small></td>'

    return (
        f'<table class="m-matrix"><tr><th></th><th>{_("Model flags")}</th><th>{_("Model passes")}</th></tr>'
        f"<tr><th>{_('People: yes')}</th>{cell(found.true_positives, True, _('found'))}"
        f"{cell(found.false_negatives, False, _('missed'))}</tr>"
        f"<tr><th>{_('People: no')}</th>{cell(found.false_positives, False, _('false alarms'))}"
        f"{cell(found.true_negatives, True, _('rightly passed'))}</tr></table>"
    )


def estimate(found: Estimate | None) -> str:
    """A number with its interval beneath."""
    if found is None:
        return few_words()
    digits = 4 if found.high < 0.05 else 3
    value, low, high = (written(one, f".{digits}f") for one in (found.value, found.low, found.high))
    return f"{value}<small>{low}–{high}</small>"


def plain_or_estimate(found: Estimate | float | None) -> str:
    """A number that may have an interval."""
    return written(found, ".4f") if isinstance(found, float) else estimate(found)


def calibration_error(overview: Overview, label: str) -> Estimate | float | None:
    """Of one label in one view; None where there are too few to draw the curve from."""
    place = LABELS.index(label)
    if overview.labels[place].ranking.auc is None:
        return None
    found = curves.calibration(overview.sample, place)
    return found.unbiased or found.error


def few_words() -> str:
    """What stands where there is no number."""
    return f'<span class="m-few">{_("too few")}</span>'


def _row(overview: Overview, report: LabelReport, title: str, kind: str) -> str:
    view = _("As reviewed") if overview.view is View.REVIEWED else _("All traffic")
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
    cells += f"<td>{plain_or_estimate(calibration_error(overview, report.label))}</td>"
    return f'<tr class="{kind}">{title}<td class="m-view">{view}</td><td>{written(report.positives)}</td>{cells}</tr>'
