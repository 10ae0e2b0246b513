"""Transparency reports of one database: everything that is known about a period, as of its end."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest

import numpy as np

from core.accounts import PROGRAM, Action, Person, check_may
from core.domain import now
from core.label_errors import BASE_SOURCE
from core.labels import LABELS
from core.transparency import counts
from core.transparency.accuracy import Accuracy, Audited, Marks, PeopleAgreement, agreement, measure
from core.transparency.acts import Acts, read_acts
from core.transparency.counts import Flow, Ledger, Reversals, Spread, Tally
from core.transparency.period import Period
from core.transparency.versions import ModelInForce, PolicyInForce, models_in_force, policies_in_force
from db.models import PolicyRow
from db.session import Sessions
from db.stores.transparency import TransparencyStore

_KEPT = 4
_FRESH = timedelta(minutes=1)
"""So long a report of a running period is kept: what is seen is then what is downloaded."""
_SETTLING = timedelta(minutes=5)
"""So long after a period's end a decision made in it may still be on its way into the ledger."""


@dataclass(frozen=True, slots=True)
class Automatic:
    """What the policy removed alone, of the comments that came in during the period."""

    removed: int
    labels: dict[str, int]
    """By label that reached its mark; one comment may reach several."""
    waits: Spread
    """Seconds from arrival to removal."""


@dataclass(frozen=True, slots=True)
class Report:
    """A period's figures. Every number's population is told where it is shown: core.transparency.tables."""

    period: Period
    made_at: datetime
    closed: bool
    """Whether the period was over when the report was made: then nothing that is decided later changes it."""
    ledger: Ledger
    flow: Flow
    total: Tally
    by_people: Tally
    by_programs: Tally
    labels: dict[str, Tally]
    label_sets: dict[int, Tally]
    lanes: dict[str, Tally]
    sources: dict[str, Tally]
    times: dict[str, Tally]
    automatic: Automatic
    waits: dict[str, Spread]
    handling: Spread
    untimed: int
    """Decisions of people without a time of their own: settled together with another, or not measured."""
    reversals: Reversals
    accuracy: Accuracy
    agreement: PeopleAgreement
    people: int
    programs: int
    models: tuple[ModelInForce, ...]
    policies: tuple[PolicyInForce, ...]


class TransparencyReports:
    """Makes reports; keeps the last few until the database holds more. Reads only."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Period, tuple[tuple[object, ...], Report]] = OrderedDict()

    def since(self) -> date | None:
        """Day on which the first comment came in; None before any."""
        with self._sessions.read() as session:
            found = TransparencyStore(session).first_moment()
        return found.date() if found else None

    def report(self, period: Period, *, by: Person) -> Report:
        """The period's report. Raises NotAllowed."""
        check_may(by, Action.SEE_REPORT)
        with self._lock, self._sessions.read() as session:
            store, at = TransparencyStore(session), self._clock()
            over = at >= period.end + _SETTLING
            version = (over, at >= period.end, *store.version(ledger=not over))
            if not self._holds(period, version, at):
                self._kept[period] = version, _make(store, period, at)
            self._kept.move_to_end(period)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[period][1]

    def _holds(self, period: Period, version: tuple[object, ...], at: datetime) -> bool:
        if period not in self._kept:
            return False
        known, made = self._kept[period]
        recent = not made.closed and not version[1] and at - made.made_at < _FRESH
        return known == version or recent


def _make(store: TransparencyStore, period: Period, at: datetime) -> Report:
    entries = store.entries(period.start, period.end)
    earlier = store.earlier(period.start, period.end, program=PROGRAM)
    acts = read_acts(entries, earlier, BASE_SOURCE)
    policies = _policies(store)
    marks = {one.version: Marks(one.thresholds, one.auto_remove) for one in policies}
    routed = store.routed(*period.numbers)
    drawn = sum(one.count for one in routed if one.audit)
    audited = Audited(*store.audit_scores(*period.numbers), store.strata(*period.numbers), drawn)
    gone = np.concatenate([entries.revokes, earlier.revokes])
    changes, live = store.live_models()
    handling, untimed = counts.handling(acts)
    people, programs = counts.actors(acts)
    return Report(
        period=period,
        made_at=at,
        closed=at >= period.end,
        ledger=counts.ledger(acts),
        flow=counts.flow(acts, routed, period.numbers),
        total=counts.tally(acts),
        by_people=counts.tally(acts, ~acts.program),
        by_programs=counts.tally(acts, acts.program),
        labels=counts.by_label(acts),
        label_sets=counts.by_label_set(acts),
        lanes=counts.by_lane(acts),
        sources=counts.by_source(acts),
        times=counts.by_time(acts, period),
        automatic=_automatic(store, marks, period),
        waits=counts.waits(acts),
        handling=handling,
        untimed=untimed,
        reversals=counts.reversals(acts),
        accuracy=measure(acts, audited, marks, period.numbers),
        agreement=_agreement(store, acts, period, gone),
        people=people,
        programs=programs,
        models=models_in_force(changes, live, period),
        policies=policies_in_force(policies, period),
    )


def _agreement(store: TransparencyStore, acts: Acts, period: Period, gone: np.ndarray) -> PeopleAgreement:
    return agreement(acts, store.second_draws(period.start, period.end), gone[gone > 0])


def _automatic(store: TransparencyStore, marks: dict[int, Marks], period: Period) -> Automatic:
    policy, waited, scores = store.removals(*period.numbers)
    limits = np.full((len(policy), len(LABELS)), 2.0, np.float32)  # no probability reaches 2
    for version in np.unique(policy).tolist():
        if version in marks and (at := marks[version].auto_remove):
            limits[policy == version] = [2.0 if mark is None else mark for mark in at]
    reached = (scores.astype(np.float32) >= limits).sum(0).tolist()
    return Automatic(len(policy), dict(zip(LABELS, reached, strict=True)), counts.spread(waited))


def _policies(store: TransparencyStore) -> list[PolicyInForce]:
    """Every version, oldest first: a decision may name any that was there before it."""
    rows = store.policies()
    ends = [row.created_at for row in rows[1:]]
    return [_policy(row, until) for row, until in zip_longest(rows, ends)]


def _policy(row: PolicyRow, until: datetime | None) -> PolicyInForce:
    return PolicyInForce(
        version=row.id,
        since=row.created_at,
        until=until,
        thresholds=tuple(row.thresholds),
        auto_remove=tuple(row.auto_remove) if row.auto_remove else None,
        audit_rates=tuple(row.audit_rates),
        auto_audit_rate=row.auto_audit_rate,
        second_rate=row.second_rate,
    )
