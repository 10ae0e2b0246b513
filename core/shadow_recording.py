"""What becomes of a shadow model's batch: stored, counted as its traffic, compared with what the live model said."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.domain import Lane, Policy, RoutingState, now
from core.labels import LABELS
from core.routing import Ints, disagreement_numbers, is_probability
from core.scoring.protocol import Scores
from db.session import Session
from db.stores.claims import ClaimStore
from db.stores.disagreements import ANY, DIFFERS, FAILED, Disagreement, DisagreementStore
from db.stores.policies import PolicyStore
from db.stores.queue import QueueStore
from db.stores.scores import ScoreStore
from db.stores.shadow import Shadow, ShadowLease, ShadowStore
from db.stores.traffic import TrafficStore


def record_shadow(session: Session, shadow: Shadow, lease: ShadowLease, ids: Ints, scores: Scores) -> int:
    """Write a shadow model's scores [n, 6] of n comments, its traffic and where it parts from the live model.

    Returns how many were written; none if the span ended meanwhile. A text that the model fails on (NaN) is counted as
    failed and not tried again.
    """
    store, reports = ShadowStore(session), DisagreementStore(session)
    if not store.holds(shadow.id):
        return 0
    held = store.finish(lease)  # without those that another worker took after the lease had lapsed
    kept = np.array([id_ in held for id_ in ids.tolist()], bool)
    scored = kept & is_probability(scores)
    reports.count(shadow.id, {(FAILED, 0): int(kept.sum() - scored.sum())})
    placed = store.placed(ids[scored].tolist())
    routed = scored & np.array([id_ in placed for id_ in ids.tolist()], bool)
    ids, scores = ids[routed], scores[routed]
    if not len(ids):
        return 0
    at = now()
    ScoreStore(session).put(ids, scores, shadow.model_id, at)
    days = np.array([placed[id_][0] for id_ in ids.tolist()], np.int64)
    TrafficStore(session).add_scores(days, scores, shadow.model_id)
    policy = PolicyStore(session).active()
    if policy:
        live, live_ids = _live_scores(session, ids, [placed[id_][1] for id_ in ids.tolist()])
        counts, found = compare_flags(ids, (live, scores), live_ids, policy, shadow.rate)
        reports.count(shadow.id, counts)
        reports.add(shadow.id, found, at)
        _open(session, [one.comment_id for one in found if one.drawn])
    return len(ids)


def _live_scores(session: Session, ids: Ints, models: Sequence[int]) -> tuple[Scores, Ints]:
    """The scores [n, 6] that routed each comment, and whose they are, [n]."""
    live = np.full((len(ids), len(LABELS)), np.nan, np.float32)
    by = np.array(models, np.int64)
    for model_id in np.unique(by).tolist():
        rows = np.flatnonzero(by == model_id)
        live[rows] = ScoreStore(session).matrix(ids[rows].tolist(), model_id)
    return live, by


def compare_flags(
    ids: Ints, scores: tuple[Scores, Scores], live_ids: Ints, policy: Policy, rate: float
) -> tuple[Counter[tuple[int, int]], list[Disagreement]]:
    """How live and shadow scores (a pair of [n, 6]) stand to the policy's thresholds: counts, and the disagreements.

    Each disagreement is drawn with `rate` by its permanent random number, so a later look draws the same ones.
    """
    live, shadow = scores
    known = is_probability(live)
    at = np.asarray(policy.thresholds, np.float32)
    flags = [(one[known] >= at).astype(np.int64) for one in (live, shadow)]
    ids, live_ids = ids[known], live_ids[known]
    cells = np.column_stack([flags[0] + 2 * flags[1], flags[0].max(1, initial=0) + 2 * flags[1].max(1, initial=0)])
    counts = Counter(
        {(what, cell): int((cells[:, what] == cell).sum()) for what in range(ANY + 1) for cell in range(4)}
    )
    bits = 1 << np.arange(len(LABELS))
    masks = [(one * bits).sum(1) for one in flags]
    odd = np.flatnonzero(masks[0] != masks[1])
    drawn = disagreement_numbers(ids[odd]) < rate
    found = [
        Disagreement(id_, live_id, live_mask, shadow_mask, rate, is_drawn)
        for id_, live_id, live_mask, shadow_mask, is_drawn in zip(
            ids[odd].tolist(), live_ids[odd].tolist(), masks[0][odd].tolist(), masks[1][odd].tolist(), drawn.tolist(),
            strict=True,
        )
    ]  # fmt: skip
    counts[DIFFERS, 0], counts[DIFFERS, 1] = len(odd), int(drawn.sum())
    return counts, found


def _open(session: Session, comment_ids: Sequence[int]) -> None:
    """Let drawn comments that no person would see wait for a blind look; open and settled ones stay as they are.

    So do those that somebody has had on the screen, with scores, since before a new policy or model let them through:
    they are decided from that card.
    """
    if not comment_ids:
        return
    queue = QueueStore(session)
    unseen = (RoutingState.ALLOWED, RoutingState.REMOVED)
    places, on_screen = queue.lock(comment_ids), ClaimStore(session).live_of(comment_ids)
    ids = [i for i, place in places.items() if place.state in unseen and i not in on_screen]
    queue.reopen(ids, Lane.DISAGREEMENT)
