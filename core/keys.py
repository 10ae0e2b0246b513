"""Programs' keys: made once, shown once, kept as a hash, limited, and revoked at once."""

import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from core.accounts import PROGRAM, Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now
from core.errors import BadInput, Conflict, NotFound
from core.policies import today_number
from db.session import Sessions
from db.stores.keys import KeyStore, StoredKey

MAX_NAME: Final = 40
"""Longest name of a key, in code points."""
DEFAULT_RATE: Final = 100.0
"""Requests a second of a new key, unless told otherwise."""
_SHOWN: Final = 12
"""Characters of the secret that lists show: 48 of its 256 bits."""


class Scope(StrEnum):
    """What a key may do."""

    ANALYZE = "analyze"
    """Score texts."""
    SUGGEST = "suggest"
    """Suggest corrections, which people look at."""
    TRUSTED = "trusted"
    """Suggest corrections that hold at once: for programs that pass on what moderators decided."""
    INGEST = "ingest"
    """Send comments in."""
    READ = "read"
    """Read comments, decisions and metrics."""
    METRICS = "metrics"
    """Read the figures for Prometheus, and nothing else."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key, without its secret."""

    id: int
    name: str
    prefix: str
    """The secret's first characters."""
    scopes: frozenset[Scope]
    rate: float | None
    """Requests a second, in bursts of up to two seconds' worth; None for no limit."""
    daily: int | None
    """Requests a day (UTC); None for no limit."""
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def person(self) -> str:
        """How the ledger names the program."""
        return PROGRAM + self.name


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """The keys that hold at a moment, to find one by its secret."""

    by_prefix: Mapping[str, tuple[tuple[bytes, ApiKey], ...]]
    any: bool
    """Whether a key was ever made, revoked or not."""

    def find(self, secret: str) -> ApiKey | None:
        """The key with that secret. Compared in constant time, so that no answer's timing helps to guess."""
        digest = digest_of(secret)
        for known, key in self.by_prefix.get(secret[:_SHOWN], ()):
            if hmac.compare_digest(known, digest):
                return key
        return None


class Keys:
    """The keys of one database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.changes = 0
        """Goes up when this process makes or revokes a key: what is known of keys is then old."""

    def create(
        self,
        name: str,
        scopes: Collection[Scope],
        *,
        by: Person,
        rate: float | None = DEFAULT_RATE,
        daily: int | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; returns it with its secret, which is nowhere kept. `trusted` brings `suggest` along.

        Raises BadInput for a bad name, no scope or a bad limit, Conflict if the name is taken, NotAllowed.
        """
        check_may(by, Action.MANAGE_KEYS)
        name = _checked_name(name)
        chosen = _checked_scopes(scopes)
        _check_limits(rate, daily)
        secret = "mod_" + secrets.token_urlsafe(32)
        values: dict[str, Any] = {
            "name": name,
            "prefix": secret[:_SHOWN],
            "hash": digest_of(secret).hex(),
            "rate": rate,
        }
        values |= {"scopes": ",".join(sorted(chosen)), "daily": daily, "created_at": now(), "created_by": by.name}
        with self._sessions.begin() as session:
            store = KeyStore(session)
            if store.get(name):
                raise Conflict("There is or was a key {name}: the ledger may name it. Give another name.", name=name)
            made = _key(store.add(values))
            record(session, by, What.KEY_CREATED, name, scopes=sorted(chosen))
        self.changes += 1
        return made, secret

    def revoke(self, name: str, *, by: Person) -> ApiKey:
        """End a key: no request with it is answered from now on. Raises NotFound, Conflict if it was revoked before."""
        check_may(by, Action.MANAGE_KEYS)
        with self._sessions.begin() as session:
            store = KeyStore(session)
            found = store.get(name)
            if found is None:
                raise NotFound(
                    "There is no key {name!r}. `moderato keys list` lists the ones there are.",
                    name=name[:80],
                )
            if found.revoked_at:
                raise Conflict(
                    "The key {name} was revoked before, at {revoked_at:%Y-%m-%d %H:%M} UTC.",
                    name=name,
                    revoked_at=found.revoked_at,
                )
            store.revoke(found.id, at=now(), by=by.name)
            record(session, by, What.KEY_REVOKED, name)
            ended = store.get(name)
        self.changes += 1
        return _key(ended or found)

    def list_keys(self) -> list[ApiKey]:
        """All keys, revoked ones too, oldest first."""
        with self._sessions.read() as session:
            return [_key(row) for row in KeyStore(session).list_all()]

    def known(self) -> KnownKeys:
        """The keys that hold now."""
        with self._sessions.read() as session:
            rows = KeyStore(session).list_all()
        found: dict[str, tuple[tuple[bytes, ApiKey], ...]] = {}
        for row in rows:
            if row.revoked_at is None:
                found[row.prefix] = (*found.get(row.prefix, ()), (bytes.fromhex(row.hash), _key(row)))
        return KnownKeys(found, bool(rows))

    def used_today(self) -> dict[int, int]:
        """Requests of today (UTC) by key id, as far as they were written down."""
        with self._sessions.read() as session:
            return KeyStore(session).used_on(today_number())

    def used_lately(self, days: int = 30) -> dict[int, int]:
        """Requests of the last so many days by key id."""
        today = today_number()
        with self._sessions.read() as session:
            return KeyStore(session).used_between(today - days + 1, today)

    def note_use(self, requests: Mapping[int, int], day: int) -> None:
        """Write down how many requests each key made on a day."""
        with self._sessions.begin() as session:
            KeyStore(session).add_use(requests, day=day, at=now())


def digest_of(secret: str) -> bytes:
    """SHA-256. A slow hash protects secrets that people think up; this one has 256 random bits."""
    return sha256(secret.encode("utf-8", "replace")).digest()


def parse_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Scopes by name; raises BadInput for an unknown one."""
    known = {scope.value: scope for scope in Scope}
    for name in (chosen := list(names)):
        if name not in known:
            raise BadInput("There is no scope {name!r}; there are {listed}.", name=name[:40], listed=", ".join(known))
    return frozenset(known[name] for name in chosen)


def _checked_name(name: str) -> str:
    name = name.strip()
    allowed = name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    if not allowed or len(name) > MAX_NAME:
        raise BadInput(
            "A key's name has up to {max_name} letters, digits, dots, dashes and underscores.",
            max_name=MAX_NAME,
        )
    return name


def _checked_scopes(scopes: Collection[Scope]) -> frozenset[Scope]:
    if not scopes:
        raise BadInput("A key needs at least one scope: what may the program do?")
    return frozenset(scopes) | ({Scope.SUGGEST} if Scope.TRUSTED in scopes else frozenset())


def _check_limits(rate: float | None, daily: int | None) -> None:
    if rate is not None and not 0 < rate <= 100_000:
        raise BadInput("The rate lies between 0 and 100,000 requests a second; leave it out for no limit.")
    if daily is not None and not 0 < daily <= 2_000_000_000:
        raise BadInput("The daily quota lies between 1 and 2,000,000,000 requests; leave it out for no limit.")


def _key(row: StoredKey) -> ApiKey:
    return ApiKey(
        row.id,
        row.name,
        row.prefix,
        frozenset(Scope(name) for name in row.scopes.split(",")),
        row.rate,
        row.daily,
        row.created_at,
        row.created_by,
        row.last_used_at,
        row.revoked_at,
    )
