"""Comments in, by real requests: each for itself, idempotent, and never taken for clean before they are scored."""

import json
import threading

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from db.models import CommentRow, PendingRow
from tests.support.programs import application, make_key

URL = "/api/v1/comments"
sqlite_only = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def forum(services):
    """A program with a key, on each database."""
    with TestClient(application(services), base_url="http://moderato.test", client=("192.0.2.7", 5)) as client:
        client.headers["X-API-Key"] = make_key(services)
        yield client


def send(client, *comments, **more):
    answer = client.post(URL, json={"comments": list(comments), **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def one(external_id="1", text="Well said.", **more):
    return {"external_id": external_id, "text": text, **more}


def count(services, table):
    with services.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def look_up(client, *external_ids, source="forum"):
    return client.get(URL, params={"source": source, "external_id": list(external_ids)}).json()


def test_a_comment_comes_in_whole_and_waits_for_scores(forum, services):
    whole = one(author="Ann", thread="t", parent="0", created_at="2026-11-25T13:00:00.5+01:00")
    (taken,) = send(forum, whole)["results"]
    assert (taken["status"], taken["external_id"], taken["errors"]) == ("new", "1", [])
    found = forum.get(f"{URL}/{taken['id']}").json()
    assert {name: found[name] for name in ("source", "external_id", "author", "thread", "parent")} == {
        "source": "forum", "external_id": "1", "author": "Ann", "thread": "t", "parent": "0",
    }  # fmt: skip
    assert found["created_at"] == "2026-11-25T12:00:00.500000Z"
    assert (found["state"], found["scores"], found["scores_withheld"]) == ("not_scored", None, False)
    assert "text" not in found
    assert count(services, PendingRow) == 1


def test_sent_again_nothing_changes(forum, services):
    first = send(forum, one())["results"][0]
    again = send(forum, one(), one("2"), one("2", "other"))
    assert (again["new"], again["known"], again["refused"]) == (1, 2, 0)
    known, new, twice = again["results"]
    assert (known["id"], known["status"], known["text_differs"]) == (first["id"], "known", False)
    assert (new["status"], twice["status"], twice["text_differs"]) == ("new", "known", True)
    assert twice["id"] == new["id"]
    assert count(services, CommentRow) == count(services, PendingRow) == 2
    assert send(forum, one(), source="another site")["new"] == 1


def test_one_bad_comment_does_not_lose_the_others(forum, services):
    bad = [
        ({"external_id": "a"}, "text"), (one("b", ""), "text"), (one("c", " \n"), "text"), (one("d", "x\0"), "text"),
        (one("e", "\ud83d"), "text"), (one(7), "external_id"),
        (one("f", created_at="2026-11-25T12:00:00"), "created_at"),
        (one("g", created_at=1_700_000_000), "created_at"),
        (one("h", created_at="0001-01-01T00:00:00+14:00"), "created_at"),
        (one("i", created_at="2026-02-30T00:00:00Z"), "created_at"), (one("j", autor="x"), "autor"),
        (one("k", "x" * 70_000), "text"), (one("l" * 1_001), "external_id"), (one("m", author="a" * 1_001), "author"),
        (one(""), "external_id"),
    ]  # fmt: skip
    sent = [comment for comment, _ in bad]
    body = [one("good"), *sent, 5, None, one("better")]
    answer = forum.post(URL, content=json.dumps({"comments": body}), headers={"Content-Type": "application/json"})
    found = answer.json()
    assert (found["new"], found["known"], found["refused"]) == (2, 0, len(body) - 2), found
    for at, (_, field) in enumerate(bad, 1):
        result = found["results"][at]
        assert (result["status"], result["id"]) == ("refused", None)
        assert result["errors"][0]["pointer"] == f"#/comments/{at}/{field}"
        assert result["errors"][0]["detail"]
    assert found["results"][-2]["errors"][0]["detail"] == "This should be an object."
    assert count(services, CommentRow) == 2


@sqlite_only
def test_a_thousand_at_a_time_and_no_more(forum, services):
    found = send(forum, *(one(str(k), f"Comment {k}") for k in range(1_000)))
    assert found["new"] == 1_000
    assert [result["external_id"] for result in found["results"]] == [str(k) for k in range(1_000)]
    assert len({result["id"] for result in found["results"]}) == 1_000
    for comments in ([one(str(k)) for k in range(1_001)], []):
        answer = forum.post(URL, json={"comments": comments})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/comments"
    assert count(services, CommentRow) == 1_000


@pytest.mark.parametrize("body", [[], {}, {"comments": {}}, {"comments": [one()], "sorce": "x"}, "x", 3])
def test_a_body_of_another_shape(client, body):
    answer = client.post(URL, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("#")


@pytest.mark.parametrize("source", [" ", "a\nb", "x" * 201, "", 3, "\u200b"])
def test_a_bad_source_adds_nothing(client, api_services, source):
    answer = client.post(URL, json={"comments": [one()], "source": source})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/source"
    assert count(api_services, CommentRow) == 0


def test_two_that_send_the_same_at_once_add_it_once(services):
    def work(order):
        comments = [one(str(k)) for k in order]
        with TestClient(application(services), client=("192.0.2.7", 5), headers={"X-API-Key": secret}) as client:
            answers.append(send(client, *comments))

    secret, answers = make_key(services), []
    threads = [threading.Thread(target=work, args=(order,)) for order in (range(200), range(199, -1, -1), range(200))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer["new"] for answer in answers) == 200
    assert sum(answer["known"] for answer in answers) == 400
    assert count(services, CommentRow) == 200


@sqlite_only
def test_comments_by_external_id(forum):
    send(forum, one("a/b?c&d=é"), one("2"))
    found = look_up(forum, "nowhere", "2", "a/b?c&d=é", "2")
    assert [comment["external_id"] for comment in found["comments"]] == ["2", "a/b?c&d=é"]
    assert found["missing"] == ["nowhere"]
    assert look_up(forum, "2", source="elsewhere") == {"comments": [], "erased": [], "missing": ["2"]}
    for query in ({"source": "forum"}, {"external_id": "1"}, {"source": "forum", "external_id": ["x"] * 101}):
        assert forum.get(URL, params=query).status_code == 422


def test_no_such_comment(forum):
    for number in (1, 2**63 - 1):
        answer = forum.get(f"{URL}/{number}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/api/v1/docs#problem-not-found")
    assert forum.get(f"{URL}/{2**63}").status_code == 422
