"""Webhooks to a receiver on this machine, the ledger's entries, and a clock that is told."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from core.accounts import local_person
from core.domain import Outcome, now
from core.services import Services
from core.webhooks.addresses import parse_networks
from core.webhooks.delivery import Delivery
from core.webhooks.service import Webhooks, Wishes
from db.stores.decisions import DecisionStore
from tests.support.decided import TOXIC, Made, put

ADMIN = local_person("Root")
LOCAL = parse_networks("127.0.0.0/8")


class Clock:
    """Real time, and what was added to it."""

    def __init__(self) -> None:
        self.added = timedelta(0)

    def __call__(self):
        return now() + self.added

    def on(self, **more: float) -> None:
        self.added += timedelta(**more)


def webhooks_of(services: Services, clock=now) -> Webhooks:
    """The use cases, allowed to reach this machine."""
    return Webhooks(services.sessions, LOCAL, clock=clock)


def make(services: Services, url: str, name: str = "forum", **wishes) -> str:
    """A webhook; its secret."""
    return webhooks_of(services).create(name, url, Wishes(**wishes), by=ADMIN)[1]


@contextmanager
def delivering(services: Services, *, clock=now, lease: float = 60, name: str = "test"):
    """Delivers while entered."""
    delivery = Delivery(
        services.sessions, LOCAL, poll_seconds=0.05, name=name, clock=clock, lease=timedelta(seconds=lease)
    )
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop()


def decide(services: Services, many: int = 1, **values) -> list[int]:
    """So many decisions on new comments; the comments' ids."""
    made = {"labels": TOXIC, "outcome": Outcome.REMOVE, **values}
    return put(services, [Made(f"c {uuid4()}", **made) for _ in range(many)])


def append(services: Services, comment_id: int, *, revoke: int | None = None, **values) -> int:
    """Another entry on a decided comment, made from its first one; the entry's id."""
    with services.sessions.begin() as session:
        store = DecisionStore(session)
        store.lock()
        entries = store.list_of(comment_id)
        base = next(entry for entry in entries if entry.id == revoke) if revoke else entries[0]
        store.append([replace(base, client_id=uuid4(), revokes=revoke, **values)])
        return store.list_of(comment_id)[-1].id


def standing(services: Services, name: str = "forum", clock=now):
    """The webhook and its counts."""
    return next(found for found in webhooks_of(services, clock).list_webhooks(by=ADMIN) if found[0].name == name)
