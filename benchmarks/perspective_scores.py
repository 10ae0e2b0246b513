"""What thresholds of the Perspective API mean here: share of comments at or over them, and of the toxic ones found.

    python -m benchmarks.perspective_scores

On the frozen test part of the Jigsaw rows, weighted to the true mix, on both scales of MODERATO_API_SCALE. The value is
the share of comments that TOXICITY >= 0.9 flags on the quantile scale, which aims at 0.1; docs/api.md has a table.
"""

import numpy as np

from benchmarks.common import DATA, machine, report
from core.labels import LABELS
from core.old_scale import to_ranks
from core.registry import SHIPPED
from core.scoring.files import resolve
from core.scoring.starter import StarterScorer
from core.text import in_frozen_test, text_hash
from training.data import read_rows

THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95)
EXAMPLES = ("Thank you for your help.", "That is a silly idea.", "What kind of idiot name is foo?", "I will find you.")


def main() -> None:
    """Score, count, print."""
    rows = read_rows(DATA / "jigsaw" / "train.csv.gz")
    at = [i for i, text in enumerate(rows.texts) if in_frozen_test(text_hash(text))]
    scorer = StarterScorer.load(resolve(SHIPPED), name="starter")
    scores = scorer.score([rows.texts[i] for i in at])
    weights, labels = np.asarray(rows.weights)[at], np.asarray(rows.labels)[at]
    scales = {"probability": scores, "quantile": to_ranks(scores)}
    for name, scaled in scales.items():
        for j, label in enumerate(LABELS):
            cells = (_cell(scaled[:, j], labels[:, j] > 0.5, weights, t) for t in THRESHOLDS)
            print(f"| {name} | {label} | {' | '.join(cells)} |")
    examples = scorer.score(EXAMPLES)
    for text, p, q in zip(EXAMPLES, examples[:, 0], to_ranks(examples)[:, 0], strict=True):
        print(f"| {text} | {p:.2f} | {q:.2f} |")
    flagged = float(weights[scales["quantile"][:, 0] >= 0.9].sum() / weights.sum())
    report("perspective_scores", round(flagged, 4), "share", floor=0.1, target=0.1, rows=len(at), machine=machine())


def _cell(scores: np.ndarray, holds: np.ndarray, weights: np.ndarray, threshold: float) -> str:
    over = scores >= threshold
    return f"{weights[over].sum() / weights.sum():.1%}, {weights[over & holds].sum() / weights[holds].sum():.0%}"


if __name__ == "__main__":
    main()
