"""Slices of the queue: a named filter, and who works on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base


class SliceRow(Base):
    """A part of what waits, chosen by a lead."""

    __tablename__ = "slice"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    filter: Mapped[dict[str, Any]]
    """core.work_filter.WorkFilter as JSON."""
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class SliceMemberRow(Base):
    """Somebody who works on a slice."""

    __tablename__ = "slice_member"
    __table_args__ = (Index(None, "person"),)

    slice_id: Mapped[int] = mapped_column(ForeignKey("slice.id"), primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    """The name that their decisions carry."""
