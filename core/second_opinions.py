"""Second opinions: which settled comments go blind to somebody else, and where a comment goes after a decision.

Drawing is Poisson sampling with permanent random numbers (Ohlsson 1995), as for the audit sample: a comment's number is
a hash of its id, and it is drawn if the number is below its stratum's rate. The rate is kept with the draw.

Strata are lane (audit or another) x what the first decision says (no label, labels, a rare label). Rates are in the
proportions of `SHARES`, scaled so that their mean over the latest decisions is the policy's `second_rate`: rare
positives, where people differ most, and audit items, which speak for all traffic, are drawn more often. This is in the
spirit of Neyman's allocation (1934), sampling more where opinions vary more, without claiming to know those variances.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.accounts import PROGRAM, Action, Person, check_may
from core.audit_trail import What, record
from core.domain import OTHERS_LANES, Decision, Lane, Outcome, RoutingState, now, unpack_labels
from core.errors import BadInput
from core.labels import LABELS
from core.routing import Floats, Ints, permanent_numbers
from db.session import Sessions
from db.stores.decisions import DecisionStore
from db.stores.second_opinions import SecondOpinionStore

RARE: Final = frozenset({"severe_toxic", "threat", "identity_hate"})
"""Labels so rare that a plain sample would hold hardly any."""

SHARES: Final = (1.0, 1.0, 4.0, 2.0, 2.0, 8.0)
"""How often the strata are drawn in proportion: other lanes with no label, labels, a rare label; audit likewise."""

TYPICAL: Final = (0.25, 0.5, 0.12, 0.115, 0.01, 0.005)
"""Shares of the strata among decisions that are assumed until there are some: those of the starter's flags."""

ACTIVE: Final = timedelta(days=30)
"""Somebody who has decided within this time is expected to give second opinions."""

FIRST_LANES: Final = frozenset({Lane.ASKED, Lane.ESCALATED, Lane.AUDIT, Lane.DISAGREEMENT, Lane.FLAGGED})
"""Lanes whose decisions are drawn from. Not what was decided before and is looked at again."""

_LATEST: Final = 2_000
"""Decisions that tell the mix of strata."""
_ASSUMED: Final = 200
"""How many decisions the typical mix counts for."""
_MIX_SECONDS: Final = 60.0


def second_numbers(comment_ids: Ints) -> Floats:
    """The permanent random number of each comment for this draw, [n], uniform in [0, 1)."""
    return permanent_numbers("second opinion draw", comment_ids)


def second_order(comment_ids: Ints) -> Floats:
    """In which order they are served: at random, so that those still waiting are like those given."""
    return permanent_numbers("second opinion order", comment_ids)


def stratum_of(lane: Lane, labels: tuple[bool, ...]) -> int:
    """Index in SHARES."""
    given = {label for label, on in zip(LABELS, labels, strict=True) if on}
    return 3 * (lane is Lane.AUDIT) + (2 if given & RARE else 1 if given else 0)


def rates(mix: Floats, mean: float) -> Floats:
    """Rates of the strata, [6], at most 1, in the proportions of SHARES, with this mean over the mix (shares, [6])."""
    found, free = np.ones(len(SHARES)), np.ones(len(SHARES), bool)
    share = np.array(SHARES)
    while free.any():  # a rate that reaches 1 stays there, and the others take what is left
        left = mean - mix[~free].sum()
        found[free] = np.clip(left / (mix[free] @ share[free]) * share[free], 0.0, None)
        if (found <= 1).all():
            break
        free &= found < 1
        found = np.minimum(found, 1.0)
    return found


def after(decision: Decision, first: Decision | None) -> tuple[RoutingState, Lane]:
    """Where its comment goes. `first` is the decision that held until then, None without any."""
    if decision.outcome is Outcome.ESCALATE:  # a comment with opinions stays blind, and goes to yet somebody else
        return RoutingState.OPEN, Lane.ADJUDICATION if decision.lane in OTHERS_LANES else Lane.ESCALATED
    if decision.lane is Lane.SECOND and first and not agree(decision, first):
        return RoutingState.OPEN, Lane.ADJUDICATION
    return RoutingState.SETTLED, decision.lane


