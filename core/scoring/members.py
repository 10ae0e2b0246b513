"""Versions made of others: which they are, and loading them only if they are still the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.domain import ModelVersion
from core.errors import ModelUnavailable
from core.scoring.files import folder_digest, has_files, refuse_code, resolve

KINDS: Final = ("starter", "onnx", "transformer", "blend")
"""Kinds of versions that may be part of another."""


@dataclass(frozen=True, slots=True)
class Member:
    """One part of a blend or a cascade."""

    name: str
    kind: str
    path: str
    """Its folder: `./NAME` within that of the whole, else as in the registry."""
    sha256: str
    """Digest of its folder. With other files the whole would score otherwise than it was measured."""

    @classmethod
    def of(cls, version: ModelVersion) -> "Member":
        """A registered version as a member."""
        return cls(version.name, version.kind, version.path, version.sha256)

    @classmethod
    def within(cls, folder: Path, name: str, kind: str) -> "Member":
        """A folder of that name in the whole's own folder."""
        return cls(name, kind, f"./{name}", folder_digest(folder / name))

    def folder(self, whole: Path) -> Path:
        """Where its files are."""
        return whole / self.path if self.path.startswith("./") else resolve(self.path)

    def require(self, whole: Path) -> Path:
        """Its folder; raises ModelUnavailable if it is gone, not plain data, or no longer the one that was measured."""
        folder = self.folder(whole)
        if not has_files(folder):
            raise ModelUnavailable(
                f"{whole.name} is made of {self.name}, which has no files in {folder}. Restore them from a backup, or "
                "promote another version (`moderato models` lists them)."
            )
        refuse_code(folder)
        if folder_digest(folder) != self.sha256:
            raise ModelUnavailable(
                f"{whole.name} is made of {self.name}, and the files in {folder} are not those that it was made of. "
                f"Restore them from a backup, or make {whole.name} again (`moderato blend`, `moderato cascade`)."
            )
        return folder


def read_members(values: Any) -> list[Member]:
    """Two members from JSON; raises ValueError that says what is wrong."""
    members = [Member(**one) for one in values]
    if len(members) != 2 or not all(isinstance(part, str) for m in members for part in (m.name, m.path, m.sha256)):
        raise ValueError("does not name two members")
    if odd := [member.kind for member in members if member.kind not in KINDS]:
        raise ValueError(f"has a member of kind {odd[0]!r}, which cannot be one")
    return members
