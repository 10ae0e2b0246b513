"""Bytes to lines: unpacking, decoding, counting, and never more than one line in memory."""

import codecs
import gzip
import io
import re
import sys
import zlib
from collections import deque
from pathlib import Path
from typing import Any

from core.errors import BadInput

MOST_LINE = 8 << 20
"""Longest physical line, in characters; a longer one is skipped and reported."""

STDIN = "-"

BROKEN_BYTES = re.compile("[\udc80-\udcff]")
"""What undecodable bytes become (PEP 383). A JSON escape can make them too, so look before such escapes are read."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)
_HEAD = 4096


def is_broken(text: str) -> bool:
    """Whether a freshly decoded text had undecodable bytes."""
    return not text.isascii() and BROKEN_BYTES.search(text) is not None


def _escape(error: UnicodeError) -> tuple[str, int]:
    """PEP 383's handler takes single bytes from 0x80 on; UTF-16 fails on units of any value."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error("moderato-broken", _escape)


class LongLine(Exception):
    """A physical line passed MOST_LINE. It has been skipped."""


class ByteSource:
    """A file or standard input, unpacked if it is gzip."""

    def __init__(self, path: Path | str) -> None:
        self._raw, self._size = _open(path)
        self._plain = io.BufferedReader(self._raw, 1 << 18)
        self.is_gzip = self._plain.peek(2)[:2] == b"\x1f\x8b"
        self.stream: Any = gzip.GzipFile(fileobj=self._plain) if self.is_gzip else self._plain
        self._closes = path != STDIN

    def head(self) -> bytes:
        """The first bytes, not consumed; empty for an empty file. Raises BadInput."""
        try:
            return self.stream.peek(_HEAD)[:_HEAD]
        except _DAMAGED:
            raise BadInput("The file is a damaged .gz: nothing in it can be unpacked. Make or copy it again.") from None

    def share(self) -> float:
        """Part of the file that was read, 0 to 1; 0 for standard input."""
        if self._raw.closed or not self._size:
            return 0.0
        return min(1.0, self._raw.tell() / self._size)

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._closes:
            self.stream.close()
            self._plain.close()


class Lines:
    """The physical lines of a text, with their ends, as an iterator that can take lines back.

    `problem` says why it ended early. Bytes that cannot be decoded become lone surrogates, see BROKEN_BYTES.
    """

    def __init__(self, source: ByteSource) -> None:
        head = source.head()
        check_text(head)
        encoding = next((name for mark, name in _BOMS if head.startswith(mark)), "utf-8")
        errors = "moderato-broken" if encoding == "utf-16" else "surrogateescape"
        plain = head.decode(encoding, "replace")
        newline = "\r" if "\r" in plain and "\n" not in plain else "\n"
        text = io.TextIOWrapper(source.stream, encoding=encoding, errors=errors, newline=newline)
        self.encoding = encoding
        self._source = source
        self._text = text
        self._readline = text.readline
        self._again: deque[str] = deque()
        self._end = newline
        self.taken: list[str] = []
        """Lines handed out since it was last cleared."""
        self.problem: str | None = None

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            line = self._read()
            if len(line) == MOST_LINE and not line.endswith(self._end):
                self._skip_rest()
                self.taken.append("")
                raise LongLine
        if not line:
            raise StopIteration
        self.taken.append(line)
        return line

    def put_back(self, lines: list[str]) -> None:
        """Hand these out again, next."""
        self._again.extendleft(reversed(lines))

    def share(self) -> float:
        """Part of the file that was read, 0 to 1."""
        return self._source.share()

    def close(self) -> None:
        """Close the file."""
        self._text.detach()  # or its end would close standard input
        self._source.close()

    def _read(self) -> str:
        try:
            return self._readline(MOST_LINE)
        except _DAMAGED:
            self.problem = (
                "The .gz file is cut off or damaged: what came before the damage was read, the rest is missing. "
                "Copy or download it again, then run this once more: nothing is taken in twice."
            )
            return ""

    def _skip_rest(self) -> None:
        while (piece := self._read()) and not piece.endswith(self._end):
            pass


def check_exists(path: Path | str) -> None:
    """Refuse a path that is no file. Raises BadInput."""
    if path != STDIN and not Path(path).is_file():
        what = "is a folder" if Path(path).is_dir() else "does not exist"
        raise BadInput("“{name}” {what}. Give the path of a file.", name=Path(path).name, what=what)


def check_text(head: bytes) -> None:
    """Refuse what is no text table at all. Raises BadInput with what it seems to be."""
    if not head.strip():
        raise BadInput("The file is empty. Choose one with a header and at least one row.")
    if head.startswith(b"PK\x03\x04"):
        raise BadInput("The file is a zip or an Excel workbook. Unpack it, or save the sheet as CSV (UTF-8).")
    if head.startswith(b"PAR1"):
        raise BadInput("The file is Parquet, but its name says otherwise. Give it the ending .parquet.")
    if not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and head.count(b"\0") > len(head) // 4:
        raise BadInput("The file is no UTF-8 text (it is full of NUL bytes). Save it as UTF-8.")


def _open(path: Path | str) -> tuple[Any, int]:
    if path == STDIN:
        return sys.stdin.buffer.raw, 0  # type: ignore[union-attr]
    path = Path(path)
    try:
        return path.open("rb", buffering=0), path.stat().st_size
    except OSError as error:
        raise BadInput("“{name}” cannot be opened: {strerror}.", name=path.name, strerror=error.strerror) from None
