"""What administrators do with webhooks, and what becomes of messages beside the network."""

import threading
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select
from standardwebhooks import WebhookVerificationError

from core.accounts import Person, Role
from core.automatic import Beside
from core.domain import now
from core.errors import BadInput, Conflict, NotAllowed, NotFound
from core.recording import record
from core.webhooks.addresses import Refused
from core.webhooks.desk import AT_A_TIME, Desk
from core.webhooks.events import Event
from core.webhooks.outcomes import Attempt
from core.webhooks.sender import Answer
from core.webhooks.service import Webhooks, Wishes, parse_events
from db.models import CommentRow
from db.people_models import AuditEventRow
from db.stores.webhook_messages import MessageStore
from db.webhook_models import WebhookDeliveryRow
from tests.support.decided import Made, put
from tests.support.receiver import receiving
from tests.support.webhooks import ADMIN, Clock, append, decide, delivering, make, standing, webhooks_of

URL = "http://127.0.0.1:9/hook?token=s3cret"
OK, BAD = Answer(200, None), Answer(500, "It answered 500.")


def trail(services):
    with services.sessions.read() as session:
        rows = session.scalars(select(AuditEventRow).order_by(AuditEventRow.id)).all()
        return [(row.person, row.what, row.subject, row.details) for row in rows]


def test_every_change_is_in_the_audit_trail_without_secrets(services):
    admin, clock = webhooks_of(services), Clock()
    secret = make(services, URL, sources=["wiki"])
    admin.change("forum", "http://127.0.0.2/other", Wishes([Event.CREATED], with_person=True), by=ADMIN)
    admin.disable("forum", by=ADMIN)
    admin.enable("forum", by=ADMIN)
    fresh = admin.rotate("forum", by=ADMIN)
    decide(services)
    desk = Desk(services.sessions, "t", clock=clock)
    (leased,) = desk.step([]).leased
    assert desk.step([Attempt(leased.message, Answer(410, "Gone."), clock())]).unsettled == []
    assert admin.resend("forum", by=ADMIN) == 1
    admin.delete("forum", by=ADMIN)
    told = trail(services)
    assert [what for _, what, _, _ in told] == [
        "webhook.created", "webhook.changed", "webhook.disabled", "webhook.enabled", "webhook.secret_rotated",
        "webhook.disabled", "webhook.resent", "webhook.deleted",
    ]  # fmt: skip
    assert [person for person, *_ in told] == ["Root"] * 5 + ["moderato"] + ["Root"] * 2
    assert told[1][3]["person"] is True
    for hidden in (secret, fresh, "s3cret", "other"):
        assert hidden not in repr(told)
    assert secret.startswith("whsec_")
    assert admin.list_webhooks(by=ADMIN) == []


def test_nobody_but_an_admin_may(sqlite_services):
    admin = webhooks_of(sqlite_services)
    for person in [Person("Eve", frozenset(Role) - {Role.ADMIN}), Person("Mo", frozenset({Role.MODERATOR}))]:
        for act in (
            lambda by: admin.list_webhooks(by=by), lambda by: admin.failures("f", by=by),
            lambda by: admin.create("f", URL, by=by), lambda by: admin.change("f", URL, Wishes(), by=by),
            lambda by: admin.disable("f", by=by), lambda by: admin.enable("f", by=by),
            lambda by: admin.delete("f", by=by), lambda by: admin.rotate("f", by=by),
            lambda by: admin.resend("f", by=by), lambda by: admin.test("f", by=by),
        ):  # fmt: skip
            with pytest.raises(NotAllowed):
                act(person)


