"""What a check of the doctor says."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How a check went."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    grade: Grade
    found: str
    todo: str = ""
    """What to do about it; empty when it is OK."""


def ok(name: str, found: str) -> Check:
    """All is well."""
    return Check(name, Grade.OK, found)


def warn(name: str, found: str, todo: str) -> Check:
    """It works, and somebody should look."""
    return Check(name, Grade.WARN, found, todo)


def fail(name: str, found: str, todo: str) -> Check:
    """It does not work, or will not for long."""
    return Check(name, Grade.FAIL, found, todo)
