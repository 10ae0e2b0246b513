"""Logs on standard error: one line an event, as text or JSON, from every library alike, never with comment text."""

import json
import logging
import sys
import threading
import types
import warnings
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog

from core.log_text import NoComments, describe_error, describe_trace, one_line
from core.settings import Settings

log = logging.getLogger("moderato")

Format = Literal["text", "json"]

_OTHERS: Final = logging.WARNING
"""Libraries at INFO and DEBUG log what passes through them: URLs with keys, frames, SQL."""
_FIRST: Final = ("timestamp", "level", "logger", "event")


def set_up_logs(settings: Settings, stream: TextIO | None = None, *, brief: bool = False) -> None:
    """Let everything that is logged in this process go to standard error, in the format and from the level set.

    Called once at the start of a process; again, it replaces what was set. Uncaught errors of any thread and warnings
    are logged too, so that nothing else prints their messages. `brief` is for commands, which say themselves what they
    did: without a level set, they log warnings and worse.
    """
    level = "WARNING" if brief and "log_level" not in settings.model_fields_set else settings.log_level
    handler = build_handler(settings.log_format, stream)
    handler.setLevel(level)
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "moderato", False):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(_OTHERS)
    log.setLevel(level)
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread
    warnings.showwarning = _warned


def build_handler(how: Format, stream: TextIO | None = None) -> logging.Handler:
    """A handler that writes one line an event; `stream` is standard error unless given."""
    handler = logging.StreamHandler(stream)
    handler.moderato = True  # type: ignore[attr-defined]
    handler.addFilter(NoComments())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                _add_extra,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _tell_errors,
                _as_json if how == "json" else _as_text,
            ],
        )
    )
    return handler


_EXTRA: Final = structlog.stdlib.ExtraAdder()


def _add_extra(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The fields that this project's events have; those of libraries may be anything, such as a whole message."""
    return _EXTRA(logger, method, event) if str(event["logger"]).startswith("moderato") else event


def _tell_errors(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Replace the error of an event by its kind and places, and escape every value."""
    found = event.pop("exc_info", None)
    error = found if isinstance(found, BaseException) else found[1] if isinstance(found, tuple) else None
    plain = {name: _value(value) for name, value in event.items()}
    return plain | ({"error": describe_error(error), "trace": describe_trace(error)} if error else {})


def _value(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else one_line(str(value))


def _as_json(_logger: Any, _method: str, event: Mapping[str, Any]) -> str:
    ordered = {name: event[name] for name in _FIRST if name in event}
    return json.dumps(ordered | {name: value for name, value in event.items() if name not in ordered})


def _as_text(_logger: Any, _method: str, event: Mapping[str, Any]) -> str:
    """`moment LEVEL logger: event name=value ...`, a traceback on lines of its own that begin with four spaces."""
    more = "".join(
        f" {name}={_quoted(value)}" for name, value in event.items() if name not in {*_FIRST, "trace", "error"}
    )
    head = f"{event['timestamp']} {str(event['level']).upper():7} {event['logger']}: {event['event']}{more}"
    return "\n    ".join([head, *event.get("trace", [])])


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text or not text else text


def _uncaught(kind: type[BaseException], error: BaseException, _trace: types.TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("an error that nobody foresaw ends this process", exc_info=error)


def _in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value and not isinstance(told.exc_value, SystemExit):
        log.error("a thread ended by an error: %s", told.thread.name if told.thread else "?", exc_info=told.exc_value)


def _unraisable(told: "sys.UnraisableHookArgs") -> None:
    log.error("an error that could not be raised", exc_info=told.exc_value)


def _warned(
    message: Warning | str,  # noqa: ARG001 (libraries quote what they were given)
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 (Python's signature)
    line: str | None = None,  # noqa: ARG001
) -> None:
    log.debug("%s at %s:%d", category.__name__, filename, lineno)
