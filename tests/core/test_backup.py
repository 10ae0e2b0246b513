"""Backup and restore: the same ledger, metrics and models, or nothing changed at all."""

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text

from core import restore as restoring
from core.archive import read_manifest, unpack
from core.backup import Backups, last_backup
from core.errors import BadInput, Conflict, NotAllowed
from core.keys import Scope
from core.restore import restore
from core.services import build_services
from core.settings import ROOT, Settings
from db import copying
from db.migrate import config
from db.session import Sessions, build_engine
from tests.support.ledger import seed
from tests.support.models import add_model
from tests.support.scoring import add_comments

TABLES = ("comment", "decision", "routing", "score", "policy", "model_version", "stratum", "api_key")


def quiet(_what: str, _share: float) -> None:
    """No progress."""


def content(services) -> dict[str, list]:
    """Every row of the tables that must come back."""
    with services.sessions.read() as session:
        return {t: sorted(repr(tuple(r)) for r in session.execute(text(f"SELECT * FROM {t}"))) for t in TABLES}


def filled(services, ada) -> dict[str, list]:
    """An installation with decisions, a trained model and a key."""
    seed(services, comments=600, days=3)
    add_model(services, "trained", by=ada)
    services.keys.create("forum", [Scope.ANALYZE], by=ada)
    return content(services)


def figures(services) -> str:
    """What the metrics page would show."""
    model = next(model for model in services.metrics.models() if model.name == "made-up")
    return repr(services.metrics.overviews(model.id, services.metrics.days()))


def backup(services, ada, target: Path, **options):
    return Backups(services.sessions, services.settings).make(target, by=ada, say=quiet, **options)


def test_everything_comes_back_and_what_was_there_is_kept(services, ada, tmp_path):
    before, metrics = filled(services, ada), figures(services)
    made = backup(services, ada, tmp_path / "b.tar.gz")
    assert made.manifest.counts["decision"] == len(before["decision"]) > 100
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    add_comments(services.sessions, ["added after the backup"])
    trained = Path(services.settings.data_dir / "models" / "trained")
    settings = services.settings
    services.close()
    for file in trained.iterdir():
        file.unlink()
    trained.rmdir()
    done = restore(tmp_path / "b.tar.gz", settings, by=ada, say=quiet)
    again = build_services(settings)
    try:
        assert content(again) == before
        assert figures(again) == metrics
        assert again.registry.require("trained").sha256
        assert trained.is_dir()
        assert done.aside, "what was there is kept"
        with again.sessions.read() as session:
            whats = [what for (what,) in session.execute(text("SELECT what FROM audit_event ORDER BY id"))]
        assert whats[-1] == "backup.restored"
        _write_once(again, ada)
    finally:
        again.close()


def _write_once(services, ada) -> None:
    """New rows get new ids: the sequences came back too."""
    add_comments(services.sessions, ["a new one"])
    services.keys.create("another", [Scope.READ], by=ada)


def test_it_comes_back_on_another_folder(sqlite_services, ada, tmp_path):
    filled(sqlite_services, ada)
    backup(sqlite_services, ada, tmp_path / "b.tar")
    other = Settings(data_dir=tmp_path / "elsewhere")
    done = restore(tmp_path / "b.tar", other, by=ada, say=quiet)
    assert done.aside == []
    again = build_services(other)
    version = again.registry.require("trained")
    again.close()
    assert str(tmp_path / "elsewhere") in version.path


