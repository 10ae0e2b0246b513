"""Logs: no comment text whatever fails, one line an event, nothing that a terminal would obey."""

import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings

import pytest

from core.errors import BadInput
from core.log_text import describe_error, describe_trace, one_line
from core.logs import build_handler, set_up_logs
from core.settings import ROOT, Settings


@pytest.fixture
def logged(request):
    """A logger of this project and what it wrote, in the test's format."""
    stream = io.StringIO()
    logger = logging.getLogger(f"moderato.test.{request.node.name}")
    handler = build_handler(getattr(request, "param", "text"), stream)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)


def leaks(how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.support.log_leaks"], cwd=ROOT, text=True, capture_output=True, check=False,
        env={**os.environ, "MODERATO_LOG_FORMAT": how, "MODERATO_LOG_LEVEL": "DEBUG", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize("how", ["text", "json"])
def test_no_way_to_fail_prints_a_comment(how):
    done = leaks(how)
    told = done.stderr
    assert done.returncode == 1
    assert "canary" not in told + done.stdout
    assert "\x1b" not in told
    assert "\u2028" not in told
    for seen in ("streamlit.error_util", "made.later", "some.library", "uvicorn.error", "asyncio", "a thread ended"):
        assert seen in told
    assert "uvicorn.access" not in told
    assert told.count("ValueError") >= 7
    assert "because of KeyError" in told
    assert "log_leaks.py:" in told, "places are told"
    if how == "json":
        assert {"timestamp", "level", "logger", "event"} <= json.loads(told.splitlines()[0]).keys()
        assert [json.loads(line) for line in told.splitlines()]
    else:
        assert not any(line.startswith("FAKE") for line in told.splitlines())


@pytest.mark.parametrize("logged", ["text", "json"], indirect=True)
def test_a_line_is_one_line(logged):
    logger, stream = logged
    logger.info("new\nline \x1b[31m \u202eright %s", "a\r\nb", extra={"route": "/x\n/y", "ms": 1.5})
    assert len(stream.getvalue().splitlines()) == 1
    assert stream.getvalue().strip().isprintable()


@pytest.mark.parametrize("logged", ["json"], indirect=True)
def test_numbers_stay_numbers(logged):
    logger, stream = logged
    logger.info("request", extra={"status": 200, "ms": 1.5, "key": None})
    found = json.loads(stream.getvalue())
    assert (found["status"], found["ms"], found["key"]) == (200, 1.5, None)


def test_our_own_errors_keep_their_words_and_others_do_not(logged):
    logger, stream = logged
    logger.warning("failed: %s", BadInput("Name the file."))
    logger.warning("failed: %s", RuntimeError("you idiot"))
    assert "Name the file." in stream.getvalue()
    assert "idiot" not in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()


def test_codes_of_errors_are_told(tmp_path):
    with pytest.raises(OSError, match="No such") as found:
        (tmp_path / "none").read_bytes()
    assert describe_error(found.value) == "FileNotFoundError (errno 2)"


def test_a_trace_of_a_cycle_and_of_deep_recursion_ends():
    def dive(n: int) -> None:
        dive(n + 1)

    with pytest.raises(RecursionError) as found:
        dive(0)
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert len(describe_trace(found.value)) < 40
    assert len(describe_trace(first)) == 2


def test_text_is_escaped_and_cut():
    assert one_line("plain ä 🙂") == "plain ä 🙂"
    assert one_line("a\n\x1b\u202e\ud800") == "a\\n\\x1b\\u202e\\ud800"
    assert len(one_line("x" * 10_000)) == 2_000


@pytest.mark.parametrize(("given", "level"), [("debug", "DEBUG"), ("Warning", "WARNING")])
def test_levels_are_taken_in_any_case(given, level):
    assert Settings(log_level=given).log_level == level


@pytest.mark.parametrize(("set_", "level"), [({}, "WARNING"), ({"log_level": "INFO"}, "INFO")])
def test_commands_say_little_unless_a_level_is_set(set_, level, monkeypatch):
    monkeypatch.delenv("MODERATO_LOG_LEVEL", raising=False)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    for module, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, hook, getattr(module, hook))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    said = io.StringIO()
    set_up_logs(Settings(**set_), said, brief=True)
    logging.getLogger("moderato").info("done")
    logging.getLogger("moderato").warning("odd")
    assert ("done" in said.getvalue()) == (level == "INFO")
    assert "odd" in said.getvalue()


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="log_level"):
        Settings(log_level="loud")
