"""Which other sites' pages may read the API's answers."""

from collections.abc import Callable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class ConfiguredCors:
    """Starlette's CORS for the origins of the settings, read with the first request. No cookies are allowed."""

    def __init__(self, app: ASGIApp, origins: Callable[[], str]) -> None:
        self._app, self._origins = app, origins
        self._inner: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass the request on."""
        if self._inner is None:
            allowed = [origin.strip().rstrip("/") for origin in self._origins().split(",") if origin.strip()]
            self._inner = CORSMiddleware(
                self._app,
                allow_origins=allowed,
                allow_methods=["GET", "POST"],
                allow_headers=["*"],
                expose_headers=["Retry-After"],
                max_age=3600,
            )
        await self._inner(scope, receive, send)
