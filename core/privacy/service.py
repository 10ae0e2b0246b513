"""What people ask for: erase a comment or an author, keep texts for so long, store authors by pseudonym."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now
from core.errors import BadInput, Conflict, NotFound
from core.privacy.admission import PSEUDONYMS
from core.privacy.erasure import Eraser, Kind, due_of
from core.privacy.keyed import Keyed, keyed, load_keyed
from core.settings import Settings
from core.site_settings import SiteSettings, put_setting
from db.models import to_micros
from db.session import Session, Sessions
from db.stores.erased import Census, ErasedStore
from db.stores.erasures import Erasure, ErasureStore
from db.stores.scrub import compact, empty_log
from db.stores.site_settings import SiteSettingStore
from db.stores.snapshots import SnapshotStore

__all__ = ["NOTHING_KEPT", "Census", "Erasure", "Privacy", "Retention"]

RETENTION: Final = "privacy.retention"
"""Name of the setting."""
SYSTEM: Final = "Moderato"
"""Who erases by age."""
_MOST_DAYS: Final = 36_500
_EVERY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days after they came in texts are kept."""

    days: int | None = None
    """Of every source that has no days of its own; None: for ever."""
    sources: Mapping[str, int] = field(default_factory=dict)
    spare_golden: bool = True
    """Keep comments with known answers, which evaluation needs."""

    @property
    def is_on(self) -> bool:
        """Whether anything is ever erased by age."""
        return self.days is not None or bool(self.sources)

    def rules(self) -> list[dict[str, Any]]:
        """As an erasure's row has them, with the moments of now."""
        found = [self._rule(days, source, ()) for source, days in sorted(self.sources.items())]
        return found if self.days is None else [*found, self._rule(self.days, None, tuple(sorted(self.sources)))]

    def _rule(self, days: int, source: str | None, others: tuple[str, ...]) -> dict[str, Any]:
        before = to_micros(now() - timedelta(days=days))
        return {"before": before, "source": source, "others": list(others), "spare_golden": self.spare_golden}


NOTHING_KEPT: Final = Retention()


