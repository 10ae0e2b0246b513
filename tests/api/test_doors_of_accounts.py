"""The doors of a real server once there are accounts: without a valid cookie no page, no file, no websocket."""

import urllib.error
import urllib.request
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from api.door import Door
from core.errors import DatabaseTrouble
from core.people import People
from core.services import build_services
from core.settings import Settings
from core.sign_ins import Visitor
from tests.support.server import serving

GOOD = "correct giraffe battery waffle"


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A server with one administrator."""
    folder = tmp_path_factory.mktemp("accounts")
    wired = build_services(Settings(data_dir=folder))
    wired.people.create_first("Ada", GOOD)
    with serving(folder, embedded_worker="false") as server:
        server.wired = wired
        server.cookie = lambda: f"moderato_session_{server.port}=" + wired.sign_ins.sign_in("Ada", GOOD, Visitor("::1"))
        yield server
    wired.close()


class Unmoved(urllib.request.HTTPRedirectHandler):
    """Answers with the redirect itself."""

    def redirect_request(self, *_):
        return None


def ask(server, path, *, form=None, **headers):
    """(status, headers, text)."""
    data = urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(server.url + path, data, {k.replace("_", "-"): v for k, v in headers.items()})
    try:
        answer = urllib.request.build_opener(Unmoved).open(request)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers, answer.read().decode("utf-8", "replace")


def socket_to(server, **headers):
    url = server.url.replace("http", "ws") + "/_stcore/stream"
    options = {"origin": server.url, "compression": None, "additional_headers": headers}
    return connect(url, subprotocols=["streamlit"], **options)


@pytest.mark.parametrize("cookie", ["", "moderato_session_{port}=nonsense", "moderato_name=Ada"])
def test_a_stranger_gets_no_websocket(closed, cookie):
    with pytest.raises(InvalidStatus) as refused:
        socket_to(closed, Cookie=cookie.format(port=closed.port))
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/", "/metrics", "/queue?a=b", "/router", "/pages/people.py", "/nothing"])
def test_a_stranger_is_sent_to_sign_in_and_back_after(closed, path):
    status, headers, _ = ask(closed, path, Accept="text/html")
    assert status == 303
    assert headers["location"].startswith("/sign-in?next=%2F")
    assert ask(closed, path, Accept="text/html", Cookie=closed.cookie())[0] == 200


@pytest.mark.parametrize("path", ["/media/a.csv", "/_stcore/upload_file/a/b", "/_stcore/metrics", "/local/name", "/x"])
def test_a_stranger_gets_no_file(closed, path):
    assert ask(closed, path)[0] in (401, 404)
    assert ask(closed, path, form={})[0] in (401, 404)


def test_an_open_websocket_is_closed_when_its_sign_in_ends(closed):
    cookie = closed.cookie()
    with socket_to(closed, Cookie=cookie) as socket:
        People(closed.wired.sessions, closed.wired.settings).sign_out(
            "Ada", by=closed.wired.people.require("Ada").person
        )
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=8)
    with pytest.raises(InvalidStatus):
        socket_to(closed, Cookie=cookie)


def test_the_form_wants_its_own_page_and_leads_nowhere_else(closed):
    form = {"name": "Ada", "password": GOOD, "next": "//evil.test/"}
    assert ask(closed, "/sign-in", form=form)[0] == 403
    assert ask(closed, "/sign-in", form=form, Origin="http://evil.test")[0] == 403
    status, headers, _ = ask(closed, "/sign-in", form=form, Origin=closed.url)
    assert (status, headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(headers["set-cookie"].split("; "))
    wrong = ask(closed, "/sign-in", form={"name": "<b>x", "password": "p"}, Origin=closed.url)
    assert (wrong[0], "<b>x" in wrong[2]) == (403, False)
    assert ask(closed, "/sign-out", form={}, Origin="http://evil.test")[0] == 403


def test_setting_up_is_over(closed):
    form = {"name": "Eve", "password": GOOD, "again": GOOD}
    assert ask(closed, "/setup", Accept="text/html")[0] == 404
    assert ask(closed, "/setup", form=form, Origin=closed.url)[0] == 404


@pytest.mark.parametrize(("cookie", "status"), [(True, 200), (False, 401)])
def test_a_tab_hears_whose_it_is(closed, cookie, status):
    said = ask(closed, "/session?used=1", **({"Cookie": closed.cookie()} if cookie else {}))
    assert said[0] == status
    assert said[1]["cache-control"] == "no-store"


@pytest.mark.parametrize("size", [17_000, 200_000])
def test_a_huge_form_is_not_read(closed, size):
    assert ask(closed, "/sign-in", form={"name": "Ada", "password": "x" * size}, Origin=closed.url)[0] in (403, 429)


def test_the_first_account_is_not_made_from_a_page_of_elsewhere(tmp_path):
    with serving(tmp_path, embedded_worker="false") as server:
        form = {"name": "Eve", "password": GOOD, "again": GOOD}
        elsewhere = (
            (421, {"Origin": "http://evil.test", "Host": "evil.test"}),  # a name that is not this server's
            (403, {"Origin": "http://evil.test"}),
            (404, {"Origin": server.url, "Via": "a proxy"}),
        )
        for status, headers in elsewhere:
            assert ask(server, "/setup", form=form, **headers)[0] == status
        with pytest.raises(InvalidStatus):  # a name that an attacker pointed at this machine
            connect(
                server.url.replace("http", "ws") + "/_stcore/stream", origin=f"http://evil.test:{server.port}",
                additional_headers={"Host": f"evil.test:{server.port}"}, compression=None,
            )  # fmt: skip
        assert ask(server, "/setup", form=form, Origin=server.url)[0] == 303


def test_while_the_database_is_away_a_page_says_so_and_asks_again():
    def gone():
        raise DatabaseTrouble("The database cannot be reached.")

    wired = SimpleNamespace(sign_ins=SimpleNamespace(is_local=gone, seemed_local=False), settings=Settings())
    client = TestClient(Door(PlainTextResponse("within"), lambda: wired))
    answer = client.get("/browse", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["refresh"], "cannot be reached" in answer.text) == (503, "5", True)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream"):
        pass
