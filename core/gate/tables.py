"""A gate report's figures as HTML tables, every text escaped: for the Models page and for the file to download."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from core.gate.report import (
    BIAS_KINDS,
    MEASURES,
    SET_TITLES,
    VERDICTS,
    Bias,
    Comparison,
    GateReport,
    Guardrail,
    SetComparison,
    Verdict,
)
from core.labels import LABEL_TITLES

CSS: Final = """
.m-gate{width:100%;overflow-x:auto;margin:0 0 1rem}
.m-gate table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;line-height:1.35;font-size:.9rem}
.m-gate caption{text-align:left;font-weight:600;padding:.25rem 0 .35rem}
.m-gate th{font-weight:500;font-size:.8rem;opacity:.75;text-align:right;padding:.15rem .5rem;white-space:nowrap}
.m-gate td{text-align:right;padding:.3rem .5rem;border:0;border-top:1px solid rgb(128 128 128 / .25);
 white-space:nowrap;vertical-align:middle}
.m-gate th:first-child,.m-gate td:first-child,.m-gate td.words{text-align:left}
.m-gate td:first-child,.m-gate th:first-child{padding-left:0}
.m-gate td.words{white-space:normal;font-size:.875rem;overflow-wrap:anywhere;padding-right:0}
.m-gate td.verdict{width:1%;vertical-align:top;padding-top:.4rem}
.m-gate td.name{white-space:normal;min-width:7rem}
.m-gate tr.mean td{font-weight:600;border-top-width:2px}
.m-gate small{opacity:.75;font-size:.8rem;font-weight:400}
.m-range{position:relative;width:120px;height:12px;margin-left:auto}
.m-range::before{content:"";position:absolute;left:50%;top:0;bottom:0;border-left:1px solid;opacity:.35}
.m-range i{position:absolute;top:5px;border-top:2px solid}
.m-range em{position:absolute;top:3px;width:6px;height:6px;margin-left:-3px;border-radius:50%;background:currentColor}
.m-gate .m-mark{display:inline-block;min-width:4.6rem;text-align:center;border-radius:1rem;padding:0 .5rem;
 font-size:.8rem;font-weight:600;background:color-mix(in srgb,var(--m-tone) 16%,transparent);
 border:1px solid color-mix(in srgb,var(--m-tone) 55%,transparent)}
