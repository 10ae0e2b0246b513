"""The doors of the real server: who has not given a name sees no page, and only Moderato's own pages may talk to it."""

import http.client
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from contextlib import ExitStack
from email.message import Message
from urllib.parse import quote

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from core.settings import ROOT
from tests.support.server import Server, serving

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem not in {"__init__", "router"})
HEADERS = [
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "x-frame-options",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cache-control",
]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A server that nobody has signed in to."""
    limits = {"max_upload_mb": "1", "max_sessions_per_address": "3", "allowed_hosts": "moderato.test"}
    with serving(tmp_path_factory.mktemp("doors"), embedded_worker="false", **limits) as server:
        yield server


def socket_to(server: Server, **options):
    options = {"origin": server.url, **options}
    url = server.url.replace("http", "ws") + "/_stcore/stream"
    return connect(url, subprotocols=["streamlit"], max_size=None, compression=None, **options)


def visit(server: Server, page: str, *, query: str = "", **options) -> tuple[list[str], str]:
    """Kinds of elements that a visitor without a cookie is sent, and everything as one text."""
    kinds, everything = [], ""
    with socket_to(server, **options) as socket:
        ask = BackMsg()
        ask.rerun_script.query_string = query
        ask.rerun_script.page_name = page
        socket.send(ask.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(socket.recv(timeout=20))
            if message.WhichOneof("type") == "script_finished":
                return kinds, everything
            if message.WhichOneof("type") == "delta" and message.delta.WhichOneof("type") == "new_element":
                kinds.append(message.delta.new_element.WhichOneof("type"))
                everything += str(message.delta.new_element)


@pytest.mark.parametrize(
    "page", ["", *PAGES, *(f"pages/{page}" for page in PAGES), "router", "pages/router", "shared/access"]
)
def test_a_stranger_is_asked_for_a_name_whatever_page_is_asked_for(fresh, page):
    kinds, everything = visit(fresh, page)
    assert "Your name" in everything
    assert set(kinds) <= {"heading", "markdown", "text_input", "button", "bidi_component"}
    assert not any(
        f'body: "{title}"' in everything
        for title in ("Browse", "Score", "Metrics", "Data", "Models", "Policy", "Agreement")
    )


ODD = [
    "", "%00", "%ff%fe", "../../etc/passwd", "1e999", "-1", "\u202e\U0001f642", "a" * 5000, "[]", "9" * 30, "{x}",
    "#1",
]  # fmt: skip
KEYS = ["model", "days", "label", "week_label", "q", "sort", "state", "lane", "source", "of", "comment", "page", "x y"]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_no_address_makes_a_page_fail(fresh, odd):
    query = "&".join(f"{key}={odd if '%' in odd else quote(odd)}" for key in KEYS) + "&&=&%&q&q=1&q=2"
    cookie = {"additional_headers": {"Cookie": "moderato_name=Ada"}}
    for page in PAGES:
        kinds, _ = visit(fresh, page, query=query, **cookie)
        assert "exception" not in kinds, page
    assert "Traceback" not in fresh.log.read_text(errors="replace")


@pytest.mark.parametrize("cookie", ["", "%", "%00", "%ff", "=;", "a" * 1500, "program%3Aeve", "%E2%80%AEAda", '"Ada'])
def test_no_cookie_makes_a_page_fail(fresh, cookie):
    headers = {"Cookie": f"moderato_name={cookie}; _streamlit_xsrf={cookie}; _streamlit_user={cookie}; ;;="}
    kinds, _ = visit(fresh, "browse", additional_headers=headers)
    assert "exception" not in kinds
    assert "Traceback" not in fresh.log.read_text(errors="replace")


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.test", "http://localhost:1", "http://127.0.0.1:1", "http://0.0.0.0:8501"]
)
def test_a_foreign_page_gets_no_connection(fresh, origin):
    with pytest.raises(InvalidStatus) as refused:
        socket_to(fresh, origin=origin)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/", "/browse", "/_stcore/health", "/static/nothing", "/nothing"])
def test_every_answer_carries_the_security_headers(fresh, path):
    try:
        headers = urllib.request.urlopen(fresh.url + path).headers
    except urllib.error.HTTPError as error:
        headers = error.headers
    assert [name for name in HEADERS if name not in headers] == []
    assert "unsafe-eval'" not in headers["content-security-policy"].replace("'wasm-unsafe-eval'", "")


def ask_raw(server: Server, request: str, body: bytes = b"") -> tuple[int, Message]:
    """Status and headers that an answer to exactly these bytes has."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(request.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        with line.makefile("rb") as answer:
            return int(answer.readline().split()[1]), http.client.parse_headers(answer)


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("localhost:8501", 200), ("[::1]:99", 200), ("MODERATO.test", 200), ("evil.test", 421),
     ("localhost.evil.test", 421), ("127.0.0.1.evil.test", 421), ("", 421)],
)  # fmt: skip
def test_only_the_servers_own_names_are_answered_to(fresh, host, status):
    for path in ("/", "/healthz", "/v1alpha1/nothing", "/_stcore/health"):
        found, headers = ask_raw(fresh, f"GET {path} HTTP/1.1\nHost: {host}\nConnection: close")
        assert (found == 421) == (status == 421)
        assert "content-security-policy" in headers


