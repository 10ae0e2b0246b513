"""The practice: the same steps as in the queue, on written comments, answered from memory.

Nothing here knows the database. What the person answered is kept as their own preference, to go on where they left.
"""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from core.accounts import Action, Person, check_may
from core.domain import LabelFlags, Outcome, pack_labels, unpack_labels
from core.errors import Conflict, NotFound
from core.practice_comments import EXAMPLES, Example
from core.verdict import Verdict

PREFERENCE: Final = "practice"
"""Name of the preference that holds a Progress."""
FIRST_ID: Final = 2**52
"""Number of the first example on the card: no database has such a comment, so a step on it can touch no real one."""
BY_ID: Final[Mapping[int, Example]] = {FIRST_ID + k: example for k, example in enumerate(EXAMPLES)}
_BY_KEY: Final = {example.key: number for number, example in BY_ID.items()}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person is with the practice."""

    answers: Mapping[str, tuple[Outcome, LabelFlags]] = field(default_factory=dict)
    """By the example's key."""
    skipped: bool = False
    """Whether they do not want to be offered it again."""

    @classmethod
    def parse(cls, value: Any) -> "Progress":
        """From a preference's value: any JSON makes one, what is no answer is left out."""
        if not isinstance(value, dict):
            return cls()
        found = value.get("answers")
        known = {key: _answer(one) for key, one in found.items() if key in _BY_KEY} if isinstance(found, dict) else {}
        return cls({key: one for key, one in known.items() if one}, value.get("skipped") is True)

    def to_json(self) -> dict[str, Any]:
        """For the preference."""
        answers = {key: [outcome.value, pack_labels(labels)] for key, (outcome, labels) in self.answers.items()}
        return {"answers": answers, "skipped": self.skipped}

    @property
    def finished(self) -> bool:
        """Whether every example was decided."""
        return len(self.answers) == len(EXAMPLES)


@dataclass(slots=True)
class _Step:
    """One decision, to be taken back."""

    client_id: UUID
    comment_id: int
    seconds: float | None


class PracticeReview:
    """Answers the steps of one person's card as core.review.Review does, without a queue, a ledger or anybody else."""

    def __init__(self, progress: Progress | None = None) -> None:
        self.answers = dict((progress or Progress()).answers)
        self.last: int | None = None
        """What was decided last in this visit: the card tells what the example answer is."""
        self._waiting = [number for number, example in BY_ID.items() if example.key not in self.answers]
        self._held: list[int] = []
        self._steps: list[_Step] = []
        self._undone: dict[UUID, int] = {}

    @property
    def progress(self) -> Progress:
        """To be kept."""
        return Progress(dict(self.answers))

    @property
    def order(self) -> list[tuple[int, bool]]:
        """What is left, in order, held ones last: number and whether it is held."""
        return [(i, False) for i in self._waiting] + [(i, True) for i in self._held]

    @property
    def median_seconds(self) -> float | None:
        """Of this visit's decisions."""
        measured = [step.seconds for step in self._steps if step.seconds is not None]
        return statistics.median(measured) if measured else None

    def decide(self, verdict: Verdict, *, by: Person) -> None:
        """Note the answer; the same client_id again changes nothing. Raises NotFound, Conflict once it is decided."""
        check_may(by, Action.REVIEW)
        if any(step.client_id == verdict.client_id for step in self._steps):
            return
        self._take(verdict.comment_id)
        self.answers[BY_ID[verdict.comment_id].key] = verdict.outcome, verdict.labels
        self._steps.append(_Step(verdict.client_id, verdict.comment_id, verdict.seconds))
        self.last = verdict.comment_id

    def settle_identical(self, verdict: Verdict, *, by: Person) -> list[int]:
        """The same for an example and its copies; returns a number for each of them."""
        self.decide(verdict, by=by)
        return [verdict.comment_id] * BY_ID[verdict.comment_id].identical

    def skip(self, by: Person, comment_id: int) -> None:
        """Put it behind all others."""
        check_may(by, Action.REVIEW)
        self._take(comment_id)
        self._waiting.append(comment_id)

    def hold(self, by: Person, comment_id: int) -> None:
        """Set it aside."""
        check_may(by, Action.REVIEW)
        self._take(comment_id)
        self._held.append(comment_id)

    def resume(self, by: Person, comment_id: int) -> None:
        """Take up a held or skipped one."""
        check_may(by, Action.REVIEW)
        self._take(comment_id)
        self._waiting.insert(0, comment_id)

    def undo(self, by: Person, client_id: UUID, target: UUID | None = None) -> list[int]:
        """Take back the last decision, or that of the step `target`; returns what is open again. Raises NotFound."""
        check_may(by, Action.REVIEW)
        if client_id in self._undone:
            return [self._undone[client_id]]
        step = next((s for s in reversed(self._steps) if target in (None, s.client_id)), None)
        if step is None:
            raise NotFound("There is no step of this practice to undo.")
        self._steps.remove(step)
        del self.answers[BY_ID[step.comment_id].key]
        self._waiting.insert(0, step.comment_id)
        self._undone[client_id] = step.comment_id
        self.last = None
        return [step.comment_id]

    def _take(self, comment_id: int) -> None:
        if comment_id not in BY_ID:
            raise NotFound("That is no comment of the practice. Nothing was recorded.")
        for pile in (self._waiting, self._held):
            if comment_id in pile:
                pile.remove(comment_id)
                return
        raise Conflict("You have decided that one already. Undo takes it back.")


def _answer(value: Any) -> tuple[Outcome, LabelFlags] | None:
    try:
        outcome, mask = value
        if not isinstance(mask, int) or not 0 <= mask < 64:
            return None
        return Outcome(outcome), unpack_labels(mask)
    except (TypeError, ValueError):
        return None
