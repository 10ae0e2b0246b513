"""No webhook reaches what is not public, however the address is written."""

import asyncio
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.webhooks.addresses import Refused, check_addresses, is_public, networks_setting, parse_networks, resolve
from core.webhooks.urls import parse_url

INNER_4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
"""The IANA registry of special-purpose IPv4 addresses, and multicast."""
INNER_6 = (
    "::/8", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "64:ff9b:1::/48",
    "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "4000::/2", "8000::/1",
)  # fmt: skip


def within(network):
    net = IPv4Network(network) if "." in network else IPv6Network(network)
    kind = IPv4Address if net.version == 4 else IPv6Address
    return st.integers(int(net.network_address), int(net.broadcast_address)).map(kind)


inner_4 = st.sampled_from(INNER_4).flatmap(within)
inner_6 = st.sampled_from(INNER_6).flatmap(within)


def written(four: IPv4Address) -> list[str]:
    """Every way in which a look-up may return an IPv4 address."""
    return [str(four), f"::ffff:{four}", str(IPv6Address(0x64FF9B << 96 | int(four)))]


@given(inner_4)
def test_no_special_ipv4_address_is_public_also_within_ipv6(four):
    for text in written(four):
        assert not is_public(ip_address(text)), text
        with pytest.raises(Refused, match="MODERATO_WEBHOOK_PRIVATE"):
            check_addresses("example.org", [text], (), plain=False)


@given(inner_6)
def test_no_special_ipv6_address_is_public(six):
    assert not is_public(six)
    assert not is_public(IPv6Address(f"{six}%eth0"))


@given(inner_4, st.sampled_from(["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]))
def test_one_bad_address_among_good_ones_spoils_all(four, good):
    for found in ([good, str(four)], [str(four), good]):
        with pytest.raises(Refused):
            check_addresses("example.org", found, (), plain=False)


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700:4700::1111", "100.128.0.1"]
)
def test_public_addresses_are_public_and_need_tls(text):
    assert is_public(ip_address(text))
    assert check_addresses("example.org", [text], (), plain=False) == [ip_address(text)]
    with pytest.raises(Refused, match="https"):
        check_addresses("example.org", [text], (), plain=True)


def test_the_setting_allows_its_networks_alone_and_without_tls():
    allowed = parse_networks(" 10.1.0.0/16, ::1 ,127.0.0.1,")
    for text in ("10.1.2.3", "::ffff:10.1.2.3", "::1", "127.0.0.1"):
        assert check_addresses("inside", [text], allowed, plain=True) == [ip_address(text)]
    for text in ("10.2.0.1", "127.0.0.2", "169.254.169.254", "::ffff:127.0.0.2"):
        with pytest.raises(Refused):
            check_addresses("inside", [text], allowed, plain=False)
    with pytest.raises(BadInput, match=r"10\.0\.0\.1/8"):
        networks_setting("10.0.0.1/8")


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1", "017700000001", "localhost", "0"])
def test_odd_spellings_of_loopback_are_seen_for_what_they_are(host):
    found = asyncio.run(resolve(parse_url(f"https://{host}/").name, 443))
    with pytest.raises(Refused):
        check_addresses(host, found, (), plain=False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("example.org/hook", "begins with https"), ("ftp://example.org/", "begins with https"),
        ("https://", "names a host"), ("https://ada:secret@example.org/", "signed instead"),
        ("https://example.org/#part", "never sent"), ("https://example.org:0/", "port"),
        ("https://example.org:99999/", "no address"), ("https://exa mple.org/", "spaces"),
        ("https://example.org\\@127.0.0.1/", "backslashes"), ("https://example.org/\r\nhost: x", "spaces"),
        ("https://[::1/", "no address"), ("https://a..b/", "host's name"), ("https://" + "a" * 2_000, "2,000"),
        ("https://[fe80::1%25eth0]/", "no IPv6"), ("https://exa%6dple.org/", "host's name"),
        ("https://.", "host's name"),
    ],
)  # fmt: skip
def test_bad_addresses_are_refused_with_a_reason(text, why):
    with pytest.raises(BadInput, match=why):
        parse_url(text)


def test_an_address_is_read_into_what_is_sent():
    target = parse_url("HTTPS://Bücher.example:8443/a/ü?q=1&r=%20")
    assert (target.scheme, target.host, target.port) == (b"https", b"xn--bcher-kva.example", 8443)
    assert target.path == b"/a/%C3%BC?q=1&r=%20"
    assert parse_url("http://[::1]:8000").host == b"::1"
    assert parse_url("http://[::1]:8000").path == b"/"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_addresses(text):
    for whole in (text, f"https://{text}", f"https://example.org/{text}"):
        try:
            target = parse_url(whole)
        except BadInput:
            continue
        assert all(32 < byte < 127 for byte in target.host + target.path)
