"""What keeps an eye on the server: is it alive, is it ready, and its figures for Prometheus."""

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from api.bounded import Bounded
from api.programs import Programs, ProgramsAt, secret_of
from api.request_log import RequestMeter
from core.key_ring import OverLimit
from core.keys import KnownKeys, digest_of
from core.keys import Scope as Allowed
from core.log_text import whereabouts
from core.readiness import Gap, Readiness
from core.telemetry import Telemetry

log = logging.getLogger("moderato.ops")

PATIENCE: Final = 2.0
"""Seconds that an answer waits for the database or a model; a load balancer's check gives up after about five."""
_FRESH: Final = 1.0
"""Seconds for which a look at the readiness holds."""
_REMEMBERED: Final = 600.0
"""Seconds for which a key that was good may go on reading figures while the database cannot be asked about it."""


class Ops:
    """The state behind the routes; made once a process."""

    def __init__(self, programs: ProgramsAt) -> None:
        self.registry = CollectorRegistry()
        self.meter = RequestMeter(self.registry)
        self.programs = programs
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._found = Figures()
        self.registry.register(self._found)
        self._known_good: dict[bytes, float] = {}
        """Until when, by digest."""
        self._wired: Programs | None = None
        self._gaps: list[Gap] = []
        self._ready_until = 0.0
        self._hangs = False

    async def readiness(self) -> list[Gap]:
        """What is not ready, some tenths of a second old at most; never waits longer than PATIENCE."""
        self._wire()
        if time.monotonic() < self._ready_until:
            return self._gaps
        try:
            gaps = await self._look(PATIENCE)
        except TimeoutError:
            if not self._hangs:
                log.warning("not ready: %s (did not answer within %g s)", self._ready.step, PATIENCE)
            self._hangs = True
            return [Gap(self._ready.step, f"did not answer within {PATIENCE:g} s")]
        self._hangs = False
        self._gaps, self._ready_until = gaps, time.monotonic() + _FRESH
        return gaps

    async def figures(self, accept: str) -> tuple[bytes, str]:
        """The exposition and its media type. Without the database, what this process knows by itself."""
        self._wire()
        try:
            self._found.take(await self._read(PATIENCE))
        except Exception as error:  # away, or too slow
            log.warning("no figures from the database: %s", whereabouts(error))
            self._found.take(None)
        encode, media_type = choose_encoder(accept)
        return await asyncio.to_thread(encode, self.registry), media_type

    async def may_read(self, secret: str) -> Response | None:
        """None if the key may read the figures, else the refusal."""
        programs, digest = self.programs(), digest_of(secret)
        try:
            known = await asyncio.wait_for(programs.ring.known(), PATIENCE)
        except Exception as error:
            if self._known_good.get(digest, 0) >= time.monotonic():
                return None
            log.warning("keys cannot be looked up: %s", whereabouts(error))
            return _refuse(503, "The database does not answer, so the key cannot be checked. See /readyz.")
        return self._admit(programs, known, secret, digest)

    def _admit(self, programs: Programs, known: KnownKeys, secret: str, digest: bytes) -> Response | None:
        self._known_good.pop(digest, None)
        key = known.find(secret)
        if key is None:
            return _refuse(401, "There is no such key, or it was revoked.")
        if Allowed.METRICS not in key.scopes:
            return _refuse(
                403, f"This key lacks the scope {Allowed.METRICS}: `moderato keys create NAME --scope metrics`."
            )
        try:
            programs.ring.admit(key)
        except OverLimit as error:
            return PlainTextResponse(f"{error}\n", 429, {"Retry-After": str(error.retry_after)})
        self._known_good = {digest: time.monotonic() + _REMEMBERED}
        return None

    def _wire(self) -> None:
        """On the first request, and when the services were made anew."""
        if (programs := self.programs()) is not self._wired:
            services = programs.services
            self._ready = Readiness(services.sessions, services.settings, services.models)
            self._look = Bounded(self._ready.look)
            self._read = Bounded(Telemetry(services.sessions, services.settings).read)
            self._ready_until = 0.0
            self._wired = programs


class Figures(Collector):
    """What was read from the database, for the registry to collect."""

    def __init__(self) -> None:
        self._found: list[Metric] | None = None

    def take(self, found: list[Metric] | None) -> None:
        """Keep what was found; None if nothing could be."""
        self._found = found

    def describe(self) -> list[Metric]:
        """Nothing: names are known once the database was read."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families."""
        up = "Whether the database answered this scrape: 1 or 0."
        yield GaugeMetricFamily("moderato_database_up", up, value=float(self._found is not None))
        yield from self._found or ()


def build_routes(ops: Ops) -> list[BaseRoute]:
    """The routes."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_NOT_KEPT)

    async def readyz(_request: Request) -> Response:
        gaps = await ops.readiness()
        told = {"ready": not gaps, "not_ready": [{"name": gap.name, "todo": gap.todo} for gap in gaps]}
        return JSONResponse(told, 503 if gaps else 200, {**_NOT_KEPT, **({"Retry-After": "5"} if gaps else {})})

    async def metrics(request: Request) -> Response:
        if (secret := _bearer(request) or secret_of(request)) is None:
            return _refuse(401, "This needs a key with the scope metrics: Authorization: Bearer KEY.")
        if (refusal := await ops.may_read(secret)) is not None:
            return refusal
        body, media_type = await ops.figures(request.headers.get("accept", ""))
        return Response(body, headers={**_NOT_KEPT, "Content-Type": media_type})

    return [Route("/healthz", healthz), Route("/readyz", readyz), ForMachines("/metrics", metrics)]


class ForMachines(Route):
    """A route that a browser's address bar does not reach: the dashboard has a page of the same name."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As a route does, unless a page is asked for."""
        headers = Headers(scope=scope)
        if "text/html" in headers.get("accept", "") and "authorization" not in headers:
            return Match.NONE, {}
        return super().matches(scope)


_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def _refuse(status: int, message: str) -> Response:
    headers = {**_NOT_KEPT, **({"WWW-Authenticate": 'Bearer realm="moderato"'} if status == 401 else {})}
    return PlainTextResponse(f"{message}\n", status, headers)


def _bearer(request: Request) -> str | None:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() or None if kind.lower() == "bearer" else None
