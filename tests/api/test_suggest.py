"""comments:suggestscore over HTTP; what becomes of it is tested in tests/core/test_suggestions.py."""

import pytest
from sqlalchemy import select

from core.keys import Scope
from db.models import CommentRow, DecisionRow
from db.program_models import SuggestionRow
from tests.support.programs import SUGGEST, correction, make_key


def rows(services, table):
    with services.sessions.read() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def test_the_answer_echoes_the_token_and_the_languages_asked_for(client):
    body = correction(clientToken="t1", languages=["en"], sessionId="s", context={"entries": []})
    assert client.post(SUGGEST, json=body).json() == {"clientToken": "t1", "requestedLanguages": ["en"]}
    assert client.post(SUGGEST, json=correction()).json() == {}


def test_the_source_is_the_community_or_else_the_key_s_name(client, api_services):
    client.post(SUGGEST, json=correction(communityId="  wiki\u202e\n "))
    client.post(SUGGEST, json=correction())
    assert [row.source for row in rows(api_services, CommentRow)] == ["wiki", "forum"]


def test_it_is_kept_with_its_scores_and_token(client, api_services):
    scores = {"TOXICITY": 0.75, "INSULT_EXPERIMENTAL": 1, "THREAT": 0}
    client.post(SUGGEST, json=correction(scores=scores, clientToken="t1"))
    (kept,), (entry,) = rows(api_services, SuggestionRow), rows(api_services, DecisionRow)
    assert (kept.scores, kept.client_token) == (scores, "t1")
    assert kept.given == 0b011001
    assert (entry.labels & 0b011001, entry.person) == (0b010001, "api:forum")


def test_without_trust_nothing_is_decided(stranger, api_services):
    secret = make_key(api_services, "bot", [Scope.SUGGEST])
    assert stranger.post(SUGGEST, json=correction(), params={"key": secret}).status_code == 200
    assert rows(api_services, DecisionRow) == []
    assert len(rows(api_services, SuggestionRow)) == 1


def test_html_is_kept_as_its_text(client, api_services):
    body = correction()
    body["comment"] = {"text": "<p>You <b>id</b>iot</p>", "type": "HTML"}
    client.post(SUGGEST, json=body)
    assert rows(api_services, CommentRow)[0].text == "You idiot"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (correction(""), "Comment must be non-empty."),
        (correction("x" * 20_481), "Comment text too long."),
        (correction(scores={}), "Missing attribute_scores"),
        (correction(scores={"SPAM": 1}), "Unknown requested attribute: SPAM"),
        (correction(scores={"TOXICITY": 1.5}), "The score of attribute TOXICITY does not lie between 0 and 1."),
        (
            correction(scores={"TOXICITY": True}),
            "Invalid value at 'attributeScores.TOXICITY.summaryScore.value' (TYPE_FLOAT).",
        ),
        (correction(scores={"TOXICITY": None}), "Attribute TOXICITY has no summary score."),
        (
            correction(scores={"PROFANITY": 1, "OBSCENE": 0}),
            "Attribute OBSCENE contradicts another name of the same attribute.",
        ),
        (correction(languages=["de"]), "Attribute TOXICITY does not support request languages: de"),
        (correction(doNotStore=True), 'Invalid JSON payload received. Unknown name "doNotStore": Cannot find field.'),
    ],
)
def test_errors(client, api_services, body, message):
    answer = client.post(SUGGEST, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message
    assert rows(api_services, CommentRow) == []


def test_span_scores_are_read(client, api_services):
    body = correction()
    span = {"begin": 0, "end": 3, "score": {"value": 0.5, "type": "PROBABILITY"}}
    body["attributeScores"]["TOXICITY"]["spanScores"] = [span]
    assert client.post(SUGGEST, json=body).status_code == 200


def test_without_a_live_model_nothing_is_kept(client, api_services, monkeypatch):
    monkeypatch.setattr(api_services.models, "live", lambda: None)
    assert client.post(SUGGEST, json=correction()).status_code == 503
    assert rows(api_services, SuggestionRow) == []