class Privacy:
    """Erasure, retention and pseudonyms of one database."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._site = SiteSettings(sessions)
        self.eraser = Eraser(sessions, settings)
        """Works on what was begun, here or elsewhere."""

    def erase_comment(self, comment_id: int, *, by: Person) -> Erasure:
        """Begin to erase one comment. Raises NotFound, Conflict if it is erased already."""
        check_may(by, Action.ERASE)
        with self._sessions.begin() as session:
            if not ErasedStore(session).sources_of([comment_id]):
                raise NotFound(
                    "There is no comment {comment_id}. Its number is on the Browse page.",
                    comment_id=comment_id,
                )
            if not ErasedStore(session).existing([comment_id]):
                raise Conflict("Comment {comment_id} is erased already.", comment_id=comment_id)
            return _begin(session, Kind.COMMENT, f"comment {comment_id}", {"comments": [comment_id]}, by)

    def erase_author(self, author: str, *, by: Person, source: str | None = None) -> Erasure:
        """Begin to erase every comment of an author, of one source or of all. Raises NotFound if there is none."""
        check_may(by, Action.ERASE)
        key = load_keyed(self._sessions)
        names = names_of(key, author)
        with self._sessions.begin() as session:
            if not ErasedStore(session).of_authors(names, source, 1):
                raise NotFound(not_held(source))
            subject = key.author(author) + (f" in {source}" if source else "")
            return _begin(session, Kind.AUTHOR, subject, {"authors": names, "source": source}, by)

    def census_of_author(self, author: str, *, by: Person, source: str | None = None) -> Census:
        """What is held of an author; raises NotFound if it is nothing."""
        check_may(by, Action.MANAGE_PRIVACY)
        names = names_of(load_keyed(self._sessions), author)
        with self._sessions.read() as session:
            found = ErasedStore(session).census_of_authors(names, source)
        if not found.comments:
            raise NotFound(not_held(source))
        return found

    def list_erasures(self, limit: int = 20) -> list[Erasure]:
        """The latest ones, newest first."""
        with self._sessions.read() as session:
            return ErasureStore(session).list_newest(limit)

    def finish(self, erasure_id: int) -> Erasure:
        """Do an erasure to its end, here and now; where another process is at it, say so."""
        done = self.eraser.work(only=erasure_id)
        if done is None:
            raise Conflict(
                "Another process is at erasure {erasure_id}. The Privacy page shows how far it is.",
                erasure_id=erasure_id,
            )
        return done

    def retention(self) -> Retention:
        """How long texts are kept."""
        found = self._site.get(RETENTION) or {}
        sources = {str(name): int(days) for name, days in (found.get("sources") or {}).items()}
        return Retention(found.get("days"), sources, found.get("spare_golden", True))

    def set_retention(self, retention: Retention, *, by: Person) -> None:
        """Keep texts for so long from now on; the next daily run erases what is older. Raises BadInput."""
        check_may(by, Action.MANAGE_PRIVACY)
        days = [*retention.sources.values(), *([] if retention.days is None else [retention.days])]
        if any(not 1 <= one <= _MOST_DAYS for one in days):
            raise BadInput(
                "Texts are kept for 1 to {most_days:,} days; leave it empty to keep them for ever.",
                most_days=_MOST_DAYS,
            )
        value = {"days": retention.days, "sources": dict(sorted(retention.sources.items()))}
        self._site.put(RETENTION, value | {"spare_golden": retention.spare_golden}, by=by)

    def preview_retention(self, retention: Retention, *, by: Person) -> Census:
        """What a run would erase now."""
        check_may(by, Action.MANAGE_PRIVACY)
        with self._sessions.read() as session:
            parts = [ErasedStore(session).census_of_due(due_of(rule)) for rule in retention.rules()]
        return Census(*(sum(getattr(part, name) for part in parts) for name in Census.__slots__))

    def apply_retention(self, *, by: Person) -> Erasure | None:
        """Begin to erase what is too old, because a person asks; None if nothing is."""
        check_may(by, Action.ERASE)
        return self._apply_retention(by)

    def apply_retention_daily(self) -> Erasure | None:
        """The same by itself: once a day, whoever asks first."""
        return self._apply_retention(None)

    def _apply_retention(self, by: Person | None) -> Erasure | None:
        rules = self.retention().rules()
        with self._sessions.read() as session:
            if not any(ErasedStore(session).any_due(due_of(rule)) for rule in rules):
                return None
        with self._sessions.begin() as session:
            store = ErasureStore(session)
            store.lock()
            latest = store.latest(Kind.AGE) if by else store.latest(Kind.AGE, SYSTEM)
            if latest and (latest.ended_at is None or (not by and latest.started_at > now() - _EVERY)):
                return latest if by else None
            return _begin(session, Kind.AGE, "texts that are too old", {"rules": rules}, by or SYSTEM)

    def pseudonyms(self) -> bool:
        """Whether authors are stored by pseudonym."""
        return bool(self._site.get(PSEUDONYMS))

    def set_pseudonyms(self, on: bool, *, by: Person) -> Erasure | None:
        """Store authors as keyed hashes from now on, and begin to convert those that are stored: for good.

        Turned off, new authors keep their names again; those that were converted stay as they are.
        """
        check_may(by, Action.MANAGE_PRIVACY)
        with self._sessions.begin() as session:
            if bool(SiteSettingStore(session).get(PSEUDONYMS)) == on:
                return None
            keyed(session)
            put_setting(session, PSEUDONYMS, on, by=by)
            return _begin(session, Kind.PSEUDONYMS, "names of authors", {}, by) if on else None

    def compact(self, *, by: Person) -> None:
        """Write the database's file anew without what was deleted. On SQLite nobody can write meanwhile."""
        check_may(by, Action.ERASE)
        compact(self._sessions)
        empty_log(self._sessions, seconds=10)

    def written_outside(self) -> list[str]:
        """Files of exports outside the data folder, which no erasure reaches."""
        with self._sessions.read() as session:
            return [one.path for one in SnapshotStore(session).list_newest(10_000) if one.path.startswith("/")]


def names_of(key: Keyed, author: str) -> list[str]:
    """Under what names an author may be stored: as given, and by pseudonym. Raises BadInput for none."""
    if not author.strip():
        raise BadInput("Give the author's name as the comments have it.")
    return sorted({author, key.pseudonym(author)})


def not_held(source: str | None) -> str:
    """Nothing is held of an author; never says the name, so that it may be logged."""
    where = f" in {source}" if source else ""
    return f"No comment of that author is held{where}. Write the name exactly as the comments have it."


def _begin(session: Session, kind: Kind, subject: str, target: dict[str, Any], by: Person | str) -> Erasure:
    store, at = ErasureStore(session), now()
    values = {"kind": kind.value, "subject": subject, "target": target}
    values |= {"person": by.name if isinstance(by, Person) else by}
    made = store.get(store.add(values, at=at))
    if made is None:
        raise Conflict("The erasure could not be begun. Try again.")
    record(session, by, What.ERASURE_STARTED, subject, kind=kind.value, erasure=made.id)
    return made