def test_a_backup_while_somebody_writes_is_of_one_moment(services, ada, tmp_path):
    """Each transaction adds ten comments: a copy with a part of ten is torn."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            add_comments(services.sessions, [f"{number} {k}" for k in range(10)])
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for k in range(5):
            counts = backup(services, ada, tmp_path / f"b{k}.tar").manifest.counts
            assert counts["comment"] % 10 == 0
            assert counts["comment"] == counts["pending"]
    finally:
        stop.set()
        writer.join()


def test_the_command_finds_every_table(services, ada, tmp_path):
    """A process of its own imports less than this one: a table that it does not know must be in the backup too."""
    filled(services, ada)
    settings = services.settings
    environment = {**os.environ, "MODERATO_DATA_DIR": str(settings.data_dir), "PYTHONPATH": str(ROOT)}
    environment["MODERATO_DATABASE_URL"] = settings.database_url

    def run(*arguments: str) -> None:
        command = [sys.executable, "cli.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    run("backup", str(tmp_path / "b.tar"))
    with services.sessions.read() as session:
        names = set(inspect(session.connection()).get_table_names())
    services.close()
    assert set(read_manifest(tmp_path / "b.tar").counts) == {
        name for name in names if name != "alembic_version" and not name.startswith("comment_fts")
    }
    run("restore", str(tmp_path / "b.tar"))


def test_a_database_that_is_away_is_told(ada, tmp_path):
    settings = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://ada:hunter2@127.0.0.1:1/x")
    away = Sessions(build_engine(settings.url))
    with pytest.raises(BadInput, match="PostgreSQL says OperationalError") as told:
        Backups(away, settings).make(tmp_path / "b.tar", by=ada, say=quiet)
    assert "hunter2" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_taken_name_is_kept_unless_forced(sqlite_services, ada, tmp_path):
    target = tmp_path / "b.tar"
    target.write_text("mine")
    with pytest.raises(Conflict, match="--force"):
        backup(sqlite_services, ada, target)
    assert target.read_text() == "mine"
    backup(sqlite_services, ada, target, force=True)
    assert read_manifest(target).database == "sqlite"
    assert last_backup(sqlite_services.settings)


def test_bad_places_are_named(sqlite_services, ada, tmp_path):
    with pytest.raises(BadInput, match="is a folder"):
        backup(sqlite_services, ada, tmp_path)
    with pytest.raises(BadInput, match="no folder"):
        backup(sqlite_services, ada, tmp_path / "none" / "b.tar")


def test_a_full_disk_leaves_nothing(sqlite_services, ada, tmp_path, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.backup.write_archive", full)
    with pytest.raises(BadInput, match="No space left"):
        backup(sqlite_services, ada, tmp_path / "b.tar")
    assert [path.name for path in tmp_path.glob("*b.tar*")] == []


def test_a_model_whose_files_changed_is_told(sqlite_services, ada, tmp_path):
    filled(sqlite_services, ada)
    file = next((tmp_path / "models" / "trained").glob("*.safetensors"))
    file.write_bytes(b"x")
    assert "trained" in backup(sqlite_services, ada, tmp_path / "b.tar").notes[0]


def test_snapshots_and_exports_come_along_if_asked(sqlite_services, ada, tmp_path):
    settings = sqlite_services.settings
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "a.csv").write_text("first")
    (tmp_path / "exports" / ".hidden").write_text("no")
    backup(sqlite_services, ada, tmp_path / "b.tar", files=True)
    assert "files/exports/.hidden" not in read_manifest(tmp_path / "b.tar").files
    sqlite_services.close()
    (tmp_path / "exports" / "a.csv").write_text("second")
    restore(tmp_path / "b.tar", settings, by=ada, say=quiet)
    assert (tmp_path / "exports" / "a.csv").read_text() == "first"
    assert next(tmp_path.glob("before-restore-*/exports/a.csv")).read_text() == "second"


# -- refusing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(sqlite_services, ada, tmp_path):
    """A backup, its installation closed, and that database's bytes."""
    add_comments(sqlite_services.sessions, ["one"])
    backup(sqlite_services, ada, tmp_path / "b.tar")
    sqlite_services.close()
    return tmp_path / "b.tar"


def rewrite(archive: Path, change) -> None:
    """Write the archive anew; `change` gets and returns a list of (TarInfo, bytes)."""
    with tarfile.open(archive) as tar:
        members = [(m, tar.extractfile(m).read()) for m in tar.getmembers()]
    with tarfile.open(archive, "w") as tar:
        for member, data in change(members):
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def with_manifest(**changes):
    def change(members):
        manifest = json.loads(members[0][1]) | changes
        return [(members[0][0], json.dumps(manifest).encode()), *members[1:]]

    return change


