"""Uploaded files, kept on the disk while they are needed, where a reader can stream them."""

import time
from pathlib import Path
from typing import IO
from uuid import uuid4

import streamlit as st

from core.errors import BadInput
from core.files.kinds import UPLOAD_TYPES
from pages.shared import state
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _

_KEPT_SECONDS = 24 * 3600


def upload(label: str, key: str) -> tuple[str, Path] | None:
    """An upload field; the file's name and where it is kept, once there is one. Says so when it is too large."""
    most = services().settings.max_upload_mb
    given = st.file_uploader(label, type=UPLOAD_TYPES, key=key, max_upload_size=most)
    if given is None:
        return None
    if given.size > most << 20:  # the browser checks this too, but anybody can send without asking it
        notice(
            _("The file has {size:,.0f} MB, at most {most:,} MB can be uploaded. Use `moderato import`.").format(
                size=given.size / (1 << 20), most=most
            )
        )
        return None
    kept = state.kept(f"{key}_kept")
    if kept is None or kept[0] != given.file_id or not kept[1].exists():
        kept = (given.file_id, _save(given, given.name))
        state.keep(f"{key}_kept", kept)
    return given.name, kept[1]


def _save(data: IO[bytes], name: str) -> Path:
    folder = services().settings.data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    _remove_old(folder)
    path = folder / f"{uuid4().hex}{''.join(_endings(name))}"
    try:
        with path.open("wb") as out:
            data.seek(0)
            while piece := data.read(1 << 20):
                out.write(piece)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise BadInput(
            "The upload cannot be kept: {strerror}. Make room on the disk and try again.",
            strerror=error.strerror,
        ) from None
    return path


def _endings(name: str) -> list[str]:
    """The endings that tell the kind, if they are ones that we know: nothing else of the name reaches the disk."""
    return [ending for ending in Path(name.lower()).suffixes[-2:] if ending.lstrip(".") in UPLOAD_TYPES]


def _remove_old(folder: Path) -> None:
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
            path.unlink(missing_ok=True)
