"""How a report's cells read, for people and for files."""

from core.files.formulas import harmless
from core.metrics.intervals import Estimate
from core.transparency.table import Cell, Column, Limits

TOO_FEW = "too few"


def visible(text: str) -> str:
    """The text on one line; a character that cannot be seen as ⟨U+XXXX⟩."""
    return "".join(one if one.isprintable() else f"⟨U+{ord(one):04X}⟩" for one in text)


def told(cell: Cell, column: Column) -> tuple[str, str]:
    """A cell for people, and its 95 % limits or nothing."""
    if cell is None:
        return ("–" if column.kind in ("count", "text", "seconds") else TOO_FEW), ""
    if isinstance(cell, Estimate):
        return f"{cell.value:.1%}", f"{cell.low:.1%} to {cell.high:.1%}"
    if isinstance(cell, Limits):
        return f"{cell.value:.2f}", f"{cell.low:.2f} to {cell.high:.2f}"
    if isinstance(cell, str):
        return visible(cell), ""
    if column.kind == "seconds":
        return duration(float(cell)), ""
    return f"{cell:,}", ""


def duration(seconds: float) -> str:
    """Seconds in the unit that fits: 2.5 s, 3 min 20 s, 5 h 10 min, 2 days 4 h."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, small, smaller in ((86_400, "days", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            many, left = divmod(whole, size)
            name = "day" if unit == "days" and many == 1 else unit
            return f"{many:,} {name} {left // small} {smaller}" if left // small else f"{many:,} {name}"
    return f"{whole} s"


def filed(cell: Cell) -> tuple[str, str, str]:
    """A cell for files: value and 95 % limits; empty where there is none. Shares are from 0 to 1, times in seconds."""
    if cell is None:
        return "", "", ""
    if isinstance(cell, (Estimate, Limits)):
        low, middle, high = (f"{value:.6f}" for value in (cell.low, cell.value, cell.high))
        return middle, low, high
    if isinstance(cell, float):
        return f"{cell:.3f}", "", ""
    return (harmless(cell) if isinstance(cell, str) else str(cell)), "", ""
