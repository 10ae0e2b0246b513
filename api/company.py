"""The company's sign-in by OpenID Connect: authorization code with PKCE and nonce, checked by Authlib.

Streamlit's own st.login needs a websocket, so it would let strangers in as far as the script; its cookie lasts 30 days,
is not Secure, and knows neither the token's end nor that somebody was disabled. Here the word of the company becomes
a sign-in like any other.
"""

import logging
from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from typing import Any

import httpx
from anyio import to_thread
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.sign_in import enter, local_path, visitor_of
from api.sign_in_pages import page
from api.words import _, said
from core.errors import DatabaseTrouble, ModeratoError
from core.services import Services
from core.settings import Settings
from core.sign_ins import read_company

log = logging.getLogger("moderato")
_BACK = "/sign-in/company/back"


class CompanyRoutes:
    """Leave for the company's sign-in, and come back."""

    def __init__(self, services: Callable[[], Services], settings: Settings) -> None:
        self._services, self._settings = services, settings
        state = Middleware(
            SessionMiddleware,
            secret_key=sha256(b"moderato oidc state" + settings.oidc_client_secret.encode()).hexdigest(),
            session_cookie="__Host-moderato_oidc" if settings.is_https else f"moderato_oidc_{settings.port}",
            max_age=600,
            same_site="lax",
            https_only=settings.is_https,
        )
        self.routes = [
            Route("/sign-in/company", self.leave, middleware=[state]),
            Route(_BACK, self.come_back, middleware=[state]),
        ]

    async def leave(self, request: Request) -> Response:
        """To the company, which sends the browser back."""
        if not self._settings.oidc_url:
            return RedirectResponse("/sign-in", 303)
        request.session["next"] = local_path(request.query_params.get("next", ""))
        try:
            answer: Response = await self._client.authorize_redirect(request, self._settings.base_url + _BACK)
        except (httpx.HTTPError, AuthlibBaseError, ValueError, KeyError, RuntimeError) as error:
            return _failed(error)
        return answer

    async def come_back(self, request: Request) -> Response:
        """With the company's word; checked, it is a sign-in."""
        if not self._settings.oidc_url:
            return RedirectResponse("/sign-in", 303)
        try:
            token: dict[str, Any] = await self._client.authorize_access_token(request)
        except (httpx.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError, RuntimeError) as error:
            return _failed(error)
        wired = self._services()
        try:
            who = read_company(token.get("userinfo") or {}, self._settings)
            secret = await to_thread.run_sync(wired.sign_ins.sign_in_company, who, visitor_of(request))
        except DatabaseTrouble:
            raise
        except ModeratoError as error:
            return page(_("You cannot come in"), said(error), link=("/sign-in", _("Back")), status=403)
        return await enter(wired, request, secret, request.session.pop("next", "/"))

    @cached_property
    def _client(self) -> Any:
        return OAuth().register(
            "company",
            client_id=self._settings.oidc_client_id,
            client_secret=self._settings.oidc_client_secret,
            server_metadata_url=self._settings.oidc_url,
            client_kwargs={
                "scope": self._settings.oidc_scopes, "code_challenge_method": "S256", "timeout": 10,
            },
        )  # fmt: skip


def _failed(error: Exception) -> Response:
    log.warning("the company's sign-in failed: %s", type(error).__name__)
    words = _(
        "Your company's sign-in did not answer, or not as it should. Try again; if it stays so, tell an administrator."
    )
    return page(_("That did not work"), words, link=("/sign-in", _("Back")), status=502)
