"""Signing in and out, and who a browser's cookie belongs to. What is known of a cookie is at most two seconds old."""

import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from core import throttle
from core.accounts import MAX_NAME, Person, Role, fold_name
from core.audit_trail import What, record
from core.domain import now
from core.errors import DatabaseTrouble, NotAllowed
from core.passwords import hash_password, is_outdated, verify_password
from core.people import Account, account_of, roles_of
from core.settings import Settings
from db.session import Session, Sessions
from db.stores.accounts import AccountStore, StoredAccount
from db.stores.sign_ins import Attempts, SignInStore, StoredSignIn

FRESH_SECONDS = 2.0
"""How old what is known of a cookie may be: a revoked one is refused everywhere within this."""
AWAY_SECONDS = 600.0
"""How long what is known of a cookie holds while the database is away: nobody can sign out or be disabled there then,
and the card of somebody who reviews keeps the decisions that are not saved yet."""
_NOTED = timedelta(minutes=1)
_KNOWN_HERE = timedelta(days=30)
_MOST_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser that somebody is signed in with."""

    id: int
    account_id: int
    person: Person
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a sign-in comes from."""

    address: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class CompanyPerson:
    """Whom the company's sign-in vouches for."""

    issuer: str
    subject: str
    names: tuple[str, ...]
    """What to call them, the best first."""
    roles: frozenset[Role]
    expires_at: datetime
    """When the company's word ends: the sign-in ends then too."""


@dataclass
class _Known:
    at: float
    """Monotonic time when it was looked up, or when that was last tried."""
    value: SignedIn | None = field(default=None)
    sure_at: float = 0.0
    """Monotonic time when the database last said so."""


