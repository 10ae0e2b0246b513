"""`moderato report`, as somebody runs it."""

import hashlib

import pytest
from typer.testing import CliRunner

import cli
from core.errors import BadInput
from core.services import build_services
from core.settings import Settings
from tests.support.report_ledger import put_ledger


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder with a ledger."""
    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path / "data"))
    services = build_services(Settings(data_dir=tmp_path / "data"))
    put_ledger(services, comments=40)
    services.close()
    return tmp_path


def moderato(*arguments: str) -> str:
    done = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
    if isinstance(done.exception, Exception):
        raise done.exception
    return done.output


def test_report_writes_a_file_and_says_its_hash(folder):
    out = folder / "half.HTML"
    said = moderato("report", "--from", "2026-01-01", "--to", "2026-06-30", "-o", str(out))
    assert hashlib.sha256(out.read_bytes()).hexdigest() in said
    assert "2026 half-year 1" in said
    assert out.read_text().startswith("<!doctype html>")
    assert [path.name for path in folder.iterdir() if path.name != "data"] == ["half.HTML"]


def test_report_refuses_before_it_reads(folder):
    for arguments, words in (
        (("--from", "2026-01-01", "--to", "2026-01-02", "-o", str(folder / "a.xlsx")), "not as 'a.xlsx'"),
        (("--from", "2026-01-01", "--to", "2026-01-02", "-o", str(folder / "no" / "a.csv")), "There is no folder"),
        (("--from", "2026-01-03", "--to", "2026-01-02", "-o", str(folder / "a.csv")), "Swap them"),
        (("--from", "tomorrow", "--to", "2026-01-02", "-o", str(folder / "a.csv")), "'tomorrow' is no day"),
    ):
        with pytest.raises(BadInput, match=words):
            moderato("report", *arguments)


def test_report_of_a_running_period_says_so(folder):
    assert "not over" in moderato("report", "--from", "2026-01-01", "--to", "2030-01-01", "-o", str(folder / "a.csv"))
