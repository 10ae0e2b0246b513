"""Flip 2 % of the Jigsaw rows' labels and count how many the list finds: precision and recall at its length."""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.labelled import jigsaw
from training.data import LabelledRows
from training.label_errors import FOLDS, doubt


def flipped(rows: LabelledRows, share: float, seed: int) -> tuple[LabelledRows, np.ndarray]:
    """The rows with one label flipped, drawn evenly, in a share of them; and which, [n, 6]."""
    random = np.random.default_rng(seed)
    planted = np.zeros(rows.labels.shape, bool)
    chosen = random.choice(len(rows), int(len(rows) * share), replace=False)
    planted[chosen, random.integers(0, rows.labels.shape[1], len(chosen))] = True
    labels = np.where(planted, 1 - rows.labels, rows.labels)
    return LabelledRows(rows.texts, labels.astype(np.float32), rows.weights, rows.hashes), planted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rows", type=int, default=None, help="the first so many rows only")
    options = parser.parse_args()
    rows = jigsaw()
    rows = rows.take(np.arange(len(rows)) < (options.rows or len(rows)))
    rows, planted = flipped(rows, options.share, options.seed)
    began = time.perf_counter()
    doubts = doubt(rows)
    seconds, order = time.perf_counter() - began, doubts.order()
    right, many = (doubts.wrong & planted).any(1)[order], int(planted.any(1).sum())
    cuts = [n for n in (100, 250, 500, 1_000, many, 2 * many, len(order)) if n <= len(order)]
    at = {f"precision_at_{n}": round(float(right[:n].mean()), 3) for n in cuts}
    at |= {f"recall_at_{n}": round(float(right[:n].sum() / many), 3) for n in cuts}
    line = {"rows": len(rows), "planted": many, "listed": len(order), "folds": FOLDS, "seconds": round(seconds), **at}
    value = at.get("precision_at_500", at[f"precision_at_{cuts[-1]}"])
    print(
        json.dumps(
            {"name": "label_errors", "value": value, "unit": "precision at 500", "floor": 0.6, "target": 0.9} | line
        )
    )


if __name__ == "__main__":
    main()
