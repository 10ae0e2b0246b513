"""Promise 1: metrics from scratch equal metrics kept live. And the fold against the truth, on both databases."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core.domain import LabelFlags, pack_labels
from core.labels import LABELS
from core.metrics.bins import BINS, bin_of
from core.metrics.service import Days, Metrics, View
from core.services import build_services
from core.settings import Settings
from db.models import DecisionRow, GoldenRow, StratumRow
from db.stores.decisions import latest_effective
from tests.support.ledger import World, model_row, seed, today, unlock, write_decisions, write_scores

COMMENTS = 40
RATES = (0.3, 0.5, 0.5, 0.5, 0.5)
EVER = Days(0, 60_000)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Services and a world whose ledger is still empty."""
    services = build_services(Settings(data_dir=tmp_path_factory.mktemp("fold")))
    world = seed(services, comments=COMMENTS, days=3, rates=RATES, decided=0.0)
    with services.sessions.begin() as session:
        unlock(session)  # the product never empties its ledger; this test does
    yield services, world
    services.close()


def dense(metrics: Metrics, world: World, days: Days = EVER) -> dict[int, np.ndarray]:
    """Counts and places by stratum, empty strata left out."""
    totals = metrics.refresh(world.model_id).totals(days.first, days.last)
    made = {int(number): counts for number, counts in zip(totals.strata, totals.counts, strict=True) if counts.any()}
    return made | {-1: totals.places}


