"""Accounts: who may sign in and with which roles. Names are never used again: the ledger names people."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from core import throttle
from core.accounts import MAY, Action, Person, Role, check_may, checked_name, fold_name
from core.audit_trail import What, record
from core.domain import now
from core.errors import BadInput, Conflict, NotFound
from core.passwords import checked_password, hash_password, verify_password
from core.settings import Settings
from db.session import Session, Sessions
from db.stores.accounts import AccountStore, StoredAccount
from db.stores.claims import ClaimStore
from db.stores.sign_ins import SignInStore, StoredSignIn

_RESERVED = frozenset({"moderato"})
"""Names under which Moderato itself writes."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in."""

    id: int
    name: str
    roles: frozenset[Role]
    is_company: bool
    """Signs in at the company's sign-in, which says the roles."""
    has_password: bool
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    last_sign_in_at: datetime | None

    @property
    def person(self) -> Person:
        """Who acts."""
        return Person(self.name, self.roles)

    @property
    def can_rescue(self) -> bool:
        """Whether this is an administrator who can sign in."""
        return Role.ADMIN in self.roles and self.disabled_at is None and (self.is_company or self.has_password)


class People:
    """The accounts of one database."""

    def __init__(self, sessions: Sessions, settings: Settings, on_change: Callable[[], None] = lambda: None) -> None:
        self._sessions = sessions
        self._link_lasts = timedelta(days=settings.link_days)
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self._on_change = on_change

    def list_accounts(self) -> list[Account]:
        """All, disabled ones too, by name."""
        with self._sessions.read() as session:
            return [account_of(row) for row in AccountStore(session).list_all()]

    def browsers(self) -> list[StoredSignIn]:
        """Every browser that is signed in, latest used first."""
        at = now()
        with self._sessions.read() as session:
            return SignInStore(session).list_live(at, at - self._idle)

    def decided(self, names: Collection[str] | None = None) -> dict[str, int]:
        """How many entries the ledger has by each name: a new account of that name takes them over."""
        with self._sessions.read() as session:
            return AccountStore(session).decided(None if names is None else list(names))

    def create_first(self, name: str, password: str) -> Account:
        """The first account, with every role; from then on everybody signs in.

        A small team can review right away; roles are taken away once there are others to have them. Raises BadInput,
        Conflict if there is an account. Only for whoever is on this machine: the caller sees to that.
        """
        name = _checked(name)
        hashed = hash_password(checked_password(password, name))
        with self._sessions.begin() as session:
            store = AccountStore(session)
            store.lock()
            if store.any():
                raise Conflict("There are accounts already: sign in, or ask an administrator for one.")
            account = _add(store, name, set(Role), by=name, password=hashed)
            record(session, name, What.ACCOUNT_CREATED, name, roles=_words(set(Role)), first=True)
        self._on_change()
        return account

    def create(self, name: str, roles: Collection[Role], *, by: Person) -> tuple[Account, str]:
        """An account without a password, and the secret of a link that sets one.

        Raises NotAllowed, BadInput, Conflict if the name is or was taken, or if the first account is no administrator.
        """
        check_may(by, Action.MANAGE_PEOPLE)
        name = _checked(name)
        with self._sessions.begin() as session:
            store = AccountStore(session)
            store.lock()
            if not roles:
                raise BadInput("Choose at least one role: without any, nothing can be opened.")
            if not store.any() and Role.ADMIN not in roles:
                raise Conflict("The first account is an administrator's: else nobody could make more.")
            if store.by_folded(fold_name(name)):
                raise Conflict(
                    "There is or was somebody called {name}: the ledger may name them. Give another name.",
                    name=name,
                )
            account = _add(store, name, roles, by=by.name)
            secret = self._add_link(store, account.id, by)
            record(session, by, What.ACCOUNT_CREATED, name, roles=_words(roles), decided=store.decided([name]))
        self._on_change()
        return account, secret

    def invite(self, name: str, *, by: Person) -> str:
        """The secret of a new link that sets the person's password; earlier links end, the password holds till then."""
        check_may(by, Action.MANAGE_PEOPLE)
        with self._sessions.begin() as session:
            store, account = _require(session, name)
            _refuse_company(account, "password")
            secret = self._add_link(store, account.id, by)
            record(session, by, What.ACCOUNT_INVITED, account.name)
        return secret

    def reset_password(self, name: str, *, by: Person) -> str:
        """End the person's password and browsers; the secret of a link that sets a new one."""
        check_may(by, Action.MANAGE_PEOPLE)
        with self._sessions.begin() as session:
            store, account = _require(session, name)
            _refuse_company(account, "password")
            store.set(account.id, password=None)
            SignInStore(session).end(now(), account_id=account.id)
            secret = self._add_link(store, account.id, by)
            record(session, by, What.PASSWORD_RESET, account.name)
        self._on_change()
        return secret

    def set_roles(self, name: str, roles: Collection[Role], *, by: Person) -> Account:
        """Give exactly these roles. The person signs in again. Raises Conflict for the last administrator."""
        check_may(by, Action.MANAGE_PEOPLE)
        if not roles:
            raise BadInput("Choose at least one role, or disable the account.")
        with self._sessions.begin() as session:
            store, account = _require(session, name)
            _refuse_company(account, "roles")
            if Role.ADMIN not in roles:
                _keep_one_admin(store, account)
            store.set(account.id, roles=",".join(_words(roles)))
            SignInStore(session).end(now(), account_id=account.id)
            if not any(Action.REVIEW in MAY[role] for role in roles):
                ClaimStore(session).put_back_all(account.name, now())
            record(session, by, What.ROLES_CHANGED, account.name, was=_words(account.roles), now=_words(roles))
        self._on_change()
        return self.require(name)

    def disable(self, name: str, *, by: Person) -> Account:
        """Let the person in no more, from now on. Raises Conflict for the last administrator."""
        check_may(by, Action.MANAGE_PEOPLE)
        with self._sessions.begin() as session:
            store, account = _require(session, name)
            if account.disabled_at:
                raise Conflict(
                    "{name} was disabled before, at {disabled_at:%Y-%m-%d %H:%M} UTC.",
                    name=account.name,
                    disabled_at=account.disabled_at,
                )
            _keep_one_admin(store, account)
            store.set(account.id, disabled_at=now())
            store.end_links(account.id, now())
            SignInStore(session).end(now(), account_id=account.id)
            ClaimStore(session).put_back_all(account.name, now())
            record(session, by, What.ACCOUNT_DISABLED, account.name)
        self._on_change()
        return self.require(name)

    def enable(self, name: str, *, by: Person) -> Account:
        """Let the person in again, with the roles and the password of before."""
        check_may(by, Action.MANAGE_PEOPLE)
        with self._sessions.begin() as session:
            store, account = _require(session, name)
            store.set(account.id, disabled_at=None)
            record(session, by, What.ACCOUNT_ENABLED, account.name)
        self._on_change()
        return self.require(name)

    def sign_out(self, name: str, *, by: Person, browser: int | None = None) -> int:
        """Sign all browsers of a person out, or one; how many were signed in."""
        check_may(by, Action.MANAGE_PEOPLE)
        with self._sessions.begin() as session:
            _, account = _require(session, name)
            ended = SignInStore(session).end(now(), account_id=account.id, sign_in_id=browser)
            if ended:
                record(session, by, What.SESSIONS_REVOKED, account.name, browsers=len(ended))
        self._on_change()
        return len(ended)

    def require(self, name: str) -> Account:
        """The account; raises NotFound."""
        with self._sessions.read() as session:
            return _require(session, name)[1]

    def account_of_link(self, secret: str) -> Account:
        """Whose password a link sets; raises NotFound once it was used, replaced or is too old."""
        with self._sessions.read() as session:
            found = AccountStore(session).by_link(_digest(secret), now())
        if found is None:
            raise NotFound("This link was used before, is too old, or another took its place. Ask for a new one.")
        return account_of(found)

    def set_password_by_link(self, secret: str, password: str) -> Account:
        """Set the password, once. Raises NotFound, BadInput."""
        account = self.account_of_link(secret)
        hashed = hash_password(checked_password(password, account.name))
        with self._sessions.begin() as session:
            store = AccountStore(session)
            store.lock()
            if store.by_link(_digest(secret), now()) is None:
                raise NotFound("This link was used a moment ago. Ask for a new one if that was not you.")
            _set_password(session, account, hashed)
            record(session, account.name, What.PASSWORD_SET, account.name, by_link=True)
        self._on_change()
        return account

    def change_password(self, account: Account, old: str, new: str) -> None:
        """Change one's own password; every browser of the person is signed out. Raises BadInput, Throttled."""
        checked_password(new, account.name)
        keys = throttle.keys_of_change(account.id)
        with self._sessions.begin() as session:
            stored = AccountStore(session).by_id(account.id)
            wait, counts = throttle.admit(SignInStore(session), keys, now())
            if wait and throttle.is_worth_telling(counts["name"].refused):
                record(session, account.name, What.SIGN_IN_THROTTLED, account.name, times=counts["name"].refused)
        if wait:
            raise throttle.Throttled(wait)
        if stored is None or not verify_password(stored.password, old):
            raise BadInput("That is not your password of now.")
        hashed = hash_password(new)
        with self._sessions.begin() as session:
            throttle.forgive(SignInStore(session), keys, counts)
            _set_password(session, account, hashed)
            record(session, account.name, What.PASSWORD_SET, account.name, by_link=False)
        self._on_change()

    def _add_link(self, store: AccountStore, account_id: int, by: Person) -> str:
        secret, at = secrets.token_urlsafe(32), now()
        store.add_link(
            {
                "account_id": account_id,
                "token_hash": _digest(secret),
                "created_at": at,
                "created_by": by.name,
                "expires_at": at + self._link_lasts,
            }
        )
        return secret


