"""Which language a person reads Moderato in: their browser's, or the one that they chose."""

import streamlit as st

from core.accounts import Action, Person
from core.errors import DatabaseTrouble
from core.languages import LANGUAGES
from pages.shared import state, words
from pages.shared.access import require
from pages.shared.resources import services
from pages.shared.words import LANGUAGE, _

_KEY = "language_choice"
_BROWSER = ""
"""For none of one's own."""


def follow_choice(person: Person) -> None:
    """Speak the language that the person chose, from here on: once a run, before anything is drawn."""
    if not person.may(Action.KEEP_PREFERENCES):
        return
    try:
        words.choose(parse(services().preferences.get(person, LANGUAGE)))
    except DatabaseTrouble:  # what was spoken before goes on; the page itself says what is wrong
        return


def parse(value: object) -> str | None:
    """The code of a known language, or None: whatever else is kept there follows the browser."""
    return value if isinstance(value, str) and value in LANGUAGES else None


def draw(person: Person) -> None:
    """The choice. It holds from the next thing drawn."""
    st.subheader(_("Language"), anchor=False)
    chosen = parse(services().preferences.get(person, LANGUAGE))
    st.selectbox(
        _("Language of the pages"),
        [_BROWSER, *LANGUAGES],
        [_BROWSER, *LANGUAGES].index(chosen or _BROWSER),
        format_func=lambda code: LANGUAGES[code] if code else _("Same as the browser"),
        key=_KEY,
        on_change=_choose,
        width=320,
    )
    st.caption(_("Comments, names and the messages of programs stay as they are."))


def _choose() -> None:
    by = require(Action.KEEP_PREFERENCES)
    code = parse(state.kept(_KEY))
    services().preferences.put(LANGUAGE, code, by=by)
    words.choose(code)
