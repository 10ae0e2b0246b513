"""What each person set for themselves: on every device the same, seen by nobody else."""

import json
from typing import Any, Final

from core.accounts import Action, Person, check_may
from core.domain import now
from core.errors import BadInput
from db.session import Sessions
from db.stores.preferences import PreferenceStore

MOST_BYTES: Final = 20_000
"""Longest value, as JSON: a preference is a choice, not a store."""


class Preferences:
    """Values by person and name. Whoever uses one reads it through a dataclass that survives any JSON."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def all_of(self, person: Person) -> dict[str, Any]:
        """The person's own values, by name. One short read: a page asks once a run."""
        check_may(person, Action.KEEP_PREFERENCES)
        with self._sessions.read() as session:
            return PreferenceStore(session).all_of(person.name)

    def get(self, person: Person, name: str) -> Any:
        """The value, or None if the person never set it."""
        return self.all_of(person).get(name)

    def put(self, name: str, value: Any, *, by: Person) -> None:
        """Set one's own; None takes it back. Raises BadInput for a value of more than 20,000 bytes."""
        check_may(by, Action.KEEP_PREFERENCES)
        if len(json.dumps(value).encode()) > MOST_BYTES:
            raise BadInput(f"That is more than can be kept as a preference ({MOST_BYTES:,} bytes). Choose less.")
        with self._sessions.begin() as session:
            store = PreferenceStore(session)
            store.remove(by.name, name) if value is None else store.put(by.name, name, value, at=now())
