"""The process of a training that a page starts: what it is told, how it begins and how it ends."""

import os
import re
import signal
import subprocess  # nosec B404 # `moderato` itself, without a shell
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadInput
from core.settings import ROOT, Settings

_GRACE_SECONDS: Final = 5.0
_PRESET: Final = re.compile(r"[a-zA-Z0-9][\w.-]{0,63}")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a page may choose of a retraining, beside its preset."""

    base: str = ""
    """Hub id or folder; empty takes that of the preset's newest version, else the preset's own."""
    max_rows: int | None = None
    """Training rows at most; None means as many as the preset says."""

    def to_arguments(self, preset: str) -> list[str]:
        """The command after `moderato`; no value can be taken for an option. Raises BadInput."""
        if not _PRESET.fullmatch(preset):
            raise BadInput(f"There is no preset {preset[:40]!r}.")
        if "\0" in self.base:
            raise BadInput("The base is no hub id and no folder: it holds a null character.")
        given = [f"--base={self.base}"] if self.base else []
        return ["retrain", preset, *given, *([f"--max-rows={self.max_rows:d}"] if self.max_rows is not None else [])]


AS_IT_IS: Final = RunOptions()
"""Nothing chosen."""


def spawn(arguments: list[str], *, log: Path, settings: Settings) -> int:
    """Start `moderato` with the arguments in a session of its own, its output appended to the log; its process id.

    Raises BadInput if it cannot be started.
    """
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(  # nosec B603 # no shell; the arguments were checked by core/runs.py
                [sys.executable, str(ROOT / "cli.py"), *arguments],
                cwd=ROOT,
                env={**os.environ, **_environment(settings)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
    except OSError as error:
        raise BadInput(f"The training could not be started: {error.strerror}.") from error
    threading.Thread(target=process.wait, daemon=True).start()  # or it stays a zombie, which looks alive
    return process.pid


def _environment(settings: Settings) -> dict[str, str]:
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    values["data_dir"] = settings.data_dir.resolve()
    return {f"MODERATO_{name.upper()}": "" if value is None else str(value) for name, value in values.items()}


def is_training(pid: int) -> bool:
    """Whether the process is alive and, where that can be seen, a run: a number may have been given away anew."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    command = Path(f"/proc/{pid}/cmdline")
    if not command.exists():
        return True
    told = command.read_bytes()
    return b"train" in told or b"label-errors" in told


def end_process(pid: int) -> None:
    """Ask it to end; kill it if it has not after a few seconds."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline:
        if not is_training(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
