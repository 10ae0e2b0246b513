"""Draws docs/two_columns.svg: which comments each column of the metrics page counts, and for how many each stands.

python docs/draw_two_columns.py
"""

from pathlib import Path

BANDS = (("0.8 to 1", 2, 1), ("0.5 to 0.8", 3, 1), ("0.2 to 0.5", 5, 1), ("0.05 to 0.2", 10, 1), ("0 to 0.05", 20, 1))
"""Band of the highest score, columns of dots (times two rows), audited dots."""
FLAGGED_BANDS = 2
STEP, TOP, ROW, LEFT = 17, 92, 62, 108
PANEL = 470
INK, SOFT, HIT, AUDIT = "#334155", "#94a3b8", "#2563eb", "#d97706"


def main() -> None:
    """Write the picture."""
    left = _panel(0, "As reviewed", "every decided comment counts once, mostly flagged ones", audited=False)
    right = _panel(PANEL, "All traffic", "a decided audit item counts for all of its band", audited=True)
    legend = "Blue: flagged by the model, so reviewed. Orange: drawn for the audit, flagged or not. Grey: not counted."
    foot = _text(12, 440, legend, 13, INK)
    body = "".join((left, right, foot))
    size = f'width="{2 * PANEL}" height="460" viewBox="0 0 {2 * PANEL} 460"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui,sans-serif">'
    svg = f'{head}<rect width="100%" height="100%" fill="#ffffff"/>{body}</svg>\n'
    Path(__file__).with_name("two_columns.svg").write_text(svg)


def _panel(x: int, title: str, words: str, *, audited: bool) -> str:
    parts = [_text(x + 12, 34, title, 20, INK, weight=600), _text(x + 12, 58, words, 13, INK)]
    for row, (band, columns, drawn) in enumerate(BANDS):
        y = TOP + row * ROW
        parts.append(_text(x + 12, y + 20, band, 13, INK))
        parts += [_dots(x + LEFT, y, columns, drawn, flagged=row < FLAGGED_BANDS, audited=audited)]
        if audited:
            note = f"1 of {2 * columns}: stands for {2 * columns}"
            parts.append(_text(x + LEFT, y + 48, note, 11, AUDIT))
    return "".join(parts)


def _dots(x: int, y: int, columns: int, drawn: int, *, flagged: bool, audited: bool) -> str:
    made = []
    for at in range(2 * columns):
        is_audit = at % columns == columns // 2 and at < columns * drawn
        seen = is_audit if audited else flagged
        colour = AUDIT if audited and is_audit else HIT if seen else SOFT
        radius, fill = (6.5, colour) if seen else (4.5, "none")
        cx, cy = x + 8 + at % columns * STEP, y + 6 + at // columns * STEP
        made.append(f'<circle cx="{cx}" cy="{cy}" r="{radius}" fill="{fill}" stroke="{colour}" stroke-width="1.3"/>')
    return "".join(made)


def _text(x: int, y: int, words: str, size: int, colour: str, weight: int = 400) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}">{words}</text>'


if __name__ == "__main__":
    main()
