"""Chart specifications: built from arrays of any kind, light enough for a browser, wrong input named."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.metrics.curves import Curve
from pages.shared import chart as chart_component
from pages.shared import metric_charts
from pages.shared.charts import MUTED, Mark, bars, lines, plain, points, steps

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def test_numbers_keep_their_significant_digits_and_gaps():
    assert plain([1 / 3, 123_456.7, 1.23456789e-7, 0, None, np.nan, np.inf]) == (
        (0.33333, 123460.0, 1.2346e-07, 0.0, None, None, None)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("x", "place", "unit"),
    [
        ([date(2026, 11, 3)], datetime(2026, 11, 3, tzinfo=UTC).timestamp(), "day"),
        ([NOON], NOON.timestamp(), "hour"),
        ([NOON.replace(tzinfo=None)], NOON.timestamp(), "hour"),
        (np.array(["2026-11-03T12"], "datetime64[h]"), NOON.timestamp(), "hour"),
        (np.array(["2026-11-03"], "datetime64[D]"), datetime(2026, 11, 3, tzinfo=UTC).timestamp(), "day"),
        ([0.25], 0.25, "number"),
        (["Threat"], "Threat", "number"),
    ],
)
def test_x_may_be_dates_numbers_or_names(x, place, unit):
    chart = points(x, {"one": [1]})
    assert chart.x == (place,)
    assert chart.x_axis.unit == unit


def test_a_long_line_is_thinned_with_its_band_and_keeps_its_ends():
    x = np.arange(10_000)
    chart = lines(x, {"a": x / 7}, bands={"a": (x / 8, x / 6)})
    (line,) = chart.series
    assert len(chart.x) == len(line.y) == len(line.low) == len(line.high) == 400
    assert (chart.x[0], chart.x[-1]) == (0, 9_999)
    assert line.low[200] < line.y[200] < line.high[200]


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match="other than 3 values"):
        lines([1, 2, 3], {"a": [1, 2]})
    with pytest.raises(ValueError, match="group them into at most 400"):
        bars(range(401), {"a": range(401)})
    with pytest.raises(ValueError, match="ascending"):
        lines([1, 3, 2], {"a": [1, 2, 3]})
    with pytest.raises(ValueError, match="without gaps"):
        points([1, None], {"a": [1, 2]})
    with pytest.raises(ValueError, match="a has 3 counts for 3 edges; 2 are needed"):
        steps([0, 1, 2], {"a": [1, 2, 3]})


def test_a_chart_is_plain_json():
    chart = steps(
        [0, 1, 2], {"a": [3, 4]}, colours={"a": MUTED}, marks=[Mark(name="threshold", x=0.5)], y_range=(0, None)
    )  # fmt: skip
    read = json.loads(json.dumps(chart.to_dict(), allow_nan=False))
    assert read["series"][0]["y"] == [3, 4, 4]
    assert read["series"][0]["colour"] == MUTED
    assert read["marks"][0] == {"name": "threshold", "x": 0.5, "y": None, "colour": MUTED}
    assert read["y_axis"]["low"] == 0
    assert read["y_axis"]["high"] is None


def test_roc_curves_are_read_off_at_the_same_rates():
    steep = Curve(np.array([0, 0, 0.1, 1]), np.array([0, 0.5, 0.9, 1]), np.array([1, 0.9, 0.5, 0]))
    flat = Curve(np.array([0, 0.5, 1]), np.array([0, 0.5, 1]), np.array([1, 0.4, 0]))
    grid = metric_charts._common_grid([steep, flat])
    assert len(grid) <= 400
    assert grid[:2].tolist() == [0, 0]
    assert np.all(np.diff(grid) >= 0)
    line = metric_charts._on_grid(steep, grid, 0, banded=True)
    assert line.y[:2] == (0, 0.5)  # straight up, then on
    at = grid.tolist().index(0.1)
    assert line.y[at] == 0.9
    assert line.note[at] == 0.5
    assert line.low is None


def test_a_curves_band_is_drawn_for_the_chosen_label_alone():
    class Banded:
        x, y = np.array([0, 0.5, 1]), np.array([0, 0.8, 1])
        threshold, low, high = np.array([1, 0.5, 0]), np.array([0, 0.7, 1]), np.array([0, 0.9, 1])

    grid = np.array([0, 0, 0.5, 1])
    chosen = metric_charts._on_grid(Banded(), grid, 0, banded=True)
    assert (chosen.low[2], chosen.high[2]) == (0.7, 0.9)
    assert metric_charts._on_grid(Banded(), grid, 1, banded=False).low is None


def test_the_script_is_served_once_to_a_browser():
    client = TestClient(Starlette(routes=chart_component.routes))
    answer = client.get(chart_component.PATH)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert "export function draw" in answer.text
    plain_answer = client.get(chart_component.PATH, headers={"accept-encoding": "identity"})
    assert plain_answer.text == answer.text
    assert len(client.get(chart_component.PATH).content) < 120_000
