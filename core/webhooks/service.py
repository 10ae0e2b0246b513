"""What administrators do with webhooks: make, change, disable, enable, delete, rotate the secret, test, resend."""

import asyncio
import base64
import secrets
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now
from core.errors import BadInput, Conflict, NotFound
from core.webhooks.addresses import Networks, Resolve, check_addresses, resolve
from core.webhooks.events import Event, test_body
from core.webhooks.feed import new_message_id
from core.webhooks.sender import CONNECT, Answer, Sender, signed_headers
from core.webhooks.urls import Target, parse_url
from db.session import Session, Sessions
from db.stores.webhook_messages import Failure, MessageStore
from db.stores.webhooks import Counts, Webhook, WebhookStore

__all__ = ["Counts", "Failure", "Webhook", "Webhooks", "Wishes"]

T = TypeVar("T")

MAX_NAME: Final = 40
"""Longest name of a webhook, in code points."""
MAX_SOURCES: Final = 50
OLD_SECRET_HOLDS: Final = timedelta(days=1)
"""How long a former secret signs beside the new one, unless it is ended at once."""
DEFAULT_EVENTS: Final = tuple(Event)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a webhook is told."""

    events: Collection[Event] = DEFAULT_EVENTS
    sources: Sequence[str] = ()
    """Names of the sources whose comments count; empty for all."""
    with_person: bool = False
    """Whether the moderator's name is sent."""


class Webhooks:
    """The webhooks of one database."""

    def __init__(
        self,
        sessions: Sessions,
        allowed: Networks,
        *,
        clock: Callable[[], datetime] = now,
        resolver: Resolve = resolve,
    ) -> None:
        self._sessions, self._allowed, self._clock, self._resolver = sessions, allowed, clock, resolver

    def list_webhooks(self, *, by: Person) -> list[tuple[Webhook, Counts]]:
        """All of them with how many messages wait, failed and went out in the last week. Raises NotAllowed."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        with self._sessions.read() as session:
            store = WebhookStore(session)
            counts = store.counts()
            return [(hook, counts.get(hook.id, Counts())) for hook in store.list_all()]

    def failures(self, name: str, *, by: Person, limit: int = 100) -> list[Failure]:
        """The latest messages that were given up. Raises NotFound, NotAllowed."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        with self._sessions.read() as session:
            return MessageStore(session).failures(_require(session, name).id, limit)

    def create(self, name: str, url: str, wishes: Wishes | None = None, *, by: Person) -> tuple[Webhook, str]:
        """Make a webhook that is told what happens from now on; returns it with its secret, which is shown this once.

        Raises BadInput for a bad name, address or wish, addresses.Refused for an address that must not be reached,
        Conflict if the name is taken, NotAllowed.
        """
        check_may(by, Action.MANAGE_WEBHOOKS)
        name, values, secret = _checked_name(name), _checked(wishes or Wishes()), new_secret()
        target = self._check_reachable(url)
        values |= {"name": name, "url": url.strip(), "secret": secret}
        values |= {"created_at": self._clock(), "created_by": by.name}
        with self._sessions.begin() as session:
            store = WebhookStore(session)
            if store.get(name):
                raise Conflict(
                    "There is a webhook {name} already. Give another name, or delete that one first.",
                    name=name,
                )
            made = store.add(values)
            told = {"events": sorted(made.events), "sources": list(made.sources), "person": made.with_person}
            record(session, by, What.WEBHOOK_CREATED, name, host=target.name, **told)
        return made, secret

    def change(self, name: str, url: str, wishes: Wishes, *, by: Person) -> None:
        """Give a webhook another address or other wishes. What waits goes to the new address. Raises as `create`."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        values = _checked(wishes)
        target = self._check_reachable(url)
        with self._changing(name) as (session, hook):
            WebhookStore(session).change(hook.id, url=url.strip(), paused_until=None, **values)
            told: dict[str, Any] = {"events": values["events"].split(","), "sources": values["sources"]}
            told |= {"person": values["with_person"], "host": target.name, "address_changed": url.strip() != hook.url}
            record(session, by, What.WEBHOOK_CHANGED, name, **told)

    def disable(self, name: str, *, by: Person) -> None:
        """Send nothing more until it is enabled again; what happens meanwhile waits. Raises NotFound, Conflict."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        with self._changing(name) as (session, hook):
            if not hook.enabled:
                raise Conflict("The webhook {name} is disabled already.", name=name)
            WebhookStore(session).change(hook.id, enabled=False, disabled_why=f"Disabled by {by.name}.")
            record(session, by, What.WEBHOOK_DISABLED, name)

    def enable(self, name: str, *, by: Person) -> None:
        """Send again, from where it stopped. Raises NotFound, Conflict."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        with self._changing(name) as (session, hook):
            if hook.enabled:
                raise Conflict("The webhook {name} is enabled already.", name=name)
            fresh = {"streak": 0, "paused_until": None, "failing_since": None}
            WebhookStore(session).change(hook.id, enabled=True, disabled_why=None, **fresh)
            MessageStore(session).hurry(hook.id, at=self._clock())
            record(session, by, What.WEBHOOK_ENABLED, name)

    def delete(self, name: str, *, by: Person) -> None:
        """Remove it for good, with what waits and what failed. Raises NotFound."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        with self._changing(name) as (session, hook):
            counts = WebhookStore(session).counts().get(hook.id, Counts())
            WebhookStore(session).remove(hook.id)
            record(session, by, What.WEBHOOK_DELETED, name, waiting=counts.waiting, failed=counts.failed)

    def rotate(self, name: str, *, by: Person, at_once: bool = False) -> str:
        """Make a new secret, which is shown this once. The former one signs too for a day, unless it ends at once."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        secret, until = new_secret(), self._clock() + OLD_SECRET_HOLDS
        with self._changing(name) as (session, hook):
            store = WebhookStore(session)
            former = None if at_once else store.signing(hook.id, at=self._clock())[0]
            store.change(hook.id, secret=secret, old_secret=former, old_secret_until=until if former else None)
            record(session, by, What.WEBHOOK_SECRET_ROTATED, name, former_ends="at once" if at_once else "in a day")
        return secret

    def resend(self, name: str, ids: Collection[int] | None = None, *, by: Person) -> int:
        """Send failed messages again, all of them without ids; returns how many. Raises NotFound."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        with self._changing(name) as (session, hook):
            many = MessageStore(session).resend(hook.id, ids, at=self._clock())
            if not many and ids is not None:
                raise NotFound(
                    "The webhook {name} has no such failed message: it may be sent again already.",
                    name=name,
                )
            if many:
                # a rest would let a person wait who has just repaired the receiver
                WebhookStore(session).change(hook.id, streak=0, paused_until=None, failing_since=None)
                record(session, by, What.WEBHOOK_RESENT, name, messages=many)
        return many

    def test(self, name: str, *, by: Person) -> Answer:
        """Send a message of type webhook.test now, also if it is disabled; returns how that went, 20 s at most."""
        check_may(by, Action.MANAGE_WEBHOOKS)
        at = self._clock()
        with self._sessions.read() as session:
            hook = _require(session, name)
            signing = WebhookStore(session).signing(hook.id, at=at)
        body = test_body(name, at)
        headers = signed_headers(new_message_id(), body, signing, at)
        return _run(self._send_once(parse_url(hook.url), headers, body.encode(), at))

    async def _send_once(self, target: Target, headers: list[tuple[str, str]], body: bytes, at: datetime) -> Answer:
        sender = Sender(self._allowed, resolve=self._resolver)
        try:
            return await sender.send(target, headers, body, at)
        finally:
            await sender.close()

    def _check_reachable(self, url: str) -> Target:
        target = parse_url(url)
        try:
            found = _run(self._look_up(target))
        except (OSError, TimeoutError):
            raise BadInput(
                "{name} cannot be resolved: is the name right, and known to this machine?",
                name=target.name,
            ) from None
        check_addresses(target.name, found, self._allowed, plain=target.scheme == b"http")
        return target

    async def _look_up(self, target: Target) -> list[str]:
        async with asyncio.timeout(CONNECT):
            return await self._resolver(target.name, target.port)

    @contextmanager
    def _changing(self, name: str) -> Iterator[tuple[Session, Webhook]]:
        with self._sessions.begin() as session:
            yield session, _require(session, name, lock=True)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Its result, from an event loop in a thread of its own: the caller's thread may have one that runs."""
    with ThreadPoolExecutor(1, thread_name_prefix="webhooks-once") as apart:
        return apart.submit(asyncio.run, work).result()


