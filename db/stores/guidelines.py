"""Versions of the guidelines. Rows are added, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, text, tuple_
from sqlalchemy.orm import Session

from db.guideline_models import GuidelineRow

_LOCK = 8_501_009
"""Key of PostgreSQL's advisory lock: one new version at a time."""


@dataclass(frozen=True, slots=True)
class Guideline:
    """One version of what a label means."""

    topic: str
    """A label, or core.guidelines.GENERAL."""
    version: int
    line: str
    """In one line, for the card."""
    text: str
    """Plain text, see core.guideline_text."""
    reason: str
    """Why it was changed."""
    person: str | None
    """Who saved it; None for what shipped."""
    saved_at: datetime
    restored: int | None = None
    """The version whose words it repeats, if it was restored."""


@dataclass(frozen=True, slots=True)
class Since:
    """From when on a version was in force."""

    topic: str
    version: int
    saved_at: datetime


class GuidelineStore:
    """Guidelines of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def wait_for_turn(self) -> None:
        """Let one transaction at a time add a version. SQLite's write lock does that by itself."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def newest(self) -> dict[str, int]:
        """The version in force of each topic that has one."""
        found = select(GuidelineRow.topic, func.max(GuidelineRow.version)).group_by(GuidelineRow.topic)
        return {topic: version for topic, version in self._session.execute(found)}

    def get_many(self, keys: Sequence[tuple[str, int]]) -> list[Guideline]:
        """These versions, given as (topic, version)."""
        wanted = tuple_(GuidelineRow.topic, GuidelineRow.version).in_(keys)
        return [_guideline(row) for row in self._session.scalars(select(GuidelineRow).where(wanted))]

    def list_of(self, topic: str) -> list[Guideline]:
        """Every version of a topic, newest first."""
        found = select(GuidelineRow).where(GuidelineRow.topic == topic).order_by(GuidelineRow.version.desc())
        return [_guideline(row) for row in self._session.scalars(found)]

    def since(self) -> list[Since]:
        """From when on each version was in force, oldest first."""
        found = select(GuidelineRow.topic, GuidelineRow.version, GuidelineRow.saved_at)
        return [Since(*row) for row in self._session.execute(found.order_by(GuidelineRow.saved_at))]

    def add(self, made: Guideline) -> None:
        """Add a version."""
        self._session.execute(insert(GuidelineRow), {name: getattr(made, name) for name in Guideline.__slots__})


def _guideline(row: GuidelineRow) -> Guideline:
    return Guideline(*(getattr(row, name) for name in Guideline.__slots__))
