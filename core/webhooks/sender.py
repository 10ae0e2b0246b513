"""One POST to one address: signed, to checked addresses alone, with every wait bounded.

By httpcore, which follows no redirect and knows no proxy, cookie or environment: that is what is wanted here.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import certifi
import httpcore
from standardwebhooks import Webhook as Signer

from core.webhooks.addresses import Networks, Refused, Resolve, check_addresses
from core.webhooks.addresses import resolve as ask_system
from core.webhooks.schedule import retry_after
from core.webhooks.urls import Target

CONNECT: Final = 5.0
"""Seconds for the name, and again for the connection and its TLS."""
READ: Final = 15.0
"""Seconds without a byte of the answer."""
TOTAL: Final = 20.0
"""Seconds for one attempt from end to end, however slowly the receiver drips."""
MOST_READ: Final = 16_384
"""Bytes of an answer that are read, and thrown away; beyond them the connection is closed."""
DRAIN: Final = 2.0
"""Seconds that the rest of an answer is read for."""
KEPT_ALIVE: Final = 30.0
"""Seconds that an idle connection is kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one attempt ended."""

    status: int | None
    """Of HTTP; None without an answer."""
    problem: str | None
    """What went wrong, in words; None if it was taken."""
    wish: timedelta | None = None
    """Retry-After of an answer that was no success."""

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that it wants no more, ever."""
        return self.status == 410


def signed_headers(message_id: str, body: str, secrets: Sequence[str], at: datetime) -> list[tuple[str, str]]:
    """The three headers of Standard Webhooks, signed with every secret, and those that HTTP needs."""
    signatures = " ".join(Signer(secret).sign(message_id, at, body) for secret in secrets)
    return [
        ("content-type", "application/json"),
        ("user-agent", "Moderato-Webhooks/1"),
        ("webhook-id", message_id),
        ("webhook-timestamp", str(int(at.timestamp()))),
        ("webhook-signature", signatures),
    ]


class Sender:
    """Sends over connections that it keeps. Belongs to one event loop; close it there."""

    def __init__(self, allowed: Networks, *, resolve: Resolve = ask_system, tls: ssl.SSLContext | None = None) -> None:
        tls = tls or build_tls()
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=tls,
                max_connections=64,
                keepalive_expiry=KEPT_ALIVE,
                network_backend=_CheckedNetwork(allowed, resolve, plain=scheme == b"http"),
            )
            for scheme in (b"http", b"https")
        }

    async def send(self, target: Target, headers: Iterable[tuple[str, str]], body: bytes, at: datetime) -> Answer:
        """POST the body; never raises but for cancellation."""
        try:
            async with asyncio.timeout(TOTAL):
                return await self._post(target, list(headers), body, at)
        except TimeoutError:
            return Answer(None, f"No full answer within {TOTAL:g} seconds.")
        except Refused as error:
            return Answer(None, str(error))
        except Exception as error:  # whatever the network or the receiver may do
            return Answer(None, _what_happened(error))

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _post(self, target: Target, headers: list[tuple[str, str]], body: bytes, at: datetime) -> Answer:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        timeouts = {"connect": CONNECT, "read": READ, "write": READ, "pool": TOTAL}
        given: Any = headers  # typed as a Sequence there, of which a list of tuples is one
        async with self._pools[target.scheme].stream(
            "POST", url, headers=given, content=body, extensions={"timeout": timeouts}
        ) as response:
            answer = _answer(response, at)
            await _drain(response)
            return answer


async def _drain(response: httpcore.Response) -> None:
    """Read a short body, so that the connection can be used again. The status has said all."""
    read = 0
    with contextlib.suppress(Exception):
        async with asyncio.timeout(DRAIN):
            async for part in response.aiter_stream():
                read += len(part)
                if read > MOST_READ:
                    return  # what is left unread closes the connection


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a name once, checks every address, and connects to a checked one: a second look-up could tell another.

    TLS still asks for the name's certificate: httpcore starts it with the URL's host.
    """

    def __init__(self, allowed: Networks, resolve: Resolve, *, plain: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._allowed, self._resolve, self._plain = allowed, resolve, plain

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(CONNECT):
                found = await self._resolve(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from None
        except OSError:
            raise Refused(f"{host} cannot be resolved.") from None
        addresses = check_addresses(host, found, self._allowed, plain=self._plain)
        failed: Exception = httpcore.ConnectError("no address")
        for address in addresses[:4]:
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise Refused("A webhook goes to the network, never to a file.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def build_tls() -> ssl.SSLContext:
    """Certificates that this system trusts, a company's own among them, and those of certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _answer(response: httpcore.Response, at: datetime) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Answer(status, None)
    wish = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
    hint = {
        410: ": it wants no more messages, so the webhook is disabled",
        429: ": too many messages for it",
    }.get(status, ": redirects are not followed, set the new address" if 300 <= status < 400 else "")
    return Answer(status, f"It answered {status}{hint}.", retry_after(wish.decode("latin-1"), at))


def _what_happened(error: Exception) -> str:
    """The error in words that never hold the address, which may be a secret."""
    if isinstance(error.__context__, ssl.SSLCertVerificationError) or isinstance(error, ssl.SSLCertVerificationError):
        inner = error if isinstance(error, ssl.SSLCertVerificationError) else error.__context__
        return f"Its certificate is not trusted ({getattr(inner, 'verify_message', 'no reason given')})."
    known: dict[type[Exception], str] = {
        httpcore.ConnectTimeout: f"No connection within {CONNECT:g} seconds.",
        httpcore.ConnectError: "No connection: nothing listens there, or it does not speak TLS.",
        httpcore.ReadTimeout: f"No answer within {READ:g} seconds.",
        httpcore.WriteTimeout: "It does not take the message.",
        httpcore.RemoteProtocolError: "It closed the connection, or does not speak HTTP.",
        httpcore.ReadError: "The connection broke before its answer.",
        httpcore.WriteError: "The connection broke while the message was sent.",
    }
    return known.get(type(error), f"It failed with {type(error).__name__}.")
