"""The report of what people and programs really do: through routing, review and the doors of programs."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from core.automatic import Beside
from core.domain import NO_LABELS, Outcome, now
from core.keys import Scope
from core.suggestions import Sent
from core.transparency import Period
from core.verdict import Verdict
from core.worker import ScoringWorker
from db.models import CommentRow, RoutingRow
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live

TOXIC = (True, *(False,) * 5)


@pytest.fixture
def site(services, ada):
    """Scored comments under a policy that removes from 0.95 on and audits hardly anything: ids by text."""
    make_live(services.sessions)
    rates = (0.001,) * 5
    services.policies.save(
        (0.5,) * 6,
        rates,
        by=ada,
        reason="x",
        beside=Beside(auto_remove=(0.95,) * 6, auto_audit_rate=0.01, second_rate=0),
    )
    texts = ["0.99 bad", "0.99 worse", "0.7 so-so", "0.7 rude", "0.6 rude", "0.1 good", "0.1 fine"]
    ids = add_comments(services.sessions, texts)
    models = FakeModels(services.sessions, FakeScorer())
    worker = ScoringWorker(services.sessions, services.settings, models, "w")
    while worker.score_waiting():
        pass
    with services.sessions.begin() as session:  # who is drawn is chance, and another test's business
        for row in session.scalars(select(RoutingRow)):
            row.audit, row.state, row.lane = (
                False,
                _state(row),
                "flagged" if row.flagged and not row.automatic else None,
            )
    return dict(zip(texts, ids, strict=True))


def _state(row) -> str:
    return "removed" if row.automatic else ("open" if row.flagged else "allowed")


def settle(services, person, comment_id, outcome, labels=NO_LABELS):
    key = uuid4()
    services.review.resume(person, comment_id)
    services.review.decide(Verdict(key, comment_id, outcome, labels, seconds=4.0), by=person)
    return key


def report_of_today(services, person):
    today = now().date()
    return services.transparency.report(Period(today, today), by=person)


def test_what_people_did_is_what_the_report_says(services, site, ada, bob):
    services.removals.send_to_review(site["0.99 bad"], by=ada, client_id=uuid4())
    settle(services, bob, site["0.99 bad"], Outcome.APPROVE)
    settle(services, ada, site["0.7 so-so"], Outcome.REMOVE, TOXIC)
    slip = settle(services, ada, site["0.7 rude"], Outcome.APPROVE)
    services.review.undo(ada, uuid4(), slip)
    settle(services, ada, site["0.7 rude"], Outcome.REMOVE, TOXIC)
    found = report_of_today(services, ada)
    assert (found.flow.came_in, found.flow.automatic, found.flow.automatic_decided) == (7, 2, 1)
    assert (found.flow.decided, found.flow.waiting, found.flow.let_through) == (2, 1, 2)
    total = found.total
    assert (total.decisions, total.took_down, total.left_up, total.put_back) == (3, 2, 0, 1)
    assert (found.reversals.undone, found.reversals.automatic_back_by_people) == (1, 1)
    assert (found.automatic.removed, set(found.automatic.labels.values())) == (2, {2})
    assert (found.automatic.waits.count, found.people, found.programs) == (2, 2, 0)
    assert found.handling.median == 4.0
    assert found.ledger.escalations == 1
    assert not found.closed


def test_a_trusted_program_decides_and_its_change_of_mind_is_a_reversal(services, site, ada):
    key, _ = services.keys.create("filter", {Scope.SUGGEST, Scope.TRUSTED}, by=ada, rate=None, daily=None)
    version = services.registry.list_models()[0]
    scores = FakeScorer().score(["0.6 rude"])
    with services.sessions.read() as session:
        source = session.scalar(select(CommentRow.source).where(CommentRow.id == site["0.6 rude"]))
    for holds in (True, False, True):  # the first is about traffic, which is settled then; the others are not
        sent = Sent("0.6 rude", source, {"toxic": holds}, {"TOXICITY": float(holds)})
        services.suggestions.add(sent, key, version=version, scores=scores)
    found = report_of_today(services, ada)
    assert (found.total.programs, found.total.people, found.by_programs.took_down) == (2, 0, 2)
    assert (found.reversals.undone, found.reversals.undone_by_programs) == (1, 1)
    assert (found.people, found.programs) == (0, 1)
    assert found.flow.decided == 1