def same(one: dict[int, np.ndarray], other: dict[int, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all((one[key] == other[key]).all() for key in one)


act = st.tuples(
    st.sampled_from(["approve", "remove", "escalate", "undo"]), st.integers(0, COMMENTS - 1), st.integers(0, 63)
)


def ledger_of(acts, world: World) -> list[dict]:
    """Entries of these acts; an undo takes back the comment's newest standing act, if it has one."""
    standing: dict[int, list[dict]] = {}
    entries: list[dict] = []
    for outcome, which, labels in acts:
        comment = int(world.ids[which])
        mine = standing.setdefault(comment, [])
        row = {"id": len(entries) + 1, "comment_id": comment, "labels": labels, "outcome": outcome}
        if outcome == "undo":
            if not mine:
                continue
            undone = mine.pop()
            row |= {"labels": undone["labels"], "outcome": undone["outcome"], "revokes": undone["id"]}
        else:
            mine.append(row)
        entries.append(row)
    return entries


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(act, max_size=60), cuts=st.lists(st.integers(0, 60), max_size=4))
def test_from_scratch_equals_kept_live(place, acts, cuts):
    services, world = place
    entries, live = ledger_of(acts, world), Metrics(services.sessions)
    with services.sessions.begin() as session:
        session.execute(delete(DecisionRow))
    done = 0
    for cut in [*sorted(min(cut, len(entries)) for cut in cuts), len(entries)]:
        write_decisions(services, entries[done:cut])
        done = cut
        dense(live, world)  # looked at in between, as a page does
    scratch = Metrics(services.sessions)
    assert same(dense(live, world), dense(scratch, world))
    for view in View:
        kept, anew = (made.overview(world.model_id, EVER, view) for made in (live, scratch))
        assert (kept.labels, kept.decided, kept.covered) == (anew.labels, anew.decided, anew.covered)
    assert_is_the_rule(services, world, dense(live, world))


def assert_is_the_rule(services, world: World, found: dict[int, np.ndarray]) -> None:
    """The counts are those of the comments' latest effective decisions, as the ledger's store has them."""
    held = latest_effective()
    with services.sessions.read() as session:
        rows = session.execute(
            select(DecisionRow.comment_id, DecisionRow.labels).join(held, held.c.decision_id == DecisionRow.id)
        ).all()
    wanted = np.zeros((8, 2, BINS), np.int64)
    for comment, labels in rows:
        for label in range(len(LABELS)):
            wanted[label, labels >> label & 1, bin_of(world.scores[comment - 1, label])] += 1
    counts = sum((value for key, value in found.items() if key >= 0), start=np.zeros_like(wanted))
    assert (counts == wanted).all()


def truth_of(world: World, view: View, label: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, score and weight of the decided comments of a view."""
    taken = world.decided & (world.audit | (view is View.REVIEWED))
    weight = np.ones(taken.sum())
    if view is View.TRAFFIC:
        share = np.bincount(world.band, minlength=5) / np.maximum(np.bincount(world.band[taken], minlength=5), 1)
        weight = share[world.band[taken]]
    return world.truth[taken, label], world.scores[taken, label], weight


@pytest.mark.parametrize("view", list(View))
def test_counts_what_was_decided(services, view):
    world = seed(services, comments=4_000, days=5)
    found = services.metrics.overview(world.model_id, EVER, view)
    assert found.traffic == 4_000
    for label, report in enumerate(found.labels):
        truth, score, weight = truth_of(world, view, label)
        said = score >= report.at.threshold
        assert (report.positives, report.negatives) == (truth.sum(), (~truth).sum())
        assert report.at.confusion.true_positives == pytest.approx((weight * (truth & said)).sum())
        assert report.at.confusion.false_negatives == pytest.approx((weight * (truth & ~said)).sum())
    assert found.decided == (world.decided & (world.audit | (view is View.REVIEWED))).sum()


def test_days_of_traffic_choose_the_comments(services):
    world = seed(services, comments=2_000, days=10)
    first = int(world.day[0])
    found = services.metrics.overview(world.model_id, Days(first + 2, first + 4), View.REVIEWED)
    within = (world.day >= first + 2) & (world.day <= first + 4)
    assert found.decided == (world.decided & within).sum()
    assert found.traffic == within.sum()


def test_kept_live_on_both_databases(services):
    world = seed(services, comments=300, days=3, decided=0.5)
    live = services.metrics
    dense(live, world)
    last, comment = int(world.decided.sum()), int(world.ids[world.decided][0])
    flags: LabelFlags = (True, False, False, True, False, False)
    again = {"id": last + 1, "comment_id": comment, "labels": pack_labels(flags), "outcome": "remove"}
    write_decisions(services, [again, {**again, "id": last + 2, "labels": 0, "outcome": "escalate"}])
    version = live.version()
    dense(live, world)
    write_decisions(services, [{**again, "id": last + 3, "revokes": last + 1}])
    assert live.version() != version
    assert same(dense(live, world), dense(Metrics(services.sessions), world))


def test_scores_that_come_after_the_decision(services):
    world = seed(services, comments=500, days=3)
    challenger = model_row(services, "challenger")
    live = services.metrics
    assert live.overview(challenger, EVER, View.REVIEWED).decided == 0
    half = world.ids[::2]
    write_scores(services, challenger, half, world.scores[::2])
    assert live.refresh(challenger).totals(0, 60_000).counts[:, 0].sum() == world.decided[::2].sum()
    write_scores(services, challenger, world.ids[1::2], world.scores[1::2])
    live.refresh(challenger)
    anew = Metrics(services.sessions)
    assert live.overview(challenger, EVER, View.TRAFFIC).labels == anew.overview(challenger, EVER, View.TRAFFIC).labels
    assert live.overview(challenger, EVER, View.TRAFFIC).decided == (world.decided & world.audit).sum()


def test_golden_items_do_not_count(services):
    world = seed(services, comments=500, days=3)
    with services.sessions.begin() as session:
        for comment in world.ids[world.decided][:20].tolist():
            session.add(GoldenRow(comment_id=comment, labels=0))
    assert services.metrics.overview(world.model_id, EVER, View.REVIEWED).decided == world.decided.sum() - 20


def test_strata_without_a_decided_audit_item_are_not_made_up(services):
    world = seed(services, comments=2_000, days=3)
    with services.sessions.begin() as session:
        session.add(StratumRow(day=today(), band=0, rate=0.01, count=700))
    found = services.metrics.overview(world.model_id, EVER, View.TRAFFIC)
    assert (found.traffic, found.covered) == (2_700, 2_000)


def test_pending_audits_backlog_and_hours(services):
    world = seed(services, comments=3_000, days=3, decided=0.6)
    waiting = ~world.decided
    assert services.metrics.pending_audits(EVER) == (world.audit & waiting).sum()
    backlog = services.metrics.backlog()
    assert backlog == {
        "audit": (world.audit & waiting).sum(),
        "flagged": (world.flagged & ~world.audit & waiting).sum(),
    }
    hours = services.metrics.decisions_per_hour(24 * 5)
    assert sum(count for _, count in hours) == world.decided.sum()
    last = int(world.decided.sum())
    undone = {"comment_id": int(world.ids[world.decided][-1]), "labels": 0, "outcome": "approve"}
    write_decisions(services, [{**undone, "id": last + 1, "revokes": last}])
    assert sum(count for _, count in services.metrics.decisions_per_hour(24 * 5)) == last - 1


def test_score_days(services):
    world = seed(services, comments=3_000, days=3)
    found = services.metrics.score_days(world.model_id, "toxic", EVER)
    assert found.volume.tolist() == [1_000] * 3
    wanted = np.quantile(world.scores[:1_000, 0], 0.9)
    assert found.quantiles[1, 0] == pytest.approx(wanted, rel=0.2)


def test_empty(services):
    model = model_row(services, "nothing")
    found = services.metrics.overview(model, EVER, View.TRAFFIC)
    assert (found.decided, found.traffic) == (0, 0)
    assert found.labels[0].ranking.auc is None
    assert services.metrics.days() is None
    assert services.metrics.score_days(model, "toxic", EVER).days.tolist() == []
