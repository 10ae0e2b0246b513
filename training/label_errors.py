"""Find labels that look wrong: confident learning on out-of-fold scores."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.accounts import Person
from core.domain import TrainingRun, now, pack_labels, unpack_labels
from core.errors import BadInput
from core.files.formulas import harmless
from core.label_errors import MOST_ITEMS, Decided, Found, Origin, Suspect, rechecked
from core.labels import LABELS
from core.runs import LABEL_ERRORS, Following, Say
from core.scoring.normalize import normalize
from core.services import Services
from core.text import fold_of
from training.data import LabelledRows, make_rows, read_rows
from training.linear import LinearConfig, cross_score
from training.starter import data_hash

FOLDS: Final = 5
FEWEST_ROWS: Final = 200
"""Rows that are needed at least."""
FEWEST_CASES: Final = 20
"""Rows with a label, and without it, below which nothing is said about the label."""
RECIPE: Final = LinearConfig(iterations=30)
"""The starter's linear half, stopped at half its iterations: a label is told wrong by a wide margin or not at all, and
the net beside it would take many times as long."""
TOP: Final = 500
"""Items that a list holds unless told otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Rows that labels are looked at of: what people decided, then base data that nobody has decided since."""

    rows: LabelledRows
    comments: tuple[Decided, ...]
    """The ledger's, in the order of the first rows."""
    base_file: str | None

    @property
    def base_rows(self) -> int:
        """How many rows the base data gives."""
        return len(self.rows) - len(self.comments)


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """What is in doubt of n rows."""

    wrong: NDArray[np.bool_]
    """[n, 6], labels that look wrong."""
    quality: NDArray[np.float64]
    """[n, 6], out-of-fold probability of the label as it is; 1 for labels that were skipped."""
    skipped: tuple[str, ...]

    def order(self) -> NDArray[np.int64]:
        """Rows with a wrong label, the surest first: by the least probable of their wrong labels."""
        rows = np.flatnonzero(self.wrong.any(axis=1))
        return rows[np.argsort(self.least()[rows], kind="stable")]

    def least(self) -> NDArray[np.float64]:
        """[n], the lowest quality among a row's wrong labels; 1 where none is."""
        return np.where(self.wrong, self.quality, 1.0).min(axis=1)


def find_label_errors(
    services: Services,
    *,
    by: Person,
    data: Path | None = None,
    base_only: bool = False,
    top: int = TOP,
    run: TrainingRun | None = None,
    say: Say | None = None,
) -> Found:
    """List items whose labels look wrong and keep the list. A given run is continued, else one is begun.

    Raises BadInput for too few rows or unreadable data, Conflict while another run goes on.
    """
    run = run or services.runs.begin(LABEL_ERRORS, by=by)
    with services.runs.following(run, say=say) as following:
        following.step("Reading labels", 0.01)
        decided = services.label_errors.decided()
        pool = gather([] if base_only else decided, data or services.settings.base_data)
        doubts = doubt(pool.rows, following)
        following.step("Writing the list", 0.98)
        items = _suspects(pool, doubts, rechecked(decided))
        found = Found(
            run=run.id,
            made_at=now(),
            person=by.name,
            recipe=f"linear half of the starter, {FOLDS} folds by content, cleanlab prune_by_noise_rate",
            data_hash=data_hash(pool.rows),
            base_file=pool.base_file,
            ledger_rows=len(pool.comments),
            base_rows=pool.base_rows,
            skipped=doubts.skipped,
            total=len(items),
            items=tuple(items[: min(top, MOST_ITEMS)]),
        )
        services.label_errors.keep(found)
        return found


def gather(decided: Sequence[Decided], data: Path | None) -> Pool:
    """What people decided and the base data, where the decision replaces a base row of the same content.

    Raises BadInput if it is too little.
    """
    base = read_rows(data) if data else make_rows([], np.zeros((0, len(LABELS)), np.float32))
    labels = np.array([unpack_labels(one.labels) for one in decided], np.float32).reshape(-1, len(LABELS))
    ledger = make_rows([one.text for one in decided], labels)
    known = set(ledger.hashes)
    base = base.take(np.array([digest not in known for digest in base.hashes], np.bool_))
    rows = LabelledRows(
        ledger.texts + base.texts,
        np.concatenate([ledger.labels, base.labels]),
        np.concatenate([ledger.weights, base.weights]),
        ledger.hashes + base.hashes,
    )
    if len(rows) < FEWEST_ROWS:
        raise BadInput(
            f"There are {len(rows):,} labelled comments; at least {FEWEST_ROWS} are needed to tell wrong labels. "
            "Review more of the queue, or give labelled data: --data FILE, or MODERATO_BASE_DATA."
        )
    return Pool(rows, tuple(decided), data.name if data else None)


