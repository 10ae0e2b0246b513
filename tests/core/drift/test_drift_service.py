"""The watch on both databases: alerts rise and clear, one worker checks, words are counted once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.accounts import Person, Role
from core.drift.judge import BOOSTS, Kind
from core.drift.report import Span
from core.drift.service import CHECK_EVERY, Drift
from core.drift.words import unpack
from core.errors import BadInput, NotAllowed
from core.label_errors import Origin, Suspect
from core.labels import LABELS
from core.text import text_hash
from core.worker import ScoringWorker
from db.models import PendingRow, TrafficRow
from db.stores.drift import DriftStore
from db.stores.recheck import RecheckStore
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live
from tests.support.traffic import Site, put_comments, put_days

TODAY = 20_500
NOON = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=TODAY)
SHIFT = tuple(1.5 * (label == "threat") for label in LABELS)


class Clock:
    def __init__(self):
        self.at = NOON

    def __call__(self):
        return self.at


@pytest.fixture
def watched(services):
    """Forty quiet days of a live model; the drift watch and its clock."""
    model_id, site, clock = make_live(services.sessions), Site(3), Clock()
    services.policies.active()
    put_days(services.sessions, site, {TODAY - k: site.scores(600) for k in range(1, 41)}, model_id)
    return Drift(services.sessions, clock), clock, site, model_id


def kinds(drift):
    return {(alert.kind, alert.subject) for alert in drift.alerts()}


def test_a_shift_raises_alerts_that_a_quiet_day_clears(services, watched, caplog):
    drift, clock, site, model_id = watched
    put_days(services.sessions, site, {TODAY: site.scores(2_000, SHIFT)}, model_id)
    assert drift.check()
    assert ("scores", "threat") in kinds(drift)
    assert all(subject in ("threat", "", *"01234") for _, subject in kinds(drift))
    assert "drift raised kind=scores subject=threat" in caplog.text

    clock.at = NOON + timedelta(days=1)
    put_days(services.sessions, site, {TODAY + 1: site.scores(2_000)}, model_id)
    drift.check()
    assert ("scores", "threat") in kinds(drift), "the day after is not over yet"

    clock.at = NOON + timedelta(days=2)
    drift.check()
    assert ("scores", "threat") not in kinds(drift)
    assert [a.day for a in drift.list_alerts() if (a.kind, a.subject) == ("scores", "threat")] == [TODAY]


def test_a_drifted_band_is_told_with_a_boost(services, watched):
    drift, _, site, model_id = watched
    put_days(services.sessions, site, {TODAY: site.scores(2_000, (2.5,) * 6)}, model_id)
    drift.check()
    bands = {alert.subject: alert.boost for alert in drift.alerts() if alert.kind == Kind.BAND}
    assert bands
    assert all(BOOSTS[0] <= boost <= BOOSTS[1] for boost in bands.values())
    with services.sessions.read() as session:
        assert DriftStore(session).boosts() == {int(band): boost for band, boost in bands.items()}


def test_quiet_days_raise_nothing(services, watched):
    drift, _, site, model_id = watched
    put_days(services.sessions, site, {TODAY: site.scores(600)}, model_id)
    drift.check()
    assert kinds(drift) == set()


def test_one_worker_checks_at_a_time(services, watched):
    drift, clock, _, _ = watched
    other = Drift(services.sessions, clock)
    assert [drift.check(), other.check(), drift.check()] == [True, False, False]
    clock.at += CHECK_EVERY
    assert [other.check(), drift.check()] == [True, False]


def test_alerts_of_a_retired_model_end_with_it(services, watched):
    drift, clock, site, model_id = watched
    put_days(services.sessions, site, {TODAY: site.scores(2_000, SHIFT)}, model_id)
    drift.check()
    make_live(services.sessions, "next")
    clock.at = NOON + timedelta(days=1)
    drift.check()
    assert not [alert for alert in drift.alerts() if alert.model]


def test_a_day_without_comments_is_told(services, watched):
    drift, clock, _, _ = watched
    clock.at = NOON + timedelta(days=1)
    drift.check()
    assert (Kind.VOLUME, "") in kinds(drift)


def test_leftovers_that_a_new_model_scored_are_no_reference(services, watched):
    drift, _, site, _ = watched
    new = make_live(services.sessions, "next")
    with services.sessions.begin() as session:
        from db.stores.traffic import TrafficStore

        for day in range(TODAY - 30, TODAY):
            TrafficStore(session).add_scores([day] * 40 + site.rng.integers(0, 1, 40), site.scores(40), new)
    report = drift.report(30)
    assert not report.has_reference
    assert not report.judged.any()


def test_new_words_are_counted_once_and_told(services, watched):
    drift, clock, _, model_id = watched
    policy_id = services.policies.active().id
    common = ["the quick brown fox jumps over the lazy dog today"] * 150
    for day in range(TODAY - 36, TODAY):
        put_comments(services.sessions, common, day, model_id=model_id, policy_id=policy_id)
    slang = [f"{'blorp' + chr(97 + k % 20)} zzyzx the quick brown fox" for k in range(150)]
    put_comments(services.sessions, slang, TODAY, model_id=model_id, policy_id=policy_id)
    drift.check()
    clock.at += CHECK_EVERY
    Drift(services.sessions, clock).check()  # another process goes on where the first one ended
    report = drift.report(10)
    assert report.words.rate[-1] == pytest.approx(2 / 6)
    assert report.words.rate[-2] == 0
    assert report.words.usual.high[-1] < 0.2
    with services.sessions.read() as session:
        assert DriftStore(session).word_day(TODAY).comments == 150
        packed = DriftStore(session).word_hashes(TODAY - 3, TODAY - 1)
    assert [len(unpack(hashes)) for hashes in packed.values()] == [9] * 3
    assert b"quick" not in b"".join(unpack(hashes).tobytes() for hashes in packed.values())


def test_an_analyst_fixes_the_reference(services, watched, ada):
    drift, _, _, _ = watched
    drift.choose_reference(Span(TODAY - 20, TODAY - 10), by=ada)
    assert drift.reference() == (Span(TODAY - 20, TODAY - 10), "Ada")
    assert drift.report(30).reference == Span(TODAY - 20, TODAY - 10)
    drift.choose_reference(None, by=ada)
    assert drift.reference() is None
    with pytest.raises(BadInput, match="before today"):
        drift.choose_reference(Span(TODAY - 3, TODAY), by=ada)
    with pytest.raises(NotAllowed):
        drift.choose_reference(None, by=Person("Bob", frozenset({Role.MODERATOR})))


def test_a_worker_counts_bands_and_leaves_base_data_out(services, ada):
    model_id = make_live(services.sessions)
    add_comments(services.sessions, ["0.01 a", "0.3 b", "0.9 c", "0.9 d"])
    suspect = Suspect(Origin.BASE, 0, "0.9 an old row", text_hash("0.9 an old row"), 0, 1, 0.9)
    services.label_errors.review_again([suspect], by=ada)
    with services.sessions.begin() as session:  # as if something asked for its scores all the same
        (waiting,) = RecheckStore(session).base_ids("base data", [suspect.digest]).values()
        session.add(PendingRow(comment_id=waiting, lease_until=0))
    worker = ScoringWorker(services.sessions, services.settings, FakeModels(services.sessions, FakeScorer()), "w")
    assert worker.score_waiting() == 5
    with services.sessions.read() as session:
        today = int(datetime.now(UTC).timestamp()) // 86_400
        found = DriftStore(session).counts(model_id, today, today)
        assert session.scalar(select(func.min(TrafficRow.day))) == today
    assert found.bands.sum(2)[0].tolist() == [1, 0, 1, 0, 2]
    assert found.volume.tolist() == [4]
    assert found.scores[0, 0].sum() == 4
