"""The practice, offered: above the queue to whoever has not decided anything yet, and in the preferences."""

import streamlit as st

from core.accounts import Action, Person
from core.errors import DatabaseTrouble
from core.practice import PREFERENCE, Progress
from core.practice_comments import EXAMPLES
from pages.shared.access import require
from pages.shared.links import page_link
from pages.shared.practice_panel import progress_of
from pages.shared.resources import services
from pages.shared.words import _


def draw_offer(person: Person) -> None:
    """Above the card, until the person has decided something, has practised, or says no. For ever, if they do."""
    try:
        progress = progress_of(person)
        if progress.skipped or progress.finished or services().own_history.has_begun(by=person):
            return
    except DatabaseTrouble:  # the card tells it
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(_words(progress))
        page_link("practice.py", label=_("Practise"), icon=":material/school:")
        st.button(_("No, thank you"), key="no_practice", type="tertiary", on_click=_decline)


def draw(person: Person) -> None:
    """The section of the preferences."""
    progress = progress_of(person)
    st.subheader(_("Practice"), anchor=False)
    st.write(_words(progress))
    page_link("practice.py", label=_("Practise"), icon=":material/school:")


def _words(progress: Progress) -> str:
    if progress.finished:
        return _("You have been through the practice. It is there to be done again.")
    if progress.answers:
        done = _("You have practised on {done} of {many} comments, and go on where you left.")
        return done.format(done=len(progress.answers), many=len(EXAMPLES))
    return _("New here? Five minutes on ten comments that we wrote show every key. Nothing of it is recorded.")


def _decline() -> None:
    """Never offer it again; it stays in the navigation."""
    person = require(Action.REVIEW)
    value = Progress(progress_of(person).answers, skipped=True).to_json()
    services().preferences.put(PREFERENCE, value, by=person)
