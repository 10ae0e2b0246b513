"""The review card: a component that decides in the browser and tells the server, until the server has confirmed."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.words import words_of

KEY = "review"
"""Key of the component's state: {"log": [entry, ...]}, see log.py."""

_HERE = Path(__file__).parent
_PARTS = (
    "words.js",
    "text.js",
    "elements.js",
    "kept.js",
    "acts.js",
    "keys.js",
    "desk.js",
    "masks.js",
    "rest.js",
    "ask.js",
    "panel_history.js",
    "panel_nearest.js",
    "panel_context.js",
    "panel_raid.js",
    "guidelines.js",
    "panels.js",
    "focus.js",
    "hand.js",
    "goal.js",
    "coach.js",
    "sayings.js",
    "view.js",
    "doings.js",
    "link.js",
    "card.js",
)
"""One module in several files: words, text, keys, what is decided, asking, parts beside a comment, hints, the card."""
_STYLES = (
    "base.css",
    "strip.css",
    "sheets.css",
    "buttons.css",
    "desk.css",
    "labels.css",
    "panels.css",
    "over.css",
    "narrow.css",
)
"""In this order: what is for narrow screens comes last."""

_card = st.components.v2.component(
    "review_card",
    html=(_HERE / "card.html").read_text(),
    css="\n".join((_HERE / part).read_text() for part in _STYLES),
    js="\n".join((_HERE / part).read_text() for part in _PARTS),
)


def mount(data: dict[str, Any], speaks: str | None = None, key: str = KEY) -> str | None:
    """Put the card here; what it reports is kept under the key. Returns the raid that somebody wants to see, if any.

    `data` is what payload.build made; `speaks` is the language whose words the browser has: those are not sent again.
    """
    told = words_of("review_card")
    if told["language"] == speaks:
        del told["words"]
    said = _card(
        key=key, data={**data, **told}, default={"log": []}, on_log_change=lambda: None, on_raid_change=lambda: None
    )
    return said.raid if isinstance(said.raid, str) else None
