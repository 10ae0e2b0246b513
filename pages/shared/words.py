"""The words of the pages, in the language of whoever reads them. The English ones are the keys of the catalogue."""

from typing import Any

import streamlit as st

from core.errors import ModeratoError
from core.languages import Language, language
from core.wording import Sentence
from pages.shared import state

LANGUAGE = "language"
"""Under which a person's choice is kept among their preferences, and for a browser session."""


def _(words: str) -> str:
    """The words in the reader's language. What changes goes in afterwards: _("{many} wait").format(many=3)."""
    return reader().say(words)


def ngettext(one: str, more: str, many: int) -> str:
    """The form of the words for so many."""
    return reader().say_so_many(one, more, many)


def later(words: str) -> str:
    """Words of a constant: they go into the catalogue, and whoever shows them says them by `_`."""
    return words


def said(error: ModeratoError | Sentence) -> str:
    """What went wrong or what the core says, in the reader's language where the catalogue has it."""
    values = {name: said(value) if isinstance(value, Sentence) else value for name, value in error.values.items()}
    return _(error.words).format(**values) if values else _(error.words)


def written(value: Any, spec: str = ",") -> str:
    """A number or a moment as the reader's language writes it; `spec` as Python formats it in English."""
    return reader().write(value, spec)


def reader() -> Language:
    """The reader's language: chosen, else the browser's, else English."""
    return language(state.kept(LANGUAGE) or st.context.locale)


def words_of(component: str) -> dict[str, Any]:
    """What a component in the browser has to be told to speak the reader's language, as part of its data."""
    return {"language": reader().code, "words": reader().component(component)}


def choose(code: str | None) -> None:
    """From now on in this session; None follows the browser."""
    state.keep(LANGUAGE, code)
