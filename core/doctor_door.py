"""The doctor's look at the door: keys, origins, and whether the server that runs here is ready."""

import http.client
import json
from collections.abc import Iterator
from typing import Final

from core.checkup import Check, fail, ok, warn
from core.keys import Keys, Scope
from core.settings import Settings
from db.session import Sessions

_PATIENCE: Final = 3.0
"""Seconds: /readyz takes two when the database does not answer."""


def check_keys(sessions: Sessions) -> Iterator[Check]:
    """Whether programs need keys, and whether those have limits."""
    keys = Keys(sessions).list_keys()
    if not keys:
        todo = "Make one on the Admin page or with `moderato keys create`: from then on everybody needs one."
        yield warn("keys", "none yet: any program on this machine may have texts scored", todo)
        return
    holding = [key for key in keys if key.revoked_at is None]
    loose = [key.name for key in holding if key.rate is None and key.daily is None]
    if loose:
        todo = "Make them anew with a rate or a daily quota: one faulty program can take the whole server."
        yield warn("keys", f"without any limit: {', '.join(loose[:5])}", todo)
    else:
        trusted = sum(Scope.TRUSTED in key.scopes for key in holding)
        yield ok("keys", f"{len(holding)} hold, {trusted} of them trusted, all limited")


def check_origins(settings: Settings) -> Iterator[Check]:
    """Which web pages may call the API."""
    if "*" in {origin.strip() for origin in settings.api_origins.split(",")}:
        todo = "Name the origins in MODERATO_API_ORIGINS: a key within a page can be read by every visitor."
        yield warn("origins", "pages of any site may call the API", todo)


def check_server(settings: Settings) -> Iterator[Check]:
    """Whether who listens on the port is Moderato, and ready. Nothing if nobody listens."""
    try:
        status, told = _ask(settings, "/healthz")
    except ConnectionRefusedError:
        return
    except (OSError, http.client.HTTPException):
        status, told = 0, None
    if status != 200 or told != {"status": "ok"}:
        todo = "Set MODERATO_PORT to a free port, or stop the other program."
        yield warn("server", f"who listens on port {settings.port} does not answer as Moderato does", todo)
        return
    yield _readiness(settings)


def _readiness(settings: Settings) -> Check:
    try:
        status, told = _ask(settings, "/readyz")
    except (OSError, http.client.HTTPException) as error:
        return fail("server", f"alive, but /readyz gives no answer ({type(error).__name__})", "Restart it.")
    gaps = told.get("not_ready", []) if isinstance(told, dict) else []
    if status == 200:
        return ok("server", "alive and ready")
    names = ", ".join(str(gap.get("name")) for gap in gaps) or f"status {status}"
    return fail(
        "server", f"alive, but not ready: {names}", "; ".join(str(gap.get("todo")) for gap in gaps) or "See its log."
    )


def _ask(settings: Settings, path: str) -> tuple[int, object]:
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read(65_536)
    finally:
        connection.close()
    try:
        return answer.status, json.loads(content)
    except ValueError:
        return answer.status, None
