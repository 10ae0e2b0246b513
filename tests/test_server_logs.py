"""A canary goes through every route, error and page of a real server: no log has it, nor any key."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
from sqlalchemy import text
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from core.accounts import local_person
from core.keys import Scope
from core.services import build_services
from core.settings import ROOT, Settings
from tests.support.queue import fill_queue, flagged
from tests.support.routes import all_routes
from tests.support.server import serving

CANARY = "canary\x1b[31m\r\nFAKE ERROR you idiot"
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem not in {"__init__", "router"})
ANALYZE, SUGGEST, COMMENTS = "/v1alpha1/comments:analyze", "/v1alpha1/comments:suggestscore", "/api/v1/comments"
PARAMETERS = re.compile(r"\{[^}]*\}")
GIVEN = {"/api/v1/comments/{id}": "/api/v1/comments/1"}


def paths() -> list[str]:
    """Every route there is, its parameters filled with canaries, and a path that none fits."""
    found = {path for kind, path in all_routes() if kind != "WebSocketRoute" and path}
    filled = {GIVEN.get(path) or PARAMETERS.sub("canary%20a", path) for path in found}
    return sorted(filled | {"/none", "/api/v1/comments/canary%20a"})


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server that logs all it can as JSON, with canaries in its queue, and a key's secret."""
    folder = tmp_path_factory.mktemp("logs")
    services = build_services(Settings(data_dir=folder))
    waiting = [replaced for one in flagged(5) if (replaced := _with_canary(one))]
    fill_queue(services.sessions, waiting)
    secret = services.keys.create("forum", list(Scope), by=local_person("Root"))[1]
    services.close()
    with serving(folder, log_format="json", log_level="DEBUG", api_store="true") as server:
        yield server, secret


def _with_canary(one):
    from dataclasses import replace

    return replace(one, text=f"{CANARY} {one.text}")


UNSEEN = {"/_stcore/metrics"}
"""Streamlit's own statistics are refused before any route is looked for."""


def send(server, path: str, method: str, body: bytes, secret: str, **query: str) -> int:
    bare = query.pop("bare", "")  # the REST API refuses parameters that it does not know
    query = "" if bare else "?" + urllib.parse.urlencode({"key": secret, "q": CANARY, **query})
    request = urllib.request.Request(f"{server.url}{path}{query}", data=body or None, method=method)
    if bare:
        request.add_header("X-API-Key", secret)
    request.add_header("Content-Type", "application/json")
    request.add_header("Referer", "http://x.test/?canary")
    request.add_header("User-Agent", "canary")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def visit(server, page: str) -> str:
    """Open a page as somebody who gave a name, with a canary in its query; all that it draws."""
    url, drawn = server.url.replace("http", "ws") + "/_stcore/stream", ""
    with connect(
        url,
        origin=server.url,
        subprotocols=["streamlit"],
        max_size=None,
        additional_headers={"Cookie": "moderato_name=Ada"},
    ) as socket:
        ask = BackMsg()
        ask.rerun_script.query_string = urllib.parse.urlencode({"q": CANARY, "search": CANARY, "comment": "1"})
        ask.rerun_script.page_name = page
        socket.send(ask.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(socket.recv(timeout=30))
            if message.WhichOneof("type") == "script_finished":
                return drawn
            drawn += str(message)


def test_no_log_has_the_canary_or_a_key(served):
    server, secret = served
    good = json.dumps({"comment": {"text": CANARY}, "requestedAttributes": {"TOXICITY": {}}}).encode()
    scored = {"comment": {"text": CANARY}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}
    bodies = (good, json.dumps(scored).encode(), f'{{"comment": {CANARY}'.encode(), CANARY.encode(), b"\xff", b"")
    seen = {send(server, ANALYZE, "POST", good, secret), send(server, SUGGEST, "POST", bodies[1], secret)}
    comments = {"source": "canary", "comments": [{"external_id": CANARY, "text": CANARY, "author": "canary"}] * 2}
    bodies = (*bodies, json.dumps(comments).encode(), json.dumps({"texts": [CANARY]}).encode())
    form = urllib.parse.urlencode({"name": CANARY, "password": "canary canary", "again": CANARY}).encode()
    assert 200 in {send(server, COMMENTS, "POST", body, secret, bare="1") for body in bodies}
    for path in paths():
        own = path.startswith(("/v1alpha1", "/api/v1"))
        for method in ("GET", "POST", "PUT", "BREW"):
            posted = bodies if own else (good, form, b"\xff")
            seen |= {
                send(server, path, method, body, secret, fields=CANARY)
                for body in (posted if method == "POST" else (b"",))
            }
    assert {200, 400} <= seen
    assert "canary" in visit(server, "queue"), "the page has it: the test sees what it is for"
    for page in PAGES:
        visit(server, page)
    done = server.run("doctor")
    told = server.log.read_text() + done.stdout + done.stderr
    for log in (server.data_dir / "logs").glob("*"):
        told += log.read_text()
    assert "canary" not in told.lower()
    assert "FAKE" not in told
    assert secret not in told
    assert urllib.parse.quote(secret) not in told
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["logger"] == "moderato.requests"]
    for route in (ANALYZE, COMMENTS):
        assert any(one.get("key") == "forum" and one["route"] == route and one["status"] == 200 for one in requests)
    assert {one["route"] for one in requests} >= {path for kind, path in all_routes() if kind == "Route"} - UNSEEN
    assert all(re.fullmatch(r"[\w/:{}$.-]+", line["route"]) for line in requests)
    other = [line for line in server.log.read_text().splitlines() if not line.startswith("{")]
    assert len(other) <= 2, "all but what is said before the settings are read is JSON"


def test_the_services_wrote_what_programs_sent(served):
    """The canary did go through storing: else the test above proves less than it says."""
    server, _ = served
    services = build_services(Settings(data_dir=server.data_dir))
    with services.sessions.read() as session:
        found = session.scalar(text("SELECT count(*) FROM comment WHERE text LIKE '%canary%'"))
    services.close()
    assert found >= 6


def test_health_as_a_load_balancer_asks(served):
    server, secret = served
    with urllib.request.urlopen(f"{server.url}/readyz") as answer:
        assert json.load(answer) == {"ready": True, "not_ready": []}
    page = urllib.request.Request(f"{server.url}/metrics", headers={"Accept": "text/html"})
    with urllib.request.urlopen(page) as answer:
        assert b"<html" in answer.read(), "the dashboard's page of that name"
    figures = urllib.request.Request(f"{server.url}/metrics", headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(figures) as answer:
        assert b"moderato_database_up 1.0" in answer.read()


def test_nobody_restores_beneath_a_running_server(served):
    server, _ = served
    assert server.run("backup", str(server.data_dir / "b.tar")).returncode == 0
    done = server.run("restore", str(server.data_dir / "b.tar"))
    assert done.returncode == 1
    assert "Stop the dashboard" in done.stderr