def test_bad_input_says_what_is_wrong(sqlite_services):
    admin = webhooks_of(sqlite_services)
    make(sqlite_services, URL)
    for name, wishes, error, why in [
        ("two words", Wishes(), BadInput, "letters, digits"), ("", Wishes(), BadInput, "letters"),
        ("x", Wishes([]), BadInput, "at least one event"),
        ("x", Wishes(sources=["s"] * 3 + ["t" * 999]), BadInput, "200"),
        ("forum", Wishes(), Conflict, "already"),
    ]:  # fmt: skip
        with pytest.raises(error, match=why):
            admin.create(name, URL, wishes, by=ADMIN)
    with pytest.raises(Refused, match="MODERATO_WEBHOOK_PRIVATE"):
        sqlite_services.webhooks.create("y", "http://127.0.0.1/", by=ADMIN)  # the setting is empty
    with pytest.raises(NotFound, match="moderato webhooks list"):
        admin.enable("nobody", by=ADMIN)
    with pytest.raises(Conflict, match="enabled already"):
        admin.enable("forum", by=ADMIN)
    with pytest.raises(BadInput, match=r"comment\.removed"):
        parse_events(["decision.made"])

    async def unknown(_host, _port):
        raise OSError

    with pytest.raises(BadInput, match="cannot be resolved"):
        Webhooks(sqlite_services.sessions, (), resolver=unknown).create("z", "https://nowhere.test", by=ADMIN)
    with pytest.raises(NotFound, match="no such failed message"):
        admin.resend("forum", [7], by=ADMIN)


def test_a_former_secret_signs_for_a_day_and_not_after(services):
    clock = Clock()
    admin = webhooks_of(services, clock)
    with receiving() as receiver:
        old = make(services, receiver.url)
        new = admin.rotate("forum", by=ADMIN)
        assert admin.test("forum", by=ADMIN) == OK
        for secret in (old, new):
            assert receiver.got[0].verified_by(secret)["type"] == "webhook.test"
        clock.on(hours=25)
        admin.test("forum", by=ADMIN)
        assert len(receiver.got[1].headers["webhook-signature"].split()) == 1
        last = admin.rotate("forum", by=ADMIN, at_once=True)
        clock.on(hours=-25)
        admin.test("forum", by=ADMIN)
        receiver.got[2].verified_by(last)
        with pytest.raises(WebhookVerificationError):
            receiver.got[2].verified_by(new)


def test_what_happens_while_it_is_disabled_is_sent_when_it_is_enabled(services):
    admin, desk = webhooks_of(services), Desk(services.sessions, "t")
    make(services, URL)
    admin.disable("forum", by=ADMIN)
    decide(services, 3)
    assert desk.step([]).leased == []
    admin.enable("forum", by=ADMIN)
    assert len(desk.step([]).leased) == 3


def test_a_message_is_leased_to_one_and_to_another_when_the_lease_is_over(services):
    clock = Clock()
    one, two = (Desk(services.sessions, name, clock=clock) for name in ("one", "two"))
    make(services, URL)
    decide(services, 10)
    first, none = one.step([]).leased, two.step([]).leased
    assert (len(first), none) == (AT_A_TIME, [])
    clock.on(seconds=61)
    second = two.step([]).leased
    assert [leased.message.id for leased in second] == [leased.message.id for leased in first]
    # a failure of the one that was too slow is forgotten; a success counts, for the receiver has it
    one.step([Attempt(first[0].message, BAD, clock()), Attempt(first[1].message, OK, clock())])
    hook, counts = standing(services)
    assert (hook.streak, counts.delivered) == (0, 1)
    two.release()
    again = {leased.message.id for leased in two.step([]).leased}
    assert again == {leased.message.id for leased in second} - {first[1].message.id}


def test_many_desks_at_once_take_every_message_once(services):
    make(services, URL)
    comments = decide(services, 40)
    for comment in comments[::4]:
        append(services, comment, person="Bob")
    taken, lock, start = [], threading.Lock(), threading.Barrier(4)

    def work(name):
        desk, done = Desk(services.sessions, name), []
        start.wait()
        for _ in range(200):
            leased = desk.step(done).leased
            with lock:
                taken.extend(found.message for found in leased)
            done = [Attempt(found.message, OK, now()) for found in leased]
            if standing(services)[1].delivered == 50:
                return

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    ids = [message.message_id for message in taken]
    assert len(ids) == len(set(ids)) == 50
    for comment in comments:
        mine = [message.decision_id for message in taken if message.comment_id == comment]
        assert mine == sorted(mine)


