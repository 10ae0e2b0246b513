"""Whatever is sent, the answer is an error of the caller or scores, in Google's shape, and never a 500."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.perspective.attributes import ATTRIBUTES
from tests.support.programs import ANALYZE, SUGGEST

ODD = st.text(max_size=20) | st.sampled_from(
    ["", "\ud83d", "\0", "🙂" * 9, "\u202e", "<p>&#0;", "{a:1}", "PLAIN_TEXT", "HTML"]
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*ATTRIBUTES, "FLIRTATION", ""])
SCORE = st.fixed_dictionaries({}, optional={"value": st.floats(-1, 2) | VALUE, "type": ODD})
TEXT_ENTRY = st.fixed_dictionaries({}, optional={"text": ODD | VALUE, "type": ODD}) | VALUE
COMMON = {
    "comment": TEXT_ENTRY,
    "languages": st.lists(st.sampled_from(["en", "fr", "", "en-Latn"])) | VALUE,
    "context": st.fixed_dictionaries({}, optional={"entries": st.lists(TEXT_ENTRY, max_size=2), "x": VALUE}) | VALUE,
    "clientToken": ODD | VALUE,
    "communityId": ODD | VALUE,
}
ANALYSIS = {
    "requestedAttributes": st.dictionaries(
        NAMES, st.fixed_dictionaries({}, optional={"scoreThreshold": VALUE, "scoreType": ODD}) | VALUE, max_size=3
    )
    | VALUE,
    "doNotStore": st.booleans() | VALUE,
    "spanAnnotations": st.booleans() | VALUE,
    "do_not_store": VALUE,
}
SUGGESTION = {
    "attributeScores": st.dictionaries(
        NAMES,
        st.fixed_dictionaries({}, optional={"summaryScore": SCORE | VALUE, "spanScores": VALUE}) | VALUE,
        max_size=3,
    )
    | VALUE
}
OFTEN = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def check(answer):
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        error = answer.json()["error"]
        assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
        assert error["message"]


@OFTEN
@given(body=st.fixed_dictionaries({}, optional=COMMON | ANALYSIS) | VALUE)
def test_analyze(client, body):
    check(client.post(ANALYZE, content=json.dumps(body)))


@OFTEN
@given(body=st.fixed_dictionaries({}, optional=COMMON | SUGGESTION))
def test_suggest(client, body):
    check(client.post(SUGGEST, content=json.dumps(body)))


@OFTEN
@given(body=st.binary(max_size=200) | st.text(alphabet="{}[]:,'\"\\ab1 \n", max_size=60).map(str.encode))
def test_any_bytes(client, body):
    check(client.post(ANALYZE, content=body))


@OFTEN
@given(fields=st.text(alphabet="abc/(),* attributeScores", max_size=40))
def test_any_fields(client, fields):
    check(
        client.post(
            ANALYZE, params={"fields": fields}, json={"comment": {"text": "x"}, "requestedAttributes": {"THREAT": {}}}
        )
    )


@pytest.mark.parametrize("query", ["key=%ff", "key=", "fields=%00", "alt=", "prettyPrint=maybe", "a=b&a=c", "%", "&&&"])
def test_odd_queries(client, query):
    assert client.post(f"{ANALYZE}?{query}", json={}).status_code == 400
