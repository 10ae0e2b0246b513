"""Unintended bias on identity templates: subgroup, BPSN and BNSP AUC of `toxic`, by term.

Borkan et al., Nuanced Metrics for Measuring Unintended Bias, WWW 2019: BPSN pairs the background's toxic sentences with
the group's harmless ones (low: the group's harmless sentences look toxic), BNSP the other way round.
"""

import sys

import numpy as np

from benchmarks.labelled import data_folder
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


def templates(every: int = 1) -> tuple[list[str], np.ndarray]:
    """Each `every`th sentence, and whether it is toxic; exits with a plain sentence where they are not."""
    import pandas as pd

    path = data_folder() / "identity-templates" / "bias_madlibs_77k.csv.gz"
    if not path.is_file():
        sys.exit(f"Not measured: {path} is not there. Set MODERATO_DATA to the folder that holds identity-templates.")
    frame = pd.read_csv(path).iloc[::every]
    return frame["Text"].tolist(), (frame["Label"] == "BAD").to_numpy(float)


def by_term(texts: list[str], scores: np.ndarray, toxic: np.ndarray) -> dict[str, dict[str, float]]:
    """The three AUCs of each term."""
    words = [set(text.lower().replace(".", "").split()) for text in texts]
    return {term: group_aucs(scores, toxic, np.array([term in found for found in words])) for term in TERMS}


def summary(groups: dict[str, dict[str, float]]) -> dict[str, dict]:
    """Means over the terms, and the term that fares worst, by kind of AUC."""
    kinds = ("subgroup", "bpsn", "bnsp")
    means = {kind: round(float(np.mean([aucs[kind] for aucs in groups.values()])), 4) for kind in kinds}
    return {"means": means, "worst": {kind: min(groups, key=lambda term: groups[term][kind]) for kind in kinds}}
