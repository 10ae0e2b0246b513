"""Who may use the REST API, what is asked of a request, and that everything beneath /api/v1 answers with problems."""

import json
import re

import pytest
from starlette.testclient import TestClient

from api.guard import CSP
from api.rest.openapi import openapi_document
from api.rest.operations import OPERATIONS
from api.rest.problems import KINDS
from core.accounts import local_person
from core.keys import Scope
from tests.support.programs import application, make_key

API = "/api/v1"
COMMENTS = {"comments": [{"external_id": "1", "text": "Well said."}]}


def problem(answer, status, name):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (found["status"], found["type"]) == (status, f"{API}/docs#problem-{name}")
    assert found["title"]
    assert found["detail"]
    return found


def ask(client, operation, **options):
    return client.request(operation.method, API + operation.path.replace("{id}", "1"), **options)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_operation_needs_a_key_with_its_scope(stranger, api_services, operation):
    answer = ask(stranger, operation)
    problem(answer, 401, "no-key")
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    others = make_key(api_services, "others", [scope for scope in Scope if scope is not operation.scope])
    found = problem(ask(stranger, operation, headers={"X-API-Key": others}), 403, "not-in-scope")
    assert str(operation.scope) in found["detail"]
    ours = make_key(api_services, "ours", [operation.scope])
    assert ask(stranger, operation, headers={"X-API-Key": ours}).status_code not in (401, 403)


@pytest.mark.parametrize(
    "carried",
    [lambda s: {"Authorization": f"Bearer {s}"}, lambda s: {"authorization": f"bearer  {s}"},
     lambda s: {"X-API-Key": s}, lambda s: {"X-goog-api-key": s}],
    ids=["bearer", "lower", "header", "google"],
)  # fmt: skip
def test_a_key_comes_in_several_headers(stranger, api_services, carried):
    secret = make_key(api_services)
    assert stranger.get(f"{API}/models", headers=carried(secret)).status_code == 200
    answer = stranger.get(f"{API}/models", headers=carried(secret + "x"))
    problem(answer, 401, "bad-key")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert secret not in answer.text


def test_a_revoked_key_is_refused_at_once(client, api_services):
    assert client.get(f"{API}/models").status_code == 200
    api_services.keys.revoke("forum", by=local_person("Root"))
    problem(client.get(f"{API}/models"), 401, "bad-key")


def test_rate_and_quota(stranger, api_services):
    for name, limits in (("slow", {"rate": 0.5}), ("few", {"daily": 1})):
        stranger.headers["X-API-Key"] = make_key(api_services, name, **limits)
        assert stranger.get(f"{API}/models").status_code == 200
        answer = stranger.get(f"{API}/models")
        problem(answer, 429, "over-limit")
        assert int(answer.headers["retry-after"]) >= 1


def test_this_machine_needs_no_key_until_the_first_is_made(api_services):
    def here(**more):
        return TestClient(application(api_services), base_url="http://127.0.0.1:8501", client=("127.0.0.1", 5), **more)

    with here() as client:
        assert client.post(f"{API}/comments", json=COMMENTS).json()["source"] == "api"
        problem(client.get(f"{API}/models", headers={"Origin": "https://evil.example"}), 401, "no-key")
        problem(client.get(f"{API}/models", headers={"X-Forwarded-For": "203.0.113.9"}), 401, "no-key")
        make_key(api_services)
        problem(client.get(f"{API}/models"), 401, "no-key")


@pytest.mark.with_settings(api_origins="https://forum.example")
def test_pages_of_configured_sites_may_read_the_answers(client):
    origin = {"Origin": "https://forum.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    allowed = client.options(f"{API}/comments", headers=origin | asked)
    assert allowed.headers["access-control-allow-origin"] == "https://forum.example"
    answer = client.get(f"{API}/models", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://forum.example"
    other = client.get(f"{API}/models", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("path", ["/nothing", "/comments/1/2", "/", "/models/x/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_other_addresses_are_problems(client, method, path):
    problem(client.request(method, API + path), 404, "not-found")


def test_other_methods_are_problems(client):
    answer = client.delete(f"{API}/comments")
    problem(answer, 405, "bad-method")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    problem(client.request("FOO", f"{API}/models"), 405, "bad-method")
    assert client.head(f"{API}/models").status_code == 200
    assert client.options(f"{API}/models").headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"), (b"{", "line 1"), (b'{"comments": NaN}', "NaN"), (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1, "a": 2}', "'a' twice"), (b"\xff", "not UTF-8"), (b"[" * 200_000, "nested"),
        (b'{"comments": ' + b"9" * 5_000 + b"}", "digits"), (b"{'a': 1}", "not JSON"),
    ],
    ids=["none", "cut", "nan", "infinity", "twice", "bytes", "deep", "digits", "quotes"],
)  # fmt: skip
def test_bad_json(client, body, words):
    answer = client.post(f"{API}/comments", content=body, headers={"Content-Type": "application/json"})
    assert words in problem(answer, 400, "bad-json")["detail"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json; charset=latin-1"},
     {"Content-Type": "application/json", "Content-Encoding": "gzip"}],
    ids=["none", "text", "latin", "gzip"],
)  # fmt: skip
def test_a_body_says_that_it_is_json(client, headers):
    problem(client.post(f"{API}/comments", content=json.dumps(COMMENTS).encode(), headers=headers), 415,
            "bad-content-type")  # fmt: skip


def test_a_body_has_a_size(client):
    body = b'{"texts": ["' + b"x" * 2**19 + b'"]}'
    answer = client.post(f"{API}/score", content=body, headers={"Content-Type": "application/json"})
    assert "524,288 bytes" in problem(answer, 413, "too-large")["detail"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("limit=0", "limit"), ("limit=1001", "limit"), ("after=-1", "after"), ("after=1_0", "after"),
     ("after=" + "9" * 30, "after"), ("after=1.0", "after"), ("limit=1&limit=2", "limit"), ("sinse=3", "sinse"),
     ("source=", "source"), ("source=%00", "source")],
)  # fmt: skip
def test_bad_parameters_are_named(client, query, parameter):
    found = problem(client.get(f"{API}/decisions?{query}"), 422, "invalid")
    assert [error["parameter"] for error in found["errors"]] == [parameter]


def test_a_failure_is_told_to_the_log_alone(client, api_services, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("the text of a comment")

    monkeypatch.setattr(api_services.program_reads, "by_id", fail)
    answer = client.get(f"{API}/comments/1")
    problem(answer, 500, "internal")
    assert "the text" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_the_document_and_its_page_need_no_key_and_nothing_from_elsewhere(stranger):
    assert stranger.get(f"{API}/openapi.json").json() == openapi_document()
    page = stranger.get(f"{API}/docs").text
    assert stranger.get(API, follow_redirects=False).headers["location"] == f"{API}/docs"
    assert "<script" not in page
    assert "style-src 'self' 'unsafe-inline'" in CSP
    assert set(re.findall(r'(?:src|href)="([^"#]+)', page)) == {"data:,", f"{API}/openapi.json"}


def test_the_page_has_what_the_document_has_and_its_links_lead_somewhere(stranger):
    page = stranger.get(f"{API}/docs").text
    there = re.findall(r'id="([^"]+)"', page)
    assert len(there) == len(set(there))
    wanted = {kind.type.partition("#")[2] for kind in KINDS} | {operation.name for operation in OPERATIONS}
    wanted |= set(openapi_document()["components"]["schemas"])
    assert wanted <= set(there)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(there)
