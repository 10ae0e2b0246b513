"""A made-up but consistent world in a database: comments, scores, routing, traffic, a ledger. For millions too."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from sqlalchemy import Table, insert, text

from core.domain import BAND_EDGES, BANDS, now
from core.labels import LABELS
from core.services import Services
from db.models import Base, to_micros

DAY = 86_400_000_000
PREVALENCE = np.array([0.096, 0.010, 0.053, 0.003, 0.049, 0.009])
"""Of the six labels in Jigsaw's training data."""
_PART = 500_000
"""Rows drawn and written at a time: ten million at once would not fit into memory as Python objects."""


@dataclass
class World:
    """What was written, for tests to compare with. Row i is comment `ids[i]`."""

    model_id: int
    ids: np.ndarray
    truth: np.ndarray
    """What people say, shape [n, 6]."""
    scores: np.ndarray
    """float32 [n, 6]."""
    day: np.ndarray
    band: np.ndarray
    audit: np.ndarray
    flagged: np.ndarray
    decided: np.ndarray
    """Whether there is a decision on the comment."""
    rates: list[float]
    first_decision: int = field(default=1)
    """Ledger id of the first of its decisions."""


def model_row(services: Services, name: str, *, stage: str = "challenger") -> int:
    """A model version without files; its id."""
    row = {"name": name, "kind": "starter", "path": "none", "sha256": "0" * 64, "stage": stage, "metrics": {}}
    with services.sessions.begin() as session:
        if stage == "live":
            session.execute(text("UPDATE model_version SET stage = 'retired' WHERE stage = 'live'"))
        table = Base.metadata.tables["model_version"]
        made = session.execute(insert(table).values(**row, created_at=now()))
        return int(made.inserted_primary_key[0])


def seed(
    services: Services,
    *,
    comments: int,
    days: int = 14,
    rates: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.3),
    threshold: float = 0.5,
    decided: float = 0.9,
    skill: float = 2.2,
    model: str = "made-up",
    seed: int = 0,
    all_reviewed: bool = False,
) -> World:
    """Write a world into an empty database. `decided` is the share of flagged and audit items that have a decision."""
    rng = np.random.default_rng(seed)
    truth, scores = _draw_in_parts(rng, comments, skill)
    highest = scores.max(1)
    band = np.searchsorted(BAND_EDGES, highest, side="right")
    audit = rng.random(comments) < np.array(rates)[band]
    flagged = (scores >= threshold).any(1) | all_reviewed
    done = (audit | flagged) & (rng.random(comments) < decided)
    day = today() - days + 1 + np.arange(comments) * days // comments
    ids = np.arange(1, comments + 1)
    world = World(0, ids, truth, scores, day, band, audit, flagged, done, list(rates))
    world.model_id = model_row(services, model, stage="live")
    policy = write_policy(services, threshold, rates)
    for part in _parts(world):
        _write(services, "comment", _comments(part.ids, part.day))
        _write(services, "score", scores_of(world.model_id, part.ids, part.scores, part.day))
        _write(services, "routing", _routing(part, policy))
        _write(services, "decision", _decisions(part, policy))
    _write(services, "stratum", _strata(world))
    _write(services, "traffic", _traffic(world))
    _reset_sequences(services)
    return world


def _parts(world: World) -> Iterator[World]:
    """The world's rows in parts that fit into memory as Python objects."""
    first = 1
    for start in range(0, len(world.ids), _PART):
        rows = slice(start, start + _PART)
        names = ("ids", "truth", "scores", "day", "band", "audit", "flagged", "decided")
        part = replace(world, first_decision=first, **{name: getattr(world, name)[rows] for name in names})
        first += int(part.decided.sum())
        yield part


def _draw_in_parts(rng: np.random.Generator, n: int, skill: float) -> tuple[np.ndarray, np.ndarray]:
    parts = [draw(rng, min(_PART, n - start), skill) for start in range(0, n, _PART)]
    return np.concatenate([truth for truth, _ in parts]), np.concatenate([scores for _, scores in parts])