def account_of(row: StoredAccount) -> Account:
    """The account without its password."""
    return Account(
        row.id,
        row.name,
        roles_of(row.roles),
        row.issuer is not None,
        row.password is not None,
        row.created_at,
        row.created_by,
        row.disabled_at,
        row.last_sign_in_at,
    )


def roles_of(joined: str) -> frozenset[Role]:
    """Roles as the table has them."""
    return frozenset(Role(name) for name in joined.split(",") if name)


def _checked(name: str) -> str:
    name = checked_name(name)
    if fold_name(name) in _RESERVED or fold_name(name).startswith(("shell:", "api:")):
        raise BadInput("{name} is what Moderato or its command signs with. Give another name.", name=name)
    return name


def _add(store: AccountStore, name: str, roles: Collection[Role], *, by: str, password: str | None = None) -> Account:
    values = {"name": name, "folded": fold_name(name), "roles": ",".join(_words(roles)), "password": password}
    return account_of(store.add(values | {"created_at": now(), "created_by": by}))


def _set_password(session: Session, account: Account, hashed: str) -> None:
    store, at = AccountStore(session), now()
    store.set(account.id, password=hashed)
    store.end_links(account.id, at)
    SignInStore(session).end(at, account_id=account.id)


def _require(session: Session, name: str) -> tuple[AccountStore, Account]:
    store = AccountStore(session)
    store.lock()
    found = store.by_folded(fold_name(name))
    if found is None:
        raise NotFound(
            "There is no account {name!r}. `moderato users list` lists the ones there are.",
            name=name[:80],
        )
    return store, account_of(found)


def _keep_one_admin(store: AccountStore, account: Account) -> None:
    others = (account_of(row) for row in store.list_all() if row.id != account.id)
    if account.can_rescue and not any(other.can_rescue for other in others):
        raise Conflict("{name} is the last administrator who can sign in. Make another one first.", name=account.name)


def _refuse_company(account: Account, what: str) -> None:
    if account.is_company:
        raise Conflict(
            "{name} signs in at your company's sign-in: the {what} come from there.",
            name=account.name,
            what=what,
        )


def _words(roles: Collection[Role]) -> list[str]:
    return sorted(role.value for role in roles)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