.m-gate .t-better{--m-tone:#059669}.m-gate .t-worse{--m-tone:#dc2626}.m-gate .t-none{--m-tone:#808080}
.m-gate .t-warn{--m-tone:#d97706}
.m-gate .narrow{display:none}
@media (max-width:640px){.m-gate .narrow{display:block}
 .m-gate th,.m-gate td{padding-left:.2rem;padding-right:.2rem;font-size:.8rem}
 .m-gate .wide{display:none}.m-gate .m-mark{min-width:0;white-space:nowrap;font-size:.72rem}
 .m-gate td small{display:block;font-size:.74rem}
 .m-gate td.words small{display:inline}.m-gate td.name{min-width:5rem}}
"""
_SIGNS: Final[dict[str, str]] = {"better": "▲ ", "worse": "▼ "}


def guardrails(made: Sequence[Guardrail]) -> str:
    """A row a guardrail: its verdict, whether it can refuse, what was found."""
    rows = [
        f'<tr><td class="verdict">{mark(one.verdict, warn=not one.blocks)}</td>'
        f'<td class="words"><strong>{escape(one.title)}</strong> '
        f"<small>{'can refuse' if one.blocks else 'does not refuse'}</small><br>{escape(one.words)}</td></tr>"
        for one in made
    ]
    return _table("Guardrails", "", rows)


def set_tables(one: SetComparison) -> list[str]:
    """AUC and the other figures of one set, a table each."""
    where = f"{SET_TITLES.get(one.name, one.name)}, {one.rows:,} comments"
    measures = [("auc", one.labels, one.mean), *((n, m.labels, m.mean) for n, m in one.measures.items())]
    return [
        _comparisons(f"{MEASURES.get(name, name)} on {where}", _by_label(labels, mean))
        for name, labels, mean in measures
    ]


def bias_tables(bias: Bias) -> list[str]:
    """The three AUCs over all terms, then by term."""
    rows: list[tuple[str, Comparison]] = []
    for kind, title in BIAS_KINDS.items():
        live, new = bias.worst_terms[kind]
        worst = f"worst (“{live}”)" if live == new else f"worst (“{live}” → “{new}”)"
        rows += [(f"{title}, mean", bias.mean[kind]), (f"{title}, {worst}", bias.worst[kind])]
    made = [_comparisons(f"Bias on {bias.texts:,} identity templates", rows)]
    for kind, title in BIAS_KINDS.items():
        made.append(_comparisons(f"{title} by term", [(term, kinds[kind]) for term, kinds in bias.terms.items()]))
    return made


def pooled_table(report: GateReport) -> str:
    """The mean AUC over all sets; empty where there is but one."""
    if report.pooled is None or len(report.sets) < 2:
        return ""
    return _comparisons("Mean AUC over all sets, each by how sure it is", [("All sets", report.pooled)])


def mark(verdict: Verdict, *, warn: bool = False) -> str:
    """A verdict as a coloured word; a "worse" that does not refuse is a warning."""
    tone = {"better": "better", "worse": "warn" if warn else "worse"}.get(verdict, "none")
    return f'<span class="m-mark t-{tone}">{_SIGNS.get(verdict, "")}{escape(VERDICTS[verdict])}</span>'


def _by_label(labels: dict[str, Comparison], mean: Comparison) -> list[tuple[str, Comparison]]:
    return [*((LABEL_TITLES.get(name, name), found) for name, found in labels.items()), ("Mean", mean)]


def _comparisons(caption: str, rows: Sequence[tuple[str, Comparison]]) -> str:
    head = (
        '<th></th><th>Live</th><th>Challenger</th><th>Difference, 95 %</th><th class="wide"></th><th class="wide"></th>'
    )
    scale = max((abs(end) for _, one in rows for end in (one.low, one.high) if end is not None), default=0.0)
    return _table(caption, head, [_row(title, one, scale) for title, one in rows])


def _row(title: str, one: Comparison, scale: float) -> str:
    kind = ' class="mean"' if title == "Mean" else ""
    if one.difference is None or one.low is None or one.high is None or one.live is None or one.challenger is None:
        few = f"<small>{one.positives:,} positives</small>"
        cells = f'<td>–</td><td>–</td><td>{few}</td><td class="wide"></td>'
    else:
        cells = (
            f"<td>{one.live:.4f}</td><td>{one.challenger:.4f}</td><td>{one.difference:+.4f} "
            f"<small>{one.low:+.4f} to {one.high:+.4f}</small></td>"
            f'<td class="wide">{_interval(one.low, one.difference, one.high, scale)}</td>'
        )
    name = f'<td class="name">{escape(title)}<div class="narrow">{mark(one.verdict)}</div></td>'
    return f'<tr{kind}>{name}{cells}<td class="wide">{mark(one.verdict)}</td></tr>'


def _interval(low: float, middle: float, high: float, scale: float) -> str:
    """The interval as a line beside zero, all rows of a table on one scale. No SVG: Streamlit would take it out."""

    def at(value: float) -> float:
        return 50 + (value / scale * 47 if scale > 0 else 0.0)

    line = f'<i style="left:{at(low):.1f}%;width:{at(high) - at(low):.1f}%"></i>'
    return f'<div class="m-range" aria-hidden="true">{line}<em style="left:{at(middle):.1f}%"></em></div>'


def _table(caption: str, head: str, rows: Iterable[str]) -> str:
    body = "".join(rows)
    return (
        f'<div class="m-gate" tabindex="0"><table><caption>{escape(caption)}</caption>'
        f"{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table></div>"
    )
