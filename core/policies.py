"""Versions of the policy, what they would do to the traffic of late, and how open items follow a new one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.automatic import Beside, beside_of
from core.domain import BANDS, Policy, now
from core.errors import BadInput, NotFound
from core.labels import LABELS
from core.routing import (
    DEFAULT_AUDIT_RATES,
    DEFAULT_THRESHOLDS,
    Floats,
    check_policy,
    follow,
    highest_rate,
    margins,
    route,
)
from db.session import Sessions
from db.stores.drift_boosts import Boost, list_boosts, open_boosts
from db.stores.policies import PolicyStore
from db.stores.routing import RoutingStore
from db.stores.scores import ScoreStore
from db.stores.traffic import TrafficStore, bin_edges

OUTLOOK_DAYS: Final = 7
"""How far back the traffic goes that a setting is tried on."""

_SAMPLE: Final = 5_000
"""Latest comments that tell how often labels come together."""

_MAX_REASON: Final = 500
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Traffic:
    """What came by of late, as far as the live model has scored it."""

    days: int
    """Days that the counts are of, at least 1."""
    histograms: NDArray[np.int64]
    """Comments by label and logit bin, [6, 256]."""
    bands: NDArray[np.int64]
    """Comments by band, [5]."""
    latest: NDArray[np.float32]
    """Scores of the latest comments, [n, 6]."""

    @property
    def comments_a_day(self) -> float:
        """Mean number of comments routed a day."""
        return float(self.bands.sum()) / self.days

    def counts_between(self, label: int, edges: Floats) -> Floats:
        """Comments by one label's probability, between consecutive edges; within a bin, in proportion."""
        below = np.concatenate([[0], np.cumsum(self.histograms[label])])
        return np.diff(np.interp(edges, bin_edges(), below))

    def flagged_share(self, label: int, threshold: float) -> float:
        """Share of comments that reach one label's threshold; within a bin, in proportion."""
        return float(self.counts_between(label, np.array([threshold, 1.0]))[0] / max(self.histograms[label].sum(), 1))

    def any_flagged_share(self, thresholds: Sequence[float]) -> float:
        """Share of the latest comments that reach some label's threshold."""
        return float((margins(self.latest, thresholds) >= 0).mean()) if len(self.latest) else 0.0

    def audits_a_day(self, rates: Sequence[float]) -> Floats:
        """Expected audit items a day, by band, [5]."""
        return self.bands / self.days * np.asarray(rates)


