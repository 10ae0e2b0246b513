"""Two small charts of the learning benchmark as one SVG that reads in light and in dark."""

from html import escape

import numpy as np
from numpy.typing import NDArray

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c8c8c", "#b8860b")
"""Told apart by colour-blind people too (Okabe and Ito)."""
_WIDE, _HIGH, _LEFT, _TOP = 380, 250, 52, 34


def draw(curves: dict[str, NDArray[np.float64]], step: int) -> str:
    """Mean AUC and threat recall, columns 0 and 3 of each curve [rounds + 1, 4], against decisions."""
    panels = ((0, "Mean AUC on held-out comments"), (3, "Threat recall where 1 % is flagged"))
    drawn = "".join(_panel(curves, step, column, title, at) for at, (column, title) in enumerate(panels))
    key = "".join(_key(name, at) for at, name in enumerate(curves))
    style = "text{font:12px system-ui,sans-serif;fill:#777}.t{font-weight:600}.g{stroke:#7774;fill:none}"
    size = f'width="{2 * (_WIDE + 20)}" height="{_HIGH + 80}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"><style>{style}</style>{drawn}{key}</svg>\n'


def _panel(curves: dict[str, NDArray[np.float64]], step: int, column: int, title: str, at: int) -> str:
    left = at * (_WIDE + 20) + _LEFT
    values = np.stack([found[:, column] for found in curves.values()])
    low, high = float(values.min()), float(values.max())
    wide, high_px = _WIDE - _LEFT, _HIGH - _TOP - 24
    rounds = values.shape[1] - 1

    def place(k: int, value: float) -> str:
        return f"{left + k * wide / max(rounds, 1):.1f},{_TOP + (high - value) / max(high - low, 1e-9) * high_px:.1f}"

    lines = "".join(
        f'<polyline fill="none" stroke="{COLOURS[i % len(COLOURS)]}" stroke-width="2" '
        f'points="{" ".join(place(k, v) for k, v in enumerate(row))}"/>'
        for i, row in enumerate(values)
    )
    ticks = "".join(
        f'<text x="{left - 6}" y="{place(0, v).split(",")[1]}" text-anchor="end">{v:.3f}</text>'
        f'<path class="g" d="M{place(0, v)}H{left + wide}"/>'
        for v in np.linspace(low, high, 4)
    )
    below = "".join(
        f'<text x="{place(k, low).split(",")[0]}" y="{_HIGH - 4}" text-anchor="middle">{k * step:,}</text>'
        for k in range(rounds + 1)
    )
    return f'<text class="t" x="{left}" y="18">{escape(title)}</text>{ticks}{below}{lines}'


def _key(name: str, at: int) -> str:
    x, y = _LEFT + (at % 3) * 250, _HIGH + 26 + (at // 3) * 22
    line = f'<path d="M{x} {y - 4}h22" stroke="{COLOURS[at]}" stroke-width="3"/>'
    return f'{line}<text x="{x + 28}" y="{y}">{escape(name)}</text>'
