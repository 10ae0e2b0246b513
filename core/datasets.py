"""Export what people decided: for records with everything, for training without what measures the model."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.data_card import LeftOut, Tally, write_card
from core.dataset_files import to_row, writing
from core.domain import Snapshot, now, unpack_labels
from core.errors import BadInput, Conflict, NotFound
from core.labels import LABELS
from core.settings import Settings
from db.session import Sessions
from db.stores.datasets import DatasetStore, Filters
from db.stores.erased import ErasedStore
from db.stores.erasures import ErasureStore
from db.stores.snapshots import SnapshotStore

Purpose = Literal["records", "training"]

PURPOSES: Final[tuple[Purpose, ...]] = ("records", "training")
EVERYTHING = Filters()

__all__ = ["EVERYTHING", "PURPOSES", "Datasets", "Filters", "Preview", "Purpose", "label_mask", "require_purpose"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an export would hold."""

    rows: int
    labels: dict[str, int]
    """How many rows have each label."""
    left_out: LeftOut


class Datasets:
    """Exports and snapshots of one database."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings

    def preview(self, purpose: Purpose, filters: Filters = EVERYTHING) -> Preview:
        """Count what an export would hold and leave out."""
        training = _check(purpose, filters)
        with self._sessions.read() as session:
            store = DatasetStore(session)
            rows, labels = store.count(filters, training=training)
            comments, decided = store.count_comments()
            all_decided = filters == EVERYTHING and not ErasedStore(session).has_any()
            matching = rows if not training else decided if all_decided else store.count(filters)[0]
            left_out = LeftOut(comments - decided, decided - matching, matching - rows)
        return Preview(rows, dict(zip(LABELS, labels, strict=True)), left_out)

    def version(self) -> int:
        """Changes with every entry of the ledger: what is kept of a preview is good until then."""
        with self._sessions.read() as session:
            return DatasetStore(session).last_entry()

    def export(
        self, path: Path, *, by: Person, purpose: Purpose = "records", filters: Filters = EVERYTHING
    ) -> Snapshot:
        """Write the decided comments to a file of the kind that its ending says, and record what it holds.

        The same decisions give the same bytes. Raises BadInput if nothing matches or the file cannot be written.
        """
        check_may(by, Action.EXPORT)
        preview, erased_before = self.preview(purpose, filters), self._erased()
        tally = self._write(path, filters, training=purpose == "training")
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        at, chosen = now(), _describe(filters)
        card = write_card(
            tally, preview.left_out, purpose=purpose, sha256=sha256, filters=chosen, person=by.name, at=at
        )
        values = {"purpose": purpose, "path": self._shorten(path), "sha256": sha256, "rows": tally.rows}
        values |= {"filters": chosen, "card": card, "person": by.name, "created_at": at}
        with self._sessions.begin() as session:
            if ErasureStore(session).mark() != erased_before:
                path.unlink(missing_ok=True)
                raise Conflict("Texts were erased while the export was written, so it was thrown away. Export again.")
            made = SnapshotStore(session).add(values)
            told = {"purpose": purpose, "filters": chosen, "rows": tally.rows, "sha256": sha256}
            record(session, by, What.DATA_EXPORTED, f"snapshot {made.id}", file=path.name, **told)
            return made

    def export_into(
        self, folder: str, ending: str, *, by: Person, purpose: Purpose = "records", filters: Filters = EVERYTHING
    ) -> Snapshot:
        """`export` to a new file in a folder of the data folder; `ending` is csv, jsonl, parquet, csv.gz, ..."""
        check_may(by, Action.EXPORT)
        made = self._settings.data_dir / folder
        made.mkdir(parents=True, exist_ok=True)
        path = made / f"{purpose}-{now():%Y%m%d-%H%M%S}-{uuid4().hex[:6]}.{ending}"
        return self.export(path, by=by, purpose=purpose, filters=filters)

    def _erased(self) -> tuple[int, int]:
        with self._sessions.read() as session:
            return ErasureStore(session).mark()

    def erased_from(self, snapshot_ids: Collection[int]) -> dict[int, int]:
        """How many rows erasures took out of snapshots' files, for those that lost any."""
        with self._sessions.read() as session:
            return {i: one.removed for i, one in ErasedStore(session).of_snapshots(snapshot_ids).items()}

    def list_snapshots(self, limit: int = 50) -> list[Snapshot]:
        """The latest exports, newest first."""
        with self._sessions.read() as session:
            return SnapshotStore(session).list_newest(limit)

    def require_snapshot(self, snapshot_id: int) -> Snapshot:
        """The snapshot; raises NotFound."""
        with self._sessions.read() as session:
            found = SnapshotStore(session).get(snapshot_id)
        if found is None:
            raise NotFound(
                "There is no snapshot {snapshot_id}. The Data page lists the ones there are.",
                snapshot_id=snapshot_id,
            )
        return found

    def require_file(self, snapshot: Snapshot) -> Path:
        """The snapshot's file, proven to be the one that was written, or that an erasure left of it.

        Raises NotFound, or BadInput if it changed otherwise.
        """
        path = self._settings.data_dir / snapshot.path
        if not path.is_file():
            raise NotFound("The file of snapshot {id} is gone: {path}. Export again.", id=snapshot.id, path=path)
        with self._sessions.read() as session:
            rewritten = ErasedStore(session).of_snapshots([snapshot.id]).get(snapshot.id)
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != (rewritten or snapshot).sha256:
                raise BadInput(
                    "{path} is not the file that snapshot {id} recorded. Export again.",
                    path=path,
                    id=snapshot.id,
                )
        return path

    def list_sources(self) -> list[str]:
        """Where comments came from, to filter by."""
        with self._sessions.read() as session:
            return DatasetStore(session).list_sources()

    def list_moderators(self) -> list[str]:
        """Who decided anything, to filter by."""
        with self._sessions.read() as session:
            return DatasetStore(session).list_moderators()

    def find_for_evaluation(self, hashes: Collection[str]) -> set[str]:
        """Those of the contents (core.text.text_hash) that training must not see: audit and golden items'."""
        with self._sessions.read() as session:
            return DatasetStore(session).find_for_evaluation(hashes)

    def _write(self, path: Path, filters: Filters, *, training: bool) -> Tally:
        tally = Tally()
        with self._sessions.read() as session, writing(path) as writer:
            for comments in DatasetStore(session).stream(filters, training=training):
                for comment in comments:
                    tally.add(comment)
                writer.write([to_row(comment) for comment in comments])
            if not tally.rows:
                raise BadInput("No decided comment matches these filters, so there is nothing to export. Widen them.")
        return tally

    def _shorten(self, path: Path) -> str:
        data, path = self._settings.data_dir.resolve(), path.resolve()
        return path.relative_to(data).as_posix() if path.is_relative_to(data) else str(path)


