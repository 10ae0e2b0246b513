"""The tables of privacy: what people set at run time, the installation's secret, what was erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base


class SettingRow(Base):
    """Something that a person set while Moderato runs. What the environment sets is in core.settings."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class SecretRow(Base):
    """Random bytes that this installation made for itself. Never exported, shown or logged."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]


class ErasureRow(Base):
    """One erasure of texts, or of authors' names, with how far it is. Any process goes on where another was killed."""

    __tablename__ = "erasure"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """core.privacy.erasure.Kind."""
    subject: Mapped[str]
    """What it is about, for lists: never the name of an author."""
    target: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What is to be erased, while it runs; an author's name is in it. NULL once it is done."""
    person: Mapped[str]
    state: Mapped[str]
    """core.domain.RunState."""
    stage: Mapped[str]
    """core.privacy.erasure.Stage: what it does now."""
    erased: Mapped[int]
    """Comments so far."""
    files: Mapped[int]
    """Files in the data folder that were rewritten."""
    problem: Mapped[str | None]
    worker: Mapped[str | None]
    """Who works on it; another takes over when it is silent."""
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """Last sign of life."""
    ended_at: Mapped[datetime | None]


class ErasedCommentRow(Base):
    """A comment whose text is gone. The comment's row stays, empty, for what the metrics count."""

    __tablename__ = "erased_comment"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    erasure_id: Mapped[int] = mapped_column(ForeignKey("erasure.id"), index=True)
    key_hash: Mapped[str] = mapped_column(index=True)
    """Keyed hash of its source and external id: what keeps it out when it is imported again."""
    erased_at: Mapped[datetime]


class SnapshotErasureRow(Base):
    """A snapshot whose file was rewritten by erasures: its hash is no longer the one that was recorded."""

    __tablename__ = "snapshot_erasure"

    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"), primary_key=True, autoincrement=False)
    erasure_id: Mapped[int] = mapped_column(ForeignKey("erasure.id"))
    """The latest one."""
    removed: Mapped[int]
    """Rows that erasures took out, in all."""
    sha256: Mapped[str]
    """Of the file as it is now."""
    at: Mapped[datetime]
