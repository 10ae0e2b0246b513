"""Wrong labels are found, listed and sent back to review; what is decided then wins over the base data."""

from uuid import uuid4

import numpy as np
import pytest

from core.accounts import Person, Role
from core.domain import NO_DAY, Lane, Outcome, RunState, unpack_labels
from core.errors import BadInput, NotAllowed
from core.label_errors import BASE_SOURCE, Origin, Status
from core.labels import LABELS
from core.metrics.service import Days
from core.runs import LABEL_ERRORS
from core.scoring.ngrams import Buckets
from core.verdict import Verdict
from db.models import PendingRow, RoutingRow
from db.stores.queue import QueueStore
from tests.support.decided import TOXIC, Made, put
from tests.support.models import NICE, write_csv
from tests.support.scoring import make_live
from training.data import make_rows, read_rows
from training.label_errors import doubt, find_label_errors, gather, write_list
from training.linear import LinearConfig

TELLING = tuple(f"{stem}{k}" for stem in ("blurb", "snark", "grotz") for k in range(8))


@pytest.fixture(autouse=True)
def small_recipe(monkeypatch):
    """The recipe with fewer n-grams: it is what the made-up comments need."""
    buckets = Buckets(char_sizes=(3,), char_bits=10, word_bits=12)
    monkeypatch.setattr("training.label_errors.RECIPE", LinearConfig(buckets=buckets, iterations=15))


def labelled(count, *, wrong, seed=0):
    """Comments whose words tell their label most of the time, and which label of which row was planted wrong, [n, 6].

    Labels are rare and come together, as Jigsaw's do; one in eight positives has no telling word at all.
    """
    random = np.random.default_rng(seed)
    toxic = random.random(count) < 0.2
    labels = np.stack([toxic, toxic & (random.random(count) < 0.1), *(toxic & (random.random(count) < 0.4),) * 1,
                       toxic & (random.random(count) < 0.05), toxic & (random.random(count) < 0.4),
                       toxic & (random.random(count) < 0.1)], axis=1)  # fmt: skip
    texts = []
    for i, flags in enumerate(labels):
        words = list(random.choice(NICE, random.integers(5, 20))) + [f"word{n}" for n in random.zipf(1.4, 4) % 5_000]
        for j in np.flatnonzero(flags):
            words += [f"{TELLING[random.integers(len(TELLING))]}{j}"] * int(random.random() < 0.88)
        random.shuffle(words)
        texts.append(f"{' '.join(words)} n{seed}x{i}")
    planted = np.zeros(labels.shape, bool)
    chosen = random.choice(count, int(count * wrong), replace=False)
    planted[chosen, random.choice((0, 2, 4), len(chosen))] = True
    return make_rows(texts, (labels ^ planted).astype(np.float32)), planted


def test_most_of_five_per_cent_wrong_labels_are_at_the_top():
    rows, planted = labelled(2_000, wrong=0.05)
    doubts = doubt(rows)
    top = doubts.order()[: planted.sum()]
    right = (doubts.wrong[top] & planted[top]).any(1)
    assert right.mean() > 0.6  # measured 0.71: precision of the first hundred, and recall, for a hundred are planted
    listed = doubts.order()
    assert (doubts.wrong[listed] & planted[listed]).sum() > 0.7 * planted.sum()  # measured 0.82


def test_without_wrong_labels_hardly_anything_is_listed():
    rows, _ = labelled(2_000, wrong=0.0, seed=1)
    assert len(doubt(rows).order()) < 0.06 * len(rows)


def test_too_little_is_told(sqlite_services, ada):
    with pytest.raises(BadInput, match="at least 200 are needed"):
        find_label_errors(sqlite_services, by=ada)
    assert sqlite_services.runs.list_runs(1)[0].state is RunState.FAILED
    rows, _ = labelled(300, wrong=0)
    with pytest.raises(BadInput, match="No label has 20"):
        doubt(make_rows(rows.texts, np.zeros((300, 6), np.float32)))


def test_a_decision_replaces_the_base_row_of_the_same_content(tmp_path):
    from core.label_errors import Decided

    rows, _ = labelled(300, wrong=0)
    data = write_csv(tmp_path / "base.csv", rows)
    pool = gather([Decided(7, rows.texts[3].upper(), 63, Lane.FLAGGED)], data)
    assert len(pool.rows) == 300
    assert pool.base_rows == 299
    assert pool.rows.labels[0].tolist() == [1] * 6


@pytest.fixture
def found(services, ada, tmp_path):
    """A list over 600 base rows and 60 decided comments, two of them planted wrong."""
    services.policies.active()
    make_live(services.sessions)
    rows, planted = labelled(600, wrong=0.03)
    decided, _ = labelled(60, wrong=0, seed=5)
    made = [
        Made(text, tuple(bool(f) for f in flags)) for text, flags in zip(decided.texts, decided.labels, strict=True)
    ]
    made += [Made(f"{' '.join(TELLING)} really bad {k}0 {' '.join(f'{w}0' for w in TELLING)}") for k in range(2)]
    ids = put(services, made)
    data = write_csv(tmp_path / "base.csv", rows)
    return find_label_errors(services, by=ada, data=data), ids, rows, planted


