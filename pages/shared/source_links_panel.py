"""Where the originals of a source's comments stand: what is set, and for leads the way to set it."""

import streamlit as st

from core.accounts import Action, Person
from core.errors import ModeratoError
from core.source_links import EXAMPLE, PLACEHOLDERS
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.notice import Kind, notice
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.words import _, said

_SAID = "source_link_said"


def draw(person: Person) -> None:
    """The Links tab."""
    links = services().source_links.all()
    placeholders = ", ".join("{" + name + "}" for name in PLACEHOLDERS)
    st.write(
        _(
            "With a link, whoever reviews a comment can open it where it was written: by O in the queue, and from its "
            "history on the Browse page."
        )
    )
    if links:
        rows = [{_("Source"): plain(source), _("Link"): plain(one.words, 500)} for source, one in sorted(links.items())]
        st.dataframe(rows, hide_index=True, key="source_links", alt=_("Links by source"))
    else:
        st.text(_("No source has a link yet."))
    if not person.may(Action.SET_LINKS):
        notice(_("Leads and administrators set links."), "info")
        return
    source = st.selectbox(_("Source"), sorted({*services().datasets.list_sources(), *links}), key="link_source")
    if source is None:
        st.text(_("There are no comments yet, so there is no source to set a link for."))
        return
    st.text_input(
        _("Link to a comment of this source"), links[source].words if source in links else "",
        key=f"link_words_{source}", placeholder=EXAMPLE, max_chars=500,
        help=_("Of the comment stand in braces: {placeholders}. Empty takes the link away.").format(
            placeholders=f"`{placeholders}`"
        ),
    )  # fmt: skip
    st.button(_("Save the link"), key="link_save", icon=":material/link:", on_click=_save, args=(source,))
    _draw_said(source)


def _draw_said(source: str) -> None:
    about, kind, words = kept(_SAID) or (None, "info", "")
    if about == source:
        notice(words, kind)
        example = services().source_links.example(source)
        if kind == "success" and example:
            st.text(_("The newest comment of this source: {link}").format(link=example))
        keep(_SAID, None)


def _save(source: str) -> None:
    person = require(Action.SET_LINKS)
    kind: Kind = "success"
    try:
        made = services().source_links.put(source, kept(f"link_words_{source}") or "", by=person)
        words = _("Saved.") if made else _("This source has no link any more.")
    except ModeratoError as error:
        kind, words = "error", said(error)
    keep(_SAID, (source, kind, words))
