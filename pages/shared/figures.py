"""Models' figures as HTML tables: AUC by label, alone or of a challenger beside the live model."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from core.gate import SET_TITLES, Comparison, SetComparison
from core.labels import LABEL_TITLES
from pages.shared.words import _, later, written

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

_VERDICTS = {
    "better": later("▲ better"),
    "worse": later("▼ worse"),
    "same": later("no worse"),
    later("too few"): later("too few"),
}


def metrics_table(metrics: Mapping[str, Any], name: str) -> str:
    """One model on one set: AUC with its 95 % interval, average precision, calibration error, positives."""
    head = "<th>Label</th><th>AUC</th><th>95 %</th><th class=wide>Avg. precision</th><th>Calibr. error</th>"
    rows = [
        _row(
            title,
            metrics["auc"][label],
            metrics["auc_interval"].get(label),
            metrics["average_precision"][label],
            metrics["calibration_error"][label],
            metrics["positives"][label],
        )
        for label, title in LABEL_TITLES.items()
    ]
    interval = metrics["auc_interval"].get("mean")
    mean = _row(_("Mean"), metrics["mean_auc"], interval, metrics["mean_average_precision"], None, None)
    caption = f"{_title(name)} <small>{metrics['rows']:,} comments</small>"
    return _table(caption, f"{head}<th class=wide>Positives</th>", [*rows, mean.replace("<tr>", '<tr class="mean">')])


def comparison_table(one: SetComparison) -> str:
    """Live and challenger on one set, the difference with its interval, coloured by the verdict."""
    head = "<th>Label</th><th>Live</th><th>Challenger</th><th class=wide>Difference, 95 %</th><th></th>"
    rows = [_compared(LABEL_TITLES[label], found) for label, found in one.labels.items()]
    mean = _compared(_("Mean"), one.mean).replace("<tr>", '<tr class="mean">')
    return _table(f"{_title(one.name)} <small>{written(one.rows)} comments</small>", head, [*rows, mean])


def _title(name: str) -> str:
    title = SET_TITLES.get(name, name)
    return _("AUC on ") + escape(title)


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
    verdict = f'<span class="m-verdict m-{kind}">{_VERDICTS[found.verdict]}</span>'
    if found.difference is None or found.low is None or found.high is None:
        positives = f"<small>{found.positives} positives</small>"
        return f"<tr><td>{escape(title)}</td><td>–</td><td>–</td><td class=wide>{positives}</td><td>{verdict}</td></tr>"
    bounds = f"<small>{written(found.low, '+.4f')} to {written(found.high, '+.4f')}</small>"
    return (
        f"<tr><td>{escape(title)}</td><td>{_figure(found.live, 4)}</td><td>{_figure(found.challenger, 4)}</td>"
        f"<td class=wide>{written(found.difference, '+.4f')} {bounds}</td><td>{verdict}</td></tr>"
    )


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{written(value, f'.{digits}f')}"
