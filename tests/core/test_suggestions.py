"""Suggestions of programs: what they become in the queue, the ledger, the export, and what they never touch."""

import csv
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.domain import Lane, NewComment, Outcome, RoutingState
from core.keys import Scope
from core.labels import LABELS
from core.suggestions import complete
from core.verdict import Verdict
from db.models import CommentRow, DecisionRow, PendingRow, RoutingRow, ScoreRow, StratumRow, TrafficRow
from db.program_models import SuggestionRow
from tests.support.programs import send
from tests.support.queue import CLEAN, TOXIC, Waiting, fill_queue

NONE = (False,) * 6
ONLY_TOXIC = (True, False, False, False, False, False)
ONE = UUID(int=1)
sqlite_only = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def trusted(services, ada):
    return services.keys.create("coral", [Scope.TRUSTED], by=ada)[0]


@pytest.fixture
def stranger(services, ada):
    return services.keys.create("bot", [Scope.SUGGEST], by=ada)[0]


def rows(services, table, *where):
    with services.sessions.read() as session:
        return list(session.scalars(select(table).where(*where).order_by(*table.__table__.primary_key)))


def count(services, table):
    with services.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def place(services, comment_id):
    (row,) = rows(services, RoutingRow, RoutingRow.comment_id == comment_id)
    return row


def test_a_trusted_suggestion_is_a_decision_at_once(services, trusted):
    send(services, trusted)
    (entry,), (kept,), (comment,) = (rows(services, table) for table in (DecisionRow, SuggestionRow, CommentRow))
    assert (entry.person, entry.lane, entry.outcome, entry.labels) == ("api:coral", "suggested", "approve", 0)
    assert not entry.blind
    assert kept.decision_id == entry.id
    assert (kept.labels, kept.given, kept.scores) == (0, 1, {"TOXICITY": 0.0})
    assert (comment.source, comment.text) == ("site", "You are an idiot.")
    assert place(services, comment.id).state == RoutingState.SETTLED


@sqlite_only
def test_it_is_no_traffic_and_never_audited(services, trusted, stranger):
    for k in range(40):  # the band's audit rate is 3 %: of so many some would be drawn
        send(services, stranger, f"text {k}")
    assert count(services, StratumRow) == count(services, TrafficRow) == count(services, PendingRow) == 0
    assert {(row.audit, row.rate) for row in rows(services, RoutingRow)} == {(False, 0.0)}


def test_it_stays_no_traffic_when_a_new_model_scores_it(services, stranger):
    send(services, stranger)
    with services.sessions.begin() as session:
        session.add(PendingRow(comment_id=1, lease_until=0))
    assert services.build_worker().score_waiting() == 1
    assert count(services, TrafficRow) == count(services, StratumRow) == 0
    assert place(services, 1).lane == Lane.SUGGESTED
    assert services.policies.traffic().latest.shape == (0, 6)


@sqlite_only
def test_another_key_s_suggestion_waits_for_people(services, stranger, ada):
    send(services, stranger, toxic=True)
    assert count(services, DecisionRow) == 0
    (item,) = services.review.claim(ada)
    assert (item.lane, item.blind, item.suggestion.by) == (Lane.SUGGESTED, False, "bot")
    services.review.decide(Verdict(ONE, item.comment.id, Outcome.REMOVE, ONLY_TOXIC), by=ada)
    (entry,) = rows(services, DecisionRow)
    assert (entry.person, entry.lane) == ("Ada", "suggested")


@sqlite_only
def test_it_is_served_before_what_the_model_flagged(services, stranger, ada):
    fill_queue(services.sessions, [Waiting("flagged")])
    send(services, stranger)
    assert [item.lane for item in services.review.claim(ada)] == [Lane.SUGGESTED, Lane.FLAGGED]


def test_the_same_again_changes_nothing_and_another_takes_the_former_back(services, trusted):
    send(services, trusted)
    send(services, trusted)
    assert count(services, DecisionRow) == 1
    send(services, trusted, **dict(zip(LABELS, ONLY_TOXIC, strict=True)))
    first, back, second = rows(services, DecisionRow)
    assert (back.revokes, second.labels, second.outcome) == (first.id, 1, "remove")
    assert count(services, SuggestionRow) == 3
    assert count(services, CommentRow) == 1


def test_it_settles_what_waits_as_flagged_and_what_was_let_through_of_the_same_source(services, trusted, ada):
    waits, let_through = fill_queue(
        services.sessions, [Waiting("waits"), Waiting("let through", scores=CLEAN)], source="site"
    )
    with services.sessions.begin() as session:
        session.get(RoutingRow, let_through).state, session.get(RoutingRow, let_through).lane = "allowed", None
    services.review.claim(ada)
    send(services, trusted, "waits")
    send(services, trusted, "let through", toxic=True)
    assert count(services, CommentRow) == 2
    assert place(services, waits).state == place(services, let_through).state == RoutingState.SETTLED
    assert services.review.claim(ada) == []
    assert {row.rate for row in rows(services, RoutingRow)} == {0.1}  # traffic stays traffic


