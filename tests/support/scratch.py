"""Where tests write: thousands of small databases are made and thrown away, in memory where there is room for them."""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
"""Bytes that must be free, in the memory file system and in memory itself: several times what a whole run holds."""


def write_to_memory() -> None:
    """Let this process and those it starts make their temporary files in memory.

    A `TMPDIR` that somebody has set stays, and so does the usual folder where memory is short.
    """
    if "TMPDIR" in os.environ or not _is_roomy():
        return
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None  # asked for again: it may have been looked up before


def _is_roomy() -> bool:
    if not os.access(_MEMORY, os.W_OK):
        return False
    return min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available) > _ROOM
