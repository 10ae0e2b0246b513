"""Unintended bias of the shipped starter on identity templates: subgroup, BPSN and BNSP AUC of `toxic`, by term.

Borkan et al., Nuanced Metrics for Measuring Unintended Bias, WWW 2019: BPSN pairs the background's toxic sentences with
the group's harmless ones (low: the group's harmless sentences look toxic), BNSP the other way round.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd

from benchmarks.labelled import SHIPPED, data_folder
from core.scoring.starter import StarterScorer
from training.evaluate import roc_auc

# fmt: off
TERMS = (
    "african", "american", "aged", "asian", "bisexual", "black", "blind", "buddhist", "canadian", "catholic",
    "chinese", "christian", "deaf", "elderly", "european", "female", "gay", "heterosexual", "hispanic",
    "homosexual", "indian", "japanese", "jewish", "latina", "latino", "latinx", "lesbian", "lgbt", "lgbtq", "male",
    "mexican", "millenial", "muslim", "nonbinary", "old", "older", "paralyzed", "protestant", "queer", "sikh",
    "straight", "taoist", "teenage", "trans", "transgender", "white", "young", "younger",
)
# fmt: on


def group_aucs(scores: np.ndarray, toxic: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """The three AUCs of one group of rows."""
    rows = {
        "subgroup": inside,
        "bpsn": (inside & (toxic == 0)) | (~inside & (toxic == 1)),
        "bnsp": (inside & (toxic == 1)) | (~inside & (toxic == 0)),
    }
    return {name: roc_auc(scores[kept], toxic[kept], np.ones(kept.sum())) for name, kept in rows.items()}


def main() -> None:
    path = data_folder() / "identity-templates" / "bias_madlibs_77k.csv.gz"
    if not path.is_file():
        sys.exit(f"Not measured: {path} is not there. Set MODERATO_DATA to the folder that holds identity-templates.")
    with gzip.open(path) as lines:
        frame = pd.read_csv(lines)
    toxic = (frame["Label"] == "BAD").to_numpy(float)
    scores = StarterScorer.load(SHIPPED, name="starter").score(frame["Text"].tolist())[:, 0].astype(float)
    words = [set(text.lower().replace(".", "").split()) for text in frame["Text"]]
    groups = {}
    for term in TERMS:
        inside = np.array([term in found for found in words])
        groups[term] = group_aucs(scores, toxic, inside)
    for term, aucs in sorted(groups.items(), key=lambda item: item[1]["bpsn"]):
        print(term, {name: round(value, 3) for name, value in aucs.items()})
    kinds = ("subgroup", "bpsn", "bnsp")
    means = {name: round(float(np.mean([aucs[name] for aucs in groups.values()])), 4) for name in kinds}
    worst = {name: min(groups, key=lambda term: groups[term][name]) for name in means}
    result = {"name": "starter_bias", "value": means["bpsn"], "unit": "mean BPSN AUC", "means": means, "worst": worst}
    print(
        json.dumps({**result, "overall": round(roc_auc(scores, toxic, np.ones(len(toxic))), 4), "groups": len(groups)})
    )


if __name__ == "__main__":
    main()
