"""Public clients as they are, pointed at a running server: only the address differs."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import select

from core.keys import Scope
from core.settings import Settings
from db.models import CommentRow, DecisionRow
from db.program_models import SuggestionRow
from db.session import Sessions, build_engine
from tests.support.server import serving

GOOGLE = "https://commentanalyzer.googleapis.com"
TEXT = "what kind of idiot name is foo?"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real dashboard that keeps what it may, with a key that a moderator's program has."""
    with serving(tmp_path_factory.mktemp("clients"), api_store="true", log_level="DEBUG") as made:
        scopes = [f"--scope={scope}" for scope in (Scope.ANALYZE, Scope.TRUSTED)]
        made.key = made.run("keys", "create", "forum", *scopes, "--rate", "0").stdout.strip()
        assert made.key.startswith("mod_")
        yield made


def rows(server, table):
    engine = build_engine(Settings(data_dir=server.data_dir).url)
    with Sessions(engine).read() as session:
        found = list(session.scalars(select(table).order_by(table.id)))
    engine.dispose()
    return found


def eventually(check, seconds=10):
    until = time.monotonic() + seconds
    while not check() and time.monotonic() < until:
        time.sleep(0.1)
    assert check()


def test_google_s_python_client_through_the_discovery_document(server):
    from googleapiclient.discovery import build
    from googleapiclient.errors import HttpError

    client = build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=server.key,
        discoveryServiceUrl=f"{server.url}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    )
    asked = {"comment": {"text": TEXT}, "requestedAttributes": {"TOXICITY": {}, "THREAT": {}}, "languages": ["en"]}
    found = client.comments().analyze(body=asked | {"spanAnnotations": True}).execute()
    assert found["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.5
    assert found["languages"] == ["en"]
    part = client.comments().analyze(body=asked, fields="attributeScores/THREAT/summaryScore/value").execute()
    assert list(part["attributeScores"]) == ["THREAT"]
    given = {"TOXICITY": {"summaryScore": {"value": 0}}}
    body = {"comment": {"text": "From Google's client"}, "attributeScores": given, "clientToken": "g1"}
    assert client.comments().suggestscore(body=body).execute() == {"clientToken": "g1"}
    assert any(row.client_token == "g1" and row.decision_id for row in rows(server, SuggestionRow))
    with pytest.raises(HttpError) as refused:
        client.comments().analyze(body={"comment": {"text": TEXT}}).execute()
    assert (refused.value.status_code, refused.value.reason) == (400, "Missing requested_attributes")
    assert refused.value.error_details[0]["errorType"] == "NO_REQUESTED_ATTRIBUTES"
    with pytest.raises(HttpError, match=r"API key not valid\. Please pass a valid API key\."):
        build(
            "commentanalyzer", "v1alpha1", developerKey="AIza", static_discovery=False,
            discoveryServiceUrl=f"{server.url}/$discovery/rest?version=v1alpha1",
        )  # fmt: skip


def test_perspectiveapi_from_pypi(server):
    """Its address stands in its code, so the transport of its own HTTP client is pointed elsewhere."""
    script = f"""
import httpx
class Elsewhere(httpx.HTTPTransport):
    def handle_request(self, request):
        assert str(request.url).startswith({GOOGLE!r})
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port={server.port})
        request.headers["host"] = "127.0.0.1:{server.port}"
        return super().handle_request(request)
import perspective.blocking as client
made = client.Perspective(key={server.key!r})
made._Perspective__client = httpx.Client(transport=Elsewhere())
found = made.score({TEXT!r}, attributes=[client.Attribute.TOXICITY, client.Attribute.THREAT])
assert found.toxicity > 0.5 > found.threat, (found.toxicity, found.threat)
print("scored")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "scored\n", done.stderr


def test_perspective_api_client_from_npm(server, tmp_path):
    """Its address stands in its code, so an interceptor of its own HTTP library points it elsewhere."""
    if not shutil.which("npm"):
        pytest.skip("needs node and npm: install them to run this test")
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "perspective-api-client@3.1.0"]
    done = subprocess.run(install, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip("needs the npm registry, which cannot be reached")
    script = f"""
const axios = require("axios")
axios.interceptors.request.use((config) => {{
  config.url = config.url.replace({json.dumps(GOOGLE)}, {json.dumps(server.url)})
  return config
}})
const Perspective = require("perspective-api-client")
const client = new Perspective({{ apiKey: {json.dumps(server.key)} }})
async function main() {{
  const found = await client.analyze("<b>what kind</b> of idiot name is foo?", {{ attributes: ["toxicity", "insult"] }})
  const refused = await client.analyze("x", {{ attributes: ["flirtation"] }}).catch((error) => error)
  console.log(JSON.stringify([found.attributeScores.TOXICITY.summaryScore.value, refused.name, refused.message]))
}}
main()
"""
    run = subprocess.run(["node", "-e", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    value, name, message = json.loads(run.stdout)
    assert value > 0.5
    assert (name, message) == ("ResponseError", "Unknown requested attribute: FLIRTATION")


def test_curl_as_in_the_old_quick_start(server):
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    body = '{comment: {text: "' + TEXT + '"},\n languages: ["en"],\n requestedAttributes: {TOXICITY:{}} }'
    url = f"{server.url}/v1alpha1/comments:analyze?key={server.key}"
    command = ["curl", "-sS", "-H", "Content-Type: application/json", "--data", body, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.5


def test_the_dashboard_s_own_doors_stay_shut(server):
    """The dialect's routes are for programs; the pages' guard and headers hold as before."""
    with urllib.request.urlopen(f"{server.url}/$discovery/rest?version=v1alpha1") as answer:
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    ask = urllib.request.Request(server.url + "/local/name", data=b"Eve", headers={"Origin": "http://evil.test"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(ask)
    assert refused.value.code == 403


def post(server, path, body):
    ask = urllib.request.Request(f"{server.url}{path}?key={server.key}", data=json.dumps(body).encode())
    try:
        with urllib.request.urlopen(ask, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_do_not_store_leaves_no_trace_and_else_it_is_kept_as_traffic(server):
    """The server keeps and logs what it may; of these texts nothing is in any file, whether the request succeeds."""
    path = "/v1alpha1/comments:analyze"
    asked = {"comment": {"text": "Zebrafink one. Zebrafink two, you idiot."}, "requestedAttributes": {"TOXICITY": {}}}
    never = asked | {"doNotStore": True}
    assert post(server, path, never | {"spanAnnotations": True, "context": {"entries": [{"text": "Zebrafink"}]}}) == 200
    wrong = {"comment": {"text": "<p>Zebrafink", "type": "HTML"}, "doNotStore": True}
    failing = [
        wrong,
        never | {"languages": ["fr"]},
        never | {"requestedAttributes": {"Zebrafink": {}}},
        never | {"Zebrafink": 1},
        never | {"comment": {"text": "Zebrafink" * 4_000}},
        never | {"comment": {"text": ["Zebrafink"]}},
    ]
    assert {post(server, path, body) for body in failing} == {400}
    kept = asked | {"comment": {"text": "Rohrdommel is a bird"}, "communityId": "birds", "clientToken": "r1"}
    assert post(server, path, kept) == post(server, path, kept) == 200
    eventually(lambda: [row.source for row in rows(server, CommentRow) if "Rohrdommel" in row.text] == ["birds"])
    assert b"Rohrdommel" in everything(server.data_dir)
    assert b"Zebrafink" not in everything(server.data_dir)
    assert "Rohrdommel" not in server.log.read_text()


def everything(folder: Path) -> bytes:
    """All bytes of all files: database, its log of writes, server's log, reports."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_key_revoked_by_the_command_is_refused_by_the_server(server):
    secret = server.run("keys", "create", "short-lived", "--scope", "analyze").stdout.strip()
    ask = urllib.request.Request(
        f"{server.url}/v1alpha1/comments:analyze", headers={"X-goog-api-key": secret},
        data=json.dumps({"comment": {"text": "x"}, "requestedAttributes": {"TOXICITY": {}}}).encode(),
    )  # fmt: skip
    assert urllib.request.urlopen(ask).status == 200
    assert "is revoked" in server.run("keys", "revoke", "short-lived").stdout
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(ask)
    assert refused.value.code == 400
    listed = server.run("keys", "list").stdout
    assert "short-lived  mod_" in listed
    assert "revoked" in listed
    assert secret not in listed + server.log.read_text()


def test_what_moderators_said_through_a_program_reaches_the_export(server, tmp_path):
    given = {"TOXICITY": {"summaryScore": {"value": 1}}, "INSULT": {"summaryScore": {"value": 1}}}
    body = {"comment": {"text": "Kiebitz, you fool"}, "attributeScores": given, "communityId": "birds"}
    assert post(server, "/v1alpha1/comments:suggestscore", body) == 200
    assert any(row.person == "api:forum" for row in rows(server, DecisionRow))
    out = tmp_path / "out.jsonl"
    done = server.run("export", str(out), "--purpose", "training")
    assert done.returncode == 0, done.stderr
    (row,) = [
        found for line in out.read_text().splitlines() if "Kiebitz" in (found := json.loads(line))["comment_text"]
    ]
    assert (row["moderator"], row["suggested_by"], row["source"]) == ("api:forum", "forum", "birds")
    assert (row["toxic"], row["insult"]) == (1, 1)


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch):
    """Clients must not go round by a proxy of this machine's environment."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
