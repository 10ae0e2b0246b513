"""Charts of a report, of plain elements: no script, and no SVG, which Streamlit's pages would take out."""

from collections.abc import Sequence
from html import escape
from typing import Final

from core.metrics.intervals import Estimate
from core.transparency.table import Row, Table
from core.transparency.words import visible

MOST_BARS: Final = 40
CHART_CSS: Final = """
.m-rep figure{margin:.25rem 0 1rem}
.m-rep .bar{display:grid;grid-template-columns:minmax(5rem,min(15rem,36%)) 1fr;gap:.1rem .75rem;align-items:center;
 font-size:.8rem;line-height:1.25}
.m-rep .bar>span{text-align:right;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.m-rep .bar>div{display:flex;height:.95rem;margin:.12rem 0;position:relative}
.m-rep .bar i,.m-rep .key i{background:var(--m-c);box-shadow:inset -1px 0 Canvas;min-width:1px;
 print-color-adjust:exact}
.m-rep .range>div{background:linear-gradient(to right,rgb(128 128 128 / .18) 1px,transparent 1px) 0 0/25% 100%;
 border-right:1px solid rgb(128 128 128 / .18);height:1.3rem;print-color-adjust:exact}
.m-rep .range b{position:absolute;border-top:2px solid var(--m-c);print-color-adjust:exact}
.m-rep .range em{position:absolute;width:.5rem;height:.5rem;margin:-.25rem 0 0 -.25rem;border-radius:50%;
 background:var(--m-c);print-color-adjust:exact}
.m-rep .c0{--m-c:#dc2626}.m-rep .c1{--m-c:#0f9d74}.m-rep .c2{--m-c:#2563eb}.m-rep .c3{--m-c:#b7791f}
.m-rep .only.c0{--m-c:#2563eb}
.m-rep .r0{--m-c:#2563eb}.m-rep .r1{--m-c:#b7791f}
.m-rep .key{display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:.8rem;margin:0 0 .35rem}
.m-rep .key i{display:inline-block;width:.8rem;height:.8rem;border-radius:.15rem;margin-right:.35rem;
 vertical-align:-.08rem}
.m-rep .axis{display:flex;justify-content:space-between;font-size:.75rem;opacity:.8}
@media (prefers-color-scheme:dark){.m-rep .c0{--m-c:#f87171}.m-rep .c1{--m-c:#34d399}.m-rep .c2{--m-c:#60a5fa}
 .m-rep .c3{--m-c:#fbbf24}.m-rep .only.c0,.m-rep .r0{--m-c:#60a5fa}.m-rep .r1{--m-c:#fbbf24}}
"""


def chart_html(table: Table) -> str:
    """The table's chart, or nothing. The table itself follows it, so readers by ear skip the drawing."""
    if table.chart is None:
        return ""
    rows = [row for row in table.rows[: table.shown] if _is_drawn(row, table)][:MOST_BARS]
    drawn = _bars(table, rows) if table.chart.kind == "bars" else _ranges(table, rows)
    return f'<figure aria-hidden="true">{_key(table)}{drawn}</figure>' if drawn else ""


def _is_drawn(row: Row, table: Table) -> bool:
    names = table.chart.rows if table.chart else None
    if names is not None:
        return row.name in names
    if table.chart and table.chart.kind == "intervals":
        return True
    return not row.style


def _bars(table: Table, rows: Sequence[Row]) -> str:
    """Stacked bars on one scale."""
    columns = table.chart.columns if table.chart else ()
    values = [[_number(row.cells[at]) for at in columns] for row in rows]
    longest = max((sum(parts) for parts in values), default=0.0)
    if longest <= 0:
        return ""
    only = " only" if len(columns) == 1 else ""
    made = []
    for row, parts in zip(rows, values, strict=True):
        bars = "".join(
            f'<i class="c{at}{only}" style="width:{100 * part / longest:.3f}%"></i>'
            for at, part in enumerate(parts)
            if part > 0
        )
        made.append(f"<span>{_name(row)}</span><div>{bars}</div>")
    return f'<div class="bar">{"".join(made)}</div>'


def _ranges(table: Table, rows: Sequence[Row]) -> str:
    """Estimates with their intervals, from 0 to 100 %."""
    columns = table.chart.columns if table.chart else ()
    made = []
    for row in rows:
        marks = "".join(_range(row.cells[at], place, len(columns)) for place, at in enumerate(columns))
        if marks:
            made.append(f"<span>{_name(row)}</span><div>{marks}</div>")
    if not made:
        return ""
    axis = '<span></span><p class="axis"><span>0 %</span><span>50 %</span><span>100 %</span></p>'
    return f'<div class="bar range">{"".join(made)}{axis}</div>'


def _range(cell: object, place: int, many: int) -> str:
    if not isinstance(cell, Estimate):
        return ""
    top = 100 * (place + 1) / (many + 1)
    line = f"left:{100 * cell.low:.2f}%;width:{100 * (cell.high - cell.low):.2f}%;top:calc({top:.0f}% - 1px)"
    dot = f"left:{100 * cell.value:.2f}%;top:{top:.0f}%"
    return f'<b class="r{place}" style="{line}"></b><em class="r{place}" style="{dot}"></em>'


def _key(table: Table) -> str:
    """What the colours mean, where there are several."""
    columns = table.chart.columns if table.chart else ()
    if len(columns) < 2:
        return ""
    letter = "c" if table.chart and table.chart.kind == "bars" else "r"
    names = (
        f'<span><i class="{letter}{place}"></i>{escape(table.columns[at].title)}</span>'
        for place, at in enumerate(columns)
    )
    return f'<p class="key">{"".join(names)}</p>'


def _number(cell: object) -> float:
    return float(cell) if isinstance(cell, (int, float)) else 0.0


def _name(row: Row) -> str:
    return f"<bdi>{escape(visible(row.short or row.name))}</bdi>"
