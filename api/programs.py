"""What the routes for programs share: who calls, from where, and what scores for them."""

import asyncio
from collections.abc import Callable
from functools import cache
from ipaddress import ip_address

from anyio import CapacityLimiter
from starlette.requests import Request

from api.guard import host_name, is_same_origin
from api.who import is_local
from core.api_intake import ApiIntake
from core.batcher import MicroBatcher
from core.key_ring import KeyRing
from core.keys import KnownKeys
from core.services import Services
from core.settings import LOOPBACK, Settings

_THREADS = 8
"""Fewer than connections of the database's pool: pages and workers need theirs."""
_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "forwarded", "via")


class Programs:
    """The parts that live on the server's event loop. Made when first asked for."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.settings = services.settings
        self.ring = KeyRing(services.keys)
        self.batcher = MicroBatcher(services.live_scoring.score)
        self.intake = ApiIntake(services.intake)
        self.threads = CapacityLimiter(_THREADS)
        """Of what programs ask of the database."""

    async def close(self) -> None:
        """Write down what is known in memory alone."""
        await self.intake.close()
        await self.ring.close()
        self.batcher.close()


class ProgramsAt:
    """The `Programs` of the running event loop."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services
        self._made: tuple[asyncio.AbstractEventLoop, Programs] | None = None

    def __call__(self) -> Programs:
        """Those of this loop."""
        loop = asyncio.get_running_loop()
        if self._made is None or self._made[0] is not loop:
            self._made = loop, Programs(self._services())
        return self._made[1]

    async def close(self) -> None:
        """End what was made."""
        if self._made:
            await self._made[1].close()
            self._made = None


async def needs_no_key(request: Request, programs: Programs, known: KnownKeys) -> bool:
    """Whether somebody on this machine tries things out: until the first key is made, and nobody has an account.

    With accounts the data is no longer everybody's who has a shell here. Raises DatabaseTrouble.
    """
    return not known.any and is_from_here(request) and await is_local(programs.services.sign_ins)


def secret_of(request: Request) -> str | None:
    """The key that a request carries: in the header X-goog-api-key, or as the query's `key`."""
    return request.headers.get("x-goog-api-key") or request.query_params.get("key") or None


def is_from_here(request: Request) -> bool:
    """Whether somebody on this machine asks, and no page of another site in their browser, and no proxy for others.

    Never where others are meant to reach the dashboard: some proxies do not say that they are one.
    """
    headers = request.headers
    if _is_shared():
        return False
    if not request.client or not _is_loopback(request.client.host) or any(name in headers for name in _PASSED_ON):
        return False
    return host_name(headers) in LOOPBACK and ("origin" not in headers or is_same_origin(headers))


@cache
def _is_shared() -> bool:
    return Settings().is_shared


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
