"""A report as one HTML file that needs nothing else: no scripts, no other files, light and dark, fit to print."""

from collections.abc import Iterable
from html import escape
from typing import Final

from core.transparency.charts import CHART_CSS, chart_html
from core.transparency.service import Report
from core.transparency.table import Cell, Column, Row, Section, Table
from core.transparency.tables import sections
from core.transparency.words import TOO_FEW, duration, told, visible

_PAGE_CSS: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:80rem;padding:2rem 1rem;background:Canvas;
 color:CanvasText}
@media print{body{max-width:none;padding:0;font-size:10pt}@page{margin:15mm}}
"""

CSS: Final = (
    """
.m-rep{container-type:inline-size;line-height:1.5;overflow-wrap:anywhere}
.m-rep h1{font-size:1.6rem;line-height:1.2;margin:0 0 .25rem;padding:0}
.m-rep h2{font-size:1.25rem;margin:2.5rem 0 .25rem;padding:0 0 .25rem;border-bottom:2px solid rgb(128 128 128 / .35)}
.m-rep h3{font-size:1.05rem;margin:1.5rem 0 .1rem;padding:0}
.m-rep p{margin:.1rem 0 .5rem}
.m-rep .pop,.m-rep .words,.m-rep .when{font-size:.875rem}
.m-rep .pop,.m-rep .when{opacity:.8}
.m-rep .words{border-left:3px solid rgb(128 128 128 / .35);padding-left:.75rem;margin:.5rem 0 0}
.m-rep .say{border-radius:.5rem;border:1px solid;padding:.6rem .9rem;margin:.75rem 0;
 border-color:color-mix(in srgb,var(--m-tone) 55%,transparent);
 background:color-mix(in srgb,var(--m-tone) 12%,transparent)}
.m-rep .say.good{--m-tone:#059669}.m-rep .say.open{--m-tone:#d97706}
.m-rep .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.6rem;margin:1rem 0;padding:0}
.m-rep .facts div{border:1px solid rgb(128 128 128 / .35);border-radius:.5rem;padding:.5rem .75rem}
.m-rep .facts dt{font-size:.8rem;opacity:.8;font-weight:400}
.m-rep .facts dd{margin:0;font-size:1.3rem;font-weight:600;font-variant-numeric:tabular-nums}
.m-rep .scroll{overflow-x:auto;margin:.25rem 0 .5rem}
.m-rep table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;line-height:1.35;font-size:.875rem}
.m-rep th{font-weight:500;text-align:right;padding:.3rem .45rem;vertical-align:bottom;overflow-wrap:normal;border:0}
.m-rep thead th{font-size:.8rem;opacity:.8}
.m-rep td{text-align:right;padding:.3rem .45rem;border:0;white-space:nowrap;vertical-align:top;
 overflow-wrap:normal}
.m-rep tbody tr>*{border:0;border-top:1px solid rgb(128 128 128 / .25)}
.m-rep th:first-child{text-align:left;padding-left:0;min-width:9rem}
.m-rep tbody th{font-weight:400;vertical-align:top}
.m-rep td.text,.m-rep th.text{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:5.5rem}
.m-rep tr.total>*{font-weight:600;border-top-width:2px}
.m-rep tr.part th{padding-left:1.25rem;opacity:.85}
.m-rep td small{display:block;opacity:.8;font-size:.75rem;font-weight:400}
.m-rep .few{opacity:.7}
@container (max-width:48rem){.m-rep td.text{min-width:8rem}.m-rep td.text:last-child{min-width:16rem}}
@container (min-width:68rem){.m-rep section.one{display:grid;grid-template-columns:minmax(0,1fr) 19rem;gap:0 2rem}
 .m-rep section.one>h3,.m-rep section.one>.pop{grid-column:1/-1}.m-rep .words{margin-top:.35rem;align-self:start}}
@media print{.m-rep{container-type:normal}.m-rep h2,.m-rep h3,.m-rep .pop{break-after:avoid}
 .m-rep tr,.m-rep figure,.m-rep .words p{break-inside:avoid}.m-rep thead{display:table-header-group}
 .m-rep .scroll{overflow:visible}.m-rep table{font-size:8pt}.m-rep td small{white-space:normal;font-size:7pt}
 .m-rep th,.m-rep td{padding:.15rem .25rem}.m-rep th:first-child{min-width:6.5rem}
 .m-rep .facts{grid-template-columns:repeat(3,1fr)}}
