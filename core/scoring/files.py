"""A model version's files: where they are, what they digest to, and that none of them can run code."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import ModelUnavailable
from core.settings import ROOT

DESCRIPTIVE: Final = frozenset({"README.md", "metrics.json"})
"""Files that describe a model and do not change a score: correcting its card does not make it another model."""

PLAIN_SUFFIXES: Final = frozenset(
    {".safetensors", ".onnx", ".onnx_data", ".json", ".jsonl", ".jinja", ".txt", ".md", ".toml", ".model"}
)
"""Kinds of files that a model folder may hold. A pickle (.bin, .pkl, .pt, ...) runs code when it is loaded."""
_PLAIN_NAMES: Final = frozenset({"LICENSE", "LICENCE", "NOTICE"})


def resolve(path: str) -> Path:
    """The folder of a version's path; a relative one starts at the repository's root."""
    return ROOT / path


def relative(folder: Path) -> str:
    """The inverse of `resolve`: short within the repository, absolute elsewhere."""
    folder = folder.resolve()
    return folder.relative_to(ROOT).as_posix() if folder.is_relative_to(ROOT) else str(folder)


def has_files(folder: Path) -> bool:
    """Whether the folder is there and holds anything that counts for the digest."""
    return folder.is_dir() and any(True for _ in _files(folder))


def folder_digest(folder: Path) -> str:
    """SHA-256, in hex, over the sorted relative names and the contents of a folder's files.

    DESCRIPTIVE files and hidden ones (a name that begins with a dot) do not count. Raises ModelUnavailable.
    """
    whole = hashlib.sha256()
    try:
        for name, path in sorted(_files(folder)):
            with path.open("rb") as file:
                whole.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    except OSError as error:
        raise ModelUnavailable(f"The model's file {error.filename} cannot be read: {error.strerror}.") from error
    return whole.hexdigest()


def refuse_code(folder: Path) -> None:
    """Raise ModelUnavailable if any file is not of a kind known to be plain data."""
    for name, path in _files(folder):
        if path.suffix not in PLAIN_SUFFIXES and path.name not in _PLAIN_NAMES:
            raise ModelUnavailable(
                f"The model folder {folder} holds {name}, which may run code when loaded. Remove it, or save the "
                "weights as safetensors or ONNX."
            )


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and name.as_posix() not in DESCRIPTIVE and not any(p.startswith(".") for p in name.parts):
            yield name.as_posix(), path
