"""What the queue gives to whom: free comments become somebody's claims, within what they work on and wish."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from core import golden_mix, questions
from core.accounts import Person
from core.domain import BLIND_LANES, Lane, now
from core.golden_mix import GoldenMix
from core.labels import LABELS
from core.recent import Recent
from core.second_opinions import SecondOpinions
from core.settings import Settings
from core.wellbeing.masking import severe_limits
from core.wish import ANY, Wish, lowest
from db.session import Session, Sessions
from db.stores.claims import Claim, ClaimStore, Seeker
from db.stores.policies import PolicyStore
from db.stores.queue_filter import Within
from db.stores.second_opinions import SecondOpinionStore

PASSED = timedelta(minutes=15)
"""For so long a comment that somebody skipped or escalated is offered to them only when nothing else waits."""
MOST_CANDIDATES = 1_000
"""Free comments of a lane that are looked for at once under a filter."""


class Serving:
    """Fills the desks of one database. A part of core.review, which asks who may."""

    def __init__(
        self, sessions: Sessions, settings: Settings, opinions: SecondOpinions, clock: Callable[[], datetime] = now
    ) -> None:
        self._sessions, self._clock, self._opinions = sessions, clock, opinions
        self._lease = timedelta(seconds=settings.claim_seconds)
        self._hold = timedelta(hours=settings.hold_hours)
        self._recent = Recent()
        self._mix = GoldenMix(sessions, clock)

    def take(
        self,
        by: Person,
        want: int,
        lanes: Sequence[Lane] = tuple(Lane),
        *,
        least: int | None = None,
        within: Within = (),
        wish: Wish = ANY,
    ) -> list[Claim]:
        """The person's claims after adding free comments until `want` are ready; held ones come last, uncounted.

        While `least` are ready nothing is added: a refill now and then costs less than one after each decision. What
        is added is `within` what the person works on (core.focus), without what the wish leaves to others.
        """
        claims = self._mine(by)
        if sum(not claim.held and not claim.golden for claim in claims) >= (want if least is None else least):
            return claims
        at, thresholds = self._clock(), self._policy_thresholds()
        without, mild = wish.limits(thresholds), wish.mild_share(want)
        chosen_of = [lane for lane in lanes if lane is not Lane.ASKED]  # answers come whatever one works on
        among = self._among_lanes(chosen_of, within, without)
        with self._sessions.begin() as session:
            store = ClaimStore(session)
            store.release_lapsed(at)
            ready = sum(not claim.held for claim in store.mine(by.name, at=at))
            want -= mild
            who, before = seeker(session, by, self._opinions, at - self._hold), ready
            for since in (at - PASSED, None):
                for lane in lanes:
                    most = want - ready
                    chosen = among.get(lane)
                    if most <= 0 or (chosen is not None and not chosen):
                        continue
                    ids = store.free(lane, most, seeker=who, passed_since=since, among=chosen)
                    now_free = self._clock()  # after they were seen: a claim must not seem older than what made it free
                    store.add(ids, by.name, at=now_free, until=now_free + self._lease)
                    ready += len(ids)
                if ready:  # what was passed over comes back only when nothing else is left
                    break
            if mild and Lane.FLAGGED in lanes:
                self._add_mild(store, by.name, mild, lowest(severe_limits(thresholds), without), within)
            mine = store.mine(by.name, at=at)
            if ready > before:
                known = {claim.id for claim in claims}
                new = [claim for claim in mine if claim.lane is Lane.FLAGGED and claim.id not in known]
                self._mix.draw(session, by, new, within, without)
            return self._with_mixed(session, by, mine)

    def _add_mild(
        self, store: ClaimStore, person: str, share: int, severe: Mapping[str, float], within: Within
    ) -> None:
        """Claim mild comments until the share is there: those that would be served last, so nothing waits for them."""
        at = self._clock()
        mine = [claim.comment_id for claim in store.mine(person, at=at) if not claim.held]
        here = store.count_mild(mine, severe)
        if here < share:
            ids = store.mild(share - here, person=person, passed_since=at - PASSED, severe=severe, within=within)
            store.add(ids, person, at=self._clock(), until=self._clock() + self._lease)

    def _mine(self, by: Person) -> list[Claim]:
        with self._sessions.read() as session:
            return self._with_mixed(session, by, ClaimStore(session).mine(by.name, at=self._clock()))

    def _with_mixed(self, session: Session, by: Person, claims: list[Claim]) -> list[Claim]:
        """The claims and what was mixed in between them (core.golden_mix), in the order of the desk."""
        mixed = golden_mix.claims_of(session, by, self._clock() + self._lease)
        return sorted([*claims, *mixed], key=lambda claim: claim.order) if mixed else claims

    def _among_lanes(
        self, lanes: Sequence[Lane], within: Within, without: Mapping[str, float]
    ) -> dict[Lane, list[int]]:
        """What filter and wish let through, of those lanes on which they bear: no wish bears on a blind one."""
        limits = {lane: {} if lane in BLIND_LANES else without for lane in lanes}
        return {lane: self._among(lane, within, limits[lane]) for lane in lanes if within or limits[lane]}

    def _among(self, lane: Lane, within: Within, without: Mapping[str, float]) -> list[int]:
        """What a filter lets through of a lane, looked for outside the transaction that claims: it may take a while."""
        key = (lane, within, tuple(sorted(without.items())))
        return self._recent.get(key, partial(self._candidates, lane, within, without))

    def _candidates(self, lane: Lane, within: Within, without: Mapping[str, float]) -> list[int]:
        with self._sessions.read() as session:
            return ClaimStore(session).candidates(lane, within, MOST_CANDIDATES, without)

    def _policy_thresholds(self) -> Sequence[float]:
        with self._sessions.read() as session:
            return thresholds_in_force(session)


def seeker(session: Session, by: Person, opinions: SecondOpinions, stale: datetime) -> Seeker:
    """Who looks for comments; questions from before `stale` are anybody's."""
    return questions.seeker_of(by, opinions.judges(SecondOpinionStore(session), by), stale)


def thresholds_in_force(session: Session) -> Sequence[float]:
    """Of the policy in force; nothing reaches them while there is none."""
    policy = PolicyStore(session).active()
    return policy.thresholds if policy else (2.0,) * len(LABELS)