def test_cursor_and_messages_are_one_transaction(services, monkeypatch):
    make(services, URL)
    decide(services, 3)
    monkeypatch.setattr(MessageStore, "lease", lambda *_more, **_named: 1 / 0)  # dies before it commits
    desk = Desk(services.sessions, "t")
    assert desk.step([]).leased == []
    hook, counts = standing(services)
    assert (hook.cursor, counts.waiting) == (0, 0)
    monkeypatch.undo()
    assert len(desk.step([]).leased) == 3


def test_a_webhook_that_fails_for_a_day_stays_on_and_what_waited_is_listed(services):
    clock = Clock()
    admin, desk = webhooks_of(services, clock), Desk(services.sessions, "t", clock=clock)
    make(services, URL)
    decide(services, 20)
    done = [Attempt(leased.message, BAD, clock()) for leased in desk.step([]).leased]
    desk.step(done)
    clock.on(hours=23)
    desk.tidy()
    assert standing(services)[1].failed == 0
    clock.on(hours=2)
    decide(services, 1)
    desk.step([])
    desk.tidy()
    hook, counts = standing(services)
    assert hook.enabled
    assert counts.failed == 16  # the other four are on their way for a last try
    assert "failed for a day" in admin.failures("forum", by=ADMIN)[0].problem


def test_what_ended_long_ago_is_deleted(services):
    clock = Clock()
    desk = Desk(services.sessions, "t", clock=clock)
    make(services, URL)
    decide(services, 2)
    good, gone = desk.step([]).leased
    desk.step([Attempt(good.message, OK, clock()), Attempt(gone.message, Answer(410, "Gone."), clock())])
    for days, left in ((6, 2), (2, 1), (23, 0)):
        clock.on(days=days)
        desk.tidy()
        with services.sessions.read() as session:
            assert len(session.scalars(select(WebhookDeliveryRow)).all()) == left


def test_what_the_policy_removes_is_told_with_the_labels_that_reached_their_mark(services, ada):
    put(services, [Made("first")])  # so that there is a policy
    marks = (0.95, None, None, None, 0.99, None)
    services.policies.save((0.5,) * 6, (0.1,) * 5, by=ada, reason="test", beside=Beside(auto_remove=marks))
    with receiving() as receiver, delivering(services):
        secret = make(services, receiver.url, events=[Event.REMOVED], with_person=True)
        make(services, receiver.url, "other", sources=["elsewhere"])
        put(services, [Made("gone", None, routed=False, external_id="a"), Made("stays", None, routed=False)])
        scores = np.array([[0.97, 0.99, 0.1, 0.1, 0.98, 0.1], [0.9, 0.1, 0.1, 0.1, 0.1, 0.1]], np.float32)
        with services.sessions.begin() as session:
            ids = np.array(session.scalars(select(CommentRow.id).order_by(CommentRow.id)).all()[-2:])
            model = services.registry.require_live()
            record(session, ids, scores, model_id=model.id, at=now())
            policy = services.policies.active().id
        with services.sessions.begin() as session:
            record(session, ids, scores, model_id=model.id, at=now() + timedelta(hours=1))  # told once
        (got,) = receiver.wait(1)
    data = got.verified_by(secret)["data"]
    assert got.message["type"] == "comment.removed"
    assert (data["comment"], data["external_id"], data["labels"]) == (int(ids[0]), "a", ["toxic"])
    assert (data["outcome"], data["decision"], data["person"], data["lane"]) == ("remove", None, None, None)
    assert (data["model"], data["policy"]) == (model.name, policy)
    assert len(receiver.got) == 1
