"""Models' figures as HTML tables: AUC by label, alone or of a challenger beside the live model."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from core.gate import SET_TITLES, Comparison, SetComparison
from core.labels import LABELS
from pages.shared.titles import label_title, label_titles
from pages.shared.words import _, later, ngettext, written

CSS = """<style>
.m-fig{width:100%;overflow-x:auto}
.m-fig table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;line-height:1.35}
.m-fig caption{text-align:left;font-weight:600;padding:.25rem 0 .35rem}
.m-fig th{font-weight:500;font-size:.8rem;opacity:.7;text-align:right;padding:.15rem .5rem;white-space:nowrap}
.m-fig td{text-align:right;padding:.3rem .5rem;border-top:1px solid rgb(128 128 128 / .25);white-space:nowrap}
.m-fig th:first-child,.m-fig td:first-child{text-align:left;padding-left:0}
.m-fig tr.mean td{font-weight:600;border-top-width:2px}
.m-fig small{opacity:.75;font-size:.8rem;font-weight:400}
.m-verdict{display:inline-block;min-width:4.6rem;text-align:center;border-radius:1rem;padding:0 .5rem;font-size:.8rem;
 font-weight:600;background:color-mix(in srgb,var(--m-tone) 16%,transparent);
 border:1px solid color-mix(in srgb,var(--m-tone) 50%,transparent)}
.m-better{--m-tone:#059669}.m-worse{--m-tone:#dc2626}.m-same,.m-few{--m-tone:#808080}
@media (max-width:640px){.m-fig th,.m-fig td{padding-left:.3rem;padding-right:.3rem;font-size:.85rem}
 .m-fig .wide{display:none}}
</style>"""

WIDE = "\0"
_VERDICTS = {
    "better": later("▲ better"),
    "worse": later("▼ worse"),
    "same": later("no worse"),
    "too few": later("too few"),
}


def metrics_table(metrics: Mapping[str, Any], name: str) -> str:
    """One model on one set: AUC with its 95 % interval, average precision, calibration error, positives."""
    head = heads(_("Label"), "AUC", "95 %", WIDE + _("Avg. precision"), _("Calibr. error"), WIDE + _("Positives"))
    rows = [
        _row(
            title,
            metrics["auc"][label],
            metrics["auc_interval"].get(label),
            metrics["average_precision"][label],
            metrics["calibration_error"][label],
            metrics["positives"][label],
        )
        for label, title in zip(LABELS, label_titles(), strict=True)
    ]
    interval = metrics["auc_interval"].get("mean")
    mean = _row(_("Mean"), metrics["mean_auc"], interval, metrics["mean_average_precision"], None, None)
    caption = _caption(name, metrics["rows"])
    return _table(caption, head, [*rows, mean.replace("<tr>", '<tr class="mean">')])


def comparison_table(one: SetComparison) -> str:
    """Live and challenger on one set, the difference with its interval, coloured by the verdict."""
    head = heads(_("Label"), _("Live"), _("Challenger"), WIDE + _("Difference, 95 %"), "")
    rows = [_compared(label_title(label), found) for label, found in one.labels.items()]
    mean = _compared(_("Mean"), one.mean).replace("<tr>", '<tr class="mean">')
    return _table(_caption(one.name, one.rows), head, [*rows, mean])


def _caption(name: str, rows: int) -> str:
    title = _("AUC on {what}").format(what=_(SET_TITLES[name]) if name in SET_TITLES else name)
    many = ngettext("{many:,} comment", "{many:,} comments", rows).format(many=rows)
    return f"{escape(title)} <small>{many}</small>"


def heads(*titles: str) -> str:
    """The cells of a table's head; what begins with WIDE is left out where there is little room."""
    return "".join(
        f"<th class=wide>{escape(title.removeprefix(WIDE))}</th>"
        if title.startswith(WIDE)
        else f"<th>{escape(title)}</th>"
        for title in titles
    )


def table(caption: str, head: str, rows: Iterable[str]) -> str:
    """A table in the style of the others here; head and rows are HTML."""
    return _table(escape(caption), head, rows)


def _table(caption: str, head: str, rows: Iterable[str]) -> str:
    body = "".join(rows)
    table = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'{CSS}<div class="m-fig" tabindex="0">{table}</div>'


def _row(
    title: str, auc: float | None, interval: Any, precision: float | None, error: float | None, positives: int | None
) -> str:
    bounds = (
        f"<small>{written(interval[0], '.3f')}–{written(interval[1], '.3f')}</small>"
        if interval and auc is not None
        else ""
    )
    many = "" if positives is None else written(positives)
    cells = [escape(title), _figure(auc, 4), bounds]
    wide = [
        f"<td class=wide>{_figure(precision, 3)}</td>",
        f"<td>{_figure(error, 4)}</td>",
        f"<td class=wide>{many}</td>",
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "".join(wide) + "</tr>"


def _compared(title: str, found: Comparison) -> str:
    kind = "few" if found.verdict == "too few" else found.verdict
    verdict = f'<span class="m-verdict m-{kind}">{_(_VERDICTS[found.verdict])}</span>'
    if found.difference is None or found.low is None or found.high is None:
        positives = ngettext("{many:,} positive", "{many:,} positives", found.positives).format(many=found.positives)
        positives = f"<small>{positives}</small>"
        return f"<tr><td>{escape(title)}</td><td>–</td><td>–</td><td class=wide>{positives}</td><td>{verdict}</td></tr>"
    bounds = _("{low:+.4f} to {high:+.4f}").format(low=found.low, high=found.high)
    bounds = f"<small>{bounds}</small>"
    return (
        f"<tr><td>{escape(title)}</td><td>{_figure(found.live, 4)}</td><td>{_figure(found.challenger, 4)}</td>"
        f"<td class=wide>{written(found.difference, '+.4f')} {bounds}</td><td>{verdict}</td></tr>"
    )


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else written(value, f".{digits}f")
