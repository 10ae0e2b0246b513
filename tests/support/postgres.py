"""A throw-away PostgreSQL server on a free port of loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.support.debian import install


def _find_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return Path(on_path).parent if on_path else None


def _require_binaries() -> Path:
    found = _find_binaries() or (install("postgresql") and _find_binaries())
    if not found:
        raise RuntimeError("No PostgreSQL server here. Install one (Debian: apt-get install postgresql) and run again.")
    return found


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0"
"""Nothing here outlives the tests."""


@dataclass(eq=False)
class Postgres:
    """A running server. `pause` takes it away, `resume` brings it back with its data."""

    binaries: Path
    folder: Path
    port: int
    durable: bool = False

    @classmethod
    def start(cls, *, durable: bool = False) -> "Postgres":
        """Make a cluster and start it, `durable` as one that is meant to last.

        As root it runs as the user postgres, since the server refuses root.
        """
        server = cls(_require_binaries(), Path(tempfile.mkdtemp(prefix="moderato-pg-")), free_port(), durable)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(server.folder, user.pw_uid, user.pw_gid)
        server._run("initdb", "-D", f"{server.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.resume()
        return server

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self._run("pg_ctl", "-s", "-D", f"{self.folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def pause(self) -> None:
        """Stop the server at once, cutting every connection; the data stays."""
        self._run("pg_ctl", "-s", "-D", f"{self.folder}/data", "-m", "fast", "-w", "stop")

    def resume(self) -> None:
        """Start the server on its data and port."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        options += "" if self.durable else f" {_QUICK}"
        where = ["-D", f"{self.folder}/data", "-l", f"{self.folder}/log"]
        self._run("pg_ctl", "-s", *where, "-w", "-o", options, "start")

    @property
    def pid(self) -> int:
        """The server's first process, whose children serve the connections."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, a copy of the template, dropped afterwards."""
        name = f"t{uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{self._strategy}')
        try:
            yield self.url(name)
        finally:
            self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @cached_property
    def _strategy(self) -> str:
        """How to copy a template: as files, the only way before version 15; by the log takes several times as long."""
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres") as connection:
            return " STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""

    def execute(self, statement: str) -> None:
        """Run a statement outside any transaction."""
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            command, cwd="/", check=False, stdout=subprocess.PIPE if program == "initdb" else None, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}")
