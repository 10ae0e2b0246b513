"""How far one moderator agrees with known answers and with second opinions, for their own eyes; and the team's.

A share of n equally weighted items has Wilson's interval or the logit one (core.metrics.agreement.share); second
opinions weigh 1 / their draw's rate. The team's takes each comment as a unit, as several people answer the same one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.accounts import Action, Person, check_may
from core.domain import LabelFlags, Lane, RoutingState, now, unpack_labels
from core.labels import LABELS
from core.metrics.agreement import Bools, share
from core.metrics.bins import Floats
from core.metrics.intervals import Estimate
from db.session import Session, Sessions
from db.stores.comments import CommentStore
from db.stores.golden_mix import Answered, GoldenMixStore
from db.stores.second_opinions import Compared, SecondOpinionStore

FEW: Final = 20
"""Below so many items there is no number."""
LEAST_PEOPLE: Final = 3
"""Of fewer people together no number is shown: it would tell of one."""
MOST_SHARE: Final = 0.5
"""Nor where one of them made more than this share of the answers."""
SPAN: Final = timedelta(weeks=26)
"""How far back the team's numbers reach."""
MOST_DIFFERENCES: Final = 50
_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """How often a label was given or withheld as the other did."""

    label: str
    same: Estimate | None
    """None below FEW items."""
    given: int
    """Items to which the other gave the label."""
    missed: int
    """Of those, how many did not get it from the person."""
    extra: int
    """Items to which the person gave it, and the other did not."""


@dataclass(frozen=True, slots=True)
class Compare:
    """Agreement with one kind of answers."""

    items: int
    labels: list[LabelAgreement]


@dataclass(frozen=True, slots=True)
class Difference:
    """An item on which the person and the other gave different labels."""

    comment_id: int
    text: str
    at: datetime
    mine: LabelFlags
    other: LabelFlags
    judged: LabelFlags | None
    """What a third said; None without one, and for known answers."""


@dataclass(frozen=True, slots=True)
class Own:
    """One person's agreement, for their own eyes."""

    golden: Compare
    second: Compare
    golden_differences: list[Difference]
    """The newest ones."""
    second_differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Team:
    """Everybody's agreement with known answers, together."""

    golden: Compare | None
    """None where it would tell of one person."""
    until: datetime
    """What was answered later is in no number yet."""


class OwnAgreement:
    """Agreement of people with known answers, on one database."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock

    def mine(self, by: Person) -> Own:
        """The person's own numbers."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            known = GoldenMixStore(session).answered(person=by.name, since=_EVER, until=self._clock())
            pairs = SecondOpinionStore(session).of_person(by.name)
            apart = [one for one in reversed(known) if one.given != one.known][:MOST_DIFFERENCES]
            split = [one for one in reversed(pairs) if _may_tell(one)][:MOST_DIFFERENCES]
            return Own(
                _of_golden(known),
                _of_pairs([one for one in pairs if _is_own(one, by.name)], by.name),
                _golden_differences(session, apart),
                _second_differences(session, split, by.name),
            )

    def team(self, by: Person) -> Team:
        """Everybody's agreement with known answers in whole weeks of the last half year."""
        check_may(by, Action.SEE_AGREEMENT)
        at = self._clock()
        until = _MONDAY + (at - _MONDAY) // timedelta(weeks=1) * timedelta(weeks=1)
        with self._sessions.read() as session:
            told = tellable(GoldenMixStore(session).answered(since=_EVER, until=until), at - SPAN)
        return Team(_of_golden(told) if told else None, until)