@sqlite_only
def test_a_stranger_s_word_on_what_was_let_through_puts_it_into_the_lane(services, stranger):
    (id_,) = fill_queue(services.sessions, [Waiting("let through", scores=CLEAN)], source="site")
    with services.sessions.begin() as session:
        session.get(RoutingRow, id_).state, session.get(RoutingRow, id_).lane = "allowed", None
    send(services, stranger, "let through", toxic=True)
    assert (place(services, id_).state, place(services, id_).lane) == (RoutingState.OPEN, Lane.SUGGESTED)


@sqlite_only
@pytest.mark.parametrize(
    "lane", [Lane.AUDIT, Lane.ASKED, Lane.ESCALATED, Lane.SECOND, Lane.ADJUDICATION, Lane.DISAGREEMENT]
)
def test_what_people_look_at_blind_or_again_is_left_alone(services, trusted, lane):
    (id_,) = fill_queue(services.sessions, [Waiting("the same", lane=lane)], source="site")
    send(services, trusted, "the same")
    assert (place(services, id_).state, place(services, id_).lane) == (RoutingState.OPEN, lane)
    assert [row.comment_id for row in rows(services, DecisionRow)] == [id_ + 1]


def test_golden_answers_are_left_alone_and_their_text_is_never_trained_on(services, trusted, tmp_path, ada):
    fill_queue(services.sessions, [Waiting("the same", golden=True)], source="site")
    send(services, trusted, "the same")
    assert services.datasets.preview("records").rows == 1
    assert services.datasets.preview("training").rows == 0


def test_what_a_person_decided_stays(services, trusted, stranger, ada):
    send(services, stranger, toxic=True)
    (item,) = services.review.claim(ada)
    services.review.decide(Verdict(ONE, item.comment.id, Outcome.REMOVE, ONLY_TOXIC), by=ada)
    send(services, trusted)
    (entry,) = rows(services, DecisionRow)
    assert entry.person == "Ada"
    assert [row.decision_id for row in rows(services, SuggestionRow)] == [None, None]


@sqlite_only
def test_an_unscored_comment_of_that_text_is_not_touched(services, trusted):
    services.intake.add([NewComment("waiting text", "site", "1")])
    send(services, trusted, "waiting text")
    assert [row.comment_id for row in rows(services, RoutingRow)] == [2]
    assert [row.comment_id for row in rows(services, PendingRow)] == [1]


@sqlite_only
def test_a_comment_that_happens_to_have_the_id_is_no_trouble(services, trusted):
    send(services, trusted)
    (comment,) = rows(services, CommentRow)
    services.intake.add([NewComment("else", "other", comment.external_id)])
    send(services, trusted, source="other")
    assert count(services, SuggestionRow) == 2


@sqlite_only
def test_scores_of_a_model_that_is_live_no_more_are_scored_again(services, trusted, monkeypatch):
    monkeypatch.setattr("db.stores.scores.ScoreStore.live_model_id", lambda *_args, **_options: 99)
    send(services, trusted)
    assert count(services, PendingRow) == 1
    assert count(services, ScoreRow) == 1


def test_it_reaches_both_exports_with_who_sent_it(services, trusted, stranger, ada, tmp_path):
    send(services, trusted)
    send(services, stranger, "You moron", toxic=True)
    (item,) = services.review.claim(ada)
    services.review.decide(Verdict(ONE, item.comment.id, Outcome.REMOVE, ONLY_TOXIC), by=ada)
    for purpose in ("records", "training"):
        path = tmp_path / f"{purpose}.csv"
        services.datasets.export(path, by=ada, purpose=purpose)
        found = list(csv.DictReader(path.open(encoding="utf-8-sig")))
        who = [(row["moderator"], row["suggested_by"], row["toxic"]) for row in found]
        assert who == [("api:coral", "coral", "0"), ("Ada", "bot", "1")]


@sqlite_only
def test_browse_and_the_history_know_the_lane(services, stranger):
    from core.browse import Filter
    from core.history import Standing

    send(services, stranger)
    found = services.browse.search(Filter(standing=Standing.SUGGESTED))
    assert [hit.standing for hit in found.items] == [Standing.SUGGESTED]


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ({"toxic": False}, NONE),
        ({"toxic": True}, (True, False, True, False, True, False)),  # the others as the card presets them
        ({"toxic": True, "insult": False, "obscene": False}, ONLY_TOXIC),
        ({"severe_toxic": True, "obscene": False, "insult": False}, (True, True, False, False, False, False)),
        (dict(zip(LABELS, ONLY_TOXIC, strict=True)), ONLY_TOXIC),
        ({"threat": False}, (True, False, True, False, True, False)),
        ({"toxic": False, "insult": True}, (False, False, True, False, True, False)),
    ],
)
def test_labels_that_are_not_named(given, labels):
    assert complete(given, list(TOXIC), (0.5,) * 6) == labels


@sqlite_only
def test_metrics_which_are_about_traffic_do_not_count_it(services, trusted):
    services.intake.add([NewComment(f"ordinary {k}", "site", str(k)) for k in range(30)])
    assert services.build_worker().score_waiting() == 30
    model, days = services.registry.require_live().id, services.metrics.days()
    send(services, trusted, toxic=True)
    reviewed, traffic = services.metrics.overviews(model, days)
    assert (reviewed.decided, reviewed.traffic) == (0, 30)
    assert (traffic.decided, traffic.traffic) == (0, 30)
    assert services.policies.traffic().bands.sum() == 30