def require_purpose(name: str) -> Purpose:
    """The purpose of that name; raises BadInput."""
    for purpose in PURPOSES:
        if name == purpose:
            return purpose
    raise BadInput("An export is for records or for training, not {name!r}.", name=name[:40])


def label_mask(names: Iterable[str]) -> int:
    """The bit mask of some labels, for Filters; raises BadInput for an unknown one."""
    mask = 0
    for name in names:
        if name not in LABELS:
            raise BadInput(
                "There is no label {name!r}; there are {listed}.",
                name=name[:40],
                listed=", ".join(LABELS),
            )
        mask |= 1 << LABELS.index(name)
    return mask


def _check(purpose: Purpose, filters: Filters) -> bool:
    """Whether this is for training; raises BadInput."""
    require_purpose(purpose)
    if filters.since and filters.until and filters.since > filters.until:
        raise BadInput(
            "The first day, {since}, is after the last, {until}. Swap them.",
            since=filters.since,
            until=filters.until,
        )
    return purpose == "training"


def _describe(filters: Filters) -> dict[str, Any]:
    """The filters that are set, as plain values."""
    flags = unpack_labels(filters.labels)
    labels = ", ".join(label for label, on in zip(LABELS, flags, strict=True) if on)
    found = {
        "since": filters.since and filters.since.isoformat(),
        "until": filters.until and filters.until.isoformat(),
        "labels": labels,
        "source": filters.source,
        "moderator": filters.moderator,
        "lane": filters.lane and filters.lane.value,
        "outcome": filters.outcome and filters.outcome.value,
    }
    return {name: value for name, value in found.items() if value}
