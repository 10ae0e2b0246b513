"""The table of what each person set for themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base


class PreferenceRow(Base):
    """One choice of one person about their own work. Nobody else is shown it, and the audit trail does not tell it."""

    __tablename__ = "preference"

    person: Mapped[str] = mapped_column(primary_key=True)
    """The name that their decisions carry."""
    name: Mapped[str] = mapped_column(primary_key=True)
    """Which choice: each feature has one name."""
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime]
