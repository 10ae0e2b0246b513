"""Scores without storing, models, policy and metrics, by real requests."""

import asyncio

import httpx
import numpy as np
import pytest
from sqlalchemy import func, select

from core.domain import BAND_EDGES
from core.labels import LABELS
from core.policies import today_number
from db.models import Base
from tests.support.ledger import seed
from tests.support.programs import ANALYZE, application, make_key, question

URL = "/api/v1"


def score(client, *texts, **more):
    answer = client.post(f"{URL}/score", json={"texts": list(texts), **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_texts_are_scored_in_their_order_and_nothing_is_kept(client, api_services):
    found = score(client, "You are an idiot.", "Thank you for your help.")
    rude, kind = found["results"]
    assert found["model"] == "starter"
    assert (rude["status"], rude["spans"]) == ("scored", None)
    assert rude["labels"]["toxic"] > 0.8 > 0.1 > kind["labels"]["toxic"]
    assert "toxic" in rude["flagged"]
    assert kind["flagged"] == []
    alone = score(client, "You are an idiot.")["results"][0]
    assert alone["labels"] == pytest.approx(rude["labels"], abs=1e-5)
    with api_services.sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Base.metadata.tables["comment"])) == 0


@pytest.mark.parametrize(("offsets", "second"), [("utf16", (7, 24)), ("codepoints", (6, 23))])
def test_sentences(client, offsets, second):
    found = score(client, "🙂 Hi. You are an idiot.", "One", spans=True, offsets=offsets)["results"]
    spans = [[(span["begin"], span["end"]) for span in result["spans"]] for result in found]
    assert spans[0][-1] == second
    assert spans[1] == [(0, 3)]
    assert found[0]["spans"][-1]["labels"]["toxic"] > 0.8


def test_a_text_on_which_the_model_fails_is_not_scored(client, api_services, monkeypatch):
    def some(texts):
        scores = np.full((len(texts), 6), 0.9, np.float32)
        scores[0] = np.nan
        return api_services.registry.require_live(), scores

    monkeypatch.setattr(api_services.live_scoring, "score", some)
    failed, fine = score(client, "a", "b")["results"]
    assert failed == {"status": "not_scored", "labels": None, "flagged": None, "spans": None}
    assert fine["flagged"] == list(LABELS)


@pytest.mark.parametrize(
    "body",
    [{"texts": []}, {"texts": ["x"] * 101}, {"texts": ["x" * 20_481]}, {"texts": [""]}, {"texts": ["a\0"]},
     {"texts": "x"}, {"texts": [1]}, {"texts": ["x"], "spans": 1}, {"texts": ["x"], "offsets": "bytes"},
     {"texts": ["Go. " * 100] * 6, "spans": True}, {"text": "x"}],
)  # fmt: skip
def test_too_much_or_something_else(client, body):
    answer = client.post(f"{URL}/score", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("#/")


def test_no_model(client, api_services, monkeypatch):
    monkeypatch.setattr(api_services.models, "live", lambda: None)
    answer = client.post(f"{URL}/score", json={"texts": ["x"]})
    assert (answer.status_code, answer.json()["type"]) == (503, f"{URL}/docs#problem-no-model")
    assert answer.headers["retry-after"] == "10"


def test_both_dialects_are_scored_in_one_call_of_the_model(api_services, monkeypatch):
    calls, real = [], api_services.live_scoring.score
    monkeypatch.setattr(api_services.live_scoring, "score", lambda texts: calls.append(len(texts)) or real(texts))
    headers = {"X-API-Key": make_key(api_services)}

    async def ask():
        transport = httpx.ASGITransport(application(api_services), client=("192.0.2.7", 5))
        async with httpx.AsyncClient(transport=transport, base_url="http://moderato.test", headers=headers) as client:
            await client.get(f"{URL}/models")  # the keys are read
            google = {"x-goog-api-key": headers["X-API-Key"]}
            asked = [client.post(f"{URL}/score", json={"texts": ["a", "b"]}) for _ in range(5)]
            asked += [client.post(ANALYZE, json=question("c"), headers=google) for _ in range(5)]
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(ask()) == [200] * 10
    assert sum(calls) == 15
    assert len(calls) <= 3


def test_models_and_policy(client, api_services):
    found = client.get(f"{URL}/models").json()
    live = api_services.registry.require_live()
    assert found["live"] == live.name == found["models"][0]["name"]
    assert found["models"][0]["sha256"] == live.sha256
    assert "path" not in found["models"][0]
    active, told = api_services.policies.active(), client.get(f"{URL}/policy").json()
    assert tuple(told["thresholds"][label] for label in LABELS) == active.thresholds
    assert [band["low"] for band in told["bands"]] == [0.0, *BAND_EDGES]
    assert tuple(band["audit_rate"] for band in told["bands"]) == active.audit_rates
    assert (told["version"], told["auto_remove"]) == (active.id, None)


def test_metrics_are_those_of_the_page_in_both_columns(client, api_services):
    world = seed(api_services, comments=6_000, rates=(0.3,) * 5)
    found = client.get(f"{URL}/metrics?days=30").json()
    span = (found["first_day"], found["last_day"], found["model"], found["traffic"])
    assert (span[2], span[3]) == ("made-up", 6_000)
    days = api_services.metrics.days()
    assert days.last == today_number()
    reviewed, traffic = api_services.metrics.overviews(world.model_id, days)
    for view, told in ((reviewed, found["as_reviewed"]), (traffic, found["all_traffic"])):
        assert told["decided"] == view.decided
        for report, label in zip(view.labels, told["labels"], strict=True):
            assert label["label"] == report.label
            assert label["positives"] == report.positives
            auc, recall = report.ranking.auc, report.at.recall
            assert (label["auc"] is None) == (auc is None)
            if auc:
                assert label["auc"]["value"] == pytest.approx(auc.value, abs=1e-6)
                assert label["auc"]["low"] <= label["auc"]["value"] <= label["auc"]["high"]
                assert label["recall"]["high"] == pytest.approx(recall.high, abs=1e-6)
    toxic = [found[view]["labels"][0]["prevalence"]["value"] for view in ("as_reviewed", "all_traffic")]
    assert toxic[0] > toxic[1]
    assert found["as_reviewed"]["represents"] is None
    assert found["all_traffic"]["represents"] == 6_000


def test_too_few_to_say_is_null_and_no_number(client):
    found = client.get(f"{URL}/metrics").json()
    assert found["few"] == 20
    for view in ("as_reviewed", "all_traffic"):
        assert found[view]["decided"] == 0
        for label in found[view]["labels"]:
            assert (label["auc"], label["precision"], label["recall"], label["prevalence"]) == (None,) * 4


@pytest.mark.parametrize(
    ("query", "status"), [("model=nobody", 404), ("days=0", 422), ("days=x", 422), ("model=", 422)]
)
def test_other_metrics(client, query, status):
    assert client.get(f"{URL}/metrics?{query}").status_code == status
