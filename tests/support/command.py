"""The `moderato` command run in this process: a second less than in one of its own."""

import io
import sys
from dataclasses import dataclass
from unittest.mock import patch

import cli


@dataclass(frozen=True, slots=True)
class Done:
    """What `subprocess.run` would have told."""

    returncode: int
    stdout: bytes
    stderr: bytes


def run_here(*arguments: object, given: bytes | None = None) -> Done:
    """Run the command with those arguments and standard input. Settings come from the environment, as always."""
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(given or b"")), encoding="utf-8")
    streams = {"stdin": stdin, "stdout": _stream(), "stderr": _stream()}
    with patch.multiple(sys, argv=["moderato", *map(str, arguments)], **streams):
        try:
            code = cli.main() or 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Done(code, *(_written(streams[name]) for name in ("stdout", "stderr")))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    return stream.buffer.getvalue()
