"""Who may call: keys, scopes, limits, other sites' pages, and this machine before there is a key."""

import pytest
from starlette.testclient import TestClient

from core.accounts import local_person
from core.keys import Scope
from tests.support.programs import ANALYZE, SUGGEST, application, correction, make_key, question

DISCOVERY = "/$discovery/rest?version=v1alpha1"


def error(answer, code):
    assert answer.status_code == code, answer.text
    return answer.json()["error"]


def here(services, host="127.0.0.1:8501", peer="127.0.0.1"):
    return TestClient(application(services), base_url=f"http://{host}", client=(peer, 5))


def test_without_a_key_nothing_is_done_for_others(stranger):
    for path, body in ((ANALYZE, question()), (SUGGEST, correction())):
        found = error(stranger.post(path, json=body), 403)
        assert found["status"] == "PERMISSION_DENIED"
        assert found["message"].startswith("Method doesn't allow unregistered callers")


@pytest.mark.parametrize("how", ["query", "header"])
def test_a_key_comes_in_the_query_or_the_header(stranger, api_services, how):
    secret = make_key(api_services)
    carried = {"params": {"key": secret}} if how == "query" else {"headers": {"X-goog-api-key": secret}}
    assert stranger.post(ANALYZE, json=question(), **carried).status_code == 200
    wrong = {"params": {"key": "AIza" + "x" * 35}} if how == "query" else {"headers": {"X-goog-api-key": secret + "x"}}
    found = error(stranger.post(ANALYZE, json=question(), **wrong), 400)
    assert (found["status"], found["message"]) == (
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
    )
    assert found["details"][0]["reason"] == "API_KEY_INVALID"


def test_a_revoked_key_is_refused_at_once(client, api_services):
    assert client.post(ANALYZE, json=question()).status_code == 200
    api_services.keys.revoke("forum", by=local_person("Root"))
    assert "not valid" in error(client.post(ANALYZE, json=question()), 400)["message"]


def test_a_key_does_what_its_scopes_say(stranger, api_services):
    reader, scorer = (
        make_key(api_services, name, [scope]) for name, scope in (("r", Scope.READ), ("a", Scope.ANALYZE))
    )
    assert "scope analyze" in error(stranger.post(ANALYZE, json=question(), params={"key": reader}), 403)["message"]
    assert "scope suggest" in error(stranger.post(SUGGEST, json=correction(), params={"key": scorer}), 403)["message"]


def test_a_key_s_limits_are_told_with_when_to_come_back(stranger, api_services):
    slow, small = make_key(api_services, "slow", rate=0.01), make_key(api_services, "small", daily=1)
    for secret, words in ((slow, "rate of 0.01"), (small, "daily quota of 1")):
        assert stranger.post(ANALYZE, json=question(), params={"key": secret}).status_code == 200
        answer = stranger.post(ANALYZE, json=question(), params={"key": secret})
        found = error(answer, 429)
        assert found["status"] == "RESOURCE_EXHAUSTED"
        assert words in found["message"]
        assert int(answer.headers["retry-after"]) > 1


def test_this_machine_needs_no_key_until_there_is_one(api_services):
    with here(api_services) as client:
        assert client.post(ANALYZE, json=question()).status_code == 200
        assert client.post(ANALYZE, json=question(), params={"key": "whatever its client sends"}).status_code == 200
        assert client.get(DISCOVERY + "&key=x").status_code == 200
        error(client.post(SUGGEST, json=correction()), 403)
        secret = make_key(api_services)
        error(client.post(ANALYZE, json=question()), 403)
        api_services.keys.revoke("forum", by=local_person("Root"))
        error(client.post(ANALYZE, json=question()), 403)
        error(client.post(ANALYZE, json=question(), params={"key": secret}), 400)


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        ("192.0.2.7", "127.0.0.1:8501", {}),
        ("127.0.0.1", "evil.test", {}),
        ("127.0.0.1", "127.0.0.1:8501", {"Origin": "http://evil.test"}),
        ("127.0.0.1", "127.0.0.1:8501", {"Origin": "null"}),
        ("127.0.0.1", "127.0.0.1:8501", {"X-Forwarded-For": "192.0.2.7"}),
        ("127.0.0.1", "127.0.0.1:8501", {"Forwarded": "for=192.0.2.7"}),
        ("127.0.0.1", "127.0.0.1:8501", {"Via": "1.1 proxy"}),
    ],
)
def test_no_other_machine_page_or_proxy_passes_for_this_machine(api_services, peer, host, headers):
    with here(api_services, host, peer) as client:
        error(client.post(ANALYZE, json=question(), headers=headers), 403)


@pytest.mark.with_settings(api_store=True)
def test_what_is_tried_without_a_key_is_never_kept(api_services):
    with here(api_services) as client:
        assert client.post(ANALYZE, json=question()).status_code == 200
        client.portal.call(client.app.state.programs.close)
    assert not api_services.intake.has_comments()


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-goog-api-key"}


@pytest.mark.with_settings(api_origins="https://forum.example, https://wiki.example/")
def test_pages_of_configured_origins_may_read_answers(client):
    for origin in ("https://forum.example", "https://wiki.example"):
        before = client.options(ANALYZE, headers={"Origin": origin, **PREFLIGHT})
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == origin
        assert "x-goog-api-key" in before.headers["access-control-allow-headers"].lower()
        assert "access-control-allow-credentials" not in before.headers
        answer = client.post(ANALYZE, json=question(), headers={"Origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        wrong = client.post(ANALYZE, content="nonsense", headers={"Origin": origin})
        assert wrong.headers["access-control-allow-origin"] == origin
    assert client.options(ANALYZE, headers={"Origin": "https://evil.example", **PREFLIGHT}).status_code == 400
    assert (
        "access-control-allow-origin"
        not in client.post(ANALYZE, json=question(), headers={"Origin": "https://evil.example"}).headers
    )


def test_by_default_no_other_site_s_page_may(client):
    assert client.options(ANALYZE, headers={"Origin": "https://forum.example", **PREFLIGHT}).status_code == 400
    answer = client.post(ANALYZE, json=question(), headers={"Origin": "https://forum.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_the_discovery_document_names_this_server(client, stranger):
    found = client.get(DISCOVERY).json()
    assert found["rootUrl"] == "http://moderato.test/"
    assert set(found["resources"]["comments"]["methods"]) == {"analyze", "suggestscore"}
    assert {"AnalyzeCommentRequest", "SuggestCommentScoreResponse"} <= set(found["schemas"])
    del stranger.headers["x-goog-api-key"]
    assert stranger.get(DISCOVERY).status_code == 200
    assert "not valid" in error(stranger.get(DISCOVERY + "&key=wrong"), 400)["message"]
    error(stranger.get("/$discovery/rest?version=v9"), 404)


def test_every_reference_of_the_discovery_document_leads_somewhere(client):
    found = client.get(DISCOVERY).json()
    text = str(found)
    names = {part.split("'")[0] for part in text.split("{'$ref': '")[1:]}
    assert names
    assert names <= set(found["schemas"])


def test_what_there_is_not_is_told_in_the_same_shape(client):
    assert error(client.post("/v1alpha1/comments:nothing", json={}), 404)["status"] == "NOT_FOUND"
    error(client.get("/v1alpha1/comments:analyze/x"), 404)
