"""Second opinions on a made-up ledger: drawn, given, adjudicated, as if people had done it. For many thousands too."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from sqlalchemy import select, text

from core.domain import unpack_labels
from core.labels import LABELS
from core.second_opinions import TYPICAL, Lane, rates, stratum_of
from core.services import Services
from db.models import DecisionRow, PolicyRow
from tests.support.ledger import DAY, World, _reset_sequences, _write, unlock

PEOPLE = ("Ada", "Bob", "Cleo", "Dan")


def add_opinions(
    services: Services,
    world: World,
    *,
    mean: float = 0.05,
    error: float = 0.15,
    alarm: float = 0.01,
    pull: float = 0.0,
    given: float = 0.95,
    judged: float = 0.9,
    people: Sequence[str] = PEOPLE,
    seed: int = 1,
) -> int:
    """Second opinions on the world's decisions; how many were drawn.

    Everybody misses a label with probability `error` and gives a wrong one with `alarm`; assisted first decisions copy
    what the card pre-set with probability `pull`. First decisions are written anew so that they err too.
    """
    rng = np.random.default_rng(seed)
    with services.sessions.begin() as session:
        rows = session.execute(
            select(DecisionRow.id, DecisionRow.comment_id, DecisionRow.lane, DecisionRow.decided_at).order_by(
                DecisionRow.id
            )
        ).all()
        limits = np.array(session.scalars(select(PolicyRow.thresholds).where(PolicyRow.active)).one(), np.float32)
        first_id = np.array([row.id for row in rows])
        at = np.array([int(row.decided_at.timestamp() * 1e6) for row in rows])
        comment = np.array([row.comment_id for row in rows])
        audit = np.array([row.lane == "audit" for row in rows])
        truth, preset = world.truth[comment - 1], world.scores[comment - 1] >= limits
        said = _opinion(rng, truth, error, alarm)
        copies = (rng.random(said.shape) < pull) & ~audit[:, None]
        first = np.where(copies, preset, said)
        who = rng.integers(0, len(people), len(rows))
        _rewrite(session, first_id, _masks(first), [people[k] for k in who])
    by_stratum = rates(np.array(TYPICAL), mean)
    kinds = {mask: [stratum_of(lane, unpack_labels(mask)) for lane in (Lane.FLAGGED, Lane.AUDIT)] for mask in range(64)}
    rate = by_stratum[[kinds[m][a] for m, a in zip(_masks(first).tolist(), audit.astype(int).tolist(), strict=True)]]
    drawn = np.flatnonzero(rng.random(len(rows)) < rate)
    _write(services, "second_opinion", {
        "first_id": first_id[drawn].tolist(), "comment_id": comment[drawn].tolist(), "rate": rate[drawn].tolist(),
        "priority": [0.0] * len(drawn), "drawn_at": at[drawn].tolist(),
    })  # fmt: skip
    answered = drawn[rng.random(len(drawn)) < given]
    second = _opinion(rng, truth[answered], error, alarm)
    other = (who[answered] + 1 + rng.integers(0, max(len(people) - 1, 1), len(answered))) % len(people)
    _append(services, first_id[-1], comment[answered], second, [people[k] for k in other], "second", at[answered] + DAY)
    apart = (second != first[answered]).any(1) & (rng.random(len(answered)) < judged)
    third = [next(p for p in people if p not in (people[a], people[b])) for a, b in
             zip(who[answered][apart].tolist(), other[apart].tolist(), strict=True)]  # fmt: skip
    _append(services, first_id[-1] + len(answered), comment[answered][apart], truth[answered][apart], third,
            "adjudication", at[answered][apart] + 2 * DAY)  # fmt: skip
    return len(drawn)


def _opinion(rng, truth: np.ndarray, error: float, alarm: float) -> np.ndarray:
    return np.where(truth, rng.random(truth.shape) >= error, rng.random(truth.shape) < alarm)


def _masks(labels: np.ndarray) -> np.ndarray:
    return labels @ (1 << np.arange(len(LABELS)))


def _rewrite(session, ids: np.ndarray, masks: np.ndarray, people: list[str]) -> None:
    rows = [
        {"id": i, "labels": mask, "person": person, "outcome": "remove" if mask else "approve"}
        for i, mask, person in zip(ids.tolist(), masks.tolist(), people, strict=True)
    ]
    unlock(session)  # the made-up ledger is made to say what is to be tested
    statement = "UPDATE decision SET labels = :labels, person = :person, outcome = :outcome WHERE id = :id"
    for start in range(0, len(rows), 100_000):
        session.execute(text(statement), rows[start : start + 100_000])


def _append(services, last: int, comments, labels, people: list[str], lane: str, at) -> None:
    n, masks = len(comments), _masks(labels)
    ids = range(int(last) + 1, int(last) + 1 + n)
    _write(services, "decision", {
        "id": list(ids), "client_id": [UUID(int=i).hex for i in ids], "comment_id": comments.tolist(),
        "person": people, "decided_at": at.tolist(), "labels": masks.tolist(),
        "outcome": np.where(masks > 0, "remove", "approve").tolist(), "lane": [lane] * n, "blind": [True] * n,
        "seconds": [4.0] * n,
    })  # fmt: skip
    _reset_sequences(services)
