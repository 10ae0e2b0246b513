"""What becomes of a batch: scored text by text where it must, then stored, routed and counted as traffic."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from core.automatic import reached
from core.domain import NO_DAY, now
from core.errors import ModelUnavailable
from core.labels import LABELS
from core.policies import today_number
from core.routing import Ints, audit_numbers, first_standings, follow, is_probability, route
from core.scoring.cascade import CascadeScorer, Watching
from core.scoring.protocol import Scorer, Scores
from core.webhooks.feed import tell_removals
from db.session import Session, Sessions
from db.stores.drift import DriftStore
from db.stores.drift_boosts import open_boosts
from db.stores.policies import PolicyStore
from db.stores.registry import RegistryStore
from db.stores.routing import RoutingStore
from db.stores.scores import ScoreStore
from db.stores.shadow import ShadowStore
from db.stores.traffic import TrafficStore

_PROBE = "Hello."


def score_each(scorer: Scorer, texts: Sequence[str]) -> Scores:
    """Scores [n, 6]; a row of NaN for each text that the model fails on, found by halving.

    Where the model fails on a harmless text as well, its error goes through: then it is not the texts.
    """
    if not texts:
        return _nothing(0)
    try:
        scores = _checked(scorer, texts)
    except Exception:
        _checked(scorer, [_PROBE])
        return _by_halves(scorer, texts)
    if not is_probability(scores).all() and not is_probability(_checked(scorer, [_PROBE])).all():
        raise ModelUnavailable(
            "Model {name} gives no probabilities. Promote another one on the Models page.",
            name=scorer.name,
        )
    return scores


def _by_halves(scorer: Scorer, texts: Sequence[str]) -> Scores:
    if len(texts) == 1:
        return _nothing(1)
    middle = len(texts) // 2
    return np.concatenate([_try(scorer, half) for half in (texts[:middle], texts[middle:])])


def _try(scorer: Scorer, texts: Sequence[str]) -> Scores:
    try:
        return _checked(scorer, texts)
    except Exception:  # which of them it is, halving tells
        return _by_halves(scorer, texts)


def _checked(scorer: Scorer, texts: Sequence[str]) -> Scores:
    scores = np.asarray(scorer.score(texts), np.float32)
    if scores.shape != (len(texts), len(LABELS)):
        raise ModelUnavailable(
            "Model {name} does not give six probabilities a text. Promote another one on the Models page.",
            name=scorer.name,
        )
    return scores


def _nothing(rows: int) -> Scores:
    return np.full((rows, len(LABELS)), np.nan, np.float32)


def watch(scorer: Scorer, texts: Sequence[str], ids: Ints, highest_rate: float) -> Watching | None:
    """Of a cascade one that asks both members about every comment that may be audited; None for another scorer.

    Whom the audit draws is known only with the scores, so the highest rate of any comment is taken.
    """
    if not isinstance(scorer, CascadeScorer):
        return None
    drawn = audit_numbers(ids) < highest_rate
    return scorer.watching({text for text, both in zip(texts, drawn.tolist(), strict=True) if both})


def note_both(sessions: Sessions, watched: Watching, texts: Sequence[str], ids: Ints) -> None:
    """Store what a cascade's members said of the comments that both were asked about, under their own names."""
    rows, said = watched.noted(texts)
    if not len(rows):
        return
    with sessions.begin() as session:
        registry, at = RegistryStore(session), now()
        for member, scores in zip(watched.members, said, strict=True):
            version = registry.get(member.name)
            known = is_probability(scores)
            if version and version.sha256 == member.sha256 and known.any():
                ScoreStore(session).put(ids[rows[known]], scores[known], version.id, at)


def record(session: Session, ids: Ints, scores: Scores, *, model_id: int, at: datetime) -> None:
    """Write the live model's scores [n, 6] of n comments, route those that are not golden, and count the traffic.

    A comment that is routed already keeps band, audit and day; a settled one keeps everything. It counts as traffic of
    the day of its first routing, once for each model.
    """
    store, traffic, routing = ScoreStore(session), TrafficStore(session), RoutingStore(session)
    policy = PolicyStore(session).active(lock=True)
    if policy is None:
        raise ModelUnavailable("There is no policy to route by. Save one on the Policy page.")
    golden = routing.golden(ids.tolist())
    before = routing.standing(ids.tolist())
    counted = store.counted(sorted(before), model_id) if before else set()
    store.put(ids, scores, model_id, at)
    ordinary = np.array([id_ not in golden for id_ in ids.tolist()], bool)
    ids, scores = ids[ordinary], scores[ordinary]
    if not len(ids):
        return
    routed, today = route(scores, policy, ids, boosts=open_boosts(session)), today_number()
    standings = first_standings(ids, routed, today)
    again = [follow(before[s.comment_id], routed, i) if s.comment_id in before else s for i, s in enumerate(standings)]
    routing.put(again, policy_id=policy.id, model_id=model_id, at=at)
    new = np.array([id_ not in before for id_ in ids.tolist()], bool)
    if new.any():
        gone = new & routed.automatic
        labels = dict(zip(ids[gone].tolist(), reached(scores[gone], policy.auto_remove), strict=True))
        tell_removals(session, labels, model_id=model_id, policy_id=policy.id, at=at)
        traffic.add_strata(today, routed.band[new], routed.rate[new])
        ShadowStore(session).queue(ids[new].tolist(), at)
    days = np.array([standing.day for standing in again], np.int64)
    counts = np.array([id_ not in counted for id_ in ids.tolist()], bool) & (days > NO_DAY)
    if counts.any():
        traffic.add_scores(days[counts], scores[counts], model_id)
        DriftStore(session).add_bands(days[counts], scores[counts], routed.band[counts], model_id)
