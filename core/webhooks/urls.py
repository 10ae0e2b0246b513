"""The address of a webhook, read by one parser for checking and for sending alike."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from core.errors import BadInput

LONGEST: Final = 2_000
"""Characters of an address."""
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a POST goes."""

    scheme: bytes
    """http or https."""
    host: bytes
    """A name in ASCII (IDNA), or an address without brackets."""
    port: int
    path: bytes
    """With the query."""

    @property
    def name(self) -> str:
        """The host, to say in lists: never the path, which may be a secret."""
        return self.host.decode("ascii")


def parse_url(text: str) -> Target:
    """An address of http or https without a user, password or fragment. Raises BadInput that says what is wrong."""
    text = text.strip()
    if len(text) > LONGEST or not text.isprintable() or " " in text or "\\" in text:
        raise BadInput(f"A webhook's address has up to {LONGEST:,} characters, without spaces and backslashes.")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise BadInput("That is no address. It looks like https://example.org/moderation.") from None
    if parts.scheme not in _PORTS or not host:
        raise BadInput("A webhook's address begins with https:// and names a host, as https://example.org/moderation.")
    if parts.username is not None or parts.password is not None:
        raise BadInput("Leave the user and password out of the address: messages are signed instead.")
    if parts.fragment:
        raise BadInput("Leave out the part after #: it is never sent.")
    if port == 0:
        raise BadInput("A port lies between 1 and 65535.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = quote(path, safe="/?%:@!$&'()*+,;=~-._[]")
    return Target(parts.scheme.encode(), _ascii_host(host), port or _PORTS[parts.scheme], sent.encode())


def _ascii_host(host: str) -> bytes:
    if ":" in host:
        try:
            if "%" not in host:  # a zone is of this machine alone
                return str(IPv6Address(host)).encode()
        except ValueError:
            pass
        raise BadInput(f"{host[:60]!r} is no IPv6 address.")
    try:
        return str(ip_address(host)).encode()
    except ValueError:
        pass
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise BadInput(f"{host[:60]!r} is no host's name.") from None
    if not name.strip(".") or len(name) > 253 or not name.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise BadInput(f"{host[:60]!r} is no host's name.")
    return name.encode()