class SignIns:
    """The sign-ins of one database, as this process knows them."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self._longest = timedelta(hours=settings.session_hours)
        self._company = bool(settings.oidc_url)
        self._known: dict[str, _Known] = {}
        self._local = _Known(-FRESH_SECONDS, sure_at=-AWAY_SECONDS)
        self._accounts = self._company
        self.seemed_local = False
        """Whether nobody had an account when that was last looked at."""

    def is_local(self) -> bool:
        """Whether nobody has an account: then whoever is on this machine gives a name. Never again once false.

        While the database is away, what it said holds for ten minutes; raises DatabaseTrouble where it said nothing.
        """
        at = time.monotonic()
        if not self._accounts and at - self._local.at >= FRESH_SECONDS:
            try:
                with self._sessions.read() as session:
                    self._accounts = AccountStore(session).any()
                self._local = _Known(at, sure_at=at)
            except DatabaseTrouble:
                if at - self._local.sure_at >= AWAY_SECONDS:
                    raise
                self._local = _Known(at, sure_at=self._local.sure_at)
        self.seemed_local = not self._accounts
        return self.seemed_local

    def has_passwords(self) -> bool:
        """Whether anybody signs in with a password, or will."""
        with self._sessions.read() as session:
            return AccountStore(session).any_password()

    def forget(self) -> None:
        """Look everything up again: somebody changed it."""
        self._known.clear()
        self._local, self.seemed_local = _Known(-FRESH_SECONDS, sure_at=-AWAY_SECONDS), False

    def find(self, token: str) -> SignedIn | None:
        """Who the cookie belongs to, if they are still signed in. One query in two seconds at most.

        While the database is away, who it was holds for ten minutes; raises DatabaseTrouble where nobody is known.
        """
        if not token or len(token) > 200:
            return None
        digest = _digest(token)
        known = self._known.get(digest)
        if known is None or time.monotonic() - known.at >= FRESH_SECONDS:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            at = time.monotonic()
            try:
                known = _Known(at, self._look_up(digest), at)
            except DatabaseTrouble:
                if known is None or known.value is None or at - known.sure_at >= AWAY_SECONDS:
                    raise
                known = _Known(at, known.value, known.sure_at)
            self._known[digest] = known
        return known.value

    def note_use(self, token: str) -> None:
        """Somebody touched keyboard or mouse: the time without use begins again. Written once a minute at most."""
        found = self.find(token)
        if found and now() - found.used_at >= _NOTED:
            with self._sessions.begin() as session:
                SignInStore(session).note_use(found.id, now())
            self._known.pop(_digest(token), None)

    def sign_in(self, name: str, password: str, visitor: Visitor) -> str:
        """The secret for the browser's cookie. Raises Throttled, NotAllowed.

        A wrong name takes as long as a wrong password and is told in the same words.
        """
        folded, at = fold_name(name[: 4 * MAX_NAME]), now()
        with self._sessions.begin() as session:
            account = AccountStore(session).by_folded(folded)
            store = SignInStore(session)
            here = account is not None and store.was_here(account.id, visitor.address, at - _KNOWN_HERE)
            keys = throttle.keys_of(folded, visitor.address, known_here=here)
            wait, counts = throttle.admit(store, keys, at)
            if wait:
                _tell_throttled(session, account, counts, visitor)
        if wait:
            raise throttle.Throttled(wait)
        right = verify_password(account.password if account else None, password)
        if account is None or not right:
            with self._sessions.begin() as session:
                _tell_failed(session, account, counts, visitor)
            raise NotAllowed("That name and that password do not belong together. Passwords tell capitals apart.")
        _refuse_disabled(account)
        fresh = hash_password(password) if account.password and is_outdated(account.password) else None
        with self._sessions.begin() as session:
            throttle.forgive(SignInStore(session), keys, counts)
            current = AccountStore(session).by_id(account.id)
            if current is None or current.disabled_at or current.password != account.password:
                raise NotAllowed("The account changed while you signed in. Try again.")
            if fresh:
                AccountStore(session).set(account.id, password=fresh)
            return self._begin(session, account, visitor, at + self._longest)

    def sign_in_company(self, who: CompanyPerson, visitor: Visitor) -> str:
        """The same for somebody whom the company vouches for; their account is made when they first come.

        Raises NotAllowed for a disabled account and for somebody who has no role here.
        """
        if not who.roles:
            raise NotAllowed(
                "Your company knows you, but none of your groups has a role in Moderato. Ask an administrator."
            )
        at, joined = now(), ",".join(sorted(role.value for role in who.roles))
        with self._sessions.begin() as session:
            store = AccountStore(session)
            store.lock()
            account = store.by_subject(who.issuer, who.subject)
            if account is None:
                account = _provision(session, store, who, joined)
            _refuse_disabled(account)
            if account.roles != joined:
                store.set(account.id, roles=joined)
                SignInStore(session).end(at, account_id=account.id)
                was = account.roles.split(",")
                record(session, account.name, What.ROLES_CHANGED, account.name, was=was, now=joined.split(","))
            token = self._begin(session, account, visitor, min(at + self._longest, who.expires_at))
        self.forget()
        return token

    def sign_out(self, token: str) -> None:
        """End this browser's sign-in. Nothing happens for a cookie that means nothing."""
        with self._sessions.begin() as session:
            store = SignInStore(session)
            row = store.by_token(_digest(token))
            if row and row.ended_at is None:
                store.end(now(), sign_in_id=row.id)
                record(session, row.name, What.SIGNED_OUT, row.name)
        self._known.pop(_digest(token), None)

    def account(self, signed_in: SignedIn) -> Account | None:
        """The account behind a sign-in."""
        with self._sessions.read() as session:
            found = AccountStore(session).by_id(signed_in.account_id)
        return account_of(found) if found else None

    def _look_up(self, digest: str) -> SignedIn | None:
        with self._sessions.read() as session:
            row = SignInStore(session).by_token(digest)
        if row is None or not self._holds(row):
            return None
        return SignedIn(row.id, row.account_id, Person(row.name, roles_of(row.roles)), row.used_at)

    def _holds(self, row: StoredSignIn) -> bool:
        at = now()
        return not row.ended_at and not row.disabled_at and row.expires_at > at and row.used_at > at - self._idle

    def _begin(self, session: Session, account: StoredAccount, visitor: Visitor, until: datetime) -> str:
        token, at = secrets.token_urlsafe(32), now()
        values: dict[str, Any] = {"account_id": account.id, "token_hash": _digest(token), "created_at": at}
        values |= {"used_at": at, "expires_at": until, "address": visitor.address, "browser": visitor.browser}
        SignInStore(session).add(values)
        AccountStore(session).set(account.id, last_sign_in_at=at)
        company = account.issuer is not None
        record(session, account.name, What.SIGNED_IN, account.name, address=visitor.address, company=company)
        return token


