"""The only way comment text is drawn by Python: escaped, in logical order, nothing hidden, nothing interpreted."""

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import streamlit as st

from core.labels import LABEL_TITLES, LABELS
from core.scoring.protocol import Span
from pages.shared import state
from pages.shared.access import current_person
from pages.shared.resources import services

Highlight = Span | tuple[int, int]
"""A stretch of code points to mark."""

FOLD_CHARS = 2_000
"""A longer text is clipped until unfolded."""

FOLD_LINES = 24
"""So is a text of more lines."""

_MASK_CHARS = 240
"""A masked text shows at most this many blocks: enough to tell a word from an essay."""

_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_KEPT = frozenset("\n\t\u200d")
"""Line feed and tab show as what they are; U+200D joins emoji."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xFE00, 0xFE0F))
)
"""Invisible, though their category says letter, mark or symbol. U+FE0F stays: it only picks an emoji's colour form."""

_RUN = re.compile(r"(.)\1*", re.DOTALL)

CSS = """<style>
.m-text{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;tab-size:4;line-height:1.55;
 overflow:clip;contain:paint;text-align:start;margin:0}
.m-text mark{background:rgba(245,158,11,.32);color:inherit;border-radius:3px;padding:0 1px;
 box-shadow:inset 0 -2px rgba(217,119,6,.75)}
.m-text .m-chip{font:600 .72em ui-monospace,monospace;unicode-bidi:isolate;direction:ltr;padding:0 .3em;margin:0 1px;
 border:1px solid color-mix(in srgb,currentColor 35%,transparent);border-radius:4px;opacity:.8;white-space:nowrap}
.m-text.m-masked{letter-spacing:1px;opacity:.35;user-select:none}
.m-text.m-clipped{max-height:22em}
.m-comment:has(>details[open])>.m-clipped{max-height:none}
.m-comment>details>summary{cursor:pointer;font-size:.875em;padding:.4em 0;list-style:none;text-decoration:underline;
 text-underline-offset:3px}
.m-comment>details>summary::before{content:"Show all of it"}
.m-comment>details[open]>summary::before{content:"Show less"}
</style>"""
"""Goes once with every page that shows `comment_html`; `draw_comment` brings it along."""


def comment_html(comment_id: int, text: str, spans: Iterable[Highlight] = (), *, masked: bool = False) -> str:
    """HTML that shows the text verbatim: for `st.html` together with CSS, never for Markdown.

    Control, bidirectional and invisible characters show as U+XXXX chips. `spans` are code points of `text`; those that
    overlap an earlier one or reach past the text are cut. Masked: blocks stand in for the text, which stays out of
    the page.
    """
    if masked:
        return _box(comment_id, _blocks(text), "m-masked", label="Masked comment")
    folded = len(text) > FOLD_CHARS or text.count("\n") >= FOLD_LINES
    fold = "<details><summary></summary></details>" if folded else ""
    return _box(comment_id, _marked(text, spans), "m-clipped" if folded else "", label="Comment", after=fold)


def draw_comment(comment_id: int, text: str, spans: Iterable[Highlight] = (), *, masked: bool = False) -> None:
    """Draw the text here. A masked one comes with a button that reveals it for this browser session."""
    key = f"revealed_{comment_id}"
    masked = masked and not state.kept(key)
    st.html(CSS + comment_html(comment_id, text, spans, masked=masked))
    if masked:
        st.button(
            "Reveal", key=f"reveal_{comment_id}", icon=":material/visibility:", on_click=_reveal, args=(comment_id,)
        )


def _reveal(comment_id: int) -> None:
    """Show the text in this browser session; the audit trail hears who asked for it."""
    state.keep(f"revealed_{comment_id}", True)
    if person := current_person():
        services().reveals.note(person, [comment_id], "page")


def visible_html(text: str) -> str:
    """A stretch of people's text within other HTML: escaped, chips for what cannot be seen. Bring CSS along."""
    return _visible(text)


def plain(text: str, most: int = 160) -> str:
    """One line of the text for a table's cell: what is invisible shows as ⟨U+XXXX⟩, line breaks as ⏎, the rest cut.

    For cells of `st.dataframe` only, which shows strings as they are.
    """
    cut = text[: most + 1]
    shown = "".join(_plain_character(character) for character in cut[:most])
    return shown + ("…" if len(cut) > most else "")


def _box(comment_id: int, inner: str, kind: str, *, label: str, after: str = "") -> str:
    return (
        f'<div class="m-comment" data-cid="{int(comment_id)}"><div class="m-text {kind}" dir="auto" role="group" '
        f'aria-label="{label}">{inner}</div>{after}</div>'
    )


def _marked(text: str, spans: Iterable[Highlight]) -> str:
    parts, at = [], 0
    for start, end, why in sorted(_plain_span(span) for span in spans):
        start, end = max(start, at), min(end, len(text))
        if start < end:
            parts += [
                _visible(text[at:start]),
                f'<mark title="{html.escape(why)}">',
                _visible(text[start:end]),
                "</mark>",
            ]
            at = end
    return "".join(parts) + _visible(text[at:])


def _plain_span(span: Highlight) -> tuple[int, int, str]:
    if not isinstance(span, Span):
        return span[0], span[1], ""
    raised = sorted(((c, j) for j, c in enumerate(span.contributions) if c > 0.05), reverse=True)
    return span.start, span.end, ", ".join(f"{LABEL_TITLES[LABELS[j]]} +{c:.1f}" for c, j in raised[:3])


def _visible(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return html.escape(text)
    return "".join(
        html.escape(run[0]) if not _is_hidden(run[1]) else _chip(run[1], len(run[0]))
        for run in ((found.group(0), found.group(1)) for found in _RUN.finditer(text))
    )


@lru_cache(maxsize=4096)
def _is_hidden(character: str) -> bool:
    return character not in _KEPT and (unicodedata.category(character) in _HIDDEN or character in _BLANK)


def _chip(character: str, times: int) -> str:
    name = html.escape(unicodedata.name(character, "control character"))
    many = f" ×{times}" if times > 1 else ""
    return f'<span class="m-chip" title="{name}">U+{ord(character):04X}{many}</span>'


def _blocks(text: str) -> str:
    shape = "".join(" " if character.isspace() else "▇" for character in text[:_MASK_CHARS])
    return shape + ("…" if len(text) > _MASK_CHARS else "")


def _plain_character(character: str) -> str:
    if character in "\n\t\r":
        return {"\n": " ⏎ ", "\t": " ", "\r": ""}[character]
    return f"⟨U+{ord(character):04X}⟩" if _is_hidden(character) else character