def new_secret() -> str:
    """whsec_ and 256 random bits in base64, as Standard Webhooks writes them."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def parse_events(names: Iterable[str]) -> Collection[Event]:
    """Events by name; all of them without any. Raises BadInput for an unknown one."""
    known = {event.value: event for event in Event}
    for name in (chosen := list(names)):
        if name not in known:
            raise BadInput("There is no event {name!r}; there are {listed}.", name=name[:40], listed=", ".join(known))
    return tuple(known[name] for name in dict.fromkeys(chosen)) or DEFAULT_EVENTS


def _require(session: Session, name: str, *, lock: bool = False) -> Webhook:
    found = WebhookStore(session).get(name, lock=lock)
    if found is None:
        raise NotFound(
            "There is no webhook {name!r}. `moderato webhooks list` lists the ones there are.",
            name=name[:80],
        )
    return found


def _checked_name(name: str) -> str:
    name = name.strip()
    allowed = name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    if not allowed or len(name) > MAX_NAME:
        raise BadInput(
            "A webhook's name has up to {max_name} letters, digits, dots, dashes and underscores.",
            max_name=MAX_NAME,
        )
    return name


def _checked(wishes: Wishes) -> dict[str, Any]:
    if not wishes.events:
        raise BadInput("A webhook needs at least one event: what is it to be told?")
    sources = list(dict.fromkeys(source.strip() for source in wishes.sources if source.strip()))
    if len(sources) > MAX_SOURCES or any(len(source) > 200 for source in sources):
        raise BadInput(
            "Name up to {max_sources} sources of up to 200 characters, or none for all.",
            max_sources=MAX_SOURCES,
        )
    events = ",".join(sorted({event.value for event in wishes.events}))
    return {"events": events, "sources": sources, "with_person": wishes.with_person}
