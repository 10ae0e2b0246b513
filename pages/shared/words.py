"""The words of the pages, in the language of whoever reads them. The English ones are the keys of the catalogue."""

import gettext
from functools import cache

import streamlit as st

from core.errors import ModeratoError
from core.settings import ROOT
from pages.shared import state

DOMAIN = "moderato"
LANGUAGE = "language"
"""Where the chosen language is kept for a browser session."""


def _(words: str) -> str:
    """The words in the reader's language. What changes goes in afterwards: _("{many} wait").format(many=3)."""
    return _catalogue(language()).gettext(words)


def ngettext(one: str, more: str, many: int) -> str:
    """The form of the words for so many."""
    return _catalogue(language()).ngettext(one, more, many)


def said(error: ModeratoError) -> str:
    """What went wrong, in the reader's language where the catalogue has it."""
    return _(error.words).format(**error.values) if error.values else _(error.words)


def language() -> str:
    """The code of the reader's language: chosen, else the browser's, else English."""
    return state.kept(LANGUAGE) or (st.context.locale or "en").split("-")[0].lower()


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, ROOT / "locales", [code], fallback=True)