def draw(rng: np.random.Generator, n: int, skill: float = 2.2) -> tuple[np.ndarray, np.ndarray]:
    """Truth [n, 6] and scores float32 [n, 6] of a model that is right about as often as real ones are."""
    base = rng.normal(size=(n, 1))
    heat = 0.7 * base + 0.7 * rng.normal(size=(n, len(LABELS)))
    cut = np.quantile(rng.normal(size=200_000), 1 - PREVALENCE)
    truth = heat > cut
    logit = np.log(PREVALENCE / (1 - PREVALENCE)) - 1.5 + skill * 1.2 * (heat + 0.35 * rng.normal(size=heat.shape))
    return truth, (1 / (1 + np.exp(-logit))).astype(np.float32)


def today() -> int:
    """Days since 1970, UTC."""
    return int(now().timestamp()) // 86400


def write_policy(services: Services, threshold: float, rates: Iterable[float]) -> int:
    """An active policy with one threshold for all labels; its id."""
    table = Base.metadata.tables["policy"]
    row = {"thresholds": [threshold] * 6, "audit_rates": list(rates), "created_by": "seed", "reason": "seed"}
    row["second_rate"] = 0.0
    with services.sessions.begin() as session:
        session.execute(text("UPDATE policy SET active = :no WHERE active"), {"no": False})
        made = session.execute(insert(table).values(**row, active=True, created_at=now()))
        return int(made.inserted_primary_key[0])


def scores_of(model_id: int, ids: np.ndarray, scores: np.ndarray, day: np.ndarray) -> dict[str, list]:
    """Columns of score rows."""
    columns = {label: scores[:, j].astype(float).tolist() for j, label in enumerate(LABELS)}
    return {"comment_id": ids.tolist(), "model_id": [model_id] * len(ids), **columns, "scored_at": (day * DAY).tolist()}


def write_scores(services: Services, model_id: int, ids: np.ndarray, scores: np.ndarray) -> None:
    """Scores of another model, later on."""
    _write(services, "score", scores_of(model_id, ids, scores, np.full(len(ids), today())))


def write_decisions(services: Services, rows: list[dict]) -> None:
    """Ledger entries: id, comment_id, labels, outcome, and revokes where they undo."""
    plain = {"person": "Ada", "lane": "flagged", "blind": False, "seconds": 3.0, "note": None, "model_id": None}
    plain |= {"policy_id": None, "batch": None, "revokes": None}
    made = [{**plain, "client_id": UUID(int=row["id"]).hex, "decided_at": to_micros(now()), **row} for row in rows]
    _write(services, "decision", {name: [row[name] for row in made] for name in made[0]} if made else {})
    _reset_sequences(services)


def _comments(ids: np.ndarray, day: np.ndarray) -> dict[str, list]:
    words = [f"comment number {i}" for i in ids.tolist()]
    return {
        "id": ids.tolist(),
        "text": words,
        "text_hash": [f"{i:064x}" for i in ids.tolist()],
        "source": ["seed"] * len(ids),
        "external_id": [str(i) for i in ids.tolist()],
        "added_at": (day * DAY).tolist(),
    }


def _routing(world: World, policy: int) -> dict[str, list]:
    n = len(world.ids)
    wanted = world.audit | world.flagged
    lanes = np.where(world.audit, "audit", "flagged")
    state = np.where(world.decided, "settled", np.where(wanted, "open", "allowed"))
    return {
        "comment_id": world.ids.tolist(),
        "policy_id": [policy] * n,
        "model_id": [world.model_id] * n,
        "state": state.tolist(),
        "flagged": world.flagged.tolist(),
        "lane": [lane if on else None for lane, on in zip(lanes.tolist(), wanted.tolist(), strict=True)],
        "priority": (-world.scores.max(1)).astype(float).tolist(),
        "band": world.band.tolist(),
        "audit": world.audit.tolist(),
        "rate": np.array(world.rates)[world.band].tolist(),
        "day": world.day.tolist(),
        "routed_at": (world.day * DAY).tolist(),
    }


