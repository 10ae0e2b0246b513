"""Comments with known labels that no training saw, scored by the models that are to be compared."""

from collections.abc import Sequence

import numpy as np

from core.domain import ModelVersion, now, unpack_labels
from core.scoring.protocol import Scorer, Scores
from db.session import Sessions
from db.stores.datasets import DatasetStore, EvaluationItem
from db.stores.registry import RegistryStore
from db.stores.scores import ScoreStore

__all__ = ["Evaluation", "EvaluationItem", "labels_of"]

MOST_ITEMS = 20_000
"""Audit or golden items that a comparison looks at: the newest."""


class Evaluation:
    """Audit and golden items of one database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def audit_items(self) -> list[EvaluationItem]:
        """Decided audit items, weighted to all traffic."""
        with self._sessions.read() as session:
            return DatasetStore(session).audit_items(MOST_ITEMS)

    def golden_items(self) -> list[EvaluationItem]:
        """Items that came with known answers."""
        with self._sessions.read() as session:
            return DatasetStore(session).golden_items(MOST_ITEMS)

    def score(self, items: Sequence[EvaluationItem], version: ModelVersion, scorer: Scorer) -> Scores:
        """The version's scores, [n, 6]: those that are stored, and the others now, which are then stored too."""
        ids = [item.comment_id for item in items]
        with self._sessions.read() as session:
            scores = ScoreStore(session).matrix(ids, version.id)
        missing = np.flatnonzero(np.isnan(scores).any(axis=1)).tolist()
        if missing:
            scores[missing] = scorer.score([items[i].text for i in missing])  # no transaction is open meanwhile
            with self._sessions.begin() as session:
                if RegistryStore(session).get_by_id(version.id):
                    ScoreStore(session).put([ids[i] for i in missing], scores[missing], version.id, now())
        return scores


def labels_of(items: Sequence[EvaluationItem]) -> np.ndarray:
    """bool [n, 6], in LABELS order."""
    return np.array([unpack_labels(item.labels) for item in items], bool).reshape(-1, 6)
