"""Which network addresses a webhook may reach, and what a name resolves to."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from core.errors import BadInput, ModeratoError

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Name and port to addresses, as text; raises OSError."""

_UNICAST: Final = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out for the public."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""Where a network without IPv4 reaches it: the last 32 bits are the real address (RFC 6052)."""
_SPECIAL_6: Final = tuple(IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
"""Within 2000::/3, but Teredo and other protocols, documentation, and 6to4, which hides an IPv4 address."""
_SPECIAL_4: Final = (IPv4Network("192.88.99.0/24"), IPv4Network("192.0.0.0/24"))
"""6to4 relays, and protocol assignments: Python's tables differ on these from version to version."""


class Refused(ModeratoError):
    """A webhook's address that must not be reached."""


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks by commas, as 10.0.0.0/8,::1. Raises ValueError that names the bad one."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError as error:
            raise ValueError(f"{part[:60]!r} is no network such as 10.0.0.0/8 or 127.0.0.1 ({error})") from None
    return tuple(found)


def real_address(address: Address) -> Address:
    """The IPv4 address within an IPv4-mapped or NAT64 one; any other as it is, without a zone."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        plain = IPv6Address(int(address))
        return IPv4Address(int(address) & 0xFFFFFFFF) if plain in _NAT64 else plain
    return address


def is_public(address: Address) -> bool:
    """Whether anybody on the internet may have it: nothing private, shared, local, reserved or for many."""
    real = real_address(address)
    special = (
        real.is_private or real.is_loopback or real.is_link_local or real.is_multicast or real.is_reserved
        or real.is_unspecified or not real.is_global
    )  # fmt: skip
    if isinstance(real, IPv6Address):
        return not special and real in _UNICAST and not any(real in net for net in _SPECIAL_6)
    return not special and not any(real in net for net in _SPECIAL_4)


def is_allowed_private(address: Address, allowed: Networks) -> bool:
    """Whether a setting allows the address, whatever it is."""
    real = real_address(address)
    return any(real.version == net.version and real in net for net in allowed)


def check_addresses(host: str, found: Sequence[str], allowed: Networks, *, plain: bool) -> list[Address]:
    """The addresses of a host, each of them checked. Raises Refused: one bad address spoils all.

    `plain`: it is spoken to without TLS, which only addresses allowed by the setting may be.
    """
    if not found:
        raise Refused("{host} has no address.", host=host)
    addresses = [ip_address(text) for text in found]
    for address in addresses:
        if is_allowed_private(address, allowed):
            continue
        if not is_public(address):
            raise Refused(
                "{host}{which} is not a public address. If that is meant, add its network to MODERATO_WEBHOOK_PRIVATE.",
                host=host,
                which="" if host == str(address) else f" is {address}, which",
            )
        if plain:
            raise Refused(
                "{host} is a public address: use https://, or everybody on the way could read along.",
                host=host,
            )
    return addresses


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name, in the system's order. Raises OSError.

    In a thread of its own that nothing waits for at the end: a name server may take half a minute to say nothing.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def tell(found: list[str] | BaseException) -> None:
        if answer.done():
            return
        if isinstance(found, BaseException):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look() -> None:
        result: list[str] | BaseException
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            result = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except (OSError, UnicodeError) as error:
            result = error if isinstance(error, OSError) else OSError("the name cannot be asked for")
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(tell, result)
            except RuntimeError:  # closed between the two: nobody waits any more
                return

    threading.Thread(target=look, name="webhook-names", daemon=True).start()
    return await answer


def networks_setting(text: str) -> Networks:
    """MODERATO_WEBHOOK_PRIVATE as networks. Raises BadInput."""
    try:
        return parse_networks(text)
    except ValueError as error:
        raise BadInput("MODERATO_WEBHOOK_PRIVATE: {error}.", error=error) from None
