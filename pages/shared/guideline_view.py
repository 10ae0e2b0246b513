"""How a guideline is drawn: its words escaped, of which nothing but headings and points is formatted."""

import html
from collections.abc import Iterator, Sequence

import streamlit as st

from core.guideline_text import Block, BlockKind, Change, Piece, blocks
from core.guidelines import TOPIC_TITLES, Guideline
from pages.shared.comment import CSS, plain, visible_html
from pages.shared.words import _

_LOOKS = """<style>
.m-guide{max-width:46rem;line-height:1.55;overflow-wrap:anywhere}
.m-guide .line{font-weight:600;border-left:3px solid color-mix(in srgb,currentColor 35%,transparent);padding-left:.8rem;
 margin:.2rem 0 1rem}
.m-guide .h{font-weight:650;margin:1.1rem 0 .3rem}
.m-guide p{margin:0 0 .7rem}.m-guide ul{margin:0 0 .7rem;padding-left:1.3rem}.m-guide li{margin:.15rem 0}
.m-facts{font-size:.875em;opacity:.8;overflow-wrap:anywhere;margin-bottom:.6rem}
.m-diff{white-space:pre-wrap;overflow-wrap:anywhere;max-width:46rem;line-height:1.55}
.m-diff ins{text-decoration:underline;text-decoration-thickness:2px;text-underline-offset:3px;
 background:color-mix(in srgb,#059669 16%,transparent)}
.m-diff del{background:color-mix(in srgb,#dc2626 14%,transparent)}
</style>"""


def topic_title(topic: str) -> str:
    """As people see it."""
    return _(TOPIC_TITLES[topic])


def draw_guideline(one: Guideline) -> None:
    """One version: who, when and why, the line for the card, the text."""
    st.html(f"{CSS}{_LOOKS}{facts_html(one)}{guideline_html(one)}")


def facts_html(one: Guideline) -> str:
    """Who saved the version, when and why."""
    who = plain(one.person) if one.person else _("shipped with Moderato")
    facts = [_("Version {version}").format(version=one.version), who, f"{one.saved_at:%Y-%m-%d %H:%M} UTC"]
    why = plain(one.reason, 500) if one.person else ""
    return f'<div class="m-facts">{" · ".join(html.escape(part) for part in (*facts, why) if part)}</div>'


def guideline_html(one: Guideline) -> str:
    """The line for the card, and the text."""
    body = "".join(_blocks_html(blocks(one.text)))
    return f'<div class="m-guide" dir="auto"><div class="line">{visible_html(one.line)}</div>{body}</div>'


def draw_pieces(pieces: Sequence[Piece]) -> None:
    """A comparison: what went is struck through, what came is underlined."""
    st.html(f'{CSS}{_LOOKS}<div class="m-diff" dir="auto">{"".join(map(_piece_html, pieces))}</div>')


def whole(line: str, text: str) -> str:
    """A guideline as one text, to be compared."""
    return f"{line}\n\n{text}\n"


def _blocks_html(stretches: Sequence[Block]) -> Iterator[str]:
    for before, one in zip([None, *stretches], stretches, strict=False):
        in_list = before is not None and before.kind is BlockKind.POINT
        if in_list and one.kind is not BlockKind.POINT:
            yield "</ul>"
        if one.kind is BlockKind.POINT:
            yield f"{'' if in_list else '<ul>'}<li>{visible_html(one.text)}</li>"
        elif one.kind is BlockKind.HEADING:
            yield f'<div class="h" role="heading" aria-level="4">{visible_html(one.text)}</div>'
        else:
            yield f"<p>{visible_html(one.text)}</p>"
    if stretches and stretches[-1].kind is BlockKind.POINT:
        yield "</ul>"


def _piece_html(piece: Piece) -> str:
    tag = {Change.SAME: "span", Change.ADDED: "ins", Change.REMOVED: "del"}[piece.change]
    return f"<{tag}>{visible_html(piece.text)}</{tag}>"
