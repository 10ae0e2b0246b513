"""People and what they may do. For now: on loopback, whoever gives a name has every role."""

from dataclasses import dataclass
from enum import StrEnum

from core.errors import BadInput, NotAllowed

MAX_NAME = 60
"""Longest name of a person, in code points."""
PROGRAM = "api:"
"""How the ledger names a program: this, then the name of its key."""


class Role(StrEnum):
    """What a person may do."""

    MODERATOR = "moderator"
    LEAD = "lead"
    ANALYST = "analyst"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts. The name is what the ledger records."""

    name: str
    roles: frozenset[Role]


def local_person(name: str) -> Person:
    """A person of the local mode: any printable name of 1 to 60 characters, every role. Raises BadInput."""
    name = " ".join(name.split())
    if name.casefold().startswith(PROGRAM):
        raise BadInput(f"Names that begin with {PROGRAM} belong to programs. Type the one that your decisions carry.")
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadInput(f"A name has 1 to {MAX_NAME} printable characters. Type the one that your decisions carry.")
    return Person(name, frozenset(Role))


def check_role(person: Person | None, role: Role) -> Person:
    """The person, if signed in and holding the role; raises NotAllowed."""
    if person is None:
        raise NotAllowed("You are not signed in. Open the dashboard's first page and give your name.")
    if role not in person.roles:
        raise NotAllowed(f"This needs the role “{role}”. Ask an administrator for it.")
    return person