def flipped(members):
    data = bytearray(members[1][1])
    data[len(data) // 2] ^= 1
    return [members[0], (members[1][0], bytes(data))]


def named(name, kind=tarfile.REGTYPE):
    def change(members):
        entry = {"sha256": "0" * 64, "bytes": 1}
        manifest = json.loads(members[0][1])
        manifest["files"][name] = entry
        extra = tarfile.TarInfo(name)
        extra.type, extra.linkname = kind, "/etc/passwd"
        return [(members[0][0], json.dumps(manifest).encode()), *members[1:], (extra, b"x")]

    return change


def stranger(members):
    return [*members, (tarfile.TarInfo("unnamed"), b"x")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (flipped, "damaged"),
        (lambda members: members[:1], "cut off"),
        (lambda members: members[1:], "no backup of Moderato"),
        (stranger, "knows nothing"),
        (named("../../outside"), "no plain file"),
        (named("/absolute"), "no plain file"),
        (named("models/../../up"), "no plain file"),
        (named("link", tarfile.SYMTYPE), "no plain file"),
        (named("hard", tarfile.LNKTYPE), "no plain file"),
        (named("device", tarfile.CHRTYPE), "no plain file"),
        (with_manifest(revision="9999"), "newer"),
        (with_manifest(format=99), "newer"),
        (with_manifest(database="postgresql"), "postgresql"),
        (with_manifest(counts={"comment": 7}), "manifest describes"),
        (with_manifest(models=[{"name": "x", "sha256": "0", "folder": "models/../up"}]), "manifest"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_archive_changes_nothing(made, ada, tmp_path, change, words):
    before = (tmp_path / "moderato.db").read_bytes()
    rewrite(made, change)
    with pytest.raises(BadInput, match=words):
        restore(made, Settings(data_dir=tmp_path), by=ada, say=quiet)
    with closing(sqlite3.connect(tmp_path / "moderato.db")) as database:
        assert database.execute("SELECT count(*) FROM comment").fetchone() == (1,)
    assert len((tmp_path / "moderato.db").read_bytes()) == len(before)
    assert not (tmp_path / ".restoring").exists()
    assert not list(tmp_path.glob("before-restore-*"))
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize("content_", [b"", b"no tar at all" * 100, b"\x1f\x8b\x08broken"])
def test_what_is_no_archive_is_refused(ada, tmp_path, content_):
    (tmp_path / "b").write_bytes(content_)
    with pytest.raises(BadInput):
        restore(tmp_path / "b", Settings(data_dir=tmp_path), by=ada, say=quiet)
    with pytest.raises(BadInput, match="no file"):
        restore(tmp_path / "none", Settings(data_dir=tmp_path), by=ada, say=quiet)


def test_a_cut_archive_is_refused(made, ada, tmp_path):
    made.write_bytes(made.read_bytes()[:-20_000])
    with pytest.raises(BadInput):
        unpack(made, None, quiet)


def test_nobody_restores_beneath_an_open_database(services, ada, tmp_path):
    backup(services, ada, tmp_path / "b.tar")
    with services.sessions.read() as session:
        session.execute(text("SELECT count(*) FROM comment"))
    with pytest.raises(Conflict, match="Stop the dashboard"):  # connections rest in the pool, as those of a server do
        restore(tmp_path / "b.tar", services.settings, by=ada, say=quiet)


def test_an_older_schema_is_brought_up_to_date(made, ada, tmp_path):
    """The archive's database as the migration before the newest left it."""
    old, target = copying.known_revisions()[-1], tmp_path / "old"
    target.mkdir()
    engine = build_engine(f"sqlite:///{target / 'moderato.db'}")
    with engine.execution_options(moderato_writes=True).begin() as connection:
        made_config = config()
        made_config.attributes["connection"] = connection
        command.upgrade(made_config, old)
    settings = Settings(data_dir=target)
    Backups(Sessions(engine), settings).make(tmp_path / "old.tar", by=ada, say=quiet)
    engine.dispose()
    assert read_manifest(tmp_path / "old.tar").revision == old
    new = Settings(data_dir=tmp_path / "new")
    restore(tmp_path / "old.tar", new, by=ada, say=quiet)
    services = build_services(new)
    assert services.keys.list_keys() == []
    services.close()


@pytest.mark.parametrize("step", ["os.replace", "copying._link", "copying.sync_folder"])
def test_cut_off_at_any_step_the_database_is_the_old_one(made, ada, tmp_path, monkeypatch, step):
    class Killed(BaseException):
        pass

    def kill(*_args, **_options):
        raise Killed

    with closing(sqlite3.connect(tmp_path / "moderato.db")) as database:
        database.execute("DELETE FROM pending")
        database.execute("DELETE FROM comment")
        database.commit()
    monkeypatch.setattr({"os.replace": "db.copying.os.replace"}.get(step, f"db.{step}"), kill)
    with pytest.raises(Killed):
        restore(made, Settings(data_dir=tmp_path), by=ada, say=quiet)
    monkeypatch.undo()
    with closing(sqlite3.connect(tmp_path / "moderato.db")) as database:
        assert database.execute("SELECT count(*) FROM comment").fetchone() == (0,)
    restore(made, Settings(data_dir=tmp_path), by=ada, say=quiet)
    with closing(sqlite3.connect(tmp_path / "moderato.db")) as database:
        assert database.execute("SELECT count(*) FROM comment").fetchone() == (1,)


def test_a_damaged_database_is_replaced_and_kept(made, ada, tmp_path):
    file = tmp_path / "moderato.db"
    file.write_bytes(b"\xff" * 50_000)
    done = restore(made, Settings(data_dir=tmp_path), by=ada, say=quiet)
    assert (Path(done.aside[0]) / "moderato.db").read_bytes() == b"\xff" * 50_000
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM comment").fetchone() == (1,)


def test_only_admins(sqlite_services, tmp_path):
    from core.accounts import Person, Role

    moderator = Person("Mo", frozenset({Role.MODERATOR}))
    with pytest.raises(NotAllowed):
        backup(sqlite_services, moderator, tmp_path / "b.tar")
    with pytest.raises(NotAllowed):
        restoring.restore(tmp_path / "b.tar", sqlite_services.settings, by=moderator, say=quiet)


def test_killed_while_it_writes_no_half_file_has_the_name(sqlite_services, tmp_path):
    add_comments(sqlite_services.sessions, [f"{k} " + "long " * 400 for k in range(5_000)])
    target = tmp_path / "b.tar.gz"
    command = [sys.executable, "cli.py", "backup", str(target)]
    environment = {**os.environ, "MODERATO_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    part = tmp_path / ".b.tar.gz.part" / "archive"
    deadline = time.monotonic() + 30
    while not part.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not target.exists()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert read_manifest(target).counts["comment"] == 5_000
    assert not part.parent.exists()
