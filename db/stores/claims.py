"""Who holds which comment, until when. One live claim a comment: the database sees to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.domain import BLIND_LANES, OTHERS_LANES, Lane
from db.models import ClaimRow, DecisionRow, RoutingRow, ScoreRow
from db.stores.decisions import is_standing
from db.stores.questions import is_about, is_turn
from db.stores.queue_filter import Within, conditions

_OPEN = text("routing.state = 'open'")
"""Spelled out: SQLite uses a partial index only for a condition that it can read."""
_LIVE = text("claim.released_at IS NULL")


@dataclass(frozen=True, slots=True)
class Claim:
    """A live claim."""

    id: int
    comment_id: int
    person: str
    lease_until: datetime
    held: bool
    lane: Lane | None = None
    """Lane of the comment, where it was asked for."""
    priority: float = 0.0
    """Of the comment in its lane, where the lane was asked for."""
    handed_by: str | None = None
    """Who gave it to the person, and why."""
    handed_note: str | None = None
    golden: bool = False
    """Whether it is no claim, but a comment with known answers that was mixed in (core.golden_mix)."""

    @property
    def order(self) -> tuple[bool, bool, int, float, int]:
        """Where it lies on its person's desk: held ones last, handed over ones first, else as the queue serves them."""
        return self.held, self.handed_by is None, _rank(self.lane), self.priority, self.comment_id

    def is_free_to(self, person: str, at: datetime) -> bool:
        """Whether the person may act on the comment: it is theirs, or its lease has run out."""
        return self.person == person or self.lease_until < at


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who looks for comments, and what says whose turn each is."""

    person: str
    judges: Collection[str] = ()
    """Who is there to adjudicate, for a lead; empty for others."""
    answers: bool = False
    """Whether they answer questions."""
    stale: datetime | None = None
    """What was asked or answered before this moment is anybody's."""


_FAR_END = 2_000
"""Comments among which mild ones are looked for."""
Limits = Mapping[str, float]
"""Labels, each with the probability from which on."""


def reaches(limits: Limits) -> ColumnElement[bool]:
    """Condition on RoutingRow: by the model that routed it, one of these labels is at or over its limit.

    Never holds for a blind comment, whatever its scores: nobody's wish may tell what they are.
    """
    over = [getattr(ScoreRow, label) >= limit for label, limit in limits.items()]
    # + 0 keeps the index of model_id out of it: through that one all scores of the model would be read for each comment
    scored = (ScoreRow.comment_id == RoutingRow.comment_id) & (ScoreRow.model_id + 0 == RoutingRow.model_id)
    return and_(~_is_blind(), select(ScoreRow.comment_id).where(scored, or_(false(), *over)).exists())


