"""Model versions and promotions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, literal, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from core.domain import NO_DAY, ModelVersion, Promotion, RoutingState, Stage
from db.models import ModelVersionRow, PendingRow, PromotionRow, RoutingRow

_LOCK = 8_501_004
"""Key of PostgreSQL's advisory lock around a change of the registry; SQLite's writers queue anyway."""


class RegistryStore:
    """Speaks ModelVersion; never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Wait until no other transaction changes the registry."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def get_live(self) -> ModelVersion | None:
        """The version that scores, or None."""
        return self._one(ModelVersionRow.stage == Stage.LIVE)

    def get(self, name: str) -> ModelVersion | None:
        """The version of that name, or None."""
        return self._one(ModelVersionRow.name == name)

    def get_by_id(self, model_id: int) -> ModelVersion | None:
        """The version of that id, or None."""
        return self._one(ModelVersionRow.id == model_id)

    def list_versions(self) -> list[ModelVersion]:
        """All versions, newest first."""
        rows = self._session.scalars(select(ModelVersionRow).order_by(ModelVersionRow.id.desc()))
        return [_to_version(row) for row in rows]

    def add(self, values: dict[str, Any]) -> ModelVersion:
        """Insert a version; the values are ModelVersionRow's columns but for the id."""
        row = ModelVersionRow(**values)
        self._session.add(row)
        self._session.flush()
        return _to_version(row)

    def set_stage(self, model_id: int, stage: Stage) -> None:
        """Move a version to another stage. Retire the live one before another goes live: the database holds that."""
        self._session.execute(update(ModelVersionRow).where(ModelVersionRow.id == model_id).values(stage=stage))

    def set_metrics(self, model_id: int, metrics: dict[str, Any]) -> None:
        """Replace what is known about a version's quality."""
        self._session.execute(update(ModelVersionRow).where(ModelVersionRow.id == model_id).values(metrics=metrics))

    def set_paths(self, paths: Mapping[str, str]) -> None:
        """Let versions, by name, have their files elsewhere."""
        for name, path in paths.items():
            self._session.execute(update(ModelVersionRow).where(ModelVersionRow.name == name).values(path=path))

    def add_promotion(self, values: dict[str, Any]) -> None:
        """Append a promotion; the values are PromotionRow's columns but for the id."""
        self._session.execute(insert(PromotionRow).values(**values))

    def list_promotions(self, limit: int = 100) -> list[Promotion]:
        """The latest changes of the live model, newest first."""
        model, previous = aliased(ModelVersionRow), aliased(ModelVersionRow)
        rows = self._session.execute(
            select(PromotionRow, model.name, previous.name)
            .join(model, model.id == PromotionRow.model_id)
            .outerjoin(previous, previous.id == PromotionRow.previous_id)
            .order_by(PromotionRow.id.desc())
            .limit(limit)
        )
        return [
            Promotion(row.id, name, former, row.person, row.promoted_at, row.rollback, row.report)
            for row, name, former in rows
        ]

    def queue_rescoring(self, since: datetime) -> None:
        """Put comments that are open, or were routed since then, back in the line of what waits for scores."""
        waits = exists().where(PendingRow.comment_id == RoutingRow.comment_id)
        wanted = (
            select(RoutingRow.comment_id, literal(0))
            .where(or_(RoutingRow.state == "open", RoutingRow.routed_at >= since), RoutingRow.day > NO_DAY, ~waits)
            .where(RoutingRow.state != RoutingState.ERASED.value)
            .order_by(RoutingRow.comment_id)
        )
        add = postgresql.insert if self._session.get_bind().dialect.name == "postgresql" else sqlite.insert
        queued = add(PendingRow).from_select(["comment_id", "lease_until"], wanted, include_defaults=False)
        self._session.execute(queued.on_conflict_do_nothing())  # a worker or an import may have added it meanwhile

    def _one(self, condition: Any) -> ModelVersion | None:
        row = self._session.scalars(select(ModelVersionRow).where(condition)).first()
        return _to_version(row) if row else None


def _to_version(row: ModelVersionRow) -> ModelVersion:
    return ModelVersion(
        id=row.id,
        name=row.name,
        kind=row.kind,
        path=row.path,
        sha256=row.sha256,
        stage=Stage(row.stage),
        created_at=row.created_at,
        base=row.base,
        snapshot_id=row.snapshot_id,
        metrics=row.metrics,
    )
