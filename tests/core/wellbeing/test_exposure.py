"""One's own exposure: what counts, and that nobody can ask for another's."""

import ast
import inspect
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.accounts import MAY, Action, Person, Role
from core.audit_trail import What
from core.domain import Lane, Outcome
from core.errors import NotAllowed
from core.review import Review
from core.settings import ROOT
from core.verdict import Verdict
from core.wellbeing.exposure import Exposure
from db.people_models import AuditEventRow
from db.stores.exposure import ExposureStore
from tests.support.queue import SEVERE, Waiting, fill_queue

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)
THREAT = (False, False, False, True, False, False)
RUDE = (True, False, False, False, True, False)


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def review(services, clock):
    return Review(services.sessions, services.settings, clock)


@pytest.fixture
def exposure(services, clock):
    return Exposure(services.sessions, clock)


def decide(review, comment_id, labels=RUDE, seconds=10.0, by=None, name=None):
    review.decide(Verdict(name or uuid4(), comment_id, Outcome.REMOVE, labels, seconds=seconds), by=by)


def test_severe_is_what_was_shown_or_said(review, exposure, services, ada):
    made = fill_queue(
        services.sessions,
        [
            Waiting("severe", scores=SEVERE),
            Waiting("rude"),
            Waiting("said to be one"),
            Waiting("b", Lane.AUDIT, SEVERE),
        ],
    )
    review.take(ada, 10)
    for comment_id, labels in zip(made, (RUDE, RUDE, THREAT, RUDE), strict=True):
        decide(review, comment_id, labels, by=ada)
    today = exposure.days(by=ada, today=MIDNIGHT)[-1]
    assert (today.severe, today.other) == (2, 2)  # the blind one counts by the label that Ada set, not by its scores
    assert (today.severe_seconds, today.seconds) == (20.0, 40.0)
    assert today.labels == (3, 0, 0, 1, 3, 0)


def test_days_are_the_persons_own_and_undone_ones_were_seen_too(review, exposure, services, clock, ada, bob):
    made = fill_queue(services.sessions, [Waiting(f"{k}", scores=SEVERE) for k in range(3)])
    clock.at = NOON - timedelta(days=1)
    review.take(ada, 1)
    decide(review, made[0], by=ada)
    clock.at = NOON
    review.undo(ada, uuid4())
    decide(review, made[0], seconds=400.0, by=ada)
    review.take(bob, 2)
    decide(review, made[1], by=bob)
    days = exposure.days(by=ada, today=MIDNIGHT)
    assert [day.severe for day in days] == [0, 0, 0, 0, 0, 1, 1]
    assert days[-1].severe_seconds == 300.0  # a card that was left open
    assert [day.severe for day in exposure.days(by=bob, today=MIDNIGHT)] == [0] * 6 + [1]


def test_of_one_step_for_many_only_the_shown_one_was_seen(review, exposure, services, ada):
    made = fill_queue(services.sessions, [Waiting("same", scores=SEVERE) for _ in range(5)])
    review.take(ada, 10)
    review.settle_identical(Verdict(uuid4(), made[0], Outcome.REMOVE, RUDE, seconds=4.0), by=ada)
    assert exposure.days(by=ada, today=MIDNIGHT)[-1].severe == 1


def test_reveals_are_ones_own(exposure, services, ada, bob, monkeypatch):
    monkeypatch.setattr("db.stores.audit.now", lambda: NOON)
    services.reveals.note(ada, [3, 4], "queue")
    services.reveals.note(ada, [4], "page")
    services.reveals.note(bob, [9], "queue")
    services.reveals.flush()
    assert [day.revealed for day in exposure.days(by=ada, today=MIDNIGHT)] == [0] * 6 + [2]


def test_a_stretch_of_work_ends_with_a_pause_of_five_minutes(review, exposure, services, clock, ada):
    made = fill_queue(services.sessions, [Waiting(f"{k}", scores=SEVERE) for k in range(20)])
    review.take(ada, 20)
    assert exposure.stretch(by=ada).minutes == 0
    clock.at = NOON - timedelta(minutes=90)
    decide(review, made[0], by=ada)
    for k in range(1, 9):
        clock.at = NOON - timedelta(minutes=4 * (9 - k))
        decide(review, made[k], seconds=60.0, by=ada)
    clock.at = NOON
    stretch = exposure.stretch(by=ada)
    assert stretch.minutes == pytest.approx(33)
    assert stretch.severe == 8
    clock.at = NOON + timedelta(minutes=5)
    assert exposure.stretch(by=ada).minutes == 0


def test_every_method_takes_the_asker_and_no_other_name():
    for name, method in inspect.getmembers(Exposure, inspect.isfunction):
        if not name.startswith("_"):
            parameters = inspect.signature(method).parameters
            assert set(parameters) <= {"self", "by", "today", "many"}, name
            assert parameters["by"].kind is inspect.Parameter.KEYWORD_ONLY


def test_leads_and_administrators_have_no_way_to_it():
    """Nothing but the asker's own page and card knows the module: no route, command, export or report."""
    inside = {"core/services.py", "pages/shared/exposure_panel.py", "pages/shared/review_card/wellbeing.py"}
    users = set()
    for path in [
        *ROOT.glob("*.py"),
        *(p for top in ("api", "core", "pages", "training") for p in (ROOT / top).rglob("*.py")),
    ]:
        words = {getattr(node, "attr", getattr(node, "module", "")) for node in ast.walk(ast.parse(path.read_text()))}
        if words & {"exposure", "core.wellbeing.exposure", "db.stores.exposure"}:
            users.add(str(path.relative_to(ROOT)))
    assert users - {"core/wellbeing/exposure.py"} == inside


@pytest.mark.parametrize("role", [role for role in Role if Action.REVIEW not in MAY[role]])
def test_whoever_does_not_review_has_none(exposure, role):
    with pytest.raises(NotAllowed):
        exposure.days(by=Person("Eve", frozenset({role})), today=MIDNIGHT)


def test_reveals_are_read_a_page_at_a_time_and_no_further_back_than_asked(services, exposure, clock, ada, monkeypatch):
    monkeypatch.setattr("db.stores.exposure._PAGE", 2)
    with services.sessions.begin() as session:
        shown, other = What.TEXT_REVEALED.value, What.SIGNED_IN.value
        events = ((60, shown), (50, shown), (3, other), (2, shown), (1, other), (1, other), (1, shown))
        for number, (hours, what) in enumerate(events, 1_000):
            plain = {"id": number, "person": ada.name, "subject": "queue", "hash": str(number)}
            at = clock() - timedelta(hours=hours)
            session.add(AuditEventRow(**plain, at=at, what=what, details={"comments": [hours]}))
    with services.sessions.read() as session:
        found = ExposureStore(session).reveals(ada.name, shown, clock() - timedelta(hours=4))
        assert [comments for _, comments in found] == [[1], [2]]
        found = ExposureStore(session).reveals(ada.name, shown, clock() - timedelta(hours=99))
        assert [comments for _, comments in found] == [[1], [2], [50], [60]]
