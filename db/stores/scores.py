"""Six probabilities of a comment by a model."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.domain import LABELS, NO_DAY, Stage
from db.models import ModelVersionRow, PromotionRow, RoutingRow, ScoreRow, to_micros
from db.quality_models import ShadowRow
from db.stores.bulk import in_chunks, put_rows

Scores = NDArray[np.float32]
"""Shape [n, 6], probabilities in LABELS order."""

_COLUMNS = tuple(getattr(ScoreRow, label) for label in LABELS)


class ScoreStore:
    """Scores by comment and model."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, comment_ids: Sequence[int] | NDArray[np.int64], scores: Scores, model_id: int, at: datetime) -> None:
        """Write the scores of n comments, [n, 6], in place of earlier ones by the same model."""
        ids = np.asarray(comment_ids, np.int64)
        order = np.argsort(ids, kind="stable")
        columns = zip(LABELS, scores[order].T.tolist(), strict=True)
        put_rows(
            self._session,
            ScoreRow,
            {
                "comment_id": ids[order].tolist(),
                "model_id": [model_id] * len(ids),
                **dict(columns),
                "scored_at": [to_micros(at)] * len(ids),
            },
            update=(*LABELS, "scored_at"),
        )

    def get(self, comment_ids: Sequence[int], model_id: int) -> dict[int, tuple[float, ...]]:
        """Six probabilities by comment id; a comment that the model has not scored is absent."""
        found: dict[int, tuple[float, ...]] = {}
        for ids in in_chunks(comment_ids):
            rows = select(ScoreRow.comment_id, *_COLUMNS).where(
                ScoreRow.model_id == model_id, ScoreRow.comment_id.in_(ids)
            )
            found |= {row[0]: tuple(row[1:]) for row in self._session.execute(rows)}
        return found

    def matrix(self, comment_ids: Sequence[int], model_id: int) -> Scores:
        """The scores as [n, 6], rows in the order of the ids; NaN where the model has not scored."""
        found = self.get(comment_ids, model_id)
        missing = (float("nan"),) * len(LABELS)
        rows = [found.get(comment_id, missing) for comment_id in comment_ids]
        return np.array(rows, np.float32).reshape(-1, len(LABELS))

    def recent(self, model_id: int, limit: int) -> Scores:
        """Scores [n, 6] of the latest routed comments that the model scored, newest first."""
        rows = (
            select(*_COLUMNS)
            .select_from(RoutingRow)
            # + 0 keeps the index of model_id out of it: through that one all scores of the model would be sorted
            .join(ScoreRow, (ScoreRow.comment_id == RoutingRow.comment_id) & (ScoreRow.model_id + 0 == model_id))
            .where(RoutingRow.day > NO_DAY)
            .order_by(RoutingRow.comment_id.desc())
            .limit(limit)
        )
        return np.array([tuple(row) for row in self._session.execute(rows)], np.float32).reshape(-1, len(LABELS))

    def live_model_id(self, *, lock: bool = False) -> int | None:
        """The live model; with `lock` none can be promoted until the transaction ends."""
        query = select(ModelVersionRow.id).where(ModelVersionRow.stage == Stage.LIVE)
        return self._session.scalar(query.with_for_update(read=True) if lock else query)

    def counted(self, comment_ids: Sequence[int], model_id: int) -> set[int]:
        """Those of some routed comments that are traffic of this model already: a worker scored them with it.

        That is, since the model first went live, or because they were routed while it was in the shadow. Scores from
        elsewhere, as of a comparison, are no traffic.
        """
        first = select(func.min(PromotionRow.promoted_at)).where(PromotionRow.model_id == model_id).scalar_subquery()
        in_shadow = (
            select(ShadowRow.id)
            .where(ShadowRow.model_id == model_id, ShadowRow.started_at <= RoutingRow.routed_at)
            .where(or_(ShadowRow.ended_at.is_(None), ShadowRow.ended_at >= RoutingRow.routed_at))
            .exists()
        )
        found: set[int] = set()
        for ids in in_chunks(comment_ids):
            rows = (
                select(ScoreRow.comment_id)
                .join(RoutingRow, RoutingRow.comment_id == ScoreRow.comment_id)
                .where(ScoreRow.model_id == model_id, ScoreRow.comment_id.in_(ids))
                .where(or_(first.is_(None), ScoreRow.scored_at >= first, in_shadow))
            )
            found.update(self._session.scalars(rows))
        return found