def cookie_name(settings: Settings) -> str:
    """The cookie of a sign-in. Over TLS no other host and no page without TLS can set one of that name."""
    return "__Host-moderato" if settings.is_https else f"moderato_session_{settings.port}"


def token_of(cookies: Mapping[str, str], settings: Settings) -> str:
    """The secret in a browser's cookies, or ""."""
    return cookies.get(cookie_name(settings), "")


def read_company(claims: Mapping[str, Any], settings: Settings) -> CompanyPerson:
    """The person of an ID token that was verified; raises NotAllowed where the token says too little."""
    issuer, subject, expires = claims.get("iss"), claims.get("sub"), claims.get("exp")
    if not isinstance(issuer, str) or not isinstance(subject, str) or not isinstance(expires, int | float):
        raise NotAllowed("Your company's sign-in did not say who you are, or until when. Ask an administrator.")
    until = datetime.fromtimestamp(expires, UTC)
    if until <= now():
        raise NotAllowed("Your company's sign-in answered with a token that is over. Are the clocks right?")
    names = [claims.get(key) for key in ("name", "preferred_username", "email")]
    told = tuple(name for name in names if isinstance(name, str) and name.strip())
    return CompanyPerson(issuer, subject, told, _roles(claims, settings), until)


def role_of_group(settings: Settings) -> dict[str, Role]:
    """MODERATO_OIDC_ROLES, read. Raises ValueError for an entry that is no group=role."""
    pairs = (entry.rpartition("=") for entry in settings.oidc_roles.split(",") if entry.strip())
    return {group.strip(): Role(role.strip()) for group, _, role in pairs}


def _roles(claims: Mapping[str, Any], settings: Settings) -> frozenset[Role]:
    said = claims.get(settings.oidc_roles_claim)
    groups: Collection[Any] = said if isinstance(said, list) else str(said or "").split()
    known = role_of_group(settings)
    return frozenset(known[group] for group in groups if isinstance(group, str) and group in known)


def _provision(session: Session, store: AccountStore, who: CompanyPerson, roles: str) -> StoredAccount:
    name = _free_name(store, who)
    values = {"name": name, "folded": fold_name(name), "roles": roles, "issuer": who.issuer, "subject": who.subject}
    made = store.add(values | {"created_at": now(), "created_by": who.issuer})
    record(session, who.issuer, What.ACCOUNT_CREATED, name, roles=roles.split(","), company=True)
    return made


def _free_name(store: AccountStore, who: CompanyPerson) -> str:
    """A name that nobody has or had, in the ledger either: a display name that one chose oneself proves nothing."""
    wished = [" ".join("".join(c for c in name if c.isprintable()).split())[:MAX_NAME] for name in who.names]
    wished = [name for name in wished if name and not fold_name(name).startswith(("api:", "shell:"))] or ["Person"]
    mark = sha256(f"{who.issuer}\0{who.subject}".encode()).hexdigest()
    tries = [*wished, *(f"{wished[0][: MAX_NAME - 9]} {mark[at : at + 8]}" for at in (0, 8, 16, 24))]
    ledger = {fold_name(name) for name in store.decided()} | {"moderato"}
    return next(name for name in tries if fold_name(name) not in ledger and not store.by_folded(fold_name(name)))


def _refuse_disabled(account: StoredAccount) -> None:
    if account.disabled_at:
        raise NotAllowed("Your account is disabled. Ask an administrator.")


def _tell_failed(
    session: Session, account: StoredAccount | None, counts: dict[str, Attempts], visitor: Visitor
) -> None:
    count = counts["name" if account else "address"].failures
    if throttle.is_worth_telling(count):
        name = account.name if account else "an unknown name"
        record(session, "", What.SIGN_IN_FAILED, name, address=visitor.address, times=count)


def _tell_throttled(
    session: Session, account: StoredAccount | None, counts: dict[str, Attempts], visitor: Visitor
) -> None:
    count = counts["name" if account else "address"].refused
    if throttle.is_worth_telling(count):
        name = account.name if account else "an unknown name"
        record(session, "", What.SIGN_IN_THROTTLED, name, address=visitor.address, times=count)


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
