"""Finding comments by every filter, page by page, and the history of one, on both databases."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.browse import Filter
from core.domain import NewComment
from core.errors import NotFound
from core.history import Standing
from db.models import (
    ClaimRow,
    CommentRow,
    DecisionRow,
    GoldenRow,
    ModelVersionRow,
    PendingRow,
    PolicyRow,
    PromotionRow,
    RoutingRow,
    ScoreRow,
)

DAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


class World:
    """A database filled by hand: what the worker and the queue would write, without them."""

    def __init__(self, services) -> None:
        self.services = services
        self.browse = services.browse
        with services.sessions.begin() as session:
            for row in (PromotionRow, PolicyRow, ModelVersionRow):
                session.query(row).delete()
            for number, stage in ((101, "retired"), (102, "live")):
                session.add(
                    ModelVersionRow(
                        id=number, name=f"m{number}", kind="starter", path="x", sha256="", stage=stage, metrics={},
                        created_at=DAY,
                    )
                )  # fmt: skip
            session.add(
                PolicyRow(id=101, thresholds=[0.5] * 6, audit_rates=[0.1] * 5, active=True, created_at=DAY,
                          created_by="Ada", reason="")
            )  # fmt: skip

    def comment(
        self, number: int, text: str = "", *, day: int = 0, source: str = "s", golden: int | None = None
    ) -> int:
        at = DAY + timedelta(days=day, seconds=number)
        with self.services.sessions.begin() as session:
            session.add(
                CommentRow(id=number, text=text or f"text {number}", text_hash=text or str(number), source=source,
                           external_id=str(number), added_at=at)
            )  # fmt: skip
            session.flush()
            session.add(PendingRow(comment_id=number))
            if golden is not None:
                session.add(GoldenRow(comment_id=number, labels=golden))
        return number

    def score(self, number: int, first: float, *, model: int = 102, severe: float = 0.0) -> None:
        with self.services.sessions.begin() as session:
            session.query(PendingRow).filter_by(comment_id=number).delete()
            session.add(
                ScoreRow(comment_id=number, model_id=model, toxic=first, severe_toxic=severe, obscene=0, threat=0,
                         insult=0, identity_hate=0, scored_at=DAY + timedelta(minutes=model))
            )  # fmt: skip

    def route(self, number: int, state: str, lane: str | None = None, *, audit: bool = False) -> None:
        with self.services.sessions.begin() as session:
            session.add(
                RoutingRow(comment_id=number, policy_id=101, model_id=102, state=state, flagged=lane == "flagged",
                           lane=lane, priority=0, band=1, audit=audit, rate=0.1, day=1,
                           routed_at=DAY + timedelta(hours=3))
            )  # fmt: skip

    def decide(self, number: int, labels: int, *, by: str = "Ada", outcome="remove", revokes: int | None = None) -> int:
        with self.services.sessions.begin() as session:
            row = DecisionRow(
                client_id=uuid4(), comment_id=number, person=by, decided_at=DAY + timedelta(hours=5), labels=labels,
                outcome=outcome, lane="flagged", blind=False, seconds=2.5, note="a note", revokes=revokes,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    def ids(self, **wanted) -> list[int]:
        return [item.id for item in self.browse.search(Filter(**wanted)).items]


@pytest.fixture
def world(services) -> World:
    return World(services)


@pytest.fixture
def mixed(world) -> World:
    """One comment in each standing: 1 not scored, 2 allowed, 3 flagged, 4 audit, 5 escalated, 6 settled, 7 golden."""
    for number in range(1, 7):
        world.comment(number, source="a" if number % 2 else "b", day=number)
    world.comment(7, golden=1)
    for number, score in ((2, 0.1), (3, 0.9), (4, 0.8), (5, 0.7), (6, 0.6), (7, 0.5)):
        world.score(number, score)
    world.route(2, "allowed")
    world.route(3, "open", "flagged")
    world.route(4, "open", "audit", audit=True)
    world.route(5, "open", "escalated")
    world.route(6, "settled", "flagged")
    world.decide(6, 0b1)
    return world


def test_standings(mixed):
    items = {item.id: item.standing for item in mixed.browse.search(Filter()).items}
    assert items == dict(zip(range(1, 8), map(Standing, [
        "not scored", "allowed", "flagged", "audit", "escalated", "settled", "golden"]), strict=True))  # fmt: skip


@pytest.mark.parametrize("standing", Standing)
def test_filter_by_standing(mixed, standing):
    expected = [item.id for item in mixed.browse.search(Filter()).items if item.standing == standing]
    assert mixed.ids(standing=standing) == expected


def test_a_rescored_comment_that_waits_again_is_not_called_not_scored(mixed):
    with mixed.services.sessions.begin() as session:
        session.add(PendingRow(comment_id=3))
    assert mixed.ids(standing=Standing.NOT_SCORED) == [1]


def test_other_filters(mixed):
    assert mixed.ids(waiting=True) == [5, 4, 3]
    assert mixed.ids(source="a") == [5, 3, 1]
    assert mixed.ids(source="nowhere") == []
    assert mixed.ids(first_day=(DAY + timedelta(days=3)).date(), last_day=(DAY + timedelta(days=4)).date()) == [4, 3]
    assert mixed.ids(first_day=(DAY + timedelta(days=300)).date()) == []
    assert mixed.ids(moderator="Ada") == [6]
    assert mixed.ids(moderator="Bob") == []
    assert mixed.ids(model="m101") == []
    assert mixed.ids(model="m102") == [7, 6, 5, 4, 3, 2]
    assert mixed.ids(source="b", waiting=True) == [4]


def test_undecided_audit_items_do_not_show_in_searches_by_score(mixed):
    assert mixed.ids(score_label=0, low=0.55) == [6, 5, 3]
    assert mixed.ids(flagged_label=0) == [7, 6, 5, 3]
    assert mixed.ids(score_label=0, low=0.55, standing=Standing.AUDIT) == []


def test_undecided_audit_items_and_their_twins_hide_their_scores(world):
    for number in (1, 2, 3):
        world.comment(number, "same" if number < 3 else "other")
        world.score(number, 0.9)
    world.route(1, "open", "audit", audit=True)
    world.route(2, "settled", "flagged")
    world.decide(2, 0b100)
    shown = {item.id: (item.hidden, item.scores, item.labels) for item in world.browse.search(Filter()).items}
    assert shown[1] == shown[2] == (True, None, None)
    assert shown[3][1] is not None
    for number in (1, 2):
        history = world.browse.history(number)
        assert history.comment.hidden
        assert not any(event.scores or event.note or "Obscene" in event.what for event in history.events)


def test_label_by_decision_is_the_latest_that_stands(world):
    for number in (1, 2, 3, 4):
        world.comment(number)
    world.decide(1, 0b1)
    undone = world.decide(2, 0b1)
    world.decide(2, 0b1, revokes=undone)
    world.decide(3, 0b1)
    world.decide(3, 0b10, by="Bob")
    world.decide(4, 0b1, outcome="escalate")
    assert world.ids(decided_label=0) == [1]
    assert world.ids(decided_label=1) == [3]
    assert world.ids(moderator="Bob", decided_label=1) == [3]
    assert world.ids(moderator="Ada") == [4, 3, 2, 1]


def test_scores_are_those_of_the_model_that_was_asked_for(world):
    world.comment(1)
    world.score(1, 0.25, model=101)
    world.score(1, 0.75, model=102)
    assert world.browse.search(Filter()).items[0].scores[0] == pytest.approx(0.75)
    assert world.browse.search(Filter(model="m101")).items[0].scores[0] == pytest.approx(0.25)
    assert world.ids(model="m101", score_label=0, low=0.2, high=0.3) == [1]
    assert world.ids(score_label=0, low=0.2, high=0.3) == []


def test_pages_meet_without_gap_or_repeat(services):
    services.intake.add([NewComment(f"word {i}", "t", str(i)) for i in range(25)])
    services.search_index.catch_up()
    for wanted in (Filter(), Filter(text="word"), Filter(source="t"), Filter(standing=Standing.NOT_SCORED)):
        first = services.browse.search(wanted, limit=10)
        second = services.browse.search(wanted, before=first.older, limit=10)
        third = services.browse.search(wanted, before=second.older, limit=10)
        seen = [item.id for page in (first, second, third) for item in page.items]
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 25
        assert (first.newer, third.older) == (None, None)
        assert services.browse.search(wanted, after=third.newer, limit=10) == second
        assert services.browse.search(wanted, after=second.newer, limit=10).items == first.items
        assert services.browse.count(wanted) == (25, False)


def test_count_stops_at_many(services):
    services.intake.add([NewComment(f"word {i}", "t", str(i)) for i in range(1_005)])
    assert services.browse.count(Filter()) == (1_000, True)


def test_a_search_that_runs_out_of_time_says_where_it_got_to_and_goes_on(services):
    services.intake.add([NewComment("rare" if i == 3 else "x", "t", str(i)) for i in range(9_000)])
    services.search_index.catch_up()
    found, before, pages = [], None, 0
    while before is not None or not pages:
        page = services.browse.search(Filter(text="-x"), before=before, seconds=0)
        found, before, pages = found + page.items, page.older, pages + 1
        assert page.unfinished == (before is not None)
    assert [item.text for item in found] == ["rare"]
    assert pages == 3
    assert services.browse.search(Filter(text="-x"), seconds=9).older is None


def test_history_is_told_in_order(world):
    world.comment(1, "same")
    world.comment(2, "same")
    world.score(1, 0.2, model=101)
    world.score(1, 0.9)
    world.route(1, "settled", "flagged")
    with world.services.sessions.begin() as session:
        start = DAY + timedelta(hours=4)
        session.add(
            ClaimRow(comment_id=1, person="Ada", claimed_at=start, lease_until=start + timedelta(minutes=2),
                     released_at=start + timedelta(minutes=1))
        )  # fmt: skip
    first = world.decide(1, 0b1)
    world.decide(1, 0b1, revokes=first)
    world.decide(1, 0, by="Bob", outcome="approve")
    history = world.browse.history(1)
    kinds = [event.kind for event in history.events]
    assert kinds == ["added", "scored", "scored", "routed", "claimed", "released", "decided", "undone", "decided"]
    assert "m102 (live)" in history.events[2].what
    assert history.comment.outcome == "approve"
    assert [item.id for item in history.identical] == [2]


def test_no_such_comment(world):
    with pytest.raises(NotFound, match="no comment 99"):
        world.browse.history(99)


def test_choices(mixed):
    choices = mixed.browse.choices()
    assert choices.models == ["m102", "m101"]
    assert choices.moderators == ["Ada"]
    assert choices.sources == ["a", "b", "s"]


PLANS = {
    "everything": (Filter(), "comment USING INTEGER PRIMARY KEY"),
    "text": (Filter(text="word"), "comment_fts VIRTUAL TABLE"),
    "allowed": (Filter(standing=Standing.ALLOWED), "routing USING COVERING INDEX ix_routing_state"),
    "not scored": (Filter(standing=Standing.NOT_SCORED), "pending USING INTEGER PRIMARY KEY"),
    "source": (Filter(source="t"), "comment USING COVERING INDEX ix_comment_source"),
    "moderator": (Filter(moderator="Ada"), "decision USING COVERING INDEX ix_decision_person_comment"),
    "decided": (Filter(decided_label=3), "decision USING INDEX ix_decision_comment_id"),
    "score": (Filter(score_label=3, low=0.9), "score USING INDEX sqlite_autoindex_score_1"),
}


@pytest.mark.parametrize("name", PLANS)
def test_every_main_search_reads_an_index_in_order(sqlite_services, name):
    from sqlalchemy import text

    from core.browse_filter import to_criteria
    from db.stores.browse_plan import Plan
    from db.stores.policies import PolicyStore
    from db.stores.registry import RegistryStore

    World(sqlite_services)
    wanted, expected = PLANS[name]
    with sqlite_services.sessions.read() as session:
        criteria = to_criteria(wanted, RegistryStore(session), PolicyStore(session))
        query = Plan(session, criteria).query(1, 10**6, newer=False).limit(51)
        compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert any(expected in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
