"""The real dashboard in a process of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from core.settings import ROOT
from tests.support.postgres import free_port


class Server:
    """A dashboard on its own data folder. `stop` and `start` keep the data."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        self.log = data_dir / "server.log"
        self._environment = {
            **os.environ,
            "MODERATO_DATA_DIR": str(data_dir),
            "MODERATO_PORT": str(self.port),
            **{f"MODERATO_{name.upper()}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until healthy, 30 s at most."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "cli.py", "run"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._is_healthy():
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"the dashboard did not start:\n{self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a `moderato` command on the same data."""
        return subprocess.run(
            [sys.executable, "cli.py", *arguments],
            cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid if self._process else 0

    def cpu_seconds(self) -> float:
        """Processor time that the server's process has used."""
        times = psutil.Process(self._process.pid).cpu_times() if self._process else None
        return times.user + times.system if times else 0.0

    def _end(self, how: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(20)

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False


@contextmanager
def serving(data_dir: Path, **settings: str) -> Iterator[Server]:
    """A started server, stopped at the end."""
    data_dir.mkdir(parents=True, exist_ok=True)
    server = Server(data_dir, **settings)
    server.start()
    try:
        yield server
    finally:
        server.kill()
