"""Slices of the queue and their people; what waits in none of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from core.domain import Lane
from db.models import CommentRow, RoutingRow
from db.slice_models import SliceMemberRow, SliceRow
from db.stores.queue_filter import Terms, conditions, in_none

_OPEN = text("routing.state = 'open'")


@dataclass(frozen=True, slots=True)
class StoredSlice:
    """A slice as it is kept."""

    id: int
    name: str
    filter: dict[str, Any]
    created_by: str
    created_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pile:
    """Open comments that wait together."""

    lane: Lane
    source: str
    script: str | None
    many: int
    oldest: datetime
    """When the one that waits longest was routed first."""


class SliceStore:
    """Slices of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_all(self) -> list[StoredSlice]:
        """Every slice, by name."""
        return self._told(self._session.scalars(select(SliceRow).order_by(SliceRow.name)).all())

    def of(self, person: str) -> list[StoredSlice]:
        """Those that the person works on, by name."""
        mine = select(SliceMemberRow.slice_id).where(SliceMemberRow.person == person)
        return self._told(
            self._session.scalars(select(SliceRow).where(SliceRow.id.in_(mine)).order_by(SliceRow.name)).all()
        )

    def get(self, slice_id: int) -> StoredSlice | None:
        """One, or None."""
        found = self._session.get(SliceRow, slice_id)
        return self._told([found])[0] if found else None

    def is_taken(self, name: str, *, but: int | None) -> bool:
        """Whether another slice has the name."""
        query = select(SliceRow.id).where(SliceRow.name == name)
        return self._session.scalar(query if but is None else query.where(SliceRow.id != but)) is not None

    def add(self, name: str, chosen: dict[str, Any], *, by: str, at: datetime) -> int:
        """A new one without people; its id."""
        row = SliceRow(name=name, filter=chosen, created_by=by, created_at=at)
        self._session.add(row)
        self._session.flush()
        return row.id

    def change(self, slice_id: int, name: str, chosen: dict[str, Any]) -> None:
        """Another name, another filter."""
        self._session.execute(update(SliceRow).where(SliceRow.id == slice_id).values(name=name, filter=chosen))

    def assign(self, slice_id: int, people: Collection[str]) -> None:
        """Let these people work on it, and nobody else."""
        self._session.execute(delete(SliceMemberRow).where(SliceMemberRow.slice_id == slice_id))
        for person in sorted(people):
            self._session.add(SliceMemberRow(slice_id=slice_id, person=person))
        self._session.flush()

    def delete(self, slice_id: int) -> None:
        """Take it away. Comments lie in the queue as before."""
        self._session.execute(delete(SliceMemberRow).where(SliceMemberRow.slice_id == slice_id))
        self._session.execute(delete(SliceRow).where(SliceRow.id == slice_id))

    def waits(self, terms: Terms) -> tuple[int, datetime | None]:
        """How many open comments are in a slice, and since when the oldest."""
        total, oldest = 0, None
        for lane in Lane:
            if (chosen := conditions(((terms,),), lane)) is not None:
                query = select(func.count(), func.min(RoutingRow.routed_at)).where(_OPEN, RoutingRow.lane == lane.value)
                many, first = self._session.execute(query.where(*chosen)).one()
                total += many
                oldest = min((at for at in (oldest, first) if at), default=None)
        return total, oldest

    def outside(self, choices: Sequence[Terms]) -> list[Pile]:
        """What is in none of the slices, by lane, source and script; what waits longest first."""
        found = []
        for lane in Lane:
            if (left := in_none(tuple(choices), lane)) is not None:
                keys = (CommentRow.source, CommentRow.script)
                query = select(*keys, func.count(), func.min(RoutingRow.routed_at)).join_from(
                    RoutingRow, CommentRow, CommentRow.id == RoutingRow.comment_id
                )
                rows = self._session.execute(query.where(_OPEN, RoutingRow.lane == lane.value, *left).group_by(*keys))
                found += [Pile(lane, source, script, many, oldest) for source, script, many, oldest in rows]
        return sorted(found, key=lambda pile: pile.oldest)

    def origins(self, limit: int) -> tuple[list[tuple[str, int]], list[tuple[str | None, int]]]:
        """Sources, most waiting first, and scripts of what waits, each with how many."""
        join = (RoutingRow, CommentRow, CommentRow.id == RoutingRow.comment_id)
        query = select(CommentRow.source, CommentRow.script, func.count()).join_from(*join).where(_OPEN)
        sources: dict[str, int] = {}
        scripts: dict[str | None, int] = {}
        for source, script, many in self._session.execute(query.group_by(CommentRow.source, CommentRow.script)):
            sources[source] = sources.get(source, 0) + many
            scripts[script] = scripts.get(script, 0) + many
        ordered = sorted(sources.items(), key=lambda pair: (-pair[1], pair[0]))
        return ordered[:limit], sorted(scripts.items(), key=lambda pair: -pair[1])

    def _told(self, rows: Sequence[SliceRow]) -> list[StoredSlice]:
        members = select(SliceMemberRow.slice_id, SliceMemberRow.person).where(
            SliceMemberRow.slice_id.in_([row.id for row in rows])
        )
        people: dict[int, list[str]] = {}
        for slice_id, person in self._session.execute(members.order_by(SliceMemberRow.person)) if rows else ():
            people.setdefault(slice_id, []).append(person)
        return [
            StoredSlice(row.id, row.name, row.filter, row.created_by, row.created_at, tuple(people.get(row.id, ())))
            for row in rows
        ]
