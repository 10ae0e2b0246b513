"""One attempt: to the checked address alone, by the name's certificate, with every wait bounded."""

import asyncio
import datetime as dt
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.domain import now
from core.webhooks import sender as sender_module
from core.webhooks.sender import MOST_READ, Sender
from core.webhooks.urls import parse_url
from tests.support.receiver import receiving, wait_until
from tests.support.webhooks import LOCAL

LONGER = 0.4
"""Seconds of what is said to last longer than it may."""


def send(url, *, allowed=LOCAL, found=None, tls=None, times=1):
    """The answers to so many POSTs to the address over one sender; `found` are the answers of the name server."""
    found = list(found or [])

    async def resolve(_host, _port):
        return found.pop(0)

    async def post():
        made = Sender(allowed, tls=tls, **({"resolve": resolve} if found else {}))
        try:
            return [await made.send(parse_url(url), [("webhook-id", "m")], b"{}", now()) for _ in range(times)]
        finally:
            await made.close()

    return asyncio.run(post())


@contextmanager
def speaking(say):
    """A server that reads a request's first bytes and lets `say` talk to the socket; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                try:
                    say(client)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.mark.parametrize("found", ["10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "100.64.0.1", "0.0.0.0"])
def test_a_name_that_is_no_public_address_is_not_connected_to(found):
    with receiving() as receiver:
        (answer,) = send(f"https://hooks.test:{receiver.port}/", allowed=(), found=[[found]])
    assert "not a public address" in answer.problem
    assert receiver.got == []


def test_the_name_is_asked_for_once_and_the_checked_address_is_connected_to(monkeypatch):
    asked = []
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **named: asked.append(host) or real(host, *more, **named)
    )
    with receiving() as receiver:
        # the second answer of the name server would lead elsewhere; it is never asked for
        answers = send(f"http://hooks.test:{receiver.port}/x", found=[["127.0.0.1"], ["10.0.0.1"]], times=2)
        assert [answer.problem for answer in answers] == [None, None]
    assert [got.headers["host"] for got in receiver.got] == [f"hooks.test:{receiver.port}"] * 2
    assert len({got.connection for got in receiver.got}) == 1
    assert "hooks.test" not in asked


def test_a_later_connection_checks_anew():
    def say(client):
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    with speaking(say) as port:
        first, second = send(f"http://hooks.test:{port}/", found=[["127.0.0.1"], ["169.254.169.254"]], times=2)
    assert first.problem is None
    assert "169.254.169.254" in second.problem


def test_plain_http_goes_to_allowed_networks_alone():
    (answer,) = send("http://hooks.test/", found=[["8.8.8.8"]])
    assert "https" in answer.problem


def test_redirects_and_proxies_are_not_followed(monkeypatch):
    with receiving() as elsewhere, receiving(reply=lambda _: (307, {"location": elsewhere.url})) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, elsewhere.url)
        (answer,) = send(receiver.url)
        assert (answer.status, len(receiver.got), elsewhere.got) == (307, 1, [])
        assert "redirects are not followed" in answer.problem


def test_an_endless_answer_is_a_success_of_which_little_is_read():
    sent = []

    def say(client):
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while True:
            sent.append(client.send(b"x" * 4096))

    with speaking(say) as port:
        (answer,) = send(f"http://127.0.0.1:{port}/")
        assert answer.problem is None
        time.sleep(0.05)
        many = sum(sent)
        time.sleep(0.1)
        assert sum(sent) == many  # the connection is closed
    assert many < MOST_READ + 20_000_000  # what the kernel buffers


def test_an_answer_that_drips_ends_with_the_time_for_all(monkeypatch):
    monkeypatch.setattr(sender_module, "TOTAL", LONGER)

    def say(client):
        for byte in b"HTTP/1.1 200 OK\r\n" * 100:
            client.sendall(bytes([byte]))
            time.sleep(0.02)

    with speaking(say) as port:
        started = time.monotonic()
        (answer,) = send(f"http://127.0.0.1:{port}/")
    assert "within 0.4 seconds" in answer.problem
    assert time.monotonic() - started < 5


ODD = {"none": b"", "ssh": b"SSH-2.0-OpenSSH\r\n", "bad": b"HTTP/1.1 999999 x\r\n\r\n", "nul": b"\0" * 200_000}


@pytest.mark.parametrize("said", ODD.values(), ids=ODD)
def test_whatever_it_answers_is_told_in_words(said):
    with speaking(lambda client: client.sendall(said)) as port:
        (answer,) = send(f"http://127.0.0.1:{port}/")
    assert "connection" in answer.problem  # closed or broken: the kernel decides which it is
    (refused,) = send(f"http://127.0.0.1:{free_port()}/")
    assert "nothing listens" in refused.problem


def test_a_name_that_is_not_answered_ends_soon(monkeypatch):
    monkeypatch.setattr(sender_module, "CONNECT", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_more, **_named: time.sleep(LONGER) or [])
    started = time.monotonic()
    (answer,) = send("https://slow.test/")
    assert "No connection" in answer.problem
    assert time.monotonic() - started < LONGER


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """PEM file of a key and a certificate that signs itself for hooks.test."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=hooks.test")
    at = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(at - dt.timedelta(days=1))
        .not_valid_after(at + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def speaking_tls(certificate):
    """An https server; yields its port and the names that clients asked for."""
    names = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            names.append(("host", self.headers["host"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(("sni", name))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server.server_address[1], names
    server.shutdown()
    server.server_close()


def test_the_certificate_is_the_names_though_the_address_is_connected_to(certificate):
    tls = ssl.create_default_context(cafile=str(certificate))
    with speaking_tls(certificate) as (port, names):
        (answer,) = send(f"https://hooks.test:{port}/", found=[["127.0.0.1"]], tls=tls)
        assert answer.problem is None
        wait_until(lambda: len(names) == 2)
        assert names == [("sni", "hooks.test"), ("host", f"hooks.test:{port}")]
        (other,) = send(f"https://other.test:{port}/", found=[["127.0.0.1"]], tls=tls)
        assert "not trusted" in other.problem
        (unknown,) = send(f"https://hooks.test:{port}/", found=[["127.0.0.1"]])
        assert "not trusted" in unknown.problem
