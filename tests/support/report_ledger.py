"""A made-up ledger with everything that may stand in one, and its report computed row by row, slowly and plainly."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from uuid import UUID

from sqlalchemy import insert, select

from core.domain import unpack_labels
from core.labels import LABELS
from core.services import Services
from core.transparency import Period
from db.models import CommentRow, DecisionRow, GoldenRow, ModelVersionRow, PolicyRow, RoutingRow

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = ("Ada", "Bob", "Cleo", "api:filter", "api:sieve")
SOURCES = ("site", "forum", "=cmd()", "base data")
LANES = ("flagged", "audit", "suggested", "escalated", "adjudication", "recheck", "second")


def put_ledger(services: Services, *, comments: int = 250, days: int = 120, seed: int = 0) -> None:
    """Comments over some days from BEGIN, and a ledger of decisions, undos, second opinions and the like about them."""
    draw = Random(seed)
    with services.sessions.begin() as session:
        model = {"kind": "starter", "path": "nowhere", "sha256": "", "stage": "retired", "metrics": {}}
        model_id = session.execute(insert(ModelVersionRow).values(name="m", created_at=BEGIN, **model))
        policy = {"thresholds": [0.5] * 6, "audit_rates": [0.1] * 5, "active": False, "created_by": "Ada"}
        policy_id = session.execute(insert(PolicyRow).values(created_at=BEGIN, reason="x", second_rate=0.0, **policy))
        ids = (model_id.inserted_primary_key[0], policy_id.inserted_primary_key[0])
        rows = [_comment(draw, number, days) for number in range(1, comments + 1)]
        session.execute(insert(CommentRow), rows)
        golden = [row["id"] for row in rows if draw.random() < 0.05] or [1]
        session.execute(insert(GoldenRow), [{"comment_id": one, "labels": 0} for one in golden])
        session.execute(insert(RoutingRow), [_routing(draw, row, ids) for row in rows if draw.random() < 0.95])
        session.execute(insert(DecisionRow), _entries(draw, rows, ids, BEGIN + timedelta(days)))


def add_later(services: Services, after: datetime, *, seed: int = 1) -> None:
    """Decisions, undos of old decisions and second opinions, all made after that moment."""
    draw = Random(seed)
    with services.sessions.begin() as session:
        entries = session.scalars(select(DecisionRow).order_by(DecisionRow.id)).all()
        undone, number, made = {one.revokes for one in entries}, entries[-1].id, []
        for one in draw.sample(entries, len(entries) // 2):
            number += 1
            at = after + timedelta(seconds=number)
            undo = one.revokes is None and one.id not in undone and draw.random() < 0.5
            made.append(_again(draw, one, number, at, undo=undo))
        session.execute(insert(DecisionRow), made)


def _comment(draw: Random, number: int, days: int) -> dict:
    added = BEGIN + timedelta(seconds=draw.randrange(days * 86_400))
    return {
        "id": number, "text": f"secret text {number}", "text_hash": f"{number:064x}", "source": draw.choice(SOURCES),
        "external_id": str(number), "added_at": added,
    }  # fmt: skip


def _routing(draw: Random, row: dict, ids: tuple[int, int]) -> dict:
    day = 0 if row["source"] == "base data" or draw.random() < 0.05 else int(row["added_at"].timestamp()) // 86_400
    return {
        "comment_id": row["id"], "model_id": ids[0], "policy_id": ids[1], "state": "settled", "lane": "flagged",
        "flagged": draw.random() < 0.5, "priority": 0.0, "band": draw.randrange(5), "audit": draw.random() < 0.3,
        "rate": 0.1, "automatic": draw.random() < 0.2, "day": day, "routed_at": row["added_at"],
    }  # fmt: skip


def _entries(draw: Random, rows: list[dict], ids: tuple[int, int], end: datetime) -> list[dict]:
    """Up to six acts a comment, some undone, ordered by time; batches share an id."""
    acts = []
    for row in rows:
        at = row["added_at"]
        for _ in range(draw.randrange(7)):
            at += timedelta(seconds=draw.randrange(1, 20 * 86_400))
            acts.append((at, row["id"], None))
            if draw.random() < 0.25:
                acts.append((at + timedelta(seconds=draw.randrange(1, 15 * 86_400)), row["id"], len(acts) - 1))
    order = sorted(range(len(acts)), key=lambda k: acts[k][0])
    numbers, made, batch = {}, [], None
    for k in order:
        at, comment_id, undoes = acts[k]
        number = len(made) + 1
        numbers[k] = number
        if undoes is not None:
            old = made[numbers[undoes] - 1]
            made.append({**old, "id": number, "client_id": UUID(int=number), "decided_at": at, "revokes": old["id"]})
            continue
        batch = UUID(int=10**6 + number) if draw.random() < 0.1 else (batch if draw.random() < 0.3 else None)
        made.append(_act(draw, number, comment_id, at, batch) | {"model_id": ids[0], "policy_id": ids[1]})
    return made


def _act(draw: Random, number: int, comment_id: int, at: datetime, batch: UUID | None) -> dict:
    person, lane = draw.choice(PEOPLE), draw.choice(LANES)
    outcome = draw.choice(("approve", "remove", "remove", "escalate" if lane != "suggested" else "approve"))
    return {
        "id": number, "client_id": UUID(int=number), "comment_id": comment_id, "person": person, "decided_at": at,
        "labels": draw.choice((0, 0, 1, 3, 16, 33)), "outcome": outcome, "lane": lane, "blind": lane == "audit",
        "seconds": None if batch or draw.random() < 0.2 else round(draw.uniform(0.5, 90), 3), "note": None,
        "revokes": None, "batch": batch,
    }  # fmt: skip


def _again(draw: Random, one: DecisionRow, number: int, at: datetime, *, undo: bool) -> dict:
    fresh = _act(draw, number, one.comment_id, at, None) | {"model_id": one.model_id, "policy_id": one.policy_id}
    if not undo:
        return fresh
    same = {name: getattr(one, name) for name in ("person", "labels", "outcome", "lane", "blind", "seconds", "batch")}
    return fresh | same | {"revokes": one.id}


class Naive:
    """What a report of a period must say, row by row."""

    def __init__(self, services: Services, period: Period) -> None:
        with services.sessions.read() as session:
            self._all = session.scalars(select(DecisionRow).order_by(DecisionRow.id)).all()
            self._comments = {row.id: row for row in session.scalars(select(CommentRow))}
            self._routing = {row.comment_id: row for row in session.scalars(select(RoutingRow))}
            self._golden = set(session.scalars(select(GoldenRow.comment_id)))
        self._period = period
        known = [one for one in self._all if one.decided_at < period.end]
        self.entries = [one for one in known if one.decided_at >= period.start]
        self._gone = {one.revokes for one in known}
        self._says = [one for one in known if self._decides(one)]
        self.decisions = [one for one in self._says if one.decided_at >= period.start]

    def _decides(self, one: DecisionRow) -> bool:
        stands = one.revokes is None and one.id not in self._gone
        return stands and one.outcome != "escalate" and one.lane != "second" and not self.left_out(one)

    def left_out(self, one: DecisionRow) -> bool:
        routing = self._routing.get(one.comment_id)
        base = self.source(one) == "base data" and (routing is None or routing.day == 0)
        return one.comment_id in self._golden or base

    def source(self, one: DecisionRow) -> str:
        return self._comments[one.comment_id].source

    def before(self, one: DecisionRow) -> DecisionRow | None:
        """The decision on the comment before this one."""
        older = [other for other in self._says if other.comment_id == one.comment_id and other.id < one.id]
        return older[-1] if older else None

    def effect(self, one: DecisionRow) -> str:
        former, routing = self.before(one), self._routing.get(one.comment_id)
        removed = former.outcome == "remove" if former else bool(routing and routing.automatic)
        if removed:
            return "left_down" if one.outcome == "remove" else "put_back"
        return "took_down" if one.outcome == "remove" else "left_up"

    def tally(self, some: list[DecisionRow]) -> tuple[int, ...]:
        """Decisions, the four effects, people, programs."""
        effects = Counter(self.effect(one) for one in some)
        programs = sum(one.person.startswith("api:") for one in some)
        names = ("took_down", "left_up", "put_back", "left_down")
        return len(some), *(effects[name] for name in names), len(some) - programs, programs

    def labels(self) -> dict[str, tuple[int, ...]]:
        made = {}
        for at, label in enumerate(LABELS):
            made[label] = self.tally([one for one in self.decisions if unpack_labels(one.labels)[at]])
        return made | {"none": self.tally([one for one in self.decisions if one.labels == 0])}

    def by(self, key) -> dict[object, tuple[int, ...]]:
        found = {key(one) for one in self.decisions}
        return {value: self.tally([one for one in self.decisions if key(one) == value]) for value in found}

    def waits(self, *, people: bool) -> list[float]:
        return [
            (one.decided_at - self._comments[one.comment_id].added_at).total_seconds()
            for one in self.decisions
            if self.before(one) is None and one.person.startswith("api:") != people
        ]

    def median_wait(self) -> float:
        return median(self.waits(people=True))

    def seconds(self) -> list[float]:
        people = (one for one in self.decisions if not one.person.startswith("api:"))
        return [one.seconds for one in people if one.seconds is not None]

    def undos(self) -> list[DecisionRow]:
        """Undos of decisions."""
        undos = (one for one in self.entries if one.revokes is not None and not self.left_out(one))
        return [one for one in undos if one.outcome != "escalate" and one.lane != "second"]

    def changed(self) -> list[tuple[DecisionRow, DecisionRow]]:
        """Decisions of the period with the different one before."""
        pairs = ((self.before(one), one) for one in self.decisions)
        return [(a, b) for a, b in pairs if a and (a.labels, a.outcome) != (b.labels, b.outcome)]

    def confirmed(self) -> int:
        pairs = ((self.before(one), one) for one in self.decisions)
        return sum(1 for a, b in pairs if a and (a.labels, a.outcome) == (b.labels, b.outcome))

    def on_removed(self) -> list[DecisionRow]:
        """First decisions on what the policy had removed alone."""
        firsts = (one for one in self.decisions if self.before(one) is None)
        return [one for one in firsts if (routing := self._routing.get(one.comment_id)) and routing.automatic]

    def flow(self) -> tuple[int, ...]:
        """Came in, automatic, of these decided, decided, waiting, let through."""
        low, high = self._period.numbers
        came = [row for row in self._routing.values() if low <= row.day <= high]
        decided = {one.comment_id for one in self.decisions}
        auto = [row for row in came if row.automatic]
        done = [row for row in came if not row.automatic and row.comment_id in decided]
        rest = [row for row in came if not row.automatic and row.comment_id not in decided]
        waiting = [row for row in rest if row.flagged or row.audit]
        seen = sum(row.comment_id in decided for row in auto)
        return len(came), len(auto), seen, len(done), len(waiting), len(rest) - len(waiting)

    def people(self) -> tuple[int, int]:
        """How many people and programs acted."""
        stood = [one for one in self.entries if one.revokes is None and one.id not in self._gone]
        names = {one.person for one in stood if not self.left_out(one)}
        return sum(not name.startswith("api:") for name in names), sum(name.startswith("api:") for name in names)