def agree(one: Decision, other: Decision) -> bool:
    """Whether two decisions say the same: all six labels and the outcome."""
    return (one.labels, one.outcome) == (other.labels, other.outcome)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for somebody."""

    second: int
    adjudication: int


class SecondOpinions:
    """Draws for one process, which remembers the mix of strata for a minute."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._mix: tuple[float, Floats] | None = None

    def draw(self, ledger: DecisionStore, store: SecondOpinionStore, made: Decision) -> bool:
        """Perhaps let the comment of a decision just made wait for a second opinion; True if it was drawn.

        Part of the decision's own transaction. Drawn once a comment, never golden ones, and only where somebody
        else has decided anything within ACTIVE: work that nobody can do is not made.
        """
        if made.lane not in FIRST_LANES or made.outcome is Outcome.ESCALATE:
            return False
        ids = np.array([made.comment_id])
        rate = self._rate(store, made)
        if second_numbers(ids)[0] >= rate:
            return False
        if store.is_drawn(made.comment_id) or store.is_golden(made.comment_id):
            return False
        if not self._people(store) - store.people_of(made.comment_id) - {made.person}:
            return False
        entry = ledger.get_by_client_id(made.client_id)
        if entry is None:
            return False
        store.add(entry.id, made.comment_id, rate, priority=float(second_order(ids)[0]), at=made.decided_at)
        return True

    def judges(self, store: SecondOpinionStore, by: Person) -> set[str]:
        """Who is there to adjudicate, for a lead; empty for others.

        Disagreements go to somebody who has not decided the comment. Where everybody who is there has, a lead may
        decide although one of the two: two people with a lead among them need no third.
        """
        return self._people(store) | {by.name} if by.may(Action.ADJUDICATE) else set()

    def _people(self, store: SecondOpinionStore) -> set[str]:
        """Who has decided anything within ACTIVE, but for programs, whose trusted suggestions are decisions too."""
        return {name for name in store.people_since(self._clock() - ACTIVE) if not name.startswith(PROGRAM)}

    def waiting(self) -> Waiting:
        """How many comments wait for a second opinion, and for adjudication."""
        with self._sessions.read() as session:
            found = SecondOpinionStore(session).waiting()
        return Waiting(found[Lane.SECOND], found[Lane.ADJUDICATION])

    def withdraw(self, lane: Lane, *, by: Person) -> int:
        """Settle what waits in the lane and nobody holds, as it was decided first; returns how many.

        For when nobody is left to give them. Raises NotAllowed unless `by` is a lead.
        """
        check_may(by, Action.ADJUDICATE)
        if lane not in OTHERS_LANES:
            raise BadInput(f"Only second opinions and adjudications can be withdrawn, not lane {lane.value}.")
        with self._sessions.begin() as session:
            DecisionStore(session).lock()
            many = SecondOpinionStore(session).withdraw(lane, self._clock())
            record(session, by, What.SECOND_WITHDRAWN, lane.value, comments=many)
            return many

    def _rate(self, store: SecondOpinionStore, made: Decision) -> float:
        mean = store.second_rate()
        return float(rates(self._recent_mix(store), mean)[stratum_of(made.lane, made.labels)]) if mean > 0 else 0.0

    def _recent_mix(self, store: SecondOpinionStore) -> Floats:
        if self._mix is None or self._mix[0] < time.monotonic():
            counts = _ASSUMED * np.array(TYPICAL)
            for lane, mask, many in store.mix(_LATEST):
                counts[stratum_of(Lane(lane), unpack_labels(mask))] += many
            self._mix = time.monotonic() + _MIX_SECONDS, counts / counts.sum()
        return self._mix[1]
