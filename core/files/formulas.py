"""Cells that a spreadsheet would take for a formula."""

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(value: str) -> str:
    """The value, with an apostrophe before it where a spreadsheet would run it (OWASP, CSV injection)."""
    return f"'{value}" if value.startswith(_STARTS) else value
