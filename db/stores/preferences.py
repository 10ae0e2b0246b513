"""What people set for themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.preference_models import PreferenceRow


class PreferenceStore:
    """Preferences in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all_of(self, person: str) -> dict[str, Any]:
        """The person's values by name."""
        query = select(PreferenceRow.name, PreferenceRow.value).where(PreferenceRow.person == person)
        return {name: value for name, value in self._session.execute(query)}

    def put(self, person: str, name: str, value: Any, *, at: datetime) -> None:
        """Set one, whatever another device does at the same moment."""
        insert = postgresql.insert if self._session.get_bind().dialect.name == "postgresql" else sqlite.insert
        new = insert(PreferenceRow).values(person=person, name=name, value=value, changed_at=at)
        changed = {"value": new.excluded.value, "changed_at": new.excluded.changed_at}
        self._session.execute(new.on_conflict_do_update(index_elements=["person", "name"], set_=changed))

    def remove(self, person: str, name: str) -> None:
        """Back to what everybody has."""
        gone = delete(PreferenceRow).where(PreferenceRow.person == person, PreferenceRow.name == name)
        self._session.execute(gone)