def doubt(rows: LabelledRows, following: Following | None = None) -> Doubts:
    """Which labels look wrong, label by label (Northcutt, Jiang, Chuang: Confident Learning, JAIR 70, 2021).

    Each row is scored by a model that saw neither it nor any row of the same content. Raises BadInput if no label has
    enough cases.
    """
    from cleanlab.filter import find_label_issues

    cases = rows.labels.sum(0)
    enough = (cases >= FEWEST_CASES) & (len(rows) - cases >= FEWEST_CASES)
    skipped = tuple(label for label, some in zip(LABELS, enough, strict=True) if not some)
    if not enough.any():
        raise BadInput(f"No label has {FEWEST_CASES} comments with it and {FEWEST_CASES} without. Review more first.")
    folds = np.array([fold_of(digest, FOLDS) for digest in rows.hashes], np.int64)
    logits = cross_score(
        [normalize(text) for text in rows.texts], rows.labels[:, enough], folds, RECIPE, progress=_telling(following)
    )
    positive = 1 / (1 + np.exp(-logits.astype(np.float64)))
    wrong, quality = np.zeros(rows.labels.shape, np.bool_), np.ones(rows.labels.shape)
    for at, label in enumerate(np.flatnonzero(enough).tolist()):
        given = rows.labels[:, label].astype(np.int64)
        both = np.stack([1 - positive[:, at], positive[:, at]], axis=1)
        wrong[:, label] = find_label_issues(given, both, filter_by="prune_by_noise_rate", n_jobs=1)
        quality[:, label] = both[np.arange(len(given)), given]
    return Doubts(wrong, quality, skipped)


def write_list(path: Path, found: Found, texts: dict[str, str]) -> None:
    """The list as a CSV for a spreadsheet; raises BadInput if it cannot be written."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("from", "comment_id", "comment_text", "given", "suggested", "sure"))
            for item in found.items:
                number = item.comment_id or ""
                labels = (label_names(item.given), label_names(item.suggested))
                writer.writerow((item.origin.value, number, harmless(texts[item.key]), *labels, item.sure))
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}. Choose another place, or make room.") from error


def summary_text(found: Found) -> str:
    """What a run found, in lines for a terminal; without comment texts."""
    of = f"{found.ledger_rows + found.base_rows:,} labelled comments"
    parts = f"{found.ledger_rows:,} decided, {found.base_rows:,} rows of {found.base_file or 'base data'}"
    lines = [f"{found.total:,} of {of} ({parts}) have labels that look wrong; the list holds {len(found.items):,}."]
    if found.skipped:
        lines.append(f"Too few cases, so nothing is said about {', '.join(found.skipped)}.")
    lines += [
        f"{item.sure:7.2%}  {'comment ' + str(item.comment_id) if item.comment_id else 'base row ' + item.digest[:12]}"
        f"  {label_names(item.given) or 'no label'} -> {label_names(item.suggested) or 'no label'}"
        for item in found.items[:10]
    ]
    return "\n".join([*lines, "Send them back to review on the page Label errors."])


def label_names(mask: int) -> str:
    """The labels of a bit mask, as in files."""
    return " ".join(label for label, on in zip(LABELS, unpack_labels(mask), strict=True) if on)


def _suspects(pool: Pool, doubts: Doubts, known: set[str]) -> list[Suspect]:
    """The items, the surest first, each content once, without those that were reviewed again before."""
    least, seen, items = doubts.least(), set(known), []
    for row in doubts.order().tolist():
        digest = pool.rows.hashes[row]
        if digest in seen:
            continue
        seen.add(digest)
        ledger = row < len(pool.comments)
        given = pool.rows.labels[row] > 0
        items.append(
            Suspect(
                origin=Origin.LEDGER if ledger else Origin.BASE,
                comment_id=pool.comments[row].comment_id if ledger else 0,
                text="" if ledger else pool.rows.texts[row],
                digest=digest,
                given=_mask(given),
                suggested=_mask(given ^ doubts.wrong[row]),
                sure=round(float(1 - least[row]), 4),
            )
        )
    return items


def _mask(flags: NDArray[np.bool_]) -> int:
    a, b, c, d, e, f = flags.tolist()
    return pack_labels((a, b, c, d, e, f))


def _telling(following: Following | None) -> Callable[[str, float], None]:
    def tell(what: str, share: float) -> None:
        if following:
            following.step(f"Scoring out of fold: {what}", 0.03 + 0.94 * share)

    return tell
