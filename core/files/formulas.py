"""Cells that a spreadsheet would take for a formula."""

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(value: str) -> str:
    """The value, with an apostrophe before it where a spreadsheet would run it (OWASP, CSV injection)."""
    return f"'{value}" if value.startswith(_STARTS) else value


def undone(value: str) -> str:
    """A value that `harmless` may have changed, as it was: one apostrophe less before what would be run."""
    return value[1:] if value.startswith("'") and value[1:].startswith(_STARTS) else value
