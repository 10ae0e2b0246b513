"""What is known of the request that this code runs for: noted deep down, read where its log line is written."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class RequestNotes:
    """One request's notes; the same object in every task and thread that works for it."""

    key: str | None = None
    """Name of the key that it came with, once that was found."""


_current: Final[ContextVar[RequestNotes | None]] = ContextVar("moderato_request", default=None)


def begin_notes() -> RequestNotes:
    """Start the notes of a request."""
    notes = RequestNotes()
    _current.set(notes)
    return notes


def note_key(name: str) -> None:
    """Note whose key the request has; nothing outside a request."""
    if notes := _current.get():
        notes.key = name
