"""`moderato privacy` and `moderato trail`, and the ZIP of what is held on an author."""

import io
import json
import zipfile
from uuid import uuid4

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

import cli
from core.accounts import Person, Role
from core.domain import NewComment
from core.errors import NotAllowed, NotFound
from core.services import build_services
from core.settings import Settings
from db.models import CommentRow
from tests.support.decided import TOXIC, Made, put


def test_what_is_held_on_an_author_names_no_moderator(services, ada):
    ids = put(services, [Made("one", TOXIC, person="Moderator Max", external_id="7"), Made("two", external_id="8")])
    services.intake.add([NewComment("three", "forum", "9", author="Jane")])
    with services.sessions.begin() as session:
        session.execute(update(CommentRow).where(CommentRow.id.in_(ids[:1])).values(author="Jane"))
    file = io.BytesIO()
    assert services.author_exports.write(file, "Jane", by=ada) == 2
    with zipfile.ZipFile(file) as packed:
        lines = packed.read("comments.jsonl").decode()
    first, second = map(json.loads, lines.splitlines())
    assert (first["text"], first["id"], first["decisions"][0]["labels"]) == ("one", "7", ["toxic"])
    assert (second["text"], second["state"], second["decisions"]) == ("three", "not scored", [])
    assert "Max" not in lines
    with pytest.raises(NotFound, match="No comment of that author"):
        services.author_exports.write(io.BytesIO(), str(uuid4()), by=ada)
    with pytest.raises(NotAllowed, match="admin"):
        services.author_exports.write(io.BytesIO(), "Jane", by=Person("Lea", frozenset({Role.LEAD})))


def test_the_commands(tmp_path, monkeypatch):
    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path))
    services = build_services(Settings(data_dir=tmp_path))
    services.intake.add([NewComment(f"text {n}", "site", str(n), author="Jane" if n else "Joe") for n in range(4)])

    def run(*words: str):
        return CliRunner().invoke(cli.app, [*words])

    assert "3 comments in" in run("privacy", "export-author", "Jane", str(tmp_path / "jane.zip")).output
    assert "Texts are kept for 30 days" in run("privacy", "retention", "--days", "30").output
    assert "3 comments erased, 0 exports" in run("privacy", "erase", "--author", "Jane", "--yes").output
    assert "Authors of 1 comment converted" in run("privacy", "pseudonyms", "--on").output
    assert run("privacy", "erase").exception
    number, hashed = services.trail.newest()
    assert f"{number}:{hashed}" in run("trail", "verify", "--expect", f"{number}:{hashed}").output
    assert run("trail", "verify", "--expect", f"{number}:{'0' * 64}").exit_code
    assert f"{number} events" in run("trail", "export", str(tmp_path / "trail.csv")).output
    assert "Done" in run("privacy", "compact").output
    services.close()
