"""A band that drifts is audited at a higher rate, which is stored and counted."""

import numpy as np
import pytest
from sqlalchemy import func, insert, select

from core.domain import BANDS, now
from core.recording import watch
from core.routing import HIGHEST_RATES, band_rates, highest_rate
from core.scoring.cascade import Cascade, CascadeScorer
from core.scoring.members import Member
from core.worker import ScoringWorker
from db.models import RoutingRow, StratumRow
from db.quality_models import DriftAlertRow
from db.stores.drift_boosts import list_boosts, open_boosts
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live

RATES = (0.2, 0.2, 0.2, 0.2, 0.2)


def alert(services, subject, boost, *, kind="band", cleared=None):
    values = {"kind": kind, "subject": subject, "day": 1, "value": 0.3, "limit": 0.2, "boost": boost}
    with services.sessions.begin() as session:
        session.execute(insert(DriftAlertRow).values(**values, raised_at=now(), cleared_at=cleared))


@pytest.fixture
def drifting(services):
    alert(services, "0", 2.0)
    alert(services, "3", 9.0)
    alert(services, "1", 4.0, cleared=now())
    alert(services, "toxic", 4.0, kind="scores")
    return services


def test_only_open_alerts_on_bands_count(drifting):
    with drifting.sessions.read() as session:
        assert open_boosts(session).tolist() == [2.0, 1.0, 1.0, 9.0, 1.0]
        assert [(boost.band, boost.factor) for boost in list_boosts(session)] == [(0, 2.0), (3, 9.0)]
    assert [boost.band for boost in drifting.policies.boosts()] == [0, 3]


def test_a_rate_is_raised_up_to_the_highest_allowed_and_never_lowered():
    assert band_rates(RATES, (2.0, 0.5, 1.0, 9.0, 3.0)).tolist() == [0.4, 0.2, 0.2, 1.0, 0.6]
    assert band_rates((0.4,) * BANDS, (100.0,) * BANDS).tolist() == list(HIGHEST_RATES)


def test_the_raised_rate_is_what_is_drawn_by_stored_and_counted(drifting, ada):
    drifting.policies.save((0.5,) * 6, RATES, by=ada, reason="a test")
    make_live(drifting.sessions)
    add_comments(drifting.sessions, ["0.01 low"] * 300 + ["0.1 next"] * 50 + ["0.6 high"] * 20)
    worker = ScoringWorker(drifting.sessions, drifting.settings, FakeModels(drifting.sessions, FakeScorer()), "w")
    while worker.score_waiting():
        pass
    with drifting.sessions.read() as session:
        strata = {(row.band, row.rate): row.count for row in session.scalars(select(StratumRow))}
        drawn = session.execute(
            select(RoutingRow.band, RoutingRow.rate, func.count()).where(RoutingRow.audit).group_by(
                RoutingRow.band, RoutingRow.rate
            )
        ).all()  # fmt: skip
    assert strata == {(0, 0.4): 300, (1, 0.2): 50, (3, 1.0): 20}
    audited = {(band, rate): count for band, rate, count in drawn}
    assert audited[3, 1.0] == 20
    assert abs(audited[0, 0.4] - 120) < 5 * np.sqrt(300 * 0.4 * 0.6)


def test_a_cascade_watches_all_that_may_be_drawn_at_the_raised_rate(drifting, ada):
    policy = drifting.policies.save((0.5,) * 6, RATES, by=ada, reason="a test")
    assert drifting.policies.highest_audit_rate() == 1.0
    assert highest_rate(policy) == 0.2
    careful = FakeScorer("careful")
    cascade = CascadeScorer("both", Cascade([Member(name, "onnx", "", "") for name in "ab"], 0.05),
                            [FakeScorer("quick"), careful])  # fmt: skip
    ids = np.arange(1, 201)
    texts = [f"0.001 text {i}" for i in ids]
    watch(cascade, texts, ids, drifting.policies.highest_audit_rate()).score(texts)
    assert len(careful.seen) == 200, "the quick one alone would have answered"
