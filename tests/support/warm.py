"""What a long-lived process does once, done once for all tests, though each makes engines and services of its own."""

import gc
import sys
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from core import registry
from core.scoring.files import folder_digest, resolve
from db import session


class _Statements(LRUCache):
    """Compiled statements of all engines: the key names the kind of database instead of one engine's own dialect."""

    def get(self, key: tuple, default: Any = None) -> Any:
        return super().get(_by_kind(key), default)

    def __setitem__(self, key: tuple, value: Any) -> None:
        super().__setitem__(_by_kind(key), value)


def _by_kind(key: tuple) -> tuple:
    dialect, *rest = key
    return type(dialect), *rest


def share_statements() -> None:
    """Let every engine that `db.session` builds know the statements that any of them compiled."""
    statements, create = _Statements(4000), session.create_engine

    def create_engine(*given: Any, **options: Any) -> Engine:
        engine = create(*given, **options)
        engine._compiled_cache = statements
        return engine

    session.create_engine = create_engine


def share_digest() -> None:
    """Read the starter that ships once for its digest, not at each start; other folders are read each time."""
    shipped, once = resolve(registry.SHIPPED), cache(folder_digest)

    def digest(folder: Path) -> str:
        return once(folder) if folder == shipped else folder_digest(folder)

    registry.folder_digest = digest


_frozen = 0


def freeze_imports() -> None:
    """Keep what imports left out of later garbage collections, as the server does: torch alone is a million objects."""
    global _frozen
    if len(sys.modules) - _frozen < 200:
        return
    gc.collect()
    gc.freeze()
    _frozen = len(sys.modules)