def decide(services, comment_id, labels, by):
    outcome = Outcome.REMOVE if any(labels) else Outcome.APPROVE
    verdict = Verdict(uuid4(), comment_id, outcome, labels, seconds=2.0)
    return services.review.decide(verdict, by=by)


def test_a_list_is_kept_with_what_it_rests_on(services, found):
    listed, ids, *_ = found
    assert services.label_errors.latest() == listed
    assert (listed.ledger_rows, listed.base_rows, listed.base_file) == (62, 600, "base.csv")
    assert len(listed.data_hash) == 32
    assert {ids[-1], ids[-2]} <= {item.comment_id for item in listed.items}
    texts = services.label_errors.texts(listed.items)
    assert all(texts.values())
    (run,) = services.runs.list_runs()
    assert (run.preset, run.state) == (LABEL_ERRORS, RunState.DONE)


def test_a_ledger_item_is_decided_again_blind(services, found, ada):
    listed, ids, *_ = found
    item = next(item for item in listed.items if item.comment_id == ids[-1])
    errors = services.label_errors
    done = errors.review_again([item], by=ada)
    assert (done.reopened, done.already) == (1, 0)
    assert errors.review_again([item], by=ada).already == 1
    assert errors.statuses([item]) == {item.key: Status.WAITING}
    (shown,) = services.review.claim(ada, lanes=[Lane.RECHECK])
    assert (shown.comment.id, shown.blind, shown.evidence) == (ids[-1], True, None)
    decision = decide(services, ids[-1], TOXIC, ada)
    assert (decision.lane, decision.blind) == (Lane.RECHECK, True)
    assert errors.statuses([item]) == {item.key: Status.CHANGED}


def test_a_base_row_is_decided_again_and_wins_over_the_base(services, found, ada, tmp_path):
    listed, _, rows, _ = found
    items = [item for item in listed.items if item.origin is Origin.BASE][:3]
    errors = services.label_errors
    before = services.metrics.version(), services.metrics.days()
    assert errors.review_again(items, by=ada).reopened == 3
    assert errors.review_again(items, by=ada).already == 3, "by content: never twice"
    shown = services.review.claim(ada, lanes=[Lane.RECHECK])
    assert [one.comment.external_id for one in shown] == [item.digest for item in items]
    assert {one.comment.source for one in shown} == {BASE_SOURCE}
    truth = unpack_labels(items[0].suggested)
    decide(services, shown[0].comment.id, truth, ada)
    decide(services, shown[1].comment.id, unpack_labels(items[1].given), ada)
    assert [errors.statuses(items)[item.key] for item in items] == [Status.CHANGED, Status.CONFIRMED, Status.WAITING]
    assert (services.metrics.version().traffic, services.metrics.days()) == (before[0].traffic, before[1])

    path = tmp_path / "corrections.csv"
    services.datasets.export(path, by=ada, purpose="training")
    corrections = read_rows(path)
    taught = rows.plus(corrections)
    (at,) = [k for k, digest in enumerate(taught.hashes) if digest == items[0].digest]
    assert taught.labels[at].astype(bool).tolist() == list(truth)

    again = find_label_errors(services, by=ada, data=tmp_path / "base.csv")
    assert not {items[0].digest, items[1].digest} & {item.digest for item in again.items}


def test_base_rows_are_no_traffic_and_never_scored(services, found, ada):
    listed, *_ = found
    item = next(item for item in listed.items if item.origin is Origin.BASE)
    services.label_errors.review_again([item], by=ada)
    services.registry.list_models()
    with services.sessions.begin() as session:
        from datetime import timedelta

        from core.domain import now
        from db.stores.registry import RegistryStore

        RegistryStore(session).queue_rescoring(now() - timedelta(days=7))
    with services.sessions.read() as session:
        (row,) = session.query(RoutingRow).where(RoutingRow.day == NO_DAY).all()
        assert (row.audit, row.rate, row.lane) == (False, 0.0, Lane.RECHECK)
        assert session.get(PendingRow, row.comment_id) is None
        assert QueueStore(session).twins(row.comment_id, 5) == []
    services.review.claim(ada, lanes=[Lane.RECHECK])
    decide(services, row.comment_id, TOXIC, ada)
    days = Days(1, 30_000)
    (model,) = [model for model in services.metrics.models() if model.name == "first"]
    reviewed, _ = services.metrics.overviews(model.id, days)
    assert reviewed.decided <= 62


def test_only_analysts_send_back(services, found):
    listed, *_ = found
    moderator = Person("Eve", frozenset({Role.MODERATOR}))
    with pytest.raises(NotAllowed):
        services.label_errors.review_again(listed.items[:1], by=moderator)
    with pytest.raises(NotAllowed):
        services.runs.begin(LABEL_ERRORS, by=moderator)
    assert services.runs.begin(LABEL_ERRORS, by=Person("Ann", frozenset({Role.ANALYST}))).preset == LABEL_ERRORS


def test_the_csv_runs_no_formula(services, found, tmp_path):
    listed, *_ = found
    texts = dict.fromkeys(services.label_errors.texts(listed.items), "=1+1")
    write_list(tmp_path / "list.csv", listed, texts)
    assert ",'=1+1," in (tmp_path / "list.csv").read_text()
    assert LABELS[0] in (tmp_path / "list.csv").read_text()
