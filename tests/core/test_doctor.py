"""The doctor says what is wrong and what to do, and keeps secrets."""

import json
import socket
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import text

from core import doctor
from core.backup import Backups
from core.doctor import Grade, examine, list_settings
from core.domain import Lane, now
from core.keys import Scope
from core.services import build_services
from core.settings import Settings
from db.models import to_micros
from db.stores.imports import ImportStore
from tests.support.models import add_model
from tests.support.queue import Waiting, fill_queue, flagged
from tests.support.scoring import add_comments


def grades(settings):
    return {check.name: check for check in examine(settings)}


def test_every_setting_is_listed_with_its_meaning(tmp_path):
    lines = list_settings(Settings(data_dir=tmp_path))
    assert {line.variable for line in lines} == {f"MODERATO_{name.upper()}" for name in Settings.model_fields}
    assert all(line.meaning for line in lines)


def test_no_password_is_shown(tmp_path):
    settings = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://ada:hunter2@127.0.0.1:1/x")
    found = grades(settings)
    assert found["database"].grade == Grade.FAIL
    assert "hunter2" not in str(list_settings(settings)) + str(found)


def test_a_new_folder_is_fine_and_stays_empty(tmp_path):
    found = grades(Settings(data_dir=tmp_path / "new"))
    assert found["database"].grade == Grade.WARN
    assert found["data folder"].grade == Grade.OK
    assert not (tmp_path / "new").exists()


def test_all_is_well(services):
    found = grades(services.settings)
    assert {name: check.grade for name, check in found.items() if check.grade == Grade.FAIL} == {}
    assert found["live model"].grade == Grade.OK
    assert found["schema"].grade == Grade.OK
    assert all(check.todo for check in found.values() if check.grade != Grade.OK)


def test_a_damaged_file_fails(tmp_path):
    build_services(Settings(data_dir=tmp_path)).close()
    file = tmp_path / "moderato.db"
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    assert Grade.FAIL in {check.grade for check in examine(Settings(data_dir=tmp_path))}


def test_a_missing_base_file_fails(tmp_path):
    found = grades(Settings(data_dir=tmp_path, base_data=tmp_path / "none.csv"))
    assert found["base data"].grade == Grade.FAIL


def test_a_port_in_use_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        found = grades(Settings(data_dir=tmp_path, port=port))
    assert found[f"port {port}"].found == "in use, see “server”"
    assert found["server"].grade == Grade.WARN


def test_little_space_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE_GB", 10**9)
    assert grades(Settings(data_dir=tmp_path))["data folder"].grade == Grade.WARN


@pytest.mark.parametrize("damage", [{"MODERATO_BASE_DATA": "/no/such/file"}, {}])
def test_the_command_exits_with_1_on_failure(tmp_path, monkeypatch, damage):
    from typer.testing import CliRunner

    import cli

    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path))
    for name, value in damage.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(cli.app, ["doctor"])
    assert done.exit_code == bool(damage)
    assert "MODERATO_PORT=" in done.output


def test_no_check_fails_to_look(services):
    """Every check on both databases says something of its own."""
    found = grades(services.settings)
    assert not [check for check in found.values() if "could not be looked at" in check.found]
    assert {"model files", "policy", "queue", "scoring", "stuck runs", "search index", "clock", "keys"} <= found.keys()
    assert {"database size", "backup", "libraries"} <= found.keys()


def test_a_closed_data_folder_and_an_open_one(tmp_path):
    folder = tmp_path / "made"
    build_services(Settings(data_dir=folder)).close()
    assert grades(Settings(data_dir=folder))["permissions"].grade == Grade.OK
    folder.chmod(0o755)
    assert grades(Settings(data_dir=folder))["permissions"].grade == Grade.WARN
    folder.chmod(0o777)
    assert grades(Settings(data_dir=folder))["permissions"].grade == Grade.FAIL


def test_keys_without_limits_and_any_origin(sqlite_services, ada):
    settings = sqlite_services.settings.model_copy(update={"api_origins": "https://a.test, *"})
    assert "none yet" in grades(settings)["keys"].found
    sqlite_services.keys.create("loose", [Scope.READ], by=ada, rate=None)
    found = grades(settings)
    assert "loose" in found["keys"].found
    assert found["origins"].grade == Grade.WARN


def test_what_waits_too_long_is_told(services):
    ids = fill_queue(services.sessions, [*flagged(2), Waiting("drawn", lane=Lane.AUDIT)])
    add_comments(services.sessions, ["never scored"])
    long_ago = to_micros(now() - timedelta(days=30))
    with services.sessions.begin() as session:
        session.execute(text("UPDATE routing SET routed_at = :at"), {"at": long_ago})
        session.execute(text("UPDATE comment SET added_at = :at"), {"at": long_ago})
    found = grades(services.settings)
    assert {"lane flagged", "lane audit"} <= found.keys()
    assert "2 wait" in found["lane flagged"].found
    assert found["scoring"].grade == Grade.WARN
    assert ids


def test_clocks_that_went_wrong(services):
    add_comments(services.sessions, ["from the future"])
    with services.sessions.begin() as session:
        session.execute(text("UPDATE comment SET added_at = :at"), {"at": to_micros(now() + timedelta(hours=3))})
    assert "future" in grades(services.settings)["clock"].found


def test_stuck_runs_and_changed_models(sqlite_services, ada, tmp_path):
    add_model(sqlite_services, "trained", by=ada)
    next((tmp_path / "models" / "trained").glob("*.safetensors")).write_bytes(b"x")
    with sqlite_services.sessions.begin() as session:
        run = ImportStore(session).start(file="a.csv", source="a", person="Ada")
        session.execute(text("UPDATE import_run SET seen_at = 1"))
    found = grades(sqlite_services.settings)
    assert f"import {run}" in found["stuck runs"].found
    assert "trained" in found["model files"].found


def test_backups_and_what_a_cut_off_restore_left(sqlite_services, ada, tmp_path):
    assert grades(sqlite_services.settings)["backup"].grade == Grade.WARN
    Backups(sqlite_services.sessions, sqlite_services.settings).make(
        tmp_path / "b.tar", by=ada, say=lambda _what, _share: None
    )
    (tmp_path / ".restoring").mkdir()
    found = grades(sqlite_services.settings)
    assert found["backup"].grade == Grade.OK
    assert found["restore"].grade == Grade.WARN


@pytest.mark.parametrize(("ready", "grade"), [(200, Grade.OK), (503, Grade.FAIL)])
def test_the_server_that_runs_is_asked(tmp_path, ready, grade):
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(ready if self.path == "/readyz" else 200)
            self.end_headers()
            gaps = [{"name": "worker", "todo": "Start one."}]
            told = {"status": "ok"} if self.path == "/healthz" else {"not_ready": gaps if ready == 503 else []}
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_args):
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = grades(Settings(data_dir=tmp_path, port=server.server_port))["server"]
        server.shutdown()
    assert found.grade == grade
    assert ("worker" in found.found) == (grade == Grade.FAIL)


def test_json_for_programs(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    import cli

    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(cli.app, ["doctor", "--json"])
    told = json.loads(done.output)
    assert done.exit_code == 0
    assert told["ok"]
    assert {"name", "grade", "found", "todo"} == told["checks"][0].keys()
