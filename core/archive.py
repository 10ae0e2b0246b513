"""A backup's file: a tar that begins with a manifest of what it holds, each file with its SHA-256."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from core.errors import BadInput

Progress = Callable[[str, float], None]
"""Hears what is done now, and which share of that, 0 to 1."""

FORMAT: Final = 1
"""Goes up when an older Moderato could not read the archive any more."""
_MANIFEST: Final = "manifest.json"
_MOST_MANIFEST: Final = 64 * 1024 * 1024
_BLOCK: Final = 1 << 20


class Entry(BaseModel):
    """One file of an archive."""

    sha256: str = Field(pattern=r"[0-9a-f]{64}")
    bytes: int = Field(ge=0)


class ArchivedModel(BaseModel):
    """A model version."""

    name: str
    sha256: str
    """The digest under which it was registered."""
    folder: str | None = Field(None, pattern=r"models/[a-z0-9][a-z0-9._-]{0,63}")
    """Where its files are in the archive; None if they are not, which `note` explains."""
    note: str = ""


class Manifest(BaseModel):
    """What an archive holds."""

    format: int = FORMAT
    made_at: str
    database: Literal["sqlite", "postgresql"]
    revision: str
    """The schema's migration."""
    counts: dict[str, int]
    """Rows by table."""
    columns: dict[str, list[str]] = {}
    sequences: dict[str, int] = {}
    models: list[ArchivedModel] = []
    files: dict[str, Entry] = {}

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(entry.bytes for entry in self.files.values())


def write_archive(
    out: IO[bytes], manifest: Manifest, files: Mapping[str, Path], *, zipped: bool, say: Progress
) -> None:
    """Write the manifest, then the files by their names in the archive; fills in the manifest's `files`."""
    sizes = {name: path.stat().st_size for name, path in files.items()}
    done, total = 0, sum(sizes.values()) or 1
    for name, path in files.items():
        say("hashing", done / total)
        manifest.files[name] = Entry(sha256=digest_of(path), bytes=path.stat().st_size)
        done += sizes[name]
    options = {"mode": "w:gz", "compresslevel": 1} if zipped else {"mode": "w"}
    with tarfile.open(fileobj=out, **options) as tar:
        _add(tar, _MANIFEST, io.BytesIO(text := manifest.model_dump_json(indent=1).encode()), len(text))
        done = 0
        for name, path in files.items():
            say("writing", done / total)
            with path.open("rb") as file:
                _add(tar, name, file, manifest.files[name].bytes)
            done += sizes[name]


def read_manifest(path: Path) -> Manifest:
    """The manifest alone. Raises BadInput for a file that is no archive."""
    with _opened(path) as tar:
        return _first(tar, path)


def unpack(path: Path, into: Path | None, say: Progress) -> Manifest:
    """Check every file of the archive against the manifest, writing them into the folder unless that is None.

    A name that leads out of the folder, a link, a device, a file that the manifest does not know or that is not as it
    says: BadInput, as for a file that is no archive or was cut off.
    """
    with _opened(path) as tar:
        manifest = _first(tar, path)
        left, done = dict(manifest.files), 0
        while member := tar.next():
            entry = left.pop(member.name, None)
            if entry is None:
                raise BadInput(
                    f"{path} holds {_shown(member.name)}, of which its manifest knows nothing. It is refused."
                )
            say("checking", done / (manifest.size or 1))
            _take(tar, _checked(member, entry, path), entry, into, path)
            done += entry.bytes
    if left:
        raise BadInput(f"{path} lacks {_shown(min(left))}: it was cut off. Take another backup.")
    return manifest


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:*") as tar:
            yield tar
    except FileNotFoundError:
        raise BadInput(f"There is no file {path}.") from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadInput(f"{path} cannot be read as a backup ({type(error).__name__}): damaged, or none.") from error
    except ValueError as error:  # zlib's among them
        raise BadInput(f"{path} is damaged ({type(error).__name__}).") from error


def _first(tar: tarfile.TarFile, path: Path) -> Manifest:
    member = tar.next()
    file = tar.extractfile(member) if member and member.name == _MANIFEST and member.isreg() else None
    if member is None or file is None or member.size > _MOST_MANIFEST:
        raise BadInput(f"{path} is no backup of Moderato: it does not begin with a manifest.")
    content = file.read()
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BadInput(f"The manifest of {path} cannot be read ({error.error_count()} problems).") from None
    if manifest.format > FORMAT:
        raise BadInput(f"{path} was made by a newer Moderato. Update this one, then restore.")
    return manifest


def _checked(member: tarfile.TarInfo, entry: Entry, path: Path) -> tarfile.TarInfo:
    plain = PurePosixPath(member.name)
    tidy = plain.as_posix() == member.name and not plain.is_absolute() and ".." not in plain.parts
    if not _passes_filter(member) or not member.isreg() or not tidy or "\\" in member.name or "\0" in member.name:
        raise BadInput(f"{path} holds {_shown(member.name)}, which is no plain file within it. It is refused.")
    if member.size != entry.bytes:
        raise BadInput(f"{_shown(member.name)} in {path} is not as long as its manifest says. Take another backup.")
    return member


def _passes_filter(member: tarfile.TarInfo) -> bool:
    """Whether Python would unpack it (PEP 706). Pythons before 3.11.4 have no such filter: our own checks are left."""
    if not hasattr(tarfile, "data_filter"):
        return True
    try:
        tarfile.data_filter(member, "/nowhere")
    except tarfile.FilterError:
        return False
    return True


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry, into: Path | None, path: Path) -> None:
    source, digest = tar.extractfile(member), hashlib.sha256()
    if source is None:
        raise BadInput(f"{_shown(member.name)} in {path} cannot be read.")
    with _target(into, member.name) as out:
        while block := source.read(_BLOCK):
            digest.update(block)
            if out:
                out.write(block)
        if out:
            out.flush()
            os.fsync(out.fileno())
    if digest.hexdigest() != entry.sha256:
        raise BadInput(f"{_shown(member.name)} in {path} is not what was backed up: damaged. Take another backup.")


@contextmanager
def _target(into: Path | None, name: str) -> Iterator[IO[bytes] | None]:
    if into is None:
        yield None
        return
    target = into / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        yield out


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, file)


def _shown(name: str) -> str:
    return repr(name[:80])