def tellable(answers: Sequence[Answered], since: datetime) -> list[Answered]:
    """The answers, oldest first, of those spans of whole weeks in which nobody shows through.

    Weeks are put together, from the first on, until LEAST_PEOPLE have answered and none made more than MOST_SHARE of
    the answers; what is left at the end is left out. So neither a number nor the difference between two moments'
    numbers is about fewer people. Spans that began before `since` are left out whole.
    """
    found: list[Answered] = []
    span: list[Answered] = []
    weeks = [(one.at - _MONDAY) // timedelta(weeks=1) for one in answers]
    for k, one in enumerate(answers):
        span.append(one)
        is_last_of_week = k + 1 == len(answers) or weeks[k + 1] != weeks[k]
        if is_last_of_week and _hides_each(span):
            found += span if span[0].at >= since else []
            span = []
    return found


def compare(given: Bools, other: Bools, units: NDArray[np.int64], weights: Floats) -> Compare:
    """Agreement of labels [n, 6] each; rows of one unit (a comment's id, [n]) are counted together."""
    _, at = np.unique(units, return_inverse=True)
    cases = np.bincount(at)
    labels = [
        LabelAgreement(
            label=label,
            same=_share_by_unit(given[:, j] == other[:, j], at, weights) if len(units) >= FEW else None,
            given=int(other[:, j].sum()),
            missed=int((other[:, j] & ~given[:, j]).sum()),
            extra=int((given[:, j] & ~other[:, j]).sum()),
        )
        for j, label in enumerate(LABELS)
    ]
    return Compare(int(cases.sum()), labels)


def _share_by_unit(same: Bools, at: NDArray[np.int64], weights: Floats) -> Estimate:
    total: Floats = np.bincount(at, weights).astype(float)
    return share(np.bincount(at, weights * same) / total, total)


def _of_golden(answers: Sequence[Answered]) -> Compare:
    given, known = _masks([one.given for one in answers]), _masks([one.known for one in answers])
    return compare(given, known, np.array([one.comment_id for one in answers], np.int64), np.ones(len(answers)))


def _of_pairs(pairs: Sequence[Compared], person: str) -> Compare:
    mine = [_sides(one, person) for one in pairs]
    weights = np.array([1 / one.rate for one in pairs], float)
    given, other = _masks([one for one, _ in mine]), _masks([other for _, other in mine])
    return compare(given, other, np.array([one.comment_id for one in pairs], np.int64), weights)


def _sides(pair: Compared, person: str) -> tuple[int, int]:
    return (pair.first, pair.second) if pair.first_person == person else (pair.second, pair.first)


def _is_own(pair: Compared, person: str) -> bool:
    """Whether the person's opinion was theirs alone: not one that a lead's answer helped to."""
    return not (pair.first_person == person and pair.first_lane == Lane.ASKED.value)


def _may_tell(pair: Compared) -> bool:
    """Whether they differ, and nobody has still to decide: who reads of it cannot be asked."""
    return pair.first != pair.second and pair.state == RoutingState.SETTLED.value


def _hides_each(answers: Sequence[Answered]) -> bool:
    counts = Counter(one.person for one in answers)
    return len(counts) >= LEAST_PEOPLE and max(counts.values()) <= MOST_SHARE * len(answers)


def _masks(masks: Sequence[int]) -> Bools:
    return (np.array(masks, np.int64).reshape(-1, 1) >> np.arange(len(LABELS)) & 1).astype(bool)


def _golden_differences(session: Session, answers: Sequence[Answered]) -> list[Difference]:
    texts = CommentStore(session).get_many([one.comment_id for one in answers])
    return [
        Difference(
            one.comment_id, texts[one.comment_id].text, one.at, unpack_labels(one.given), unpack_labels(one.known), None
        )
        for one in answers
        if texts[one.comment_id].text
    ]


def _second_differences(session: Session, pairs: Sequence[Compared], person: str) -> list[Difference]:
    texts = CommentStore(session).get_many([one.comment_id for one in pairs])
    found = []
    for one in pairs:
        mine, other = (unpack_labels(mask) for mask in _sides(one, person))
        judged = None if one.judged is None else unpack_labels(one.judged)
        found.append(Difference(one.comment_id, texts[one.comment_id].text, one.at, mine, other, judged))
    return [one for one in found if one.text]