"""
    + CHART_CSS
)


def report_html(report: Report) -> str:
    """The whole document."""
    title = f"Transparency report: {report.period.title}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_PAGE_CSS}{CSS}</style></head>"
        f'<body><main class="m-rep"><h1>{escape(title)}</h1>{body_html(report)}</main></body></html>'
    )


def body_html(report: Report) -> str:
    """All of it but the title, to stand in an element of class m-rep with `CSS`."""
    parts = [_when(report), _facts(report)]
    for section in sections(report):
        parts += _section(section)
    return "".join(parts)


def _when(report: Report) -> str:
    period = report.period
    when = (
        f'<p class="when">{period.first} to {period.last}, both included, in UTC. Made by Moderato on '
        f"{report.made_at:%Y-%m-%d %H:%M} UTC from the ledger of decisions, up to its entry "
        f"{report.ledger.last_id:,}.</p>"
    )
    if report.closed:
        words = (
            "The period is over. It is told as it stood at its end: decisions, undos and changes made afterwards "
            "belong to the period in which they were made and do not change these numbers."
        )
        return f'{when}<p class="say good">{words}</p>'
    return f'{when}<p class="say open">The period is not over: these numbers will still change.</p>'


def _facts(report: Report) -> str:
    first = report.waits["By people"]
    found = report.reversals
    facts = {
        "Comments came in": f"{report.flow.came_in:,}",
        "Decisions": f"{report.total.decisions:,}",
        "Removed by the policy alone": f"{report.flow.automatic:,}",
        "Let through without review": f"{report.flow.let_through:,}",
        "Median time to a person's decision": "–" if first.median is None else duration(first.median),
        "Reversals": f"{found.undone + found.changed + found.automatic_back:,}",
    }
    return f'<dl class="facts">{"".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd></div>" for k, v in facts.items())}</dl>'


def _section(section: Section) -> Iterable[str]:
    yield f"<h2>{escape(section.title)}</h2>"
    for table in section.tables:
        yield _table_section(table)


def _table_section(table: Table) -> str:
    words = "".join(f"<p>{escape(text)}</p>" for text in table.words)
    return (
        f'<section class="one"><h3>{escape(table.title)}</h3><p class="pop">Counted: {escape(table.population)}.</p>'
        f'<div>{chart_html(table)}{_table(table)}</div><div class="words">{words}</div></section>'
    )


def _table(table: Table) -> str:
    head = "".join(f"<th scope=col{_kind(column)}>{escape(column.title)}</th>" for column in table.columns)
    body = "".join(_row(row, table.columns) for row in _shown(table))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}"><table>'
        f"<thead><tr><th scope=col>{escape(table.first)}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"{_left_out(table)}"
    )


def _shown(table: Table) -> list[Row]:
    """The rows of a page: the first ones, what stands for the others, and the total."""
    rows = list(table.rows)
    if table.shown is None or len(rows) <= table.shown:
        return rows
    last = [row for row in rows[-1:] if row.style == "total"]
    return [*rows[: table.shown], *([table.rest] if table.rest else []), *last]


def _left_out(table: Table) -> str:
    hidden = len(table.rows) - len(_shown(table))
    if hidden <= 0 or table.rest:
        return ""
    return f'<p class="pop">{hidden:,} more rows are in the CSV.</p>'


def _row(row: Row, columns: tuple[Column, ...]) -> str:
    style = f' class="{row.style}"' if row.style else ""
    cells = "".join(_cell(cell, column) for cell, column in zip(row.cells, columns, strict=True))
    return f"<tr{style}><th scope=row><bdi>{escape(visible(row.name))}</bdi></th>{cells}</tr>"


def _cell(cell: Cell, column: Column) -> str:
    text, limits = told(cell, column)
    if text == TOO_FEW:
        return f'<td class="few">{TOO_FEW}</td>'
    small = f"<small>{limits}</small>" if limits else ""
    return f"<td{_kind(column)}>{escape(text)}{small}</td>"


def _kind(column: Column) -> str:
    return ' class="text"' if column.kind == "text" else ""