class Policies:
    """The policy that holds, its former versions, and a new one."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def active(self) -> Policy:
        """The policy that holds. On an empty database the default one is made."""
        with self._sessions.read() as session:
            found = PolicyStore(session).active()
        return found or self._add_default()

    def list_policies(self, limit: int = 100) -> list[Policy]:
        """The latest versions, newest first."""
        with self._sessions.read() as session:
            return PolicyStore(session).list_newest(limit)

    def require(self, policy_id: int) -> Policy:
        """The version; raises NotFound."""
        with self._sessions.read() as session:
            found = PolicyStore(session).get(policy_id)
        if found is None:
            raise NotFound(
                "There is no version {policy_id} of the policy. Choose one from the list.",
                policy_id=policy_id,
            )
        return found

    def before(self, policy_id: int) -> Policy | None:
        """The version before that one: what a revert goes back to."""
        with self._sessions.read() as session:
            return PolicyStore(session).before(policy_id)

    def boosts(self) -> list[Boost]:
        """The bands whose audit rates are raised now, because they drift."""
        with self._sessions.read() as session:
            return list_boosts(session)

    def highest_audit_rate(self) -> float:
        """The highest audit rate that a comment may have now."""
        policy = self.active()
        with self._sessions.read() as session:
            return highest_rate(policy, open_boosts(session))

    def save(
        self,
        thresholds: Sequence[float],
        audit_rates: Sequence[float],
        *,
        by: Person,
        reason: str,
        beside: Beside | None = None,
    ) -> Policy:
        """Make a new version that holds for all comments routed from now on. Raises BadInput, NotAllowed.

        Without `beside`, second opinions and removal without review stay as the active version has them. Workers then
        route open flagged items again (`reroute_open`). What was let through stays so, what was removed without review
        too, and the audit sample stays as drawn.
        """
        check_may(by, Action.SET_POLICY)
        thresholds, audit_rates = _rounded(thresholds), _rounded(audit_rates)
        reason = checked_reason(reason)
        with self._sessions.begin() as session:
            store = PolicyStore(session)
            store.wait_for_turn()
            active = store.active()
            beside = (beside or (beside_of(active) if active else Beside())).rounded()
            check_policy(thresholds, audit_rates, beside)
            made = store.add(draft_policy(thresholds, audit_rates, beside, by=by.name, reason=reason))
            record(session, by, What.POLICY_SAVED, f"version {made.id}", reason=reason, **_numbers(made))
            return made

    def save_again(self, policy_id: int, *, by: Person) -> Policy:
        """Make a new version with the numbers of an old one. Raises NotFound, NotAllowed."""
        check_may(by, Action.SET_POLICY)
        old = self.require(policy_id)
        reason = f"Version {policy_id} again"
        return self.save(old.thresholds, old.audit_rates, by=by, reason=reason, beside=beside_of(old))

    def traffic(self) -> Traffic:
        """What the live model scored over the last seven days."""
        today = today_number()
        first = today - OUTLOOK_DAYS + 1
        with self._sessions.read() as session:
            model_id = ScoreStore(session).live_model_id()
            store = TrafficStore(session)
            bands = store.band_counts(first, today)
            if model_id is None:
                histograms, latest = np.zeros((len(LABELS), 256), np.int64), np.zeros((0, len(LABELS)), np.float32)
            else:
                histograms = store.histograms(model_id, first, today)
                latest = ScoreStore(session).recent(model_id, _SAMPLE)
        total = sum(bands.values(), np.zeros(BANDS, np.int64))
        return Traffic(max(today - min(bands, default=today) + 1, 1), histograms, total, latest)

    def reroute_open(self, *, after: int = 0, limit: int = 2_000) -> int | None:
        """Route the next open flagged items by the active policy and their stored scores by the live model.

        One short transaction; returns the last comment id seen, to go on after, or None when through. May be stopped
        anywhere and done twice: an item that follows the active policy is not touched. Audit, escalated and settled
        items stay as they are, and so do those that still wait for the live model's scores: those are routed then.
        """
        with self._sessions.begin() as session:
            policy, model_id = PolicyStore(session).active(lock=True), ScoreStore(session).live_model_id(lock=True)
            if policy is None or model_id is None:
                return None
            items = RoutingStore(session).list_flagged(after, limit, policy_id=policy.id)
            scores = ScoreStore(session).get([item.comment_id for item in items], model_id)
            scored = [item for item in items if item.comment_id in scores]
            if scored:
                matrix = np.array([scores[item.comment_id] for item in scored], np.float32)
                routed = route(matrix, policy, [item.comment_id for item in scored])
                moved = [follow(item, routed, at) for at, item in enumerate(scored)]
                RoutingStore(session).put(moved, policy_id=policy.id, model_id=model_id, at=now())
        return items[-1].comment_id if len(items) == limit else None

    def _add_default(self) -> Policy:
        with self._sessions.begin() as session:
            store = PolicyStore(session)
            store.wait_for_turn()
            draft = draft_policy(
                DEFAULT_THRESHOLDS, DEFAULT_AUDIT_RATES, Beside(), by="Moderato", reason="The policy to begin with"
            )
            return store.active() or store.add(draft)


def today_number() -> int:
    """Days since 1970, UTC."""
    return int(now().timestamp()) // _DAY


def draft_policy(
    thresholds: tuple[float, ...], audit_rates: tuple[float, ...], beside: Beside, *, by: str, reason: str
) -> Policy:
    """A version that is not stored yet."""
    return Policy(0, thresholds, audit_rates, now(), by, reason, **asdict(beside))


def _numbers(policy: Policy) -> dict[str, Any]:
    """What a version says, for the audit trail."""
    marks = None if policy.auto_remove is None else [None if m is None else f"{m:g}" for m in policy.auto_remove]
    found: dict[str, Any] = {
        "thresholds": [f"{value:g}" for value in policy.thresholds],
        "audit_rates": [f"{value:g}" for value in policy.audit_rates],
    }
    return found | {"second_rate": f"{policy.second_rate:g}", "auto_remove": marks}


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)


def checked_reason(reason: str) -> str:
    """The reason with single spaces; raises BadInput."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > _MAX_REASON:
        raise BadInput(
            "Say why in 1 to {max_reason} characters: whoever reads the list of versions will want to know.",
            max_reason=_MAX_REASON,
        )
    return reason
