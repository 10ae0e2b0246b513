"""A setting that does not fit is told in one line, without its value."""

import pytest

import cli

BAD = [
    ("PORT", "abc", "MODERATO_PORT"),
    ("API_SCALE", "percent", "MODERATO_API_SCALE"),
    ("DATABASE_URL", "hunter2", "MODERATO_DATABASE_URL: Write it as"),
    ("DATABASE_URL", "mysql://u:hunter2@h/x", "MODERATO_DATABASE_URL: Write it as"),
    ("DATABASE_URL", "postgresql+psycopg://u:hunter2@h:port/x", "MODERATO_DATABASE_URL: Write it as"),
    ("DATABASE_URL_FILE", "/nowhere", "MODERATO_DATABASE_URL_FILE names"),
]


@pytest.mark.parametrize(("name", "value", "words"), BAD)
@pytest.mark.parametrize("command", ["doctor", "models"])
def test_a_bad_setting_is_one_line(monkeypatch, capsys, tmp_path, name, value, words, command):
    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(f"MODERATO_{name}", value)
    monkeypatch.setattr("sys.argv", ["moderato", command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert told.err.startswith("moderato: ")
    assert words in told.err
    assert len(told.err.splitlines()) == 1
    assert "hunter2" not in told.out + told.err


def test_two_bad_settings_are_both_named(monkeypatch, capsys):
    monkeypatch.setenv("MODERATO_PORT", "0")
    monkeypatch.setenv("MODERATO_WORKER_BATCH", "many")
    monkeypatch.setattr("sys.argv", ["moderato", "models"])
    with pytest.raises(SystemExit):
        cli.main()
    told = capsys.readouterr().err
    assert "MODERATO_PORT" in told
    assert "MODERATO_WORKER_BATCH" in told
