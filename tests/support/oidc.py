"""A company's sign-in on this machine, for tests: it lets in whoever its `who` says, and signs properly."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.postgres import free_port


@dataclass
class Company:
    """Whom it vouches for next, and how."""

    issuer: str
    who: dict[str, Any]
    lasts: int = 3600
    """Seconds until the token is over."""
    spoil: str = ""
    """"key", "nonce", "aud" or "state": what is wrong with the answer."""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """For MODERATO_OIDC_URL."""
        return f"{self.issuer}/.well-known/openid-configuration"

    async def discover(self, _request: Request) -> Response:
        """The OpenID configuration."""
        at = self.issuer
        listed = {"issuer": at, "authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token"}
        listed |= {"jwks_uri": f"{at}/jwks", "response_types_supported": ["code"]}
        return JSONResponse(listed | {"id_token_signing_alg_values_supported": ["RS256"]})

    async def authorize(self, request: Request) -> Response:
        """Approve at once."""
        asked, code = request.query_params, secrets.token_urlsafe(16)
        self.codes[code] = dict(asked)
        state = "other" if self.spoil == "state" else asked["state"]
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={state}", 302)

    async def token(self, request: Request) -> Response:
        """The ID token, once for a code, to whoever has the code's verifier."""
        form = await request.form()
        asked = self.codes.pop(str(form["code"]))
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        at = int(time.time())
        claims = {"iss": self.issuer, "aud": asked["client_id"], "iat": at, "exp": at + self.lasts}
        claims |= {"nonce": asked["nonce"], **self.who}
        if self.spoil in ("nonce", "aud"):
            claims[self.spoil] = "other"
        key = self.key if self.spoil != "key" else RSAKey.generate_key(2048, {"kid": "k"})
        signed = jwt.encode({"alg": "RS256", "kid": "k"}, claims, key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "expires_in": 3600, "id_token": signed})

    async def keys(self, _request: Request) -> Response:
        """The public key."""
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})


@contextmanager
def company_sign_in(**who: Any) -> Iterator[Company]:
    """A running one, in a thread."""
    port = free_port()
    company = Company(f"http://127.0.0.1:{port}", who)
    routes = [
        Route("/.well-known/openid-configuration", company.discover),
        Route("/authorize", company.authorize),
        Route("/token", company.token, methods=["POST"]),
        Route("/jwks", company.keys),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield company
    finally:
        server.should_exit = True
        thread.join(10)
