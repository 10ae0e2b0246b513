"""Programs beside erasure, accounts, retention and a database that is away: what the parts promise together."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from api.door import Door
from api.sign_in import HANDLERS, SignInRoutes
from core import passwords
from core.accounts import Role
from core.backup import Backups
from core.doctor_work import check_work
from core.domain import NewComment, now
from core.errors import DatabaseTrouble, NotFound
from core.labels import LABELS
from core.privacy.keyed import is_pseudonym
from core.privacy.service import Retention
from core.restore import restore
from core.services import build_services
from core.sign_ins import Visitor
from core.telemetry import Telemetry
from core.webhooks.events import body_of
from db.copying import our_tables
from db.models import Base, CommentRow, ScoreRow
from db.stores.webhook_messages import FAILED, MessageStore
from db.webhook_models import WebhookDeliveryRow, WebhookRow
from tests.support.decided import TOXIC, Made, put
from tests.support.programs import application, make_key
from tests.support.webhooks import ADMIN, make, webhooks_of

GOOD = "correct giraffe battery waffle"
SECRET_ID, SECRET_TEXT, SECRET_AUTHOR = "post-Zyxwv-77", "Qwxzjk is an idiot", "Vbnmq"
AWAY = DatabaseTrouble("The database cannot be reached (test).")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Hashes that take a millisecond, and nothing known from a moment ago."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    monkeypatch.setattr("core.sign_ins.FRESH_SECONDS", 0.0)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def client(services):
    with TestClient(application(services), base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as made:
        yield made


def send(client, key, external_id, author=None, text=SECRET_TEXT):
    comment = {"external_id": external_id, "text": text, "author": author}
    body = {"source": "forum", "comments": [comment]}
    return client.post("/api/v1/comments", json=body, headers={"x-api-key": key}).json()["results"][0]


def get(client, key, path):
    return client.get(f"/api/v1{path}", headers={"x-api-key": key}).json()


def erase(services, ada, *comment_ids):
    for number in comment_ids:
        services.privacy.erase_comment(number, by=ada)
        while services.privacy.eraser.work():
            pass


def everything(services) -> dict[str, str]:
    """Every row of every table, as text, by table."""
    our_tables()
    with services.sessions.read() as session:
        return {
            name: " ".join(str(tuple(row)) for row in session.execute(select(table)))
            for name, table in Base.metadata.tables.items()
        }


@pytest.fixture
def decided(services, client):
    """A decided comment with secrets, of which a webhook has a message waiting and one that failed."""
    made = Made(SECRET_TEXT, TOXIC, source="forum", external_id=SECRET_ID)
    number, other = put(services, [made, Made("Another one.", source="forum", external_id="plain")])
    with services.sessions.begin() as session:
        session.execute(update(CommentRow).where(CommentRow.id == number).values(author=SECRET_AUTHOR))
        scores = dict.fromkeys(LABELS, 0.9) | {"model_id": 1, "scored_at": now()}
        session.execute(insert(ScoreRow).values(comment_id=number, **scores))
    make(services, "http://127.0.0.1:9/hook")
    messages = [
        {"webhook_id": 1, "message_id": f"m{n}", "event": "decision.created", "comment_id": number, "decision_id": 1,
         "facts": {}} for n in range(2)
    ]  # fmt: skip
    with services.sessions.begin() as session:
        MessageStore(session).add(messages, at=now())
        failed = update(WebhookDeliveryRow).where(WebhookDeliveryRow.message_id == "m1")
        session.execute(failed.values(state=FAILED, ended_at=now(), problem="HTTP 500"))
    return number, other


def test_an_erased_comment_is_told_as_erased_and_its_id_is_nowhere(services, client, decided, ada):
    number, other = decided
    key = make_key(services)
    before = get(client, key, f"/comments/{number}")
    assert (before["state"], before["external_id"], before["author"]) == ("settled", SECRET_ID, SECRET_AUTHOR)
    assert before["scores"]["labels"]["toxic"] == 0.9
    assert {"comment", "webhook_delivery"} <= {t for t, rows in everything(services).items() if rows}
    erase(services, ada, number)
    assert [t for t, rows in everything(services).items() if SECRET_ID in rows or SECRET_TEXT in rows] == []
    assert [t for t, rows in everything(services).items() if SECRET_AUTHOR in rows] == []

    told = get(client, key, f"/comments/{number}")
    assert (told["state"], told["external_id"], told["author"], told["scores"]) == ("erased", None, None, None)
    assert (told["held_out"], told["removed_by_policy"], told["lane"]) == (True, False, None)
    assert [one["outcome"] for one in told["decisions"]] == ["approve"]
    found = get(client, key, f"/comments?source=forum&external_id={SECRET_ID}&external_id=plain&external_id=none")
    assert [one["id"] for one in found["comments"]] == [other]
    assert (found["erased"], found["missing"]) == ([SECRET_ID], ["none"])

    ledger = get(client, key, "/decisions?after=0")["decisions"]
    assert [(one["comment_id"], one["external_id"]) for one in ledger] == [(number, None), (other, "plain")]
    assert ledger[0]["labels"]["toxic"]
    assert SECRET_ID not in str(ledger)


def test_webhooks_of_an_erased_comment_say_no_id_of_it(services, decided, ada):
    number, _ = decided
    erase(services, ada, number)
    with services.sessions.begin() as session:
        (message,) = MessageStore(session)._messages([1])
    assert '"external_id":null' in body_of(message, with_person=False)
    (failure,) = webhooks_of(services).failures("forum", by=ADMIN)
    assert (failure.comment_id, failure.external_id) == (number, None)


def test_an_erased_comment_stays_out_when_a_program_sends_it_again(services, client, ada):
    key = make_key(services)
    sent = send(client, key, SECRET_ID, SECRET_AUTHOR)
    assert sent["status"] == "new"
    erase(services, ada, sent["id"])
    again = send(client, key, SECRET_ID, SECRET_AUTHOR, text="Another text altogether.")
    assert (again["status"], again["id"], again["errors"]) == ("erased", None, [])
    assert send(client, key, "another")["status"] == "new"


def test_pseudonyms_and_retention_hold_for_what_programs_send(services, client, ada):
    key = make_key(services)
    services.privacy.set_pseudonyms(True, by=ada)
    first, second = (send(client, key, name, SECRET_AUTHOR)["id"] for name in ("a", "b"))
    authors = [get(client, key, f"/comments/{number}")["author"] for number in (first, second)]
    assert is_pseudonym(authors[0])
    assert authors[0] == authors[1]
    services.intake.add([NewComment("As analyze stores them.", "forum", "c", author=SECRET_AUTHOR)])
    found = get(client, key, "/comments?source=forum&external_id=c")["comments"]
    assert [one["author"] for one in found] == authors[:1]
    services.privacy.set_retention(Retention(30), by=ada)
    with services.sessions.begin() as session:
        old = update(CommentRow).where(CommentRow.id == first)
        session.execute(old.values(added_at=now() - timedelta(days=31)))
    services.privacy.apply_retention(by=ada)
    while services.privacy.eraser.work():
        pass
    assert get(client, key, f"/comments/{first}")["state"] == "erased"
    assert get(client, key, f"/comments/{second}")["state"] == "not_scored"


ASK = ("/api/v1/policy", "/api/v1/decisions")


@pytest.mark.parametrize("path", ASK)
def test_with_an_account_every_program_needs_a_key_on_this_machine_too(services, client, path):
    assert client.get(path).status_code == 200
    question = {"comment": {"text": "hello"}, "requestedAttributes": {"TOXICITY": {}}}
    services.people.create_first("Ada", GOOD)
    refused = client.get(path)
    assert (refused.status_code, refused.json()["type"]) == (401, "/api/v1/docs#problem-no-key")
    assert client.post("/v1alpha1/comments:analyze", json=question).status_code == 403
    assert client.get("/$discovery/rest?key=anything").status_code == 400
    assert client.get(path, headers={"x-api-key": make_key(services)}).status_code == 200


def test_a_database_that_is_away_is_503_for_programs(services, client, monkeypatch):
    key = make_key(services)
    assert client.get("/api/v1/policy", headers={"x-api-key": key}).status_code == 200

    def away(*_):
        raise AWAY

    monkeypatch.setattr(services.policies, "active", away)
    inside = client.get("/api/v1/policy", headers={"x-api-key": key})
    monkeypatch.setattr(services.keys, "known", away)
    services.keys.changes += 1  # what was known is read anew
    before = client.get("/api/v1/models", headers={"x-api-key": key})
    for answer in (inside, before):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "/api/v1/docs#problem-no-database"
        assert "cannot be reached" in answer.json()["detail"]


@pytest.fixture
def house(services):
    """A page and a websocket behind the door, and the routes of signing in."""

    async def page(_request):
        return PlainTextResponse("data")

    async def stream(socket):
        await socket.accept()
        await socket.send_text("data")
        await socket.close()

    routes = [Route("/queue", page), WebSocketRoute("/stream", stream), *SignInRoutes(lambda: services).routes]
    made = Starlette(
        routes=routes, middleware=[Middleware(Door, services=lambda: services)], exception_handlers=HANDLERS
    )
    with TestClient(made, base_url="http://127.0.0.1", client=("127.0.0.1", 5), follow_redirects=False) as client:
        yield client


def take_away(services, monkeypatch):
    def away(*_):
        raise AWAY

    monkeypatch.setattr(services.sign_ins._sessions, "read", away)


def test_a_database_that_is_away_signs_nobody_out_and_lets_nobody_in(services, house, monkeypatch):
    services.people.create_first("Ada", GOOD)
    name = f"moderato_session_{services.settings.port}"
    token = services.sign_ins.sign_in("Ada", GOOD, Visitor("::1"))
    for cookie, status, session in ((token, 200, 200), ("made-up", 401, 401), ("", 401, 401)):
        house.cookies = {name: cookie} if cookie else {}
        assert (house.get("/queue").status_code, house.get("/session").status_code) == (status, session)
    house.cookies = {name: token}
    assert house.get("/queue").status_code == 200
    take_away(services, monkeypatch)
    assert (house.get("/queue").status_code, house.get("/session").status_code) == (200, 200)  # known of late
    services.sign_ins.forget()  # as in a process that never saw this browser
    for cookie in (token, "made-up"):
        house.cookies = {name: cookie}
        for path in ("/queue", "/session", "/password", "/sign-in"):
            answer = house.get(path, headers={"accept": "text/html"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), path
            assert "data" not in answer.text.replace("database", "")
        with pytest.raises(WebSocketDisconnect) as closed, house.websocket_connect("/stream"):
            pass
        assert closed.value.code == 1013
    house.cookies = {}
    assert house.get("/queue").status_code == 401


def test_without_accounts_the_page_itself_says_that_the_database_is_away(services, house, monkeypatch):
    assert house.get("/queue").status_code == 200
    take_away(services, monkeypatch)
    assert house.get("/queue").status_code == 200  # its script asks again, and shows the trouble
    assert house.get("/session").json() == {"id": 0}  # known for ten minutes: no tab leaves
    services.sign_ins.forget()
    assert house.get("/session").status_code == 503
    assert house.get("/queue").status_code == 503  # nobody knows whether there are accounts by now


def test_failing_webhooks_are_in_the_figures_and_told_by_the_doctor(services, decided):
    with services.sessions.begin() as session:
        since = {"failing_since": now() - timedelta(hours=2), "problem": "HTTP 500"}
        session.execute(update(WebhookRow).values(**since))
    figures = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in Telemetry(services.sessions, services.settings).read()
        for sample in family.samples
    }
    assert figures["moderato_webhook_messages", "1", "waiting"] == 1
    assert figures["moderato_webhook_messages", "1", "failed"] == 1
    assert figures["moderato_webhook_failing_seconds", "1"] >= 7200
    assert figures["moderato_webhook_behind_entries", "1"] == 0
    assert "forum" not in str(figures)
    told = next(check for check in check_work(services.sessions, services.settings) if check.name == "webhook forum")
    assert (told.grade, "HTTP 500" in told.found, "a day" in told.todo) == ("WARN", True, True)


def test_a_restored_backup_signs_everybody_out_and_keeps_every_table_and_trigger(services, decided, ada, tmp_path):
    services.people.create_first("Ada", GOOD)
    token = services.sign_ins.sign_in("Ada", GOOD, Visitor("::1"))
    link = services.people.create("Bob", {Role.MODERATOR}, by=ada)[1]
    services.privacy.set_retention(Retention(400), by=ada)
    erase(services, ada, decided[1])
    before = everything(services)
    quiet = lambda *_: None  # noqa: E731
    Backups(services.sessions, services.settings).make(tmp_path / "b.tar", by=ada, say=quiet)
    settings = services.settings
    services.close()
    restore(tmp_path / "b.tar", settings, by=ada, say=quiet)
    again = build_services(settings)
    try:
        after = everything(again)
        assert {t for t in before if before[t] != after[t]} == {"sign_in", "account_link", "audit_event"}
        for table in ("webhook", "webhook_delivery", "account", "setting", "secret", "erasure", "erased_comment"):
            assert before[table], f"{table} is empty: this shows nothing"
        assert again.sign_ins.find(token) is None
        with pytest.raises(NotFound):
            again.people.account_of_link(link)
        assert again.sign_ins.sign_in("Ada", GOOD, Visitor("::1"))
        assert again.trail.verify(full=True).problem is None
        assert "backup.restored" in after["audit_event"]
        for table in ("decision", "audit_event"):
            with pytest.raises(DBAPIError), again.sessions.begin() as session:
                session.execute(text(f"DELETE FROM {table}"))
    finally:
        again.close()
