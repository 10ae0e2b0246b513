"""comments:analyze, field by field and error by error."""

import json
import threading

import numpy as np
import pytest

from api.perspective.attributes import ATTRIBUTES
from core.labels import LABELS
from core.old_scale import to_ranks
from core.scoring.load import load_scorer
from tests.support.programs import ANALYZE, question

TEXT = "You are an idiot."


def ask(client, body, **params):
    return client.post(
        ANALYZE, params=params, **({"content": body} if isinstance(body, str | bytes) else {"json": body})
    )


def value(answer, name="TOXICITY"):
    return answer.json()["attributeScores"][name]["summaryScore"]["value"]


def error(answer, code=400):
    assert answer.status_code == code, answer.text
    found = answer.json()["error"]
    assert found["code"] == code
    return found


@pytest.fixture
def scores(api_services):
    scorer = load_scorer(api_services.registry.require_live(), threads=1)
    return lambda text: dict(zip(LABELS, scorer.score([text])[0].tolist(), strict=True))


def test_every_attribute_old_and_experimental_is_its_label_s_probability(client, scores):
    answer = ask(client, question(TEXT, *ATTRIBUTES)).json()["attributeScores"]
    assert len(ATTRIBUTES) == 14
    known = scores(TEXT)
    for name, label in ATTRIBUTES.items():
        found = answer[name]["summaryScore"]
        assert found == {"value": pytest.approx(known[label], abs=1e-5), "type": "PROBABILITY"}
        assert answer[name]["spanScores"] == [{"begin": 0, "end": 17, "score": found}]


def test_the_answer_has_nothing_that_was_not_asked_for(client):
    answer = ask(client, question(TEXT, languages=["en"], clientToken="t1", sessionId="s")).json()
    assert list(answer) == ["attributeScores", "languages", "clientToken"]
    assert (answer["languages"], answer["clientToken"]) == (["en"], "t1")
    assert list(ask(client, question(TEXT)).json()) == ["attributeScores", "languages"]


