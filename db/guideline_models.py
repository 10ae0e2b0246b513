"""The table of guidelines: what each label means, in versions."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base


class GuidelineRow(Base):
    """One version of one guideline. Append-only: triggers refuse any change (migration 0009)."""

    __tablename__ = "guideline"

    topic: Mapped[str] = mapped_column(primary_key=True)
    """A label, or "general"."""
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """1, 2, 3 ... within the topic; the highest is in force."""
    line: Mapped[str]
    """The guideline in one line, for the card."""
    text: Mapped[str]
    """The whole of it: plain text, see core.guideline_text."""
    reason: Mapped[str]
    """Why it was changed, in whoever's words did."""
    person: Mapped[str | None]
    """Who saved it; NULL for what shipped."""
    saved_at: Mapped[datetime]
    restored: Mapped[int | None]
    """The version whose words it repeats, if it was restored."""
