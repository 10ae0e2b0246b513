"""How good one model is on every real data set at hand: a registered version's name, or a model folder.

    python -m benchmarks.model_quality starter
    python -m benchmarks.model_quality FOLDER --templates 8 --spans 300 --rows 4000      # less, for slow models

Jigsaw's frozen rows (weighted, bootstrap intervals), two other domains without retraining (davidson, hatemoji), bias
(identity templates) and highlights (toxic-spans). The last line is JSON.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import highlights, identity
from benchmarks.labelled import data_folder, jigsaw
from core.domain import ModelVersion, Stage, now
from core.scoring.files import folder_digest, resolve
from core.scoring.load import load_scorer
from core.scoring.protocol import Scorer
from training.evaluate import evaluate, roc_auc

_KINDS = {
    "moderato.json": "transformer",
    "encoder.json": "onnx",
    "blend.json": "blend",
    "cascade.json": "cascade",
    "config.json": "starter",
}


def load(model: str, threads: int) -> Scorer:
    """A folder's scorer, or a registered version's."""
    folder = resolve(model)
    if not folder.is_dir() and not resolve(f"models/{model}").is_dir():
        from core.services import build_services

        return load_scorer(build_services().registry.require(model), threads=threads)
    folder = folder if folder.is_dir() else resolve(f"models/{model}")
    kind = next(kind for name, kind in _KINDS.items() if (folder / name).is_file())
    version = ModelVersion(0, folder.name, kind, str(folder), folder_digest(folder), Stage.CHALLENGER, now())
    return load_scorer(version, threads=threads)


def frozen(scorer: Scorer, count: int) -> dict:
    """Jigsaw's frozen rows: weighted AUC and average precision with intervals, and speed."""
    rows = jigsaw()
    test = rows.take(rows.frozen_test())
    test = test.take(np.arange(len(test)) < count) if count else test
    scorer.score(test.texts[:64])
    began = time.monotonic()
    scores = scorer.score(test.texts)
    seconds = time.monotonic() - began
    found = evaluate(scores, test.labels, test.weights, resamples=500).to_json()
    return {**found, "comments_per_second": round(len(test) / seconds, 1)}


def davidson(scorer: Scorer, every: int) -> dict:
    """Tweets: hate or offensive against neither by `toxic`, hate against the rest by `identity_hate`."""
    import pandas as pd

    frame = pd.read_csv(data_folder() / "davidson" / "labeled_data.csv.gz").iloc[::every]
    scores, kind = scorer.score(frame["tweet"].tolist()).astype(float), frame["class"].to_numpy()
    one = np.ones(len(kind))
    return {
        "rows": len(kind),
        "offensive_auc": roc_auc(scores[:, 0], (kind != 2).astype(float), one),
        "hate_auc": roc_auc(scores[:, 5], (kind == 0).astype(float), one),
    }


def hatemoji(scorer: Scorer, every: int) -> dict:
    """Adversarial emoji hate, by `toxic`."""
    import pandas as pd

    frame = pd.read_csv(data_folder() / "hatemoji" / "HatemojiBuild_train.csv").iloc[::every]
    scores, truth = scorer.score(frame["text"].tolist()).astype(float), frame["label_gold"].to_numpy(float)
    return {"rows": len(truth), "hate_auc": roc_auc(scores[:, 0], truth, np.ones(len(truth)))}


def bias(scorer: Scorer, every: int) -> dict:
    """Identity templates."""
    texts, toxic = identity.templates(every)
    scores = scorer.score(texts)[:, 0].astype(float)
    overall = roc_auc(scores, toxic, np.ones(len(toxic)))
    return {"rows": len(toxic), "overall": overall, **identity.summary(identity.by_term(texts, scores, toxic))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="starter")
    parser.add_argument("--rows", type=int, default=0, help="frozen Jigsaw rows, 0 for all")
    parser.add_argument("--every", type=int, default=1, help="each so manyeth row of davidson and hatemoji")
    parser.add_argument("--templates", type=int, default=1, help="each so manyeth identity template")
    parser.add_argument("--spans", type=int, default=1000, help="training posts that the cut of highlights is tuned on")
    parser.add_argument("--posts", type=int, default=0, help="trial posts that highlights are measured on, 0 for all")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    scorer, began = load(asked.model, asked.threads), time.monotonic()
    result = {"name": "model_quality", "model": asked.model}
    parts = {
        "jigsaw": lambda: frozen(scorer, asked.rows),
        "davidson": lambda: davidson(scorer, asked.every),
        "hatemoji": lambda: hatemoji(scorer, asked.every),
        "bias": lambda: bias(scorer, asked.templates),
        "highlights": lambda: highlights.measure(scorer, asked.spans, asked.posts),
    }
    for name, part in parts.items():
        result[name] = part()
        print(name, json.dumps(result[name]), flush=True)
    mean = round(result["jigsaw"]["mean_auc"], 4)
    print(
        json.dumps({**result, "value": mean, "unit": "weighted mean AUC", "seconds": round(time.monotonic() - began)})
    )


if __name__ == "__main__":
    main()
