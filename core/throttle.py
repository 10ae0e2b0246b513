"""How long somebody waits after failed sign-ins: by account and by address, counted in the database for all."""

from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from core.errors import ModeratoError
from db.stores.sign_ins import Attempts, SignInStore

_FREE = {"name": 5, "address": 20}
"""Failures that cost no wait."""
_LONGEST = {"name": timedelta(minutes=5), "address": timedelta(minutes=15)}
"""An account's is short: it is its owner who waits, whoever guessed."""
_FORGOTTEN = timedelta(days=1)


class Throttled(ModeratoError):
    """Too many passwords were wrong: nothing was looked at."""

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(int(wait.total_seconds()), 1)
        if self.seconds < 90:
            super().__init__("Too many wrong passwords. Wait {many} seconds, then try again.", many=self.seconds)
        else:
            many = self.seconds // 60 + 1
            super().__init__("Too many wrong passwords. Wait {many} minutes, then try again.", many=many)


def keys_of(folded: str, address: str, *, known_here: bool) -> dict[str, str]:
    """Under what a sign-in is counted, by kind.

    An address from which the account was signed in of late has a count of its own: whoever guesses from elsewhere does
    not lock the owner out. An IPv6 address counts as its /64, which one subscriber has.
    """
    where = _network(address)
    name = f"name:{folded}\0{where}" if known_here else f"name:{folded}"
    return {kind: sha256(said.encode()).hexdigest() for kind, said in (("name", name), ("address", f"at:{where}"))}


def keys_of_change(account_id: int) -> dict[str, str]:
    """Under what the old password is counted when somebody changes it: a browser left open is no place to guess."""
    return {"name": sha256(f"change:{account_id}".encode()).hexdigest()}


def admit(store: SignInStore, keys: dict[str, str], at: datetime) -> tuple[timedelta, dict[str, Attempts]]:
    """How long to wait, and the counts. Zero: the password may be looked at, and counts as wrong until it is right.

    Counted before it is looked at, so that a hundred guesses at once are not all free.
    """
    store.forget_attempts(before=at - _FORGOTTEN)
    found = store.attempts(list(keys.values()))
    counts = {kind: found.get(key, Attempts()) for kind, key in keys.items()}
    ends = [count.blocked_until for count in counts.values() if count.blocked_until and count.blocked_until > at]
    for kind, count in counts.items():
        if ends:
            counts[kind] = Attempts(count.failures, count.refused + 1, count.last_at or at, count.blocked_until or at)
        else:
            counts[kind] = Attempts(count.failures + 1, count.refused, at, at + _wait(kind, count.failures + 1))
        store.put_attempts(keys[kind], counts[kind])
    return (max(ends) - at if ends else timedelta()), counts


def forgive(store: SignInStore, keys: dict[str, str], counts: dict[str, Attempts]) -> None:
    """The password was right: the account's count ends, and the address's goes back by this one."""
    store.forget_attempts(keys=[keys["name"]])
    if "address" not in keys:
        return
    address = store.attempts([keys["address"]]).get(keys["address"], counts["address"])
    failures = max(address.failures - 1, 0)
    at = address.last_at
    if at is not None:
        store.put_attempts(keys["address"], Attempts(failures, address.refused, at, at + _wait("address", failures)))


def is_worth_telling(count: int) -> bool:
    """1, 2, 4, 8, ...: a flood leaves a few lines in the audit trail, not a flood."""
    return count > 0 and count & (count - 1) == 0


def _wait(kind: str, failures: int) -> timedelta:
    beyond = failures - _FREE[kind]
    return min(timedelta(seconds=2 ** min(beyond, 20)), _LONGEST[kind]) if beyond > 0 else timedelta()


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:80]
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> 64)
    return str(parsed)
