"""Charts of the usual kinds, from arrays. `draw_chart(lines(...), key, title)` is all that a page needs.

    draw_chart(
        lines(days, {"Threat": alpha}, bands={"Threat": (low, high)}, x_unit="day", y_title="Krippendorff's alpha"),
        "agreement_threat",
        "Do people agree more than they did?",
    )

x may be numbers, dates (datetime.date, datetime or numpy's datetime64, read as UTC) or, for bars and points, names.
y values may be None or NaN where there is nothing. See docs/charts.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, TypedDict, Unpack

import numpy as np

from pages.shared.chart import draw_chart, hold_steady
from pages.shared.chart.spec import MOST_POINTS, MUTED, Axis, Chart, Draw, Mark, Numbers, Scale, Series, Unit

__all__ = [
    "MUTED", "Axis", "Chart", "Mark", "Series",
    "bars", "draw_chart", "hold_steady", "lines", "plain", "points", "steps",
]  # fmt: skip

Values = Sequence[Any] | np.ndarray
Intervals = Mapping[str, tuple[Values, Values]]
"""Lower and upper ends by series name."""


class Look(TypedDict, total=False):
    """What every builder takes beside its data."""

    title: str
    """The question that the chart answers."""
    alt: str
    """What it shows, in a sentence, for who cannot see it."""
    x_title: str
    y_title: str
    x_scale: Scale
    y_scale: Scale
    x_unit: Unit
    y_unit: Unit
    x_range: tuple[float | None, float | None]
    """Ends of the axis; None fits the data."""
    y_range: tuple[float | None, float | None]
    colours: Mapping[str, int]
    """Place in the theme's colours by series name (a label's is LABELS.index(label)), or MUTED; without it in order."""
    marks: Iterable[Mark]
    """Vertical lines, such as a threshold, and single dots."""
    height: int
    """In pixels, without title and legend."""
    group: str
    """Charts of one group share their crosshair and the zoom of x."""


def lines(x: Values, ys: Mapping[str, Values], *, bands: Intervals | None = None, **look: Unpack[Look]) -> Chart:
    """Lines over one ascending x, with a shaded band where `bands` has one for the name.

    More than MOST_POINTS points are thinned evenly, ends kept. Raises ValueError where lengths differ.
    """
    everything = [values for pair in (bands or {}).values() for values in pair] + list(ys.values())
    if any(len(values) != len(x) for values in everything):
        raise ValueError(f"a line or band has other than {len(x)} values, one for each of x")
    kept = _thinned(len(x))
    ends = {name: (_at(low, kept), _at(high, kept)) for name, (low, high) in (bands or {}).items()}
    return _chart(_at(x, kept), {name: _at(y, kept) for name, y in ys.items()}, "line", ends, look)


def bars(x: Values, ys: Mapping[str, Values], *, errors: Intervals | None = None, **look: Unpack[Look]) -> Chart:
    """Bars from zero, side by side where there are several series. At most MOST_POINTS, or ValueError."""
    return _chart(x, ys, "bars", errors or {}, look)


def points(x: Values, ys: Mapping[str, Values], *, errors: Intervals | None = None, **look: Unpack[Look]) -> Chart:
    """Points with error bars where `errors` has them. At most MOST_POINTS, or ValueError."""
    return _chart(x, ys, "points", errors or {}, look)


def steps(edges: Values, counts: Mapping[str, Values], **look: Unpack[Look]) -> Chart:
    """Histograms as outlines: n counts between n + 1 ascending edges. At most MOST_POINTS edges, or ValueError."""
    for name, values in counts.items():
        if len(values) != len(edges) - 1:
            raise ValueError(f"{name} has {len(values)} counts for {len(edges)} edges; {len(edges) - 1} are needed")
    return _chart(edges, {name: [*values, values[-1]] for name, values in counts.items()}, "steps", {}, look)


def plain(values: Values, digits: int = 5) -> Numbers:
    """Numbers of a chart, to significant digits; None for what is no finite number."""
    array = np.array([np.nan if value is None else value for value in values], np.float64)
    finite = np.isfinite(array)
    size = np.where(finite & (array != 0), np.abs(np.where(finite, array, 1)), 1)
    places = 10.0 ** (digits - 1 - np.floor(np.log10(size)))
    rounded = np.round(np.where(finite, array, 0) * places) / places
    return tuple(value if shown else None for value, shown in zip(rounded.tolist(), finite.tolist(), strict=True))


def _chart(x: Values, ys: Mapping[str, Values], draw: Draw, ends: Intervals, look: Look) -> Chart:
    colours = look.get("colours", {})
    places, unit = _places(x)
    made = tuple(
        Series(
            name=name,
            y=_as_long(places, name, y),
            draw=draw,
            low=_as_long(places, name, ends[name][0]) if name in ends else None,
            high=_as_long(places, name, ends[name][1]) if name in ends else None,
            colour=colours.get(name, k),
            dash=0 if len(ys) == 1 else None,
        )
        for k, (name, y) in enumerate(ys.items())
    )
    if len(places) > MOST_POINTS:
        raise ValueError(f"{len(places)} points of a chart; group them into at most {MOST_POINTS}")
    return Chart(
        x=places,
        series=made,
        title=look.get("title", ""),
        alt=look.get("alt", ""),
        x_axis=_axis("x", look, unit),
        y_axis=_axis("y", look, "number"),
        marks=tuple(look.get("marks", ())),
        height=look.get("height", 300),
        group=look.get("group", ""),
    )


def _axis(name: str, look: Look, unit: Unit) -> Axis:
    given: dict[str, Any] = dict(look)
    low, high = given.get(f"{name}_range", (None, None))
    return Axis(
        title=given.get(f"{name}_title", ""),
        scale=given.get(f"{name}_scale", "linear"),
        unit=given.get(f"{name}_unit", unit),
        low=low,
        high=high,
    )


def _places(x: Values) -> tuple[tuple[float | str, ...], Unit]:
    """x as numbers or names, and the unit that its type speaks for."""
    first = x[0] if len(x) else 0
    if isinstance(first, str):
        return tuple(map(str, x)), "number"
    if isinstance(first, np.datetime64):
        seconds = np.asarray(x).astype("datetime64[s]").astype(np.int64)
        return tuple(map(float, seconds)), "day" if np.all(seconds % 86400 == 0) else "hour"
    if isinstance(first, date):
        seconds = np.array([_seconds(moment) for moment in x])
        return tuple(map(float, seconds)), "day" if np.all(seconds % 86400 == 0) else "hour"
    numbers = tuple(value for value in plain(x, digits=12) if value is not None)
    if len(numbers) < len(x) or any(one > other for one, other in pairwise(numbers)):
        raise ValueError("x of a chart has to be ascending numbers, dates or names, without gaps")
    return numbers, "number"


def _seconds(moment: date) -> float:
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp()


def _as_long(x: tuple[Any, ...], name: str, values: Values) -> Numbers:
    if len(values) != len(x):
        raise ValueError(f"{name} has {len(values)} values for {len(x)} of x")
    return plain(values)


def _thinned(count: int) -> list[int]:
    """Places of the points that are kept, both ends among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int)).tolist() if count else []


def _at(values: Values, kept: list[int]) -> list[Any]:
    every = list(values)
    return [every[k] for k in kept]
