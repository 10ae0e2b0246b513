"""What a page says while the database is away, and how it comes back by itself."""

import logging
from collections.abc import Callable

import streamlit as st

from core.errors import DatabaseTrouble
from pages.shared.resources import services
from pages.shared.words import _, said

_TRY_EVERY = 3
"""Seconds."""


class _Quiet(logging.Filter):
    """Leaves the stack trace of an error that was told to the person out of the log, where it says nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], DatabaseTrouble))


def run(draw: Callable[[], None]) -> None:
    """Draw; where the database fails that, say so and draw again once the database is back."""
    try:
        draw()
    except DatabaseTrouble as error:
        wait(said(error))


def wait(words: str) -> None:
    """The sentence, until the database is back."""
    show(words)
    _come_back()


def show(words: str) -> None:
    """The sentence, where the page stands."""
    st.error(words, icon=":material/database_off:")


def tell(error: Exception) -> bool | None:
    """Streamlit's handler of what a fragment or the router itself lets through; True for what was told here."""
    if not isinstance(error, DatabaseTrouble):
        return None
    show(said(error))
    _come_back()  # a fragment that failed within a page's run ended that run: the rest of the page is missing
    return True


@st.fragment(run_every=_TRY_EVERY)
def _come_back() -> None:
    try:
        services().intake.has_comments()
    except DatabaseTrouble:
        st.caption(_("This page opens by itself once the database is back."))
    else:
        st.rerun()


logging.getLogger("streamlit.error_util").addFilter(_Quiet())
