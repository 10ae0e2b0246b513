"""What takes the card's steps."""

from collections.abc import Sized
from typing import Protocol
from uuid import UUID

from core.accounts import Person
from core.verdict import Verdict


class Reviewing(Protocol):
    """What takes the card's steps: core.review.Review, or the practice."""

    def decide(self, verdict: Verdict, *, by: Person) -> object:
        """One comment."""

    def settle_identical(self, verdict: Verdict, *, by: Person) -> Sized:
        """A comment and its copies."""

    def skip(self, by: Person, comment_id: int) -> object:
        """Back to the queue."""

    def hold(self, by: Person, comment_id: int) -> object:
        """Set aside."""

    def resume(self, by: Person, comment_id: int) -> object:
        """Take up again."""

    def undo(self, by: Person, client_id: UUID, target: UUID | None = None) -> list[int]:
        """Take back."""
