"""Decisions reach a real receiver: signed, in order, at least once, and again when it fails."""

import time
from itertools import pairwise

import pytest
from standardwebhooks import WebhookVerificationError

from core.domain import Lane, Outcome
from core.webhooks.events import Event
from core.webhooks.schedule import RESTS_AFTER
from db.stores.webhooks import WebhookStore
from tests.support.receiver import in_turn, only_newest, receiving, wait_until
from tests.support.webhooks import ADMIN, Clock, append, decide, delivering, make, standing, webhooks_of


def is_quiet(services, name="forum"):
    hook, counts = standing(services, name)
    return counts.waiting == 0 and hook.cursor >= newest(services)


def newest(services):
    with services.sessions.read() as session:
        return WebhookStore(session).ledger_end()


def test_a_decision_arrives_signed_and_says_what_was_decided_without_text(services):
    decide(services)  # from before: not sent
    with receiving() as receiver, delivering(services):
        secret = make(services, receiver.url)
        (comment,) = decide(services, external_id="post-7", audit=True)
        (got,) = receiver.wait(1)
        wait_until(lambda: is_quiet(services))
    said = got.verified_by(secret)
    assert said["type"] == "decision.created"
    assert said["timestamp"] == said["data"]["decided_at"] == "2026-11-02T12:00:00.000000Z"
    assert said["data"] == {
        "decision": 2, "comment": comment, "source": "site", "external_id": "post-7", "labels": ["toxic"],
        "outcome": "remove", "lane": "audit", "blind": True, "decided_at": "2026-11-02T12:00:00.000000Z",
        "model": "first", "policy": said["data"]["policy"], "revokes": None,
    }  # fmt: skip
    assert got.path == "/hook"
    assert got.headers["content-type"] == "application/json"
    assert len(receiver.got) == 1
    with pytest.raises(WebhookVerificationError):
        got.verified_by(secret[:-4] + "AAA=")


def test_revocations_say_what_holds_then_and_what_decides_nothing_is_not_sent(services):
    with receiving() as receiver, delivering(services):
        make(services, receiver.url, with_person=True)
        comment, other = decide(services, 2, external_id="")
        first = newest(services) - 1
        append(services, comment, lane=Lane.SECOND, outcome=Outcome.APPROVE)
        append(services, comment, outcome=Outcome.ESCALATE)
        again = append(services, comment, lane=Lane.RECHECK, outcome=Outcome.APPROVE, person="Bob")
        undone = append(services, comment, revoke=again)
        append(services, comment, revoke=first)
        append(services, other, outcome=Outcome.APPROVE)
        wait_until(lambda: len(receiver.got) >= 6)
        wait_until(lambda: is_quiet(services))
    said = sorted((got.message for got in receiver.got), key=lambda message: message["data"]["decision"])
    assert [message["type"].split(".")[1] for message in said] == ["created"] * 3 + ["revoked"] * 2 + ["created"]
    assert [message["data"]["person"] for message in said] == ["Ada", "Ada", "Bob", "Bob", "Ada", "Ada"]
    back = said[3]["data"]
    assert (back["decision"], back["revokes"]) == (undone, again)
    assert back["holds"] == {"decision": first, "outcome": "remove", "labels": ["toxic"]}
    assert said[4]["data"]["holds"] is None
    assert "holds" not in said[0]["data"]


def test_one_comments_messages_arrive_in_order_and_all_of_them_in_any(services):
    with receiving(reply=slowly) as receiver, delivering(services), delivering(services, name="another"):
        make(services, receiver.url)
        comments = decide(services, 12)
        for comment in comments[:4]:
            append(services, comment, outcome=Outcome.APPROVE)
        receiver.wait(16)
        wait_until(lambda: is_quiet(services))
    said = [got.message["data"] for got in receiver.got]
    assert len(receiver.ids) == len(set(receiver.ids)) == 16
    for comment in comments:
        mine = [data["decision"] for data in said if data["comment"] == comment]
        assert mine == sorted(mine)
    assert receiver.most <= 4
    assert list(only_newest([got.message for got in receiver.got]).values()).count("approve") == 4
    assert len({got.connection for got in receiver.got}) < 16  # connections are kept


def slowly(_got):
    time.sleep(0.03)
    return 200, {}


def test_a_failure_is_sent_again_with_the_same_id_and_body_and_a_new_timestamp(services):
    clock = Clock()
    with receiving(reply=in_turn(500, 302, 429)) as receiver, delivering(services, clock=clock):
        secret = make(services, receiver.url)
        decide(services)
        for many in (1, 2, 3):
            receiver.wait(many)
            wait_until(lambda many=many: standing(services)[0].streak == many)
            hook, counts = standing(services)
            assert counts.waiting == 1
            assert hook.failing_since
            clock.on(minutes=10)
        receiver.wait(4)
        wait_until(lambda: is_quiet(services))
    assert len(set(receiver.ids)) == len({got.body for got in receiver.got}) == 1
    stamps = [int(got.headers["webhook-timestamp"]) for got in receiver.got]
    assert all(590 < b - a < 700 for a, b in pairwise(stamps))
    receiver.got[0].verified_by(secret)
    hook, counts = standing(services)
    assert (hook.failing_since, hook.problem, hook.streak, counts.delivered) == (None, None, 0, 1)


