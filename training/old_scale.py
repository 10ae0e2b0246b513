"""Fit core/old_scale.json: which share of Wikipedia's talk comments a score exceeds.

    python -m training.old_scale --data train.csv.gz

Scores the rows of the frozen test part, which no training has seen, weighted to the true mix, and keeps quantiles. The
shipped starter's probabilities are calibrated, so the map stays about right for other calibrated models.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from core.labels import LABELS
from core.old_scale import FILE
from core.registry import SHIPPED
from core.scoring.files import resolve
from core.scoring.starter import StarterScorer
from core.text import in_frozen_test, text_hash
from training.data import read_rows

RANKS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 0.999)


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    rows = read_rows(options.data)
    at = [i for i, text in enumerate(rows.texts) if in_frozen_test(text_hash(text))]
    scores = StarterScorer.load(resolve(SHIPPED), name="starter").score([rows.texts[i] for i in at])
    weights = np.asarray(rows.weights)[at]
    knots = {label: [round(float(q), 6) for q in _quantiles(scores[:, j], weights)] for j, label in enumerate(LABELS)}
    FILE.write_text(json.dumps({"ranks": RANKS, "scores": knots, "rows": len(at)}, indent=1) + "\n")


def _quantiles(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted quantiles, the inverse of the weighted empirical distribution at the middle of each step."""
    order = np.argsort(scores, kind="stable")
    below = np.cumsum(weights[order]) - weights[order] / 2
    return np.interp(RANKS, below / weights.sum(), scores[order])


if __name__ == "__main__":
    main()