class ClaimStore:
    """Claims of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def release_lapsed(self, at: datetime) -> None:
        """End every claim whose lease ran out; it ended at that moment."""
        lapsed = select(ClaimRow.id).where(_LIVE, ClaimRow.lease_until < at).order_by(ClaimRow.id)
        ids = list(self._session.scalars(lapsed.with_for_update(skip_locked=True)))
        if ids:
            ended = update(ClaimRow).where(ClaimRow.id.in_(ids)).values(released_at=ClaimRow.lease_until)
            self._session.execute(ended)

    def candidates(self, lane: Lane, within: Within, limit: int, without: Limits = MappingProxyType({})) -> list[int]:
        """Open comments of the lane that the filter lets through and nobody holds, most urgent first. Locks nothing.

        Those that reach one of the limits `without` are left out.

        Where little matches this reads the whole lane, some 100 ms at 100,000: so it is asked before the transaction
        that claims, and kept for a while (core.serving).
        """
        if (chosen := conditions(within, lane)) is None:
            return []
        query = select(RoutingRow.comment_id).where(_OPEN, RoutingRow.lane == lane.value, *chosen, ~_is_claimed())
        if without:
            query = query.where(~reaches(without))
        return list(self._session.scalars(query.order_by(RoutingRow.priority, RoutingRow.comment_id).limit(limit)))

    def free(
        self,
        lane: Lane,
        limit: int,
        *,
        seeker: Seeker,
        passed_since: datetime | None,
        among: Collection[int] | None = None,
    ) -> list[int]:
        """Open comments of the lane that nobody holds, most urgent first, locked against other claimers.

        With `passed_since`, without those that the person skipped or escalated after that moment. Comments that need
        another opinion go to those who have given none; where all of `judges` have, to the person too. What was asked
        goes to leads, and when it is answered to whoever asked. With `among`, of these alone.
        """
        query = select(RoutingRow.comment_id).where(_OPEN, RoutingRow.lane == lane.value, ~_is_claimed())
        if among is not None:
            query = query.where(RoutingRow.comment_id.in_(among))
        if passed_since:
            query = query.where(~_was_passed(seeker.person, passed_since))
        if lane in PERSONS_LANES:
            query = query.where(~_is_for_others(lane, seeker))
        query = query.order_by(RoutingRow.priority, RoutingRow.comment_id).limit(limit)
        return list(self._session.scalars(query.with_for_update(skip_locked=True, of=RoutingRow)))

    def mild(
        self, limit: int, *, person: str, passed_since: datetime, severe: Limits, within: Within = ()
    ) -> list[int]:
        """Flagged comments that the filter lets through, that nobody holds and that reach no limit, locked as above.

        Looked for among the least urgent ones of the lane, which come first: those are mild, where any are.
        """
        if (chosen := conditions(within, Lane.FLAGGED)) is None:
            return []
        end = select(RoutingRow.comment_id).where(_OPEN, RoutingRow.lane == Lane.FLAGGED.value)
        end = end.order_by(RoutingRow.priority.desc(), RoutingRow.comment_id.desc()).limit(_FAR_END)
        query = select(RoutingRow.comment_id).where(RoutingRow.comment_id.in_(end), _OPEN, *chosen, ~_is_claimed())
        query = query.where(~RoutingRow.audit, ~reaches(severe), ~_was_passed(person, passed_since))
        query = query.order_by(RoutingRow.priority.desc(), RoutingRow.comment_id.desc()).limit(limit)
        return list(self._session.scalars(query.with_for_update(skip_locked=True, of=RoutingRow)))

    def add(self, comment_ids: Sequence[int], person: str, *, at: datetime, until: datetime) -> None:
        """Claim those of the comments that nobody holds."""
        rows = [
            {"comment_id": comment_id, "person": person, "claimed_at": at, "lease_until": until, "held": False}
            for comment_id in comment_ids
        ]
        if rows:  # another claimer may have committed since these were found free: then they are theirs
            insert = postgresql.insert if self._session.get_bind().dialect.name == "postgresql" else sqlite.insert
            self._session.execute(insert(ClaimRow).on_conflict_do_nothing(), rows)

    def mine(self, person: str, *, at: datetime) -> list[Claim]:
        """The person's claims whose lease runs, with lanes: handed over ones first, held ones last, else in order."""
        query = (
            select(ClaimRow, RoutingRow.lane, RoutingRow.priority)
            .join(RoutingRow, RoutingRow.comment_id == ClaimRow.comment_id)
            .where(ClaimRow.person == person, _LIVE, ClaimRow.lease_until >= at)
        )
        rows = self._session.execute(query).all()
        return sorted((_claim(row, lane, priority) for row, lane, priority in rows), key=lambda claim: claim.order)

    def live(self, comment_id: int) -> Claim | None:
        """The comment's claim that nobody released, lapsed or not."""
        row = self._session.scalar(select(ClaimRow).where(ClaimRow.comment_id == comment_id, _LIVE))
        return _claim(row) if row else None

    def live_of(self, comment_ids: Collection[int]) -> dict[int, Claim]:
        """The same for many, by comment."""
        rows = self._session.scalars(select(ClaimRow).where(ClaimRow.comment_id.in_(comment_ids), _LIVE))
        return {row.comment_id: _claim(row) for row in rows}

    def extend(self, claim_ids: Collection[int], until: datetime) -> None:
        """Let claims last until then at least: what was handed over lasts longer."""
        if claim_ids:
            shorter = (ClaimRow.id.in_(claim_ids), ClaimRow.lease_until < until)
            self._session.execute(update(ClaimRow).where(*shorter).values(lease_until=until))

    def hand(self, comment_id: int, person: str, note: str | None, *, by: str, at: datetime, until: datetime) -> None:
        """Give the comment to the person, whoever had it."""
        self.release([comment_id], at)
        handed = {"handed_by": by, "handed_note": note, "claimed_at": at, "lease_until": until}
        self._session.add(ClaimRow(comment_id=comment_id, person=person, **handed))
        self._session.flush()

    def put_back(self, comment_ids: Collection[int], at: datetime) -> None:
        """End claims as if their lease had run out: the person has passed nothing over."""
        ended = update(ClaimRow).where(ClaimRow.comment_id.in_(comment_ids), _LIVE)
        self._session.execute(ended.values(released_at=at, lease_until=at))

    def put_back_all(self, person: str, at: datetime) -> None:
        """End all claims of somebody who is gone."""
        ended = update(ClaimRow).where(ClaimRow.person == person, _LIVE)
        self._session.execute(ended.values(released_at=at, lease_until=at))

    def people(self) -> set[str]:
        """Who has any comment."""
        return set(self._session.scalars(select(ClaimRow.person).where(_LIVE).distinct()))

    def matching(self, claims: Collection[Claim], within: Within) -> set[int]:
        """Those of the claims' comments that the filter lets through."""
        found: set[int] = set()
        for lane in {claim.lane for claim in claims if claim.lane}:
            ids = [claim.comment_id for claim in claims if claim.lane is lane]
            if (chosen := conditions(within, lane)) is not None:
                query = select(RoutingRow.comment_id).where(RoutingRow.comment_id.in_(ids), *chosen)
                found.update(self._session.scalars(query))
        return found

    def held(self, *, at: datetime, limit: int) -> list[Claim]:
        """What anybody holds for later or was handed over, oldest first."""
        query = select(ClaimRow, RoutingRow.lane).join(RoutingRow, RoutingRow.comment_id == ClaimRow.comment_id)
        kept = or_(ClaimRow.held, ClaimRow.handed_by.is_not(None))
        rows = self._session.execute(
            query.where(_LIVE, kept, ClaimRow.lease_until >= at).order_by(ClaimRow.lease_until).limit(limit)
        )
        return [_claim(row, lane) for row, lane in rows]

    def hold(self, claim_id: int, *, held: bool, until: datetime) -> None:
        """Set a claim aside until then, or take it up again."""
        self._session.execute(update(ClaimRow).where(ClaimRow.id == claim_id).values(held=held, lease_until=until))

    def release(self, comment_ids: Collection[int], at: datetime) -> None:
        """End the comments' live claims."""
        self._session.execute(
            update(ClaimRow).where(ClaimRow.comment_id.in_(comment_ids), _LIVE).values(released_at=at)
        )

    def give_back(self, person: str, at: datetime, only: Limits | None = None) -> None:
        """End the person's claims but for held ones, as if their lease had run out: they are not passed over.

        With limits, those of comments that reach one. Without, what was handed over stays with its receiver.
        """
        mine = select(ClaimRow.id).join(RoutingRow, RoutingRow.comment_id == ClaimRow.comment_id)
        mine = mine.where(ClaimRow.person == person, _LIVE, ~ClaimRow.held)
        ids = list(self._session.scalars(mine.where(ClaimRow.handed_by.is_(None) if only is None else reaches(only))))
        if ids:
            ended = update(ClaimRow).where(ClaimRow.id.in_(ids)).values(released_at=at, lease_until=at)
            self._session.execute(ended)

    def any_free(self, limits: Limits) -> bool:
        """Whether a comment waits that reaches one of the limits and that nobody holds."""
        lanes = [lane.value for lane in Lane if lane not in BLIND_LANES]
        query = select(RoutingRow.comment_id).where(_OPEN, RoutingRow.lane.in_(lanes), ~_is_claimed(), reaches(limits))
        return self._session.scalar(query.limit(1)) is not None

    def count_mild(self, comment_ids: Collection[int], severe: Limits) -> int:
        """How many of the flagged comments among these reach no limit."""
        query = select(func.count()).select_from(RoutingRow).where(RoutingRow.comment_id.in_(comment_ids))
        mild = (RoutingRow.lane == Lane.FLAGGED.value, ~RoutingRow.audit, ~reaches(severe))
        return self._session.scalar(query.where(*mild)) or 0

    def waiting(self) -> dict[Lane, int]:
        """Open comments by lane, claimed or not."""
        query = select(RoutingRow.lane, func.count()).where(_OPEN).group_by(RoutingRow.lane)
        found = dict(self._session.execute(query).all())
        return {lane: found.get(lane.value, 0) for lane in Lane}

    def waiting_within(self, within: Within) -> dict[Lane, int]:
        """Open comments that the filter lets through, by lane, claimed or not."""
        found = dict.fromkeys(Lane, 0)
        for lane in Lane:
            if (chosen := conditions(within, lane)) is not None:
                query = select(func.count()).select_from(RoutingRow).where(_OPEN, RoutingRow.lane == lane.value)
                found[lane] = self._session.scalar(query.where(*chosen)) or 0
        return found

    def has_given(self, comment_id: int, lane: Lane, person: str) -> bool:
        """Whether the person has given an opinion on a comment that waits for somebody else's."""
        query = select(RoutingRow.comment_id).where(RoutingRow.comment_id == comment_id)
        return self._session.scalar(query.where(_is_for_others(lane, Seeker(person)))) is not None

    def for_others(self, lane: Lane, seeker: Seeker) -> int:
        """How many open comments of the lane the person cannot have: another opinion or answer is needed."""
        query = select(func.count()).select_from(RoutingRow).where(_OPEN, RoutingRow.lane == lane.value)
        return self._session.scalar(query.where(_is_for_others(lane, seeker))) or 0

    def is_for(self, comment_id: int, lane: Lane, seeker: Seeker) -> bool:
        """Whether it is the person's turn to decide the comment, which is in this lane."""
        found = select(RoutingRow.comment_id).where(RoutingRow.comment_id == comment_id, ~_is_for_others(lane, seeker))
        return self._session.scalar(found) is not None

    def had_since_decided(self, comment_id: int, person: str) -> bool:
        """Whether the person has had a claim on the comment that began after its newest entry in the ledger.

        Of a comment that has no entry, always: then no screen can show it as it was before.
        """
        newest = select(DecisionRow.decided_at).where(DecisionRow.comment_id == comment_id)
        since = self._session.scalar(newest.order_by(DecisionRow.id.desc()).limit(1))
        if since is None:
            return True
        query = select(ClaimRow.id).where(ClaimRow.comment_id == comment_id, ClaimRow.person == person)
        return self._session.scalar(query.where(ClaimRow.claimed_at >= since).limit(1)) is not None

    def others(self, person: str, *, at: datetime) -> tuple[int, int, datetime | None]:
        """Of other people's running claims: how many, how many of them held, and when the first one lapses."""
        query = select(func.count(), func.sum(text("CASE WHEN held THEN 1 ELSE 0 END")), func.min(ClaimRow.lease_until))
        query = query.select_from(ClaimRow).where(_LIVE, ClaimRow.person != person, ClaimRow.lease_until >= at)
        many, held, first = self._session.execute(query).one()
        return many, int(held or 0), first


