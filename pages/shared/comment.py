"""The only way comment text is drawn by Python: escaped, in logical order, nothing hidden, nothing interpreted."""

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

import streamlit as st

from core.labels import LABELS
from core.scoring.protocol import Span
from core.wellbeing.masking import WHOLE, Cover, Mask
from core.wellbeing.words import MOST_CHARS, found_words, merged
from pages.shared import state
from pages.shared.access import current_person
from pages.shared.resources import services
from pages.shared.titles import label_title
from pages.shared.words import _, written

Highlight = Span | tuple[int, int]
"""A stretch of code points to mark."""

_FOLD = '<details><summary><span class="m-more">{more}</span><span class="m-less">{less}</span></summary></details>'
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
.m-text .m-cover{letter-spacing:1px;opacity:.35;user-select:none}
.m-text .m-aloud{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.m-text.m-clipped{max-height:22em}
.m-comment:has(>details[open])>.m-clipped{max-height:none}
.m-comment>details>summary{cursor:pointer;font-size:.875em;padding:.4em 0;list-style:none;text-decoration:underline;
 text-underline-offset:3px}
.m-comment>details>summary>.m-less,.m-comment>details[open]>summary>.m-more{display:none}
.m-comment>details[open]>summary>.m-less{display:inline}
</style>"""
"""Goes once with every page that shows `comment_html`; `draw_comment` brings it along."""


def comment_html(comment_id: int, text: str, spans: Iterable[Highlight] = (), *, masked: bool = False) -> str:
    """HTML that shows the text verbatim: for `st.html` together with CSS, never for Markdown.

    Control, bidirectional and invisible characters show as U+XXXX chips. `spans` are code points of `text`; those that
    overlap an earlier one or reach past the text are cut. Masked: blocks stand in for the text, which stays out of
    the page.
    """
    if masked:
        # for eyes alone: a screen reader would say each block
        blocks = f'<span aria-hidden="true">{_blocks(text)}</span>'
        return _box(comment_id, blocks, "m-masked", label=_("Masked comment"))
    return _opened(comment_id, text, _marked(text, spans), _("Comment"))


def covered_html(comment_id: int, text: str, covered: Sequence[tuple[int, int]]) -> str:
    """The same with some stretches of code points masked, which stay out of the page; none of it is highlighted."""
    parts, at = [], 0
    for start, end in merged([*covered, *([(MOST_CHARS, len(text))] if len(text) > MOST_CHARS else [])]):
        parts += [_visible(text[at:start]), '<span class="m-cover" aria-hidden="true">', _blocks(text[start:end]),
                  f'</span><span class="m-aloud">{html.escape(_("masked"))}</span>']  # fmt: skip
        at = end
    return _opened(comment_id, text, "".join(parts) + _visible(text[at:]), _("Comment with masked words"))


def draw_comment(
    comment_id: int, text: str, spans: Iterable[Highlight] = (), *, masked: bool | Cover = False, place: str = ""
) -> None:
    """Draw the text here. A masked one comes with buttons that reveal it step by step for this browser session.

    `masked` is how it begins, from pages.shared.masks; True is whole. At the step of words, those of `spans` and those
    of the word list are masked; where there are none, the whole text is. A page that may draw a comment twice names the
    second `place`; what is revealed at one is at the other.
    """
    cover = masked if isinstance(masked, Cover) else WHOLE if masked else Cover()
    key = f"shown_{comment_id}" if comment_id else f"shown_{blake2b(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
    chosen: Mask | None = state.kept(key)
    spans, now = list(spans), cover.mask if chosen is None else chosen
    covered = _covered(text, spans) if cover.mask is not Mask.OPEN else []
    if now is Mask.WORDS and not covered:
        now = Mask.WHOLE
    if now is Mask.WORDS:
        st.html(CSS + covered_html(comment_id, text, covered))
    else:
        st.html(CSS + comment_html(comment_id, text, spans, masked=now is Mask.WHOLE))
    if now is not Mask.WHOLE and cover.severe:
        _note(comment_id)
    if cover.mask is not Mask.OPEN:
        _draw_steps(key, (cover.mask, now), place, words=bool(covered))


def _draw_steps(key: str, steps: tuple[Mask, Mask], place: str, *, words: bool) -> None:
    """Buttons to the next steps, and back to how it began; `steps` are how it began and what it is now."""
    first, now = steps
    named = f"{key}_{place}" if place else key
    with st.container(horizontal=True, gap="small"):
        if now is Mask.WHOLE and words:
            st.button(_("Reveal all but the words"), key=f"words_{named}", icon=":material/visibility_lock:",
                      on_click=_reveal, args=(key, Mask.WORDS))  # fmt: skip
        if now is not Mask.OPEN:
            st.button(_("Reveal"), key=f"reveal_{named.removeprefix('shown_')}", icon=":material/visibility:",
                      on_click=_reveal, args=(key, Mask.OPEN))  # fmt: skip
        else:
            st.button(_("Mask"), key=f"mask_{named}", icon=":material/visibility_off:", type="tertiary",
                      on_click=_reveal, args=(key, first))  # fmt: skip


def _reveal(key: str, mask: Mask) -> None:
    """How much of the text this browser session shows next."""
    state.keep(key, mask)


def _note(comment_id: int) -> None:
    """The audit trail hears who had a severe text shown: once for a browser session."""
    noted: set[int] = state.recall("noted_reveals", set)
    if comment_id in noted:
        return
    noted.add(comment_id)
    if person := current_person():
        services().reveals.note(person, [comment_id], "page")


def _covered(text: str, spans: Iterable[Highlight]) -> list[tuple[int, int]]:
    """The words to mask: the list's, and what raised the scores."""
    marked = ((span.start, span.end) if isinstance(span, Span) else span for span in spans)
    return merged([*found_words(text), *((start, min(end, len(text))) for start, end in marked)])


def listed(comment_id: int, text: str, cover: Cover, most: int = 240) -> str | None:
    """One line of the text for a list; words masked if it begins so, None if it begins masked whole."""
    covered = found_words(text) if cover.mask is Mask.WORDS else []
    if cover.mask is Mask.WHOLE or (cover.mask is Mask.WORDS and not covered):
        return None
    if cover.severe:
        _note(comment_id)
    text = text[:MOST_CHARS]
    for start, end in reversed(covered):
        text = text[:start] + "▇" * (end - start) + text[end:]
    return plain(text, most)


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


def _opened(comment_id: int, text: str, inner: str, label: str) -> str:
    folded = len(text) > FOLD_CHARS or text.count("\n") >= FOLD_LINES
    fold = _FOLD.format(more=_("Show all of it"), less=_("Show less")) if folded else ""
    return _box(comment_id, inner, "m-clipped" if folded else "", label=label, after=fold)


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
    return span.start, span.end, ", ".join(f"{label_title(LABELS[j])} +{written(c, '.1f')}" for c, j in raised[:3])


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
