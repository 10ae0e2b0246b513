"""The watch over drift: figures for the page, and a check now and then that raises and clears alerts."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now
from core.drift.counting import count_words
from core.drift.judge import FIRST_LOOK, Finding, Kind, errors_at, judge
from core.drift.report import GAP_DAYS, SPAN_DAYS, Report, Rules, Span, examine, rolling
from core.errors import BadInput
from core.log_text import whereabouts
from db.session import Sessions
from db.stores.drift import Alert, DriftState, DriftStore, NewAlert
from db.stores.policies import PolicyStore
from db.stores.scores import ScoreStore

log = logging.getLogger("moderato.drift")

CHECK_EVERY: Final = timedelta(minutes=5)
"""How often one of the workers checks."""
_ASK_SECONDS: Final = 30.0
"""How often a worker asks whether it is time."""
_BY_MODEL: Final = frozenset({Kind.SCORES, Kind.SHIFT, Kind.FLAGS, Kind.BAND})
MOST_DAYS: Final = 400
"""Longest span that is shown or referred to, in days."""


class Drift:
    """Drift of the live model's traffic."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._asked = float("-inf")

    def alerts(self) -> list[Alert]:
        """Alerts that hold, the newest first."""
        with self._sessions.read() as session:
            return DriftStore(session).list_open()

    def list_alerts(self, limit: int = 50) -> list[Alert]:
        """The latest alerts, over or not, newest first."""
        with self._sessions.read() as session:
            return DriftStore(session).list_alerts(limit)

    def reference(self) -> tuple[Span, str] | None:
        """The span that somebody fixed, and who; None while it rolls."""
        with self._sessions.read() as session:
            return _fixed(DriftStore(session).state())

    def choose_reference(self, span: Span | None, *, by: Person) -> None:
        """Compare to these days from now on; None: to the 28 days before the last 7, rolling. Raises BadInput."""
        check_may(by, Action.JUDGE_DRIFT)
        at = self._clock()
        if span and not (span.first <= span.last < _day(at) and span.last - span.first < MOST_DAYS):
            raise BadInput("A reference span ends before today and is not longer than a year. Choose other days.")
        with self._sessions.begin() as session:
            days = (span.first, span.last) if span else None
            DriftStore(session).set_reference(days, by=by.name, at=at)
            span_days = {"first_day": span.first, "last_day": span.last} if span else {}
            record(session, by, What.DRIFT_REFERENCE, "fixed" if span else "rolling", **span_days)
        log.info("drift reference %s by=%s", f"{span.first}..{span.last}" if span else "rolling", by.name)

    def report(self, days: int) -> Report | None:
        """The live model's last days against the reference, this day the last; None before it scored any."""
        today = _day(self._clock())
        return self._report(Span(today - min(days, MOST_DAYS) + 1, today), today, look=1)

    def tend(self) -> None:
        """Check, if it is time and no other worker does: what a worker calls between batches. Raises nothing."""
        if time.monotonic() - self._asked < _ASK_SECONDS:
            return
        self._asked = time.monotonic()
        try:
            self.check()
        except Exception as error:  # scoring goes on: the next check may fare better
            log.warning("the drift check failed: %s", whereabouts(error))

    def check(self) -> bool:
        """Count new words, judge yesterday and today, raise and clear alerts; False if it is not time."""
        at = self._clock()
        with self._sessions.read() as session:
            known = DriftStore(session).state()
        if known and known.checked_at > at - CHECK_EVERY:
            return False
        with self._sessions.begin() as session:
            state = DriftStore(session).take_turn(at, CHECK_EVERY)
        if state is None:
            return False
        count_words(self._sessions, state.word_cursor)
        self._judge(state, at)
        return True

    def _judge(self, state: DriftState, at: datetime) -> None:
        today = _day(at)
        with self._sessions.read() as session:
            model_id = ScoreStore(session).live_model_id()
            scored = DriftStore(session).scored_on(model_id, today) if model_id else 0
        if model_id is None:
            return
        self._end_for_others(model_id, today, at)
        looks, size = (state.looks, state.size) if state.day == today else (0, 0)
        if state.day != today:  # the first check of a day says the last word on the one before
            look = state.looks + 1 if state.day == today - 1 else 1
            self._follow(today - 1, look, model_id, complete=True, at=at)
        if scored >= max(FIRST_LOOK, 2 * size):
            looks, size = looks + 1, scored
            self._follow(today, looks, model_id, complete=False, at=at)
        with self._sessions.begin() as session:
            DriftStore(session).note_look(today, looks, size)

    def _follow(self, day: int, look: int, model_id: int, *, complete: bool, at: datetime) -> None:
        report = self._report(Span(day, day), day, look=look)
        found = judge(report, day, look=look, complete=complete) if report else []
        passed = [one for one in found if one.passed]
        with self._sessions.begin() as session:
            store = DriftStore(session)
            for one in passed:
                if store.raise_alert(_alert(one, day, model_id), at=at):
                    _tell("raised", one.kind, one.subject, day, one.value, one.limit)
            if complete:
                _clear(store, _over(store.list_open(), found, day), day, at)

    def _end_for_others(self, model_id: int, day: int, at: datetime) -> None:
        """What was told of another model's scores says nothing about this one's."""
        with self._sessions.begin() as session:
            store = DriftStore(session)
            _clear(store, store.open_for_other_models(model_id), day, at)

    def _report(self, shown: Span, day: int, *, look: int) -> Report | None:
        with self._sessions.read() as session:
            store = DriftStore(session)
            model_id, policy = ScoreStore(session).live_model_id(), PolicyStore(session).active()
            if model_id is None or policy is None or store.first_day(model_id) is None:
                return None
            fixed = _fixed(store.state())
            first = min(shown.first, fixed[0].first if fixed else day - GAP_DAYS - SPAN_DAYS + 1)
            counts = store.counts(model_id, first, shown.last)
        reference = fixed[0] if fixed else rolling(counts, day)
        return examine(counts, reference, shown, Rules(policy.thresholds, *errors_at(look)))


def _clear(store: DriftStore, alert_ids: list[int], day: int, at: datetime) -> None:
    for alert in store.list_open():
        if alert.id in alert_ids:
            _tell("cleared", alert.kind, alert.subject, day, alert.value, alert.limit)
    store.clear(alert_ids, at=at)


def _over(alerts: list[Alert], found: list[Finding], day: int) -> list[int]:
    """Alerts of earlier days whose test this whole day did not pass."""
    fine = {(one.kind.value, one.subject) for one in found if not one.passed}
    return [alert.id for alert in alerts if alert.day < day and (alert.kind, alert.subject) in fine]


def _alert(one: Finding, day: int, model_id: int) -> NewAlert:
    about = model_id if one.kind in _BY_MODEL else None
    return NewAlert(one.kind.value, one.subject, about, day, one.value, one.limit, one.boost)


def _tell(what: str, kind: str, subject: str, day: int, value: float, limit: float) -> None:
    """The event: one structured line, without any text of comments."""
    log.warning(
        "drift %s kind=%s subject=%s day=%d value=%.6g limit=%.6g", what, kind, subject or "all", day, value, limit
    )


def _fixed(state: DriftState | None) -> tuple[Span, str] | None:
    if state is None or state.reference_first is None or state.reference_last is None:
        return None
    return Span(state.reference_first, state.reference_last), state.reference_by or ""


def _day(at: datetime) -> int:
    return int(at.timestamp()) // 86_400