def _is_claimed() -> ColumnElement[bool]:
    return select(ClaimRow.id).where(ClaimRow.comment_id == RoutingRow.comment_id, _LIVE).exists()


def _is_blind() -> ColumnElement[bool]:
    """Shown without scores, as db.stores.queue.Place.blind."""
    return or_(RoutingRow.audit, RoutingRow.lane.in_([lane.value for lane in BLIND_LANES]))


def _entries() -> Select[int]:
    return select(DecisionRow.id).where(DecisionRow.comment_id == RoutingRow.comment_id)


PERSONS_LANES = OTHERS_LANES | {Lane.ASKED}
"""Lanes whose comments are not for everybody."""


def _is_for_others(lane: Lane, seeker: Seeker) -> ColumnElement[bool]:
    """It is not the person's turn: they have given an opinion, or another has to answer.

    An undone opinion counts too, unless it was a second one: that was blind.
    """
    if lane is Lane.ASKED:
        return ~is_turn(seeker.person, answers=seeker.answers, stale=seeker.stale)
    person, judges = seeker.person, seeker.judges
    counts = or_(DecisionRow.lane.not_in([lane.value for lane in OTHERS_LANES]), is_standing())
    gave = _entries().where(DecisionRow.person == person, counts).exists()
    if lane is Lane.SECOND:  # who asked or answered knows what another thinks of it
        return or_(gave, is_about(person))
    if not judges:
        return gave
    judged = select(func.count(DecisionRow.person.distinct())).where(
        DecisionRow.comment_id == RoutingRow.comment_id, DecisionRow.person.in_(judges)
    )
    return and_(gave, judged.scalar_subquery() < len(judges))


def _was_passed(person: str, since: datetime) -> ColumnElement[bool]:
    """Ended by the person's own act: a claim that lapsed ended with its lease, and says nothing."""
    return (
        select(ClaimRow.id)
        .where(
            ClaimRow.comment_id == RoutingRow.comment_id,
            ClaimRow.person == person,
            ClaimRow.released_at >= since,
            ClaimRow.released_at < ClaimRow.lease_until,
        )
        .exists()
    )


def _rank(lane: Lane | None) -> int:
    return list(Lane).index(lane) if lane else len(Lane)


def _claim(row: ClaimRow, lane: str | None = None, priority: float = 0.0) -> Claim:
    return Claim(
        row.id,
        row.comment_id,
        row.person,
        row.lease_until,
        row.held,
        Lane(lane) if lane else None,
        priority,
        row.handed_by,
        row.handed_note,
    )
