"""What a chart is, in plain values: the component draws nothing that is not said here."""

from dataclasses import dataclass, fields
from typing import Any, Literal

Scale = Literal["linear", "log", "logit"]
Unit = Literal["number", "count", "share", "day", "hour"]
"""How an axis writes its values: 0.123, 1,234, 12.3 %, 3 Nov, 3 Nov 14:00. Days and hours are in UTC."""
Draw = Literal["line", "bars", "points", "steps"]
Numbers = tuple[float | None, ...]
"""One number a point of x; None where there is none."""

MOST_POINTS = 400
"""No array of a chart is longer: a screen shows no more, and the page stays light."""
MUTED = -1
"""The colour of what stands in the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis. Without `low` and `high` it fits what is shown."""

    title: str = ""
    scale: Scale = "linear"
    unit: Unit = "number"
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line, set of bars, or cloud of points over the chart's x."""

    name: str
    """Stays the same while the numbers change: what the reader hid stays hidden by it."""
    y: Numbers
    detail: str = ""
    """Stands beside the name in the legend, such as an AUC."""
    draw: Draw = "line"
    low: Numbers | None = None
    """Lower ends of intervals: of a band for lines and steps, of error bars for points and bars."""
    high: Numbers | None = None
    hollow: tuple[bool, ...] = ()
    """Points that are drawn open: values that stand on the edge of an axis that cannot show them."""
    note: Numbers | None = None
    """A further number of each point for the reader who hovers, such as its threshold."""
    note_name: str = ""
    colour: int = 0
    """Place in the theme's colours for series, or MUTED."""
    dash: int | None = None
    """Number of the dash pattern, 0 being solid. None: the pattern that goes with the colour."""
    width: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A vertical line at x, or a dot at (x, y), with its name beside it."""

    name: str
    x: float
    y: float | None = None
    colour: int = MUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A whole chart. Built by charts.lines, bars, points and steps; drawn by draw_chart."""

    x: tuple[float | str, ...]
    """Ascending numbers (of days and hours: seconds since 1970), or the names of categories."""
    series: tuple[Series, ...]
    title: str = ""
    """The question that the chart answers."""
    alt: str = ""
    """What the chart shows, in a sentence, for who cannot see it."""
    x_axis: Axis = Axis()
    y_axis: Axis = Axis()
    marks: tuple[Mark, ...] = ()
    diagonal: str = ""
    """Name of a dotted line from corner to corner, such as "chance"; none if empty."""
    square: bool = False
    """As high as wide; `height` then is the most."""
    height: int = 300
    """Of the plot with its axes, in pixels."""
    group: str = ""
    """Charts of one group share their crosshair and the zoom of x."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **_parts(self),
            "series": [_parts(one) for one in self.series],
            "marks": [_parts(one) for one in self.marks],
            "x_axis": _parts(self.x_axis),
            "y_axis": _parts(self.y_axis),
        }


def _parts(of: Any) -> dict[str, Any]:
    """The fields as they are: `asdict` would copy every number."""
    return {field.name: getattr(of, field.name) for field in fields(of)}
