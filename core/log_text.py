"""What of an error and of a message may stand in a log: never comment text, and never a line that it did not write."""

import logging
import os
import sqlite3
import traceback
from collections.abc import Iterator
from typing import Any, Final

from core.errors import ModeratoError

_MOST_FRAMES: Final = 30
"""Innermost frames that are told; deep recursion would fill the log."""
_LONGEST: Final = 2_000
"""Characters of a message; beyond this it is cut."""


def one_line(text: str) -> str:
    """The text with everything that is not plainly printable escaped: new lines, ESC, bidi marks, lone surrogates."""
    if text.isprintable():
        return text[:_LONGEST]
    shown = text[:_LONGEST]
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in shown)


def whereabouts(error: BaseException) -> str:
    """Kind of an error and where it arose. Never its message: that may hold comment text."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"


def describe_error(error: BaseException) -> str:
    """Kind of an error and the codes it carries, such as `OSError (ENOSPC)`. Never its message."""
    codes = [str(code) for code in _codes(error) if code]
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f"{name} ({', '.join(codes)})" if codes else name


def _codes(error: BaseException) -> Iterator[Any]:
    """What libraries say in words of their own choice: error numbers and names."""
    if isinstance(error, OSError) and error.errno is not None:
        yield f"errno {error.errno}"
    if isinstance(error, sqlite3.Error):
        yield getattr(error, "sqlite_errorname", None)
    if isinstance(error, ImportError):
        yield error.name
    yield getattr(error, "sqlstate", None)  # psycopg
    if original := getattr(error, "orig", None):  # SQLAlchemy's wrapper around a driver's error
        yield describe_error(original)


def describe_trace(error: BaseException) -> list[str]:
    """The traceback, innermost frame last, of the error and of what caused it: places and kinds, no messages.

    Source lines are left out too: they are in the repository, and a frame of generated code may hold anything.
    """
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = list(traceback.walk_tb(current.__traceback__))[-_MOST_FRAMES:]
        told = [f"{one_line(f.f_code.co_filename)}:{line} in {one_line(f.f_code.co_name)}" for f, line in frames]
        lines += [("because of " if lines else "") + describe_error(current), *(f"  {place}" for place in told)]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return lines


class NoComments(logging.Filter):
    """Takes out of a record what may hold comment text: messages of exceptions, wherever a library puts them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; False for what libraries say of requests, frames and SQL as they are."""
        if record.name == "uvicorn.access" or (
            record.levelno < logging.INFO and not record.name.startswith("moderato")
        ):
            return False
        if isinstance(record.args, tuple):
            record.args = tuple(_plain(argument) for argument in record.args)
        if isinstance(record.msg, BaseException):
            record.msg, record.args = whereabouts(record.msg), ()
        if record.name.startswith("asyncio"):  # its further lines show futures with their errors, messages included
            record.msg, record.args = record.getMessage().split("\n", 1)[0].split("exception=", 1)[0], ()
        record.exc_text = record.stack_info = None
        return True


def _plain(argument: object) -> object:
    """An error that a message quotes, without its own message; those of this project quote no comment text."""
    if isinstance(argument, BaseException) and not isinstance(argument, ModeratoError):
        return whereabouts(argument)
    return argument
