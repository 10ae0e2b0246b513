"""Choosing keys: every act of the review card with its key, changed by pressing another. Reads the card's table."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.words import words_of

KEY = "key_editor"
_HERE = Path(__file__).parent
_CARD = _HERE.parent / "review_card"

_editor = st.components.v2.component(
    "key_editor",
    html=(_HERE / "editor.html").read_text(),
    css=(_HERE / "editor.css").read_text(),
    js="\n".join(
        file.read_text() for file in (_CARD / "words.js", _CARD / "acts.js", _CARD / "keys.js", _HERE / "editor.js")
    ),
)


def mount(data: dict[str, Any]) -> Any:
    """Put the editor here: {"keys": the preference, "labels": titles}. Returns the choice just made, or None."""
    return _editor(key=KEY, data={**data, **words_of("key_editor")}, on_chosen_change=lambda: None).chosen
