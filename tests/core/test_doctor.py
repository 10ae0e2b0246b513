"""The doctor says what is wrong and what to do, and keeps secrets."""

import socket

import pytest

from core import doctor
from core.doctor import Grade, examine, list_settings
from core.services import build_services
from core.settings import Settings


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
    assert found[f"port {port}"].grade == Grade.WARN


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
