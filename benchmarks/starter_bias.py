"""Unintended bias of the shipped starter on identity templates: subgroup, BPSN and BNSP AUC of `toxic`, by term."""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.identity import by_term, summary, templates
from benchmarks.labelled import SHIPPED
from core.scoring.starter import StarterScorer
from training.evaluate import roc_auc


def main() -> None:
    texts, toxic = templates()
    scores = StarterScorer.load(SHIPPED, name="starter").score(texts)[:, 0].astype(float)
    groups = by_term(texts, scores, toxic)
    for term, aucs in sorted(groups.items(), key=lambda item: item[1]["bpsn"]):
        print(term, {name: round(value, 3) for name, value in aucs.items()})
    found = summary(groups)
    result = {"name": "starter_bias", "value": found["means"]["bpsn"], "unit": "mean BPSN AUC", **found}
    print(
        json.dumps({**result, "overall": round(roc_auc(scores, toxic, np.ones(len(toxic))), 4), "groups": len(groups)})
    )


if __name__ == "__main__":
    main()