def test_a_name_made_to_mean_this_machine_gets_no_connection(fresh):
    with pytest.raises(InvalidStatus) as refused:
        socket_to(fresh, origin="http://evil.test", additional_headers={"Host": "evil.test"})
    assert refused.value.response.status_code == 403


def test_behind_tls_browsers_are_told_to_stay_with_it(fresh):
    asked = "GET / HTTP/1.1\nHost: moderato.test\nConnection: close"
    assert ask_raw(fresh, asked)[1]["strict-transport-security"] is None
    assert "max-age" in ask_raw(fresh, f"{asked}\nX-Forwarded-Proto: https")[1]["strict-transport-security"]


@pytest.mark.parametrize("path", ["/", "/local/name", "/_stcore/upload_file/a/b", "/v1alpha1/comments:analyze"])
def test_no_route_takes_an_endless_body(fresh, path):
    method = "PUT" if "upload" in path else "POST"
    asked = f"{method} {path} HTTP/1.1\nHost: localhost\nContent-Length: {3 << 20}"
    assert ask_raw(fresh, asked)[0] == 413
    if "upload" not in path:  # an upload has to say how long it is
        chunked = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
        found = ask_raw(fresh, f"{method} {path} HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked", chunked * 3)
        assert found[0] in (400, 403, 405, 413)


def test_a_foreign_page_cannot_write(fresh):
    asked = "POST /nothing HTTP/1.1\nHost: localhost\nOrigin: http://evil.test\nContent-Length: 0\nConnection: close"
    assert ask_raw(fresh, asked)[0] == 403


def test_a_page_holds_no_more_than_some_uploads(fresh):
    with socket_to(fresh) as page:
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        page.send(ask.SerializeToString())
        message = ForwardMsg()
        message.ParseFromString(page.recv(timeout=20))
        session = message.new_session.initialize.session_id
        token = ask_raw(fresh, "GET /_stcore/health HTTP/1.1\nHost: localhost\nConnection: close")[1]
        xsrf = token["set-cookie"].split(";")[0].partition("=")[2]
        found = [put(fresh, session, f"f{k}", xsrf, 300_000) for k in range(12)]
        assert found[:8] == [204] * 8
        assert found[8:] == [429] * 4
        assert put(fresh, session, "f0", xsrf, 300_000) == 204  # in its own place
        assert put(fresh, session, "f0", xsrf, 3_000_000) == 413
        with socket_to(fresh) as other:
            other.send(ask.SerializeToString())
            message.ParseFromString(other.recv(timeout=20))
            session = message.new_session.initialize.session_id
            found = [put(fresh, session, f"g{k}", xsrf, 700_000) for k in range(4)]
        assert (found[0], found[-1]) == (204, 503)  # three of the largest are all that fits, of all pages together


def put(server: Server, session: str, file: str, xsrf: str, size: int) -> int:
    """The status of an upload of so many bytes."""
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'
    body = head + b"x" * size + b"\r\n--b--\r\n"
    return ask_raw(
        server,
        f"PUT /_stcore/upload_file/{session}/{file} HTTP/1.1\nHost: localhost\nConnection: close\n"
        f"Content-Type: multipart/form-data; boundary=b\nContent-Length: {len(body)}\n"
        f"Cookie: _streamlit_xsrf={xsrf}\nX-Xsrftoken: {xsrf}",
        body,
    )[0]


def test_one_address_opens_no_more_pages_than_it_may(fresh):
    with ExitStack() as pages:
        for _ in range(3):
            pages.enter_context(socket_to(fresh))
        with pytest.raises(InvalidStatus):
            socket_to(fresh)
        elsewhere = {"X-Forwarded-For": "192.0.2.9"}
        pages.enter_context(socket_to(fresh, additional_headers=elsewhere))  # a proxy on this machine says who asks
    for _ in range(50):
        try:
            with socket_to(fresh):
                break
        except InvalidStatus:
            time.sleep(0.1)
    else:
        raise AssertionError("a closed page still counts")


def test_the_fixed_choices_stand():
    chosen = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    assert chosen["client"]["allowedOrigins"] == []
    assert (chosen["client"]["showErrorDetails"], chosen["client"]["disableDataExport"]) == ("none", True)
    assert chosen["browser"]["gatherUsageStats"] is False
    assert chosen["server"]["enableXsrfProtection"]
    assert chosen["server"]["maxMessageSize"] <= 64
    assert "enableAgentApi" not in chosen["server"]


def test_streamlits_own_statistics_are_hidden(fresh):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(fresh.url + "/_stcore/metrics")
    assert refused.value.code == 404


def test_setting_the_name_from_a_foreign_page_is_refused(fresh):
    ask = urllib.request.Request(fresh.url + "/local/name", data=b"Eve", headers={"Origin": "http://evil.test"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(ask)
    assert refused.value.code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_without_accounts_no_other_address_is_served(tmp_path, host):
    environment = {**os.environ, "MODERATO_HOST": host, "MODERATO_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "cli.py", "run"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "MODERATO_HOST=127.0.0.1" in done.stderr