def test_sentences_have_spans_in_utf_16_units(client, scores):
    text = "Hi 🙂 there. You idiot! 🙂"
    spans = ask(client, question(text, spanAnnotations=True)).json()["attributeScores"]["TOXICITY"]["spanScores"]
    units = text.encode("utf-16-le")
    parts = [units[2 * span["begin"] : 2 * span["end"]].decode("utf-16-le") for span in spans]
    assert parts == ["Hi 🙂 there.", "You idiot!", "🙂"]
    for part, span in zip(parts, spans, strict=True):
        assert span["score"]["value"] == pytest.approx(scores(part)["toxic"], abs=1e-5)
    whole = ask(client, question(text)).json()["attributeScores"]["TOXICITY"]
    assert [(span["begin"], span["end"]) for span in whole["spanScores"]] == [(0, len(units) // 2)]
    assert whole["summaryScore"]["value"] == pytest.approx(scores(text)["toxic"], abs=1e-5)


def test_html_is_scored_as_its_text_and_spans_point_into_the_source(client, scores):
    source = "<p>Hello &amp; welcome.</p><p>You <b>id</b>iot</p>"
    body = question(source, spanAnnotations=True)
    body["comment"]["type"] = "HTML"
    found = ask(client, body).json()["attributeScores"]["TOXICITY"]
    parts = [source[span["begin"] : span["end"]] for span in found["spanScores"]]
    assert parts == ["Hello &amp; welcome.", "You <b>id</b>iot"]
    assert found["spanScores"][1]["score"]["value"] == pytest.approx(scores("You idiot")["toxic"], abs=1e-5)


def test_a_plain_text_keeps_its_tags(client, scores):
    assert value(ask(client, question("<b>idiot"))) == pytest.approx(scores("<b>idiot")["toxic"], abs=1e-5)


def test_an_attribute_below_its_threshold_is_left_out(client):
    body = question("Thank you.", "TOXICITY", "INSULT")
    body["requestedAttributes"]["INSULT"] = {"scoreThreshold": 0.9, "scoreType": "PROBABILITY"}
    assert list(ask(client, body).json()["attributeScores"]) == ["TOXICITY"]
    body["requestedAttributes"]["INSULT"] = {"scoreThreshold": "0.0"}
    assert list(ask(client, body).json()["attributeScores"]) == ["TOXICITY", "INSULT"]


def test_snake_case_null_and_relaxed_json_are_read_as_google_reads_them(client):
    snake = {"comment": {"text": TEXT}, "requested_attributes": {"TOXICITY": None}, "do_not_store": True}
    assert ask(client, snake | {"context": None, "languages": None}).status_code == 200
    quick_start = """{comment: {text: "what kind of idiot name is foo?"},
          languages: ["en"],
          requestedAttributes: {TOXICITY:{}} }"""
    assert value(ask(client, quick_start)) > 0.5
    assert ask(client, """{'comment': {'text': 'it\\'s "so" good: {a: b}'}, requestedAttributes: {TOXICITY: {}}}""")


def test_a_character_cut_in_two_is_scored(client):
    body = json.dumps(question("You idiot \ud83d"))
    assert "\\ud83d" in body
    assert value(ask(client, body)) > 0.5


def test_context_is_read_and_not_used(client):
    entries = {"entries": [{"text": "x", "type": "PLAIN_TEXT"}]}
    about = {"articleAndParentComment": {"article": {"text": "a"}, "parentComment": {"text": "p", "type": "HTML"}}}
    plain = value(ask(client, question(TEXT)))
    assert value(ask(client, question(TEXT, context=entries))) == pytest.approx(plain)
    assert value(ask(client, question(TEXT, context=about))) == pytest.approx(plain)


CASES = {
    "empty": (question(""), "COMMENT_EMPTY", "Comment must be non-empty."),
    "white": (question(" \n\t"), "COMMENT_EMPTY", "Comment must be non-empty."),
    "no comment": ({"requestedAttributes": {"TOXICITY": {}}}, "COMMENT_EMPTY", "Comment must be non-empty."),
    "tags alone": (
        {"comment": {"text": "<br><p></p>", "type": "HTML"}, "requestedAttributes": {"TOXICITY": {}}},
        "COMMENT_EMPTY",
        "Comment must be non-empty.",
    ),
    "too long": (question("é" * 10_241), "COMMENT_TOO_LONG", "Comment text too long."),
    "no attributes": ({"comment": {"text": "x"}}, "NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes"),
    "none of them": (
        {"comment": {"text": "x"}, "requestedAttributes": {}},
        "NO_REQUESTED_ATTRIBUTES",
        "Missing requested_attributes",
    ),
    "unknown": (question("x", "FLIRTATION"), "INVALID_REQUEST", "Unknown requested attribute: FLIRTATION"),
    "lower case": (question("x", "toxicity"), "INVALID_REQUEST", "Unknown requested attribute: toxicity"),
    "no language": (question("... !!"), "LANGUAGE_DETECTION_FAILED", "Unable to detect language"),
    "score type": (
        {"comment": {"text": "x"}, "requestedAttributes": {"THREAT": {"scoreType": "PERCENTILE"}}},
        "INVALID_REQUEST",
        "Requested score type PERCENTILE is not supported by attribute THREAT",
    ),
    "text type": (
        {"comment": {"text": "x", "type": "RTF"}, "requestedAttributes": {"TOXICITY": {}}},
        "INVALID_REQUEST",
        "Unknown text type",
    ),
    "both contexts": (
        question("x", context={"entries": [{"text": "a"}], "articleAndParentComment": {"article": {"text": "b"}}}),
        "INVALID_REQUEST",
        "Context can have either entries or article_and_parent_comment, but both fields were populated.",
    ),
    "unknown field": (
        question("x", donotstore=True),
        "INVALID_REQUEST",
        'Invalid JSON payload received. Unknown name "donotstore": Cannot find field.',
    ),
    "unknown inner field": (
        {"comment": {"text": "x", "txt": "y"}, "requestedAttributes": {"TOXICITY": {}}},
        "INVALID_REQUEST",
        "Invalid JSON payload received. Unknown name \"txt\" at 'comment': Cannot find field.",
    ),
    "flag in words": (question("x", doNotStore="yes"), "INVALID_REQUEST", "Invalid value at 'doNotStore' (TYPE_BOOL)."),
    "text as number": (question(5), "INVALID_REQUEST", "Invalid value at 'comment.text' (TYPE_STRING)."),
}


@pytest.mark.parametrize("case", CASES)
def test_errors_have_google_s_shape_names_and_messages(client, case):
    body, kind, message = CASES[case]
    found = error(ask(client, body))
    assert (found["status"], found["message"]) == ("INVALID_ARGUMENT", message)
    (detail,) = found["details"]
    assert detail == {"@type": "type.googleapis.com/google.commentanalyzer.v1alpha1.Error", "errorType": kind}


def test_the_longest_text_is_taken(client):
    assert ask(client, question("é" * 10_240)).status_code == 200


def test_a_language_that_the_model_does_not_read_is_refused_and_named(client):
    found = error(ask(client, question("Tu es bête", "INSULT", languages=["fr"])))
    assert found["message"] == "Attribute INSULT does not support request languages: fr"
    assert found["details"][0]["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    assert found["details"][0]["languageNotSupportedByAttributeError"] == {
        "attribute": "INSULT",
        "requestedLanguages": ["fr"],
    }
    assert ask(client, question("x", languages=["en-GB"])).json()["languages"] == ["en-GB"]


@pytest.mark.with_settings(api_languages="en, fr")
def test_the_languages_are_a_setting(client):
    assert ask(client, question("Tu es bête", languages=["fr", "EN"])).status_code == 200
    error(ask(client, question("Du bist dumm", languages=["fr", "de"])))


def test_what_is_not_supported_may_be_dropped(client):
    body = question("x", "TOXICITY", "FLIRTATION", dropUnsupportedAttributes=True)
    assert list(ask(client, body).json()["attributeScores"]) == ["TOXICITY"]
    assert ask(client, body | {"languages": ["fr"]}).json() == {"attributeScores": {}}


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", "nonsense", b"\xff\xfe", '{"comment": NaN}', "[" * 100_000, '{"a": ' * 50_000, "'" * 9],
)
def test_what_is_no_json_object_is_told_so(client, body):
    found = error(ask(client, body))
    assert (found["status"], found["message"][:28]) == ("INVALID_ARGUMENT", "Invalid JSON payload receive")


def test_a_huge_body_is_refused(client):
    found = error(ask(client, question("x", clientToken="y" * 2_000_000)))
    assert found["message"] == "Request payload size exceeds the limit: 1048576 bytes."


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (
            "attributeScores/TOXICITY/summaryScore/value",
            {"attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}},
        ),
        ("attributeScores(TOXICITY/summaryScore(type)),languages", None),
        ("attributeScores/*/summaryScore/type", {"attributeScores": {"TOXICITY": {"summaryScore": {"type": 1}}}}),
        (
            "attributeScores/TOXICITY/spanScores/begin",
            {"attributeScores": {"TOXICITY": {"spanScores": [{"begin": 1}]}}},
        ),
        ("clientToken", {}),
        ("*", None),
    ],
)
def test_fields_chooses_parts_of_the_answer(client, fields, kept):
    answer = ask(client, question("You idiot"), fields=fields)
    assert answer.status_code == 200

    def shape(found):
        if isinstance(found, dict):
            return {name: shape(inner) for name, inner in found.items()}
        return [shape(inner) for inner in found] if isinstance(found, list) else 1

    if kept is not None:
        assert shape(answer.json()) == kept
    elif fields == "*":
        assert answer.json() == ask(client, question("You idiot")).json()
    else:
        assert shape(answer.json()) == {
            "attributeScores": {"TOXICITY": {"summaryScore": {"type": 1}}},
            "languages": [1],
        }


@pytest.mark.parametrize(
    "fields", ["nothing", "attributeScores/", "(", "a(b", "attributeScores/T/nope", "a b", ",", "(" * 999]
)
def test_fields_that_mean_nothing_are_told(client, fields):
    assert error(ask(client, question(), fields=fields))["message"].startswith("Invalid field selection")


def test_standard_parameters_are_taken(client):
    query = {"alt": "json", "quotaUser": "me", "$.xgafv": "2", "prettyPrint": "true"}
    answer = ask(client, question(), **query)
    assert answer.text.startswith('{\n  "attributeScores": {')
    assert "\n" not in ask(client, question(), prettyPrint="false").text
    assert "json" in error(ask(client, question(), alt="media"))["message"]


@pytest.mark.with_settings(api_scale="quantile")
def test_the_old_scale_is_a_setting(client, scores):
    text = "What a silly idea."
    row = np.array([list(scores(text).values())], np.float32)
    found = value(ask(client, question(text)))
    assert found == pytest.approx(float(to_ranks(row)[0, 0]), abs=1e-4)
    assert found > row[0, 0]
    body = question(text)
    body["requestedAttributes"]["TOXICITY"] = {"scoreThreshold": (found + float(row[0, 0])) / 2}
    assert "TOXICITY" in ask(client, body).json()["attributeScores"]


def test_without_a_live_model_it_is_unavailable(client, api_services, monkeypatch):
    monkeypatch.setattr(api_services.models, "live", lambda: None)
    answer = ask(client, question())
    assert error(answer, 503)["status"] == "UNAVAILABLE"
    assert int(answer.headers["retry-after"]) > 0


def test_a_model_that_fails_is_unavailable_and_says_nothing_of_the_text(client, api_services, monkeypatch, caplog):
    class Broken:
        name = "broken"

        def score(self, texts):
            raise RuntimeError(f"cannot read {texts}")

    monkeypatch.setattr(api_services.models, "load", lambda version: Broken())
    answer = ask(client, question("my secret text"))
    assert "my secret" not in error(answer, 503)["message"] + caplog.text
    assert "fails" in caplog.text


def test_a_new_live_model_is_taken_up(client, api_services, monkeypatch):
    class Other:
        name = "other"

        def score(self, texts):
            return np.full((len(texts), 6), 0.25, np.float32)

    assert value(ask(client, question())) > 0.9
    live = api_services.registry.require_live()
    other = type(live)(live.id + 1, "other", live.kind, live.path, "0", live.stage, live.created_at)
    monkeypatch.setattr(api_services.models, "live", lambda: other)
    monkeypatch.setattr(api_services.models, "load", lambda version: Other() if version is other else 1 / 0)
    monkeypatch.setattr("core.live_scoring._LOOK_EVERY", 0.0)
    api_services.live_scoring._live = (0.0, None)
    assert value(ask(client, question())) == 0.25


def test_beyond_capacity_programs_are_told_to_come_back(client, api_services, monkeypatch):
    go = threading.Event()
    score = api_services.live_scoring.score
    made = client.app.state.programs
    ask(client, question())
    made._made[1].batcher._score = lambda texts: go.wait(10) and score(texts)
    made._made[1].batcher._rate = 1_000.0
    codes: list = []
    threads = [threading.Thread(target=lambda: codes.append(ask(client, question("x" * 900)))) for _ in range(12)]
    for thread in threads:
        thread.start()
    while sum(answer.status_code == 429 for answer in codes) < 8:
        assert threads[0].join(0.01) is None
    go.set()
    for thread in threads:
        thread.join()
    refused = [answer for answer in codes if answer.status_code == 429]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert all(error(answer, 429)["status"] == "RESOURCE_EXHAUSTED" for answer in refused)
    assert {answer.status_code for answer in codes} == {200, 429}
