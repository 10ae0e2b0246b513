"""Secrets come from the environment or a file, and are never told to anybody."""

import os
import subprocess
import sys

import pytest

from core.doctor import list_settings
from core.errors import BadInput
from core.secret_files import is_secret
from core.settings import ROOT, Settings

WORD = "hunter2-s3cret"
URL = f"postgresql+psycopg://moderato:{WORD}@127.0.0.1:1/nowhere"


@pytest.fixture
def secret_file(tmp_path, monkeypatch):
    file = tmp_path / "url"
    file.write_text(f"{URL}\n")
    monkeypatch.setenv("MODERATO_DATABASE_URL_FILE", str(file))
    return file


def test_a_secret_is_read_from_its_file(secret_file):
    assert Settings().database_url == URL


def test_both_ways_at_once_are_refused(secret_file, monkeypatch):
    monkeypatch.setenv("MODERATO_DATABASE_URL", "sqlite://")
    with pytest.raises(BadInput, match="Keep one"):
        Settings()


def test_a_missing_file_is_named(secret_file):
    secret_file.unlink()
    with pytest.raises(BadInput, match=f"MODERATO_DATABASE_URL_FILE names {secret_file}.*No such file"):
        Settings()


@pytest.mark.parametrize("content", [b"", b" \n", b"a\nb", b"\xff", b"a\0b", b"x" * 70_000])
def test_what_is_no_secret_is_refused_without_being_quoted(secret_file, content):
    secret_file.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        Settings()
    assert "xxx" not in str(refused.value)


def test_only_secrets_are_read_from_files(tmp_path, monkeypatch):
    (tmp_path / "port").write_text("99")
    monkeypatch.setenv("MODERATO_PORT_FILE", str(tmp_path / "port"))
    assert Settings().port == 8501


def test_secrets_are_not_shown(secret_file):
    settings = Settings()
    shown = [repr(settings), str(settings), *(line.value for line in list_settings(settings))]
    assert WORD not in "".join(shown)
    secrets = [name for name, field in Settings.model_fields.items() if is_secret(field)]
    assert "database_url" in secrets
    assert all(not Settings.model_fields[name].repr for name in secrets)


def test_a_wrong_setting_is_told_without_its_value(monkeypatch):
    monkeypatch.setenv("MODERATO_PORT", WORD)
    with pytest.raises(ValueError, match="port") as refused:
        Settings()
    assert WORD not in str(refused.value)


@pytest.mark.parametrize(
    ("command", "url"),
    [
        ("doctor", URL),
        ("worker", URL),
        ("doctor", URL.replace("psycopg", "nodriver")),
        ("doctor", URL.replace("postgresql+psycopg:", "")),
    ],
    ids=["doctor", "worker", "unknown driver", "no address"],
)
def test_no_command_tells_the_password(tmp_path, command, url):
    environment = {**os.environ, "MODERATO_DATABASE_URL": url, "MODERATO_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "cli.py", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert WORD not in done.stdout + done.stderr
