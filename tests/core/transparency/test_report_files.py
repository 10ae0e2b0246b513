"""The report as files: everything explained, nothing that runs, no names and no texts."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from html import escape

import pytest

from core.accounts import local_person
from core.errors import BadInput
from core.transparency import Period
from core.transparency.files import as_file
from core.transparency.tables import sections
from core.transparency.versions import ModelInForce, models_in_force
from core.transparency.words import duration, visible
from tests.support.report_ledger import PEOPLE, put_ledger

PERIOD = Period(date(2026, 1, 1), date(2026, 6, 30))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report on a ledger with everything in it."""
    from core.services import build_services
    from core.settings import Settings

    services = build_services(Settings(data_dir=tmp_path_factory.mktemp("files")))
    put_ledger(services)
    yield services.transparency.report(PERIOD, by=local_person("Ada"))
    services.close()


def tables_of(report):
    return [table for section in sections(report) for table in section.tables]


def test_the_page_needs_nothing_else_and_runs_nothing(report):
    page = as_file(report, ".html").decode()
    assert re.findall(r"<script|javascript:|https?://|\bsrc=|\bhref=|@import|url\(", page, re.I) == []
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert "<title>Transparency report: 2026 half-year 1</title>" in page
    assert "@media print" in page
    assert "prefers-color-scheme:dark" in page


def test_every_table_says_what_it_counts(report):
    page = as_file(report, ".html").decode()
    for table in tables_of(report):
        assert len(table.population) > 10
        assert all(len(words) > 40 for words in table.words)
        assert page.count(f"<h3>{escape(table.title)}</h3>") == 1
        assert len({row.name for row in table.rows}) == len(table.rows)


def test_no_name_and_no_text_is_in_any_file(report):
    for ending in (".html", ".csv"):
        content = as_file(report, ending).decode()
        names = [name.removeprefix("api:") for name in PEOPLE]
        assert re.findall(rf"\b({'|'.join(names)})\b|secret text", content) == []


def test_a_source_that_looks_like_a_formula_is_harmless(report):
    page, table = as_file(report, ".html").decode(), as_file(report, ".csv").decode()
    assert "<bdi>=cmd()</bdi>" in page
    cells = {cell for line in csv.reader(io.StringIO(table)) for cell in line}
    assert "'=cmd()" in cells
    assert [cell for cell in cells if cell[:1] in "=+@" and cell] == []


def test_the_csv_holds_every_figure_with_its_unit(report):
    lines = list(csv.DictReader(io.StringIO(as_file(report, ".csv").decode(), newline="")))
    where = {(line["table"], line["row"], line["column"]): line for line in lines}
    assert len(where) == len(lines) > 400
    assert {line["unit"] for line in lines} == {"text", "count", "share", "number", "seconds"}
    assert int(where["by_label", "All decisions", "Decisions"]["value"]) == report.total.decisions
    measured = where["time_to_decision", "By people", "Median"]
    assert float(measured["value"]) == pytest.approx(report.waits["By people"].median, abs=0.001)
    same = where["agreement", "All six labels and the outcome", "Say the same"]
    assert same["unit"] == "share"
    for line in lines:
        assert (line["low_95"] == "") == (line["high_95"] == "")
        assert line["population"]


def test_the_archive_holds_page_csv_and_a_table_each(report):
    archive = zipfile.ZipFile(io.BytesIO(as_file(report, ".zip")))
    names = set(archive.namelist())
    assert names == {"report.html", "report.csv", *(f"tables/{table.key}.csv" for table in tables_of(report))}
    rows = list(csv.reader(io.StringIO(archive.read("tables/by_lane.csv").decode())))
    assert sum(int(row[1]) for row in rows[1:-1]) == int(rows[-1][1]) == report.total.decisions


def test_what_the_page_shows_adds_up_where_sources_are_many(report):
    many = {f"site {k:03}": report.sources["site"] for k in range(200)}
    page = as_file(replace(report, sources=many), ".html").decode()
    assert "site 024</bdi>" in page
    assert "site 025</bdi>" not in page
    hidden = 175 * report.sources["site"].decisions
    assert f"<bdi>175 others</bdi></th><td>{hidden:,}</td>" in page


def test_authorities_see_what_is_not_answered(report):
    table = next(table for table in tables_of(report) if table.key == "dsa_templates")
    rows = {row.name: row.cells for row in table.rows}
    solely = rows["8 automated_means: Number of measures solely taken by automated means [Total number]"]
    assert solely[0] == report.automatic.removed
    assert rows["4 notices: Notices under Art. 16, by trusted flaggers too, and time to act on them"][1] == (
        "add it yourself"
    )
    total = rows["6 own_initiative_TC: Number of measures taken at the provider's own initiative [TOTAL]"]
    assert total[0] == report.total.took_down + report.automatic.removed


def test_another_kind_of_file_is_refused(report):
    with pytest.raises(BadInput, match=r"\.html, \.csv or \.zip"):
        as_file(report, ".pdf")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (200, "3 min 20 s"),
        (18_600, "5 h 10 min"),
        (90_000, "1 day 1 h"),
    ],
)
def test_times_read_in_the_unit_that_fits(seconds, words):
    assert duration(seconds) == words


def test_what_cannot_be_seen_is_shown():
    assert visible("a\u202eb\nc") == "a⟨U+202E⟩b⟨U+000A⟩c"


def test_models_in_force_end_where_the_period_does():
    at = [datetime(2026, month, 5, tzinfo=UTC) for month in (2, 5, 8)]
    changes = [(at[0], "two", "one"), (at[1], "three", "two"), (at[2], "four", "three")]
    half = models_in_force(changes, None, PERIOD)
    assert half == (
        ModelInForce("one", None, at[0]),
        ModelInForce("two", at[0], at[1]),
        ModelInForce("three", at[1], None),
    )
    assert models_in_force(changes[:2], None, PERIOD) == half
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    assert models_in_force(changes, None, march) == (ModelInForce("two", at[0], None),)
