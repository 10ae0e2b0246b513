"""What a step of the browser says, checked: a browser can send anything."""

from typing import Any, TypeGuard
from uuid import UUID

from core.errors import BadInput


def comment_of(step: dict[str, Any]) -> int:
    """The comment that a step is about; raises BadInput."""
    comment_id = step.get("comment")
    if not is_number(comment_id):
        raise BadInput("The card sent no comment's number. Reload the page.")
    return comment_id


def is_number(value: Any) -> TypeGuard[int]:
    """Whether it can be a comment's: JSON has numbers that no database takes."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def uuid_of(value: Any) -> UUID:
    """A step's id; raises BadInput."""
    try:
        return UUID(str(value))
    except ValueError:
        raise BadInput("The card sent a step without an id. Reload the page.") from None
