"""The doors of the real server: who has not given a name sees no page, and only Moderato's own pages may talk to it."""

import os
import subprocess
import sys
import urllib.error
import urllib.request

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
]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A server that nobody has signed in to."""
    with serving(tmp_path_factory.mktemp("doors"), embedded_worker="false") as server:
        yield server


def socket_to(server: Server, **options):
    options = {"origin": server.url, **options}
    url = server.url.replace("http", "ws") + "/_stcore/stream"
    return connect(url, subprotocols=["streamlit"], max_size=None, compression=None, **options)


def visit(server: Server, page: str) -> tuple[list[str], str]:
    """Kinds of elements that a visitor without a cookie is sent, and everything as one text."""
    kinds, everything = [], ""
    with socket_to(server) as socket:
        ask = BackMsg()
        ask.rerun_script.query_string = ""
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
