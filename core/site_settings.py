"""What people set on pages while Moderato runs. What the environment sets is in core.settings."""

from typing import Any

from core.accounts import Person
from core.audit_trail import What, record
from core.domain import now
from db.session import Session, Sessions
from db.stores.site_settings import SiteSettingStore


class SiteSettings:
    """Settings by name, each a JSON value. Whoever calls checks who may: each setting belongs to an action."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def get(self, name: str) -> Any:
        """The value, or None if nobody set it."""
        with self._sessions.read() as session:
            return SiteSettingStore(session).get(name)

    def put(self, name: str, value: Any, *, by: Person) -> None:
        """Set it, from the next transaction on; the audit trail has old and new value."""
        with self._sessions.begin() as session:
            put_setting(session, name, value, by=by)


def put_setting(session: Session, name: str, value: Any, *, by: Person) -> None:
    """The same as a part of a larger transaction; make it the last."""
    store = SiteSettingStore(session)
    former = store.get(name)
    store.put(name, value, at=now(), by=by.name)
    record(session, by, What.SETTING_CHANGED, name, former=former, now=value)
