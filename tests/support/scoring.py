"""Scorers and models that are cheap and do as told, and comments for them."""

from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import func, select, update

from core.domain import ModelVersion, Stage, now
from core.labels import LABELS
from core.scoring.protocol import Scores, Span
from core.text import text_hash
from db.models import CommentRow, GoldenRow, ModelVersionRow, PendingRow
from db.session import Sessions


class FakeScorer:
    """Reads the score from the text: "0.7 whatever" gets 0.7 on every label; texts without a number get `default`."""

    def __init__(
        self, name: str = "fake", *, default: float = 0.01, on_score: Callable[[list[str]], None] | None = None
    ):
        self.name = name
        self.default = default
        self.on_score = on_score
        self.seen: list[str] = []

    def score(self, texts: Sequence[str]) -> Scores:
        if self.on_score:
            self.on_score(list(texts))
        self.seen += texts
        return np.array([[self._read(text)] * len(LABELS) for text in texts], np.float32).reshape(-1, len(LABELS))

    def explain(self, text: str) -> list[Span]:
        return []

    def _read(self, text: str) -> float:
        try:
            return float(text.split()[0])
        except (IndexError, ValueError):
            return self.default


class FakeModels:
    """Models by name, live as the database says."""

    def __init__(self, sessions: Sessions, *scorers: FakeScorer):
        self.sessions = sessions
        self.scorers = {scorer.name: scorer for scorer in scorers}
        self.loads = 0

    def live(self) -> ModelVersion | None:
        with self.sessions.read() as session:
            row = session.scalar(select(ModelVersionRow).where(ModelVersionRow.stage == Stage.LIVE))
        return row and ModelVersion(row.id, row.name, row.kind, row.path, row.sha256, Stage.LIVE, row.created_at)

    def load(self, version: ModelVersion) -> FakeScorer:
        self.loads += 1
        return self.scorers[version.name]


def make_live(sessions: Sessions, name: str = "fake") -> int:
    """Make the model live, adding it if need be; the former live one retires."""
    with sessions.begin() as session:
        session.execute(update(ModelVersionRow).where(ModelVersionRow.stage == Stage.LIVE).values(stage=Stage.RETIRED))
        row = session.scalar(select(ModelVersionRow).where(ModelVersionRow.name == name))
        if row is None:
            row = ModelVersionRow(
                name=name, kind="fake", path="nowhere", sha256="", stage=Stage.CHALLENGER, metrics={}, created_at=now()
            )
            session.add(row)
        row.stage = Stage.LIVE
        session.flush()
        return row.id


def add_comments(sessions: Sessions, texts: Sequence[str], *, golden: bool = False) -> list[int]:
    """Store texts, waiting for scores; returns their ids."""
    with sessions.begin() as session:
        start = session.scalar(select(func.max(CommentRow.id))) or 0
        rows = [
            CommentRow(text=t, text_hash=text_hash(t), source="test", external_id=str(start + i), added_at=now())
            for i, t in enumerate(texts)
        ]
        session.add_all(rows)
        session.flush()
        session.add_all(PendingRow(comment_id=row.id, lease_until=0) for row in rows)
        if golden:
            session.add_all(GoldenRow(comment_id=row.id, labels=0) for row in rows)
        return [row.id for row in rows]
