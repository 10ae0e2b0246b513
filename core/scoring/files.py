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
    return folder.is_dir() and any(True for _ in list_files(folder))


def folder_digest(folder: Path) -> str:
    """SHA-256, in hex, over the sorted relative names and the contents of a folder's files.

    DESCRIPTIVE files and hidden ones (a name that begins with a dot) do not count. Raises ModelUnavailable.
    """
    whole = hashlib.sha256()
    try:
        for name, path in sorted(list_files(folder)):
            with path.open("rb") as file:
                whole.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    except OSError as error:
        raise ModelUnavailable(f"The model's file {error.filename} cannot be read: {error.strerror}.") from error
    return whole.hexdigest()


def check_files(name: str, path: str, sha256: str) -> None:
    """Raise ModelUnavailable unless the version's files are there, plain data, and the registered ones."""
    folder = resolve(path)
    if not has_files(folder):
        raise ModelUnavailable(
            f"Model {name} has no files in {folder}. Restore the folder from a backup, or promote another "
            "version (`moderato models` lists them)."
        )
    refuse_code(folder)
    if folder_digest(folder) != sha256:
        raise ModelUnavailable(
            f"The files of model {name} in {folder} are not the registered ones. Restore them from a backup, "
            "or promote another version (`moderato models` lists them)."
        )


def refuse_code(folder: Path) -> None:
    """Raise ModelUnavailable if any file is not of a kind known to be plain data."""
    for name, path in list_files(folder):
        if path.suffix not in PLAIN_SUFFIXES and path.name not in _PLAIN_NAMES:
            raise ModelUnavailable(
                f"The model folder {folder} holds {name}, which may run code when loaded. Remove it, or save the "
                "weights as safetensors or ONNX."
            )


def list_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(relative name, path) of the files that count for the digest, in no order."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and name.as_posix() not in DESCRIPTIVE and not any(p.startswith(".") for p in name.parts):
            yield name.as_posix(), path
