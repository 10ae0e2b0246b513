"""Comments with decisions, put straight into the tables: for tests that do not care how people got there."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import insert, select

from core.domain import NO_LABELS, Decision, LabelFlags, Lane, Outcome, pack_labels
from core.services import Services
from core.text import text_hash
from db.models import CommentRow, GoldenRow, ModelVersionRow, PolicyRow, RoutingRow, StratumRow
from db.stores.decisions import DecisionStore

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
TOXIC: LabelFlags = (True, False, False, False, False, False)


@dataclass
class Made:
    """One comment to make."""

    text: str
    labels: LabelFlags | None = NO_LABELS
    """None leaves it undecided."""
    outcome: Outcome = Outcome.APPROVE
    person: str = "Ada"
    source: str = "site"
    external_id: str = ""
    audit: bool = False
    golden: bool = False
    routed: bool = True
    undone: bool = False
    days: int = 0
    """Days after START on which it was decided."""
    band: int = 0


def put(services: Services, items: list[Made], *, model: str = "first") -> list[int]:
    """Insert them; the comments' ids."""
    with services.sessions.begin() as session:
        model_id = session.scalar(select(ModelVersionRow.id).where(ModelVersionRow.name == model))
        if model_id is None:
            values = {"kind": "starter", "path": "nowhere", "sha256": "", "stage": "retired", "metrics": {}}
            found = session.execute(insert(ModelVersionRow).values(name=model, created_at=START, **values))
            model_id = found.inserted_primary_key[0]
        policy_id = session.scalar(select(PolicyRow.id))
        if policy_id is None:
            values = {"thresholds": [0.5] * 6, "audit_rates": [0.1] * 5, "active": True, "created_at": START}
            found = session.execute(
                insert(PolicyRow).values(created_by="Ada", reason="test", second_rate=0.0, **values)
            )
            policy_id = found.inserted_primary_key[0]
        return [_put_one(session, item, model_id, policy_id) for item in items]


def _put_one(session, item: Made, model_id: int, policy_id: int) -> int:
    external_id = item.external_id or uuid4().hex
    row = CommentRow(
        text=item.text,
        text_hash=text_hash(item.text),
        source=item.source,
        external_id=external_id,
        added_at=START,
    )
    session.add(row)
    session.flush()
    if item.golden:
        session.add(GoldenRow(comment_id=row.id, labels=pack_labels(item.labels or NO_LABELS)))
    lane = Lane.AUDIT if item.audit else Lane.FLAGGED
    if item.routed and not item.golden:
        state = "open" if item.labels is None or item.undone else "settled"
        values = {"flagged": True, "lane": lane, "priority": 0.0, "rate": 0.1, "day": 20_000, "routed_at": START}
        values |= {"policy_id": policy_id, "model_id": model_id, "state": state, "band": item.band}
        session.add(RoutingRow(comment_id=row.id, audit=item.audit, **values))
        _count(session, item.band)
    if item.labels is not None and not item.golden:
        _decide(session, row.id, item, lane, (model_id, policy_id))
    return row.id


def _count(session, band: int) -> None:
    found = session.get(StratumRow, (20_000, band, 0.1))
    if found:
        found.count += 1
    else:
        session.add(StratumRow(day=20_000, band=band, rate=0.1, count=1))


def _decide(session, comment_id: int, item: Made, lane: Lane, versions: tuple[int, int]) -> None:
    store, at = DecisionStore(session), START + timedelta(days=item.days)
    decision = Decision(
        id=0, client_id=uuid4(), comment_id=comment_id, person=item.person, decided_at=at, labels=item.labels,
        outcome=item.outcome, lane=lane, blind=item.audit, seconds=2.0, note=None, model_id=versions[0],
        policy_id=versions[1], revokes=None, batch=None,
    )  # fmt: skip
    store.append([decision])
    if item.undone:
        made = store.list_of(comment_id)[-1]
        store.append([replace(made, client_id=uuid4(), revokes=made.id)])