def _strata(world: World) -> dict[str, list]:
    keys, counts = np.unique(world.day * BANDS + world.band, return_counts=True)
    band = keys % BANDS
    rates = np.array(world.rates)[band]
    return {"day": (keys // BANDS).tolist(), "band": band.tolist(), "rate": rates.tolist(), "count": counts.tolist()}


def _traffic(world: World) -> dict[str, list]:
    p = world.scores.astype(float)
    bins = np.clip((np.log(p / (1 - p)) + 16) * 8, 0, 255).astype(int)
    rows: dict[str, list] = {"day": [], "model_id": [], "label": [], "bin": [], "count": []}
    for label in range(len(LABELS)):
        keys, counts = np.unique(world.day * 256 + bins[:, label], return_counts=True)
        rows["day"] += (keys // 256).tolist()
        rows["model_id"] += [world.model_id] * len(keys)
        rows["label"] += [label] * len(keys)
        rows["bin"] += (keys % 256).tolist()
        rows["count"] += counts.tolist()
    return rows


def _decisions(world: World, policy: int) -> dict[str, list]:
    done = np.flatnonzero(world.decided)
    n = len(done)
    masks = world.truth[done] @ (1 << np.arange(len(LABELS)))
    # decided through the day on which they came; those of today until now
    end, minute = to_micros(now()), 60_000_000
    at = world.day[done] * DAY + (np.arange(n) * 997 % 1440) * minute
    at = np.where(at > end, end - np.arange(n) % 600 * minute, at)
    return {
        "id": (world.first_decision + np.arange(n)).tolist(),
        "client_id": [UUID(int=world.first_decision + i).hex for i in range(n)],
        "comment_id": world.ids[done].tolist(),
        "person": ["Ada"] * n,
        "decided_at": at.tolist(),
        "labels": masks.tolist(),
        "outcome": np.where(masks > 0, "remove", "approve").tolist(),
        "lane": np.where(world.audit[done], "audit", "flagged").tolist(),
        "blind": world.audit[done].tolist(),
        "seconds": [3.0] * n,
        "model_id": [world.model_id] * n,
        "policy_id": [policy] * n,
    }


def _write(services: Services, name: str, columns: dict[str, list]) -> None:
    """Insert columns by the driver itself: SQLAlchemy's own types would take most of the time."""
    if not columns:
        return
    table: Table = Base.metadata.tables[name]
    sqlite = services.sessions.engine.dialect.name == "sqlite"
    names = ", ".join(f'"{column}"' for column in columns)
    with services.sessions.begin() as session:
        raw = session.connection().connection.driver_connection
        rows = zip(*columns.values(), strict=True)
        if sqlite:
            raw.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
            return
        with raw.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _reset_sequences(services: Services) -> None:
    """PostgreSQL numbers rows by a sequence, which explicit ids do not move."""
    if services.sessions.engine.dialect.name == "sqlite":
        return
    with services.sessions.begin() as session:
        for name in ("comment", "decision"):
            newest = f"(SELECT coalesce(max(id), 0) + 1 FROM {name})"
            session.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {newest}, false)"))


def moment(day: int, hour: int = 0) -> datetime:
    """An aware datetime on a day since 1970."""
    return datetime.fromtimestamp(day * 86400 + hour * 3600, UTC)


def unlock(session) -> None:
    """Let this database change what may only grow: for tests that begin anew, or that do what an intruder would."""
    if session.get_bind().dialect.name == "sqlite":
        for table, names in {"audit_event": ("no_update", "no_delete"), "decision": ("no_update", "no_delete")}.items():
            for name in names:
                session.execute(text(f"DROP TRIGGER IF EXISTS {table}_{name}"))
    else:
        for table in ("audit_event", "decision"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
