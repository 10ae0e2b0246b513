"""What moderators decided, and the base data it is mixed with, both without what measures the models."""

from pathlib import Path
from typing import Final

import numpy as np

from core.accounts import Person
from core.domain import Snapshot
from core.errors import BadInput
from core.files.formulas import undone
from core.labels import LABELS
from core.runs import Following
from core.services import Services
from training.data import LabelledRows, make_rows, read_rows

FEWEST_CORRECTIONS: Final = 20
"""Fewer teach nothing that shows, and cost a promotion's worth of attention."""


def take_corrections(
    services: Services, snapshot_id: int | None = None, *, by: Person, fewest: int, following: Following
) -> tuple[Snapshot, LabelledRows]:
    """Freeze what moderators decided, but for audit and golden items, and read it back; or read a recorded snapshot.

    Raises BadInput if it is too few, and as `read_snapshot` does.
    """
    if snapshot_id is not None:
        following.step(f"Reading snapshot {snapshot_id}", 0.02)
        snapshot, corrections = read_snapshot(services, snapshot_id)
        _require_enough(len(corrections), 0, fewest)
        following.note(snapshot_id=snapshot.id)
        return snapshot, corrections
    following.step("Exporting corrections", 0.02)
    found = services.datasets.preview("training")
    _require_enough(found.rows, found.left_out.evaluation, fewest)
    snapshot = services.datasets.export_into("snapshots", "parquet", by=by, purpose="training")
    following.note(snapshot_id=snapshot.id)
    return snapshot, read_rows(services.datasets.require_file(snapshot))


def _require_enough(rows: int, evaluation: int, fewest: int) -> None:
    if rows < fewest:
        kept = f" ({evaluation:,} audit and golden items are kept out of training)" if evaluation else ""
        raise BadInput(
            f"There are {rows:,} corrections to train on{kept}; at least {fewest:,} are needed. "
            "Review more of the queue, then retrain."
        )


def read_snapshot(services: Services, snapshot_id: int) -> tuple[Snapshot, LabelledRows]:
    """A recorded training snapshot and its rows, without contents that became audit or golden items since.

    Raises NotFound if it or its file is gone, BadInput if it is not for training or its file changed.
    """
    snapshot = services.datasets.require_snapshot(snapshot_id)
    if snapshot.purpose != "training":
        raise BadInput(
            f"Snapshot {snapshot_id} was exported for {snapshot.purpose}, so audit and golden items may be in it. Give "
            "one for training: `moderato export FILE --purpose training` makes one and says its number."
        )
    rows = as_written(read_rows(path := services.datasets.require_file(snapshot)), path)
    return snapshot, without_evaluation(services, rows)


def as_written(rows: LabelledRows, path: Path) -> LabelledRows:
    """Texts as people wrote them: exports for spreadsheets put an apostrophe before what would run as a formula."""
    if not path.name.removesuffix(".gz").endswith((".csv", ".tsv")):
        return rows
    return make_rows([undone(text) for text in rows.texts], rows.labels, rows.weights)


def without_evaluation(services: Services, rows: LabelledRows) -> LabelledRows:
    """The rows whose content is no audit or golden item's."""
    held = services.datasets.find_for_evaluation(rows.hashes)
    return rows.take(np.array([digest not in held for digest in rows.hashes], np.bool_))


def read_base(services: Services, data: Path | None) -> tuple[LabelledRows, int]:
    """The base rows without contents of audit and golden items, and how many of those there were."""
    path = data or services.settings.base_data
    if path is None:
        return make_rows([], np.zeros((0, len(LABELS)), np.float32)), 0
    rows = read_rows(path)
    allowed = without_evaluation(services, rows)
    return allowed, len(rows) - len(allowed)
