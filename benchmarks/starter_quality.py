"""Weighted five-fold cross-validation of the starter's recipe, folds by content hash; `--quick` for one fold."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.labelled import jigsaw
from core.labels import LABELS
from core.scoring.starter import StarterScorer
from core.text import fold_of
from training.data import LabelledRows
from training.evaluate import Metrics, evaluate
from training.starter import StarterConfig, fit_folder

FOLDS = 5


def score_fold(rows: LabelledRows, inside: np.ndarray, config: StarterConfig) -> np.ndarray:
    """Train on the rows outside a fold and score those inside."""
    with tempfile.TemporaryDirectory() as folder:
        train = rows.take(~inside)
        fit_folder(Path(folder), train, config)
        return StarterScorer.load(Path(folder), name="fold").score(rows.take(inside).texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the first fold only: one label may be off by 0.01")
    parser.add_argument("--linear", action="store_true", help="without the net")
    parser.add_argument("--keep", type=Path, help="write out-of-fold scores to this .npz")
    options = parser.parse_args()
    rows, config = jigsaw(), StarterConfig(**({"net": None} if options.linear else {}))
    fold = np.array([fold_of(digest, FOLDS) for digest in rows.hashes])
    scores, by_fold = np.full((len(rows), len(LABELS)), np.nan, np.float32), []
    for number in range(1 if options.quick else FOLDS):
        began, inside = time.perf_counter(), fold == number
        scores[inside] = score_fold(rows, inside, config)
        by_fold.append(evaluate(scores[inside], rows.labels[inside], rows.weights[inside]))
        print(f"fold {number}: mean AUC {by_fold[-1].mean_auc:.5f}, {time.perf_counter() - began:.0f} s", flush=True)
    if options.keep:
        np.savez(options.keep, scores=scores)
    report(by_fold, rows, scores)


def report(by_fold: list[Metrics], rows: LabelledRows, scores: np.ndarray) -> None:
    """Print a line a label, then the JSON line."""
    done = np.isfinite(scores).all(axis=1)
    pooled = evaluate(scores[done], rows.labels[done], rows.weights[done], resamples=100)
    auc = {name: float(np.mean([fold.auc[name] for fold in by_fold])) for name in LABELS}
    for name in LABELS:
        low, high = pooled.auc_interval[name]
        print(
            f"{name:14} AUC {auc[name]:.4f} (pooled {pooled.auc[name]:.4f}, {low:.4f} to {high:.4f}), "
            f"AP {pooled.average_precision[name]:.4f}, ECE {pooled.calibration_error[name]:.4f}"
        )
    result = {
        "name": "starter_quality",
        "value": round(float(np.mean([fold.mean_auc for fold in by_fold])), 5),
        "unit": "weighted mean ROC AUC",
        "floor": 0.986,
        "target": 0.988,
        "folds": len(by_fold),
        "auc": {name: round(value, 5) for name, value in auc.items()},
        "pooled_mean_auc": round(pooled.mean_auc, 5),
        "pooled_interval": [round(v, 5) for v in pooled.auc_interval["mean"]],
        "average_precision": {name: round(v, 5) for name, v in pooled.average_precision.items()},
        "calibration_error": {name: round(v, 5) for name, v in pooled.calibration_error.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