def test_after_a_day_it_is_a_failure_that_is_sent_again_by_hand(services):
    clock, admin = Clock(), webhooks_of(services)
    with receiving(reply=lambda got: (503 if clock.added.days < 3 else 204, {})) as receiver:
        make(services, receiver.url)
        decide(services)
        with delivering(services, clock=clock):
            while standing(services)[1].waiting or not standing(services)[1].failed:
                seen = len(receiver.got)
                wait_until(lambda seen=seen: len(receiver.got) > seen or standing(services)[1].failed)
                wait_until(lambda: standing(services)[0].streak >= len(receiver.got))
                clock.on(hours=3)
            (failure,) = admin.failures("forum", by=ADMIN)
            assert failure.problem == "It answered 503."
            assert 1 < failure.tries <= 12
            assert standing(services)[0].enabled
            clock.on(days=3)
            decide(services)  # another one, which waits for nothing
            receiver.wait(len(receiver.got) + 1)
            assert admin.resend("forum", by=ADMIN) == 1
            wait_until(lambda: standing(services)[1].delivered == 2)
        assert admin.failures("forum", by=ADMIN) == []
    assert receiver.got[-1].id == receiver.got[0].id


def test_a_message_that_fails_holds_up_no_other(services):
    def reply(got):
        return (400 if got.message["data"]["external_id"] == "bad" else 200), {}

    with receiving(reply=reply) as receiver, delivering(services):
        make(services, receiver.url)
        decide(services, external_id="bad")
        decide(services, 30)
        receiver.wait(31)
        wait_until(lambda: standing(services)[1].delivered == 30)
    assert standing(services)[1].waiting == 1


def test_a_receiver_that_keeps_failing_is_asked_seldom_and_gets_all_when_it_is_back(services):
    clock, works = Clock(), []
    with receiving(reply=lambda _: (200 if works else 502, {})) as receiver, delivering(services, clock=clock):
        make(services, receiver.url)
        decide(services, 40)
        wait_until(lambda: standing(services)[0].paused_until)
        time.sleep(0.3)
        asked = len(receiver.got)
        assert RESTS_AFTER <= asked <= RESTS_AFTER + 4
        works.append(True)
        clock.on(minutes=6)
        wait_until(lambda: standing(services)[1].delivered == 40)


def test_a_retry_after_is_honoured(services):
    clock = Clock()
    replies = in_turn((503, {"retry-after": "600"}))
    with receiving(reply=replies) as receiver, delivering(services, clock=clock):
        make(services, receiver.url)
        decide(services)
        receiver.wait(1)
        wait_until(lambda: standing(services)[0].paused_until)
        decide(services)  # the whole receiver asked for time
        clock.on(minutes=8)
        time.sleep(0.3)
        assert len(receiver.got) == 1
        clock.on(minutes=3)
        receiver.wait(3)
        wait_until(lambda: standing(services)[1].delivered == 2)


def test_410_disables_the_webhook_and_what_waits_is_kept(services):
    admin = webhooks_of(services)
    with receiving(reply=in_turn(410)) as receiver, delivering(services):
        make(services, receiver.url)
        decide(services)
        wait_until(lambda: not standing(services)[0].enabled)
        decide(services, 2)
        time.sleep(0.2)
        hook, counts = standing(services)
        assert "410" in hook.disabled_why
        assert (counts.failed, len(receiver.got)) == (1, 1)
        admin.enable("forum", by=ADMIN)
        receiver.wait(3)
        wait_until(lambda: standing(services)[1].delivered == 2)


def test_filters_leave_out_what_is_not_wanted(services):
    with receiving() as receiver, delivering(services):
        make(services, receiver.url, events=[Event.REVOKED], sources=["wiki"])
        decide(services, source="wiki", undone=True)
        decide(services, source="site", undone=True)
        receiver.wait(1)
        wait_until(lambda: is_quiet(services))
    (got,) = receiver.got
    assert (got.message["type"], got.message["data"]["source"]) == ("decision.revoked", "wiki")


def test_the_thread_ends_soon_and_gives_back_what_is_under_way(sqlite_services):
    let_go = []

    def hang(_got):
        wait_until(lambda: let_go, 20)
        return 200, {}

    with receiving(reply=hang) as receiver:
        make(sqlite_services, receiver.url)
        decide(sqlite_services)
        with delivering(sqlite_services) as delivery:
            receiver.wait(1)
            started = time.monotonic()
            delivery.stop()
            assert time.monotonic() - started < 3
        let_go.append(True)
        with delivering(sqlite_services):
            receiver.wait(2, 3)  # at once, not after the lease
            wait_until(lambda: standing(sqlite_services)[1].delivered == 1)
    assert len(set(receiver.ids)) == 1
