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


@dataclass
class Postgres:
    """A running server."""

    binaries: Path
    folder: Path
    port: int

    @classmethod
    def start(cls) -> "Postgres":
        """Make a cluster and start it. As root it runs as the user postgres, since the server refuses root."""
        server = cls(_require_binaries(), Path(tempfile.mkdtemp(prefix="moderato-pg-")), free_port())
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(server.folder, user.pw_uid, user.pw_gid)
        server._run("initdb", "-D", f"{server.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {server.port} -k {server.folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        server._run("pg_ctl", "-D", f"{server.folder}/data", "-l", f"{server.folder}/log", "-w", "-o", options, "start")
        return server

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The URL of a new database, dropped afterwards."""
        name = f"t{uuid4().hex}"
        self._sql(f'CREATE DATABASE "{name}"')
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"
        finally:
            self._sql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _sql(self, statement: str) -> None:
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
