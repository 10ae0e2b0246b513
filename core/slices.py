"""Slices of the queue: leads name a part of what waits, and say who works on it. A default, no fence."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import Policy, now
from core.errors import BadInput, Conflict, NotFound
from core.recent import Recent
from core.reviewers import reviewers
from core.work_filter import WorkFilter
from db.session import Session, Sessions
from db.stores.policies import PolicyStore
from db.stores.slices import Pile, SliceStore, StoredSlice

MAX_NAME: Final = 60
"""Longest name of a slice, in code points."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A named part of what waits, with what is in it now."""

    id: int
    name: str
    filter: WorkFilter
    people: tuple[str, ...]
    """Who works on it and may: names of people who may not review any more are left out."""
    gone: tuple[str, ...]
    """Those."""
    waiting: int
    oldest: datetime | None
    """When the one that waits longest was routed first."""


class Slices:
    """Slices of one database."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions, self._clock, self._recent = sessions, clock, Recent(times=50)

    def reviewers(self, *, by: Person) -> list[str]:
        """Who may be given work."""
        check_may(by, Action.MANAGE_SLICES)
        with self._sessions.read() as session:
            return reviewers(session, self._clock())

    def overview(self, *, by: Person) -> list[Slice]:
        """Every slice by name, with who works there and what waits."""
        check_may(by, Action.MANAGE_SLICES)
        with self._sessions.read() as session:
            able = set(reviewers(session, self._clock()))
            store, policy = SliceStore(session), PolicyStore(session).active()
            return [self._seen(store, one, policy, able) for one in store.list_all()]

    def outside(self, *, by: Person) -> list[Pile]:
        """What waits in no slice, longest waiting first; all that waits if there are no slices."""
        check_may(by, Action.MANAGE_SLICES)
        with self._sessions.read() as session:
            store, policy = SliceStore(session), PolicyStore(session).active()
            terms = tuple(WorkFilter.parse(one.filter).terms(policy) for one in store.list_all())
            return self._recent.get(("outside", terms), partial(store.outside, terms))

    def save(self, name: str, chosen: WorkFilter, people: Collection[str], *, by: Person, slice_id: int | None) -> int:
        """Make a slice, or change one, and let exactly these people work on it; its id.

        Raises BadInput for a bad name or somebody who may not review, Conflict for a name that is taken, NotFound.
        """
        check_may(by, Action.MANAGE_SLICES)
        name = _checked(name)
        with self._sessions.begin() as session:
            store, at = SliceStore(session), self._clock()
            if store.is_taken(name, but=slice_id):
                raise Conflict("There is a slice {name!r} already. Choose another name, or change that one.", name=name)
            before = None if slice_id is None else _require(store, slice_id)
            self._check_people(session, people, before)
            if before:
                store.change(before.id, name, chosen.as_json())
            made = before.id if before else store.add(name, chosen.as_json(), by=by.name, at=at)
            store.assign(made, people)
            what = What.SLICE_CHANGED if before else What.SLICE_CREATED
            record(session, by, what, f"slice {name}", filter=_told(chosen), people=sorted(people))
        return made

    def delete(self, slice_id: int, *, by: Person) -> None:
        """Take a slice away: its people get what their other slices say, or everything. Nothing leaves the queue."""
        check_may(by, Action.MANAGE_SLICES)
        with self._sessions.begin() as session:
            store = SliceStore(session)
            gone = _require(store, slice_id)
            store.delete(slice_id)
            record(session, by, What.SLICE_DELETED, f"slice {gone.name}", people=list(gone.people))

    def _seen(self, store: SliceStore, one: StoredSlice, policy: Policy | None, able: set[str]) -> Slice:
        chosen = WorkFilter.parse(one.filter)
        terms = chosen.terms(policy)
        many, oldest = self._recent.get(terms, partial(store.waits, terms))
        people = tuple(name for name in one.people if name in able)
        gone = tuple(name for name in one.people if name not in able)
        return Slice(one.id, one.name, chosen, people, gone, many, oldest)

    def _check_people(self, session: Session, people: Collection[str], before: StoredSlice | None) -> None:
        known = {*reviewers(session, self._clock()), *(before.people if before else ())}
        for name in people:
            if name not in known:
                raise BadInput("{name} may not review: give them the role moderator or lead first.", name=name[:60])


def _require(store: SliceStore, slice_id: int) -> StoredSlice:
    found = store.get(slice_id)
    if found is None:
        raise NotFound("Somebody has deleted that slice meanwhile. Reload the page.")
    return found


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise BadInput("A slice has a name of 1 to {most} printable characters.", most=MAX_NAME)
    return name


def _told(chosen: WorkFilter) -> dict[str, object]:
    """For the audit trail, which takes floats as strings."""
    told = {what: value for what, value in chosen.as_json().items() if value}
    return told | {what: str(told[what]) for what in ("low", "high") if what in told}
