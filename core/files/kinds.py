"""What kind of table a file is, by its name."""

from enum import StrEnum
from pathlib import PurePath

from core.errors import BadInput


class Kind(StrEnum):
    """A way to keep a table in a file."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_ENDINGS = {
    ".csv": Kind.CSV,
    ".tsv": Kind.TSV,
    ".tab": Kind.TSV,
    ".jsonl": Kind.JSONL,
    ".ndjson": Kind.JSONL,
    ".parquet": Kind.PARQUET,
}

UPLOAD_TYPES = ["csv", "tsv", "tab", "jsonl", "ndjson", "parquet", "gz"]
"""Endings that an upload field lets through."""

KNOWN = "CSV, TSV, JSONL and Parquet can be read (.csv, .tsv, .jsonl, .parquet, each also with .gz)."


def kind_of(name: str) -> Kind:
    """The kind that a file's ending says, a last `.gz` left out. Raises BadInput."""
    endings = [ending.lower() for ending in PurePath(name).suffixes]
    if endings and endings[-1] == ".gz":
        endings.pop()
    kind = _ENDINGS.get(endings[-1]) if endings else None
    if kind is None:
        found = f"ends in “{endings[-1]}”" if endings else "has no ending that tells its kind"
        raise BadInput("The file {found}. {known}", found=found, known=KNOWN)
    return kind


def is_gzip_name(name: str) -> bool:
    """Whether a file of this name is to be compressed."""
    return name.lower().endswith(".gz")
