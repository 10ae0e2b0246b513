"""Which column of a table means what: by its name, or as a person said."""

from collections.abc import Mapping, Sequence

from core.errors import BadInput
from core.labels import LABELS
from core.text import storable

ColumnMap = dict[str, str]
"""Role (a key of ROLES, or a label) -> the column's name in the file."""

ROLES: dict[str, tuple[str, ...]] = {
    "text": ("comment_text", "text", "body"),
    "external_id": ("external_id", "id"),
    "author": ("author",),
    "thread": ("thread",),
    "parent": ("parent",),
    "created_at": ("created_at",),
}
"""The names that each role goes by, the more telling one first."""

_SHOWN = 12


def find_columns(names: Sequence[str], chosen: Mapping[str, str | None] | None = None) -> ColumnMap:
    """The column of each role and label that the table has. Capital letters and outer spaces do not matter.

    `chosen` overrides: role -> column name, or None for "the table has none". Raises BadInput when a chosen column is
    not there, or when no column holds the text.
    """
    by_name = {_plain(name): name for name in reversed(names)}
    found: dict[str, str | None] = {**guess_columns(names)}
    for role, name in (chosen or {}).items():
        found[role] = None if name is None else _require(name, names, by_name)
    if found.get("text") is None:
        raise BadInput(
            "No column holds the comments: looked for comment_text, text and body, found {names}. Say which one it "
            "is (on the page under “Columns”, for the command by --text-column).",
            names=listed(names),
        )
    return {role: name for role, name in found.items() if name is not None}


def guess_columns(names: Sequence[str]) -> ColumnMap:
    """What the names alone tell, also when no column holds the text."""
    by_name = {_plain(name): name for name in reversed(names)}
    known = {**ROLES, **{label: (label,) for label in LABELS}}
    found = {role: next((by_name[n] for n in spelled if n in by_name), None) for role, spelled in known.items()}
    return {role: name for role, name in found.items() if name is not None}


def listed(names: Sequence[str]) -> str:
    """The names for a message, the first dozen, each cut short."""
    shown = ", ".join(f"“{storable(name)[:40]}”" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown or "none"


def _require(name: str, names: Sequence[str], by_name: Mapping[str, str]) -> str:
    if name in names:
        return name
    if _plain(name) in by_name:
        return by_name[_plain(name)]
    raise BadInput(
        "There is no column “{name}”; the file has {names}.",
        name=storable(name)[:40],
        names=listed(names),
    )


def _plain(name: str) -> str:
    return name.strip().lower()
