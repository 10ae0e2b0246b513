"""A report as files: one CSV with every figure, or a ZIP with the page, that CSV, and a CSV a table."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC

from core.errors import BadInput
from core.files.formulas import harmless
from core.transparency.page import report_html
from core.transparency.service import Report
from core.transparency.table import Column, Table
from core.transparency.tables import sections
from core.transparency.words import filed

ENDINGS = (".html", ".csv", ".zip")
_HEAD = ("section", "table", "row", "column", "value", "low_95", "high_95", "unit", "population")
_UNITS = {"text": "text", "count": "count", "share": "share", "number": "number", "seconds": "seconds"}


def as_file(report: Report, ending: str) -> bytes:
    """The report as a file of that ending: .html, .csv or .zip. Raises BadInput for another."""
    if ending == ".html":
        return report_html(report).encode()
    if ending == ".csv":
        return all_figures(report)
    if ending == ".zip":
        return as_zip(report)
    raise BadInput(
        "A report is written as .html, .csv or .zip, not as {ending!r}. Change the file's name.",
        ending=ending[:20],
    )


def all_figures(report: Report) -> bytes:
    """A line a figure, RFC 4180 in UTF-8: what it is, its value, its 95 % limits, its unit and its population."""
    lines: list[Sequence[str]] = [_HEAD, *_about(report)]
    for section in sections(report):
        for table in section.tables:
            for row in table.rows:
                for cell, column in zip(row.cells, table.columns, strict=True):
                    where = (section.title, table.key, row.name, column.title)
                    lines.append((*map(harmless, where), *filed(cell), _UNITS[column.kind], harmless(table.population)))
    return _csv(lines)


def one_table(table: Table) -> bytes:
    """A table as people see it; a column with limits is three columns."""
    head = [table.first, *(title for column in table.columns for title in _titles(column))]
    lines = [head]
    for row in table.rows:
        cells = [filed(cell) for cell in row.cells]
        wide = [cell if _has_limits(column) else cell[:1] for cell, column in zip(cells, table.columns, strict=True)]
        lines.append([harmless(row.name), *(value for cell in wide for value in cell)])
    return _csv(lines)


def as_zip(report: Report) -> bytes:
    """report.html, report.csv, and tables/KEY.csv for each table."""
    held = {"report.html": report_html(report).encode(), "report.csv": all_figures(report)}
    held |= {f"tables/{table.key}.csv": one_table(table) for section in sections(report) for table in section.tables}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            archive.writestr(zipfile.ZipInfo(name, report.made_at.astimezone(UTC).timetuple()[:6]), content)
    return out.getvalue()


def file_name(report: Report, ending: str) -> str:
    """What to call the file."""
    return f"transparency-{report.period.first}-{report.period.last}{ending}"


def _about(report: Report) -> Iterable[Sequence[str]]:
    facts = {
        "First day (UTC)": str(report.period.first),
        "Last day (UTC)": str(report.period.last),
        "Made at (UTC)": f"{report.made_at:%Y-%m-%d %H:%M:%S}",
        "The period is over": "yes" if report.closed else "no",
        "Newest entry of the ledger in the period": str(report.ledger.last_id),
    }
    for name, value in facts.items():
        yield "Report", "report", name, "Value", value, "", "", "text", "This report"


def _titles(column: Column) -> tuple[str, ...]:
    return (column.title, f"{column.title}, low 95 %", f"{column.title}, high 95 %")[: 3 if _has_limits(column) else 1]


def _has_limits(column: Column) -> bool:
    return column.kind in ("share", "number")


def _csv(lines: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue().encode()
