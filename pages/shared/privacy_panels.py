"""Erasing an author's or one comment's text, taking out what is held, and the erasures so far."""

import io
from collections.abc import Callable

import streamlit as st

from core.accounts import Action, Person
from core.errors import ModeratoError
from core.privacy.service import Census, Erasure
from pages.shared import state
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.notice import notice
from pages.shared.resources import services

_WORD = "erase"
_SAID = "privacy_said"
_STAGES = {
    "rows": "emptying comments",
    "files": "rewriting exports",
    "space": "clearing the database's file",
    "done": "done",
}


def draw_author(person: Person) -> None:
    """Find an author by name; see how much is held, take it out, erase it."""
    name, where = st.columns([2, 1])
    author = name.text_input("Author, exactly as the comments have it", key="privacy_author", max_chars=500)
    sources = ["All sources", *services().datasets.list_sources()]
    chosen = where.selectbox("Source", sources, key="privacy_source")
    source = None if chosen == sources[0] else chosen
    if not author.strip():
        st.caption("With pseudonyms on, give the real name too: it is hashed and compared.")
        return
    try:
        held = services().privacy.census_of_author(author, by=person, source=source)
    except ModeratoError as error:
        notice(str(error), "info")
        return
    draw_census(held)
    st.download_button(
        "Take out what is held",
        lambda: _author_zip(author, source, person),
        file_name="held.zip",
        mime="application/zip",
        key="privacy_export",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(
        "A ZIP with comments, scores, decisions and dates, without moderators' names. Read it before handing it on."
    )
    confirm(
        f"Erase {many_comments(held.comments)}",
        "author",
        lambda by: _erase_author(author, source, by),
    )


def _erase_author(author: str, source: str | None, by: Person) -> Erasure:
    begun = services().privacy.erase_author(author, by=by, source=source)
    state.keep("privacy_author", "")  # nothing is held any more
    return begun


def draw_comment(person: Person) -> None:
    """Erase one comment by its number."""
    number = st.number_input(
        "Number of the comment", 0, 2**53 - 1, 0, 1, key="privacy_comment", help="It stands on the Browse page."
    )
    if not number:
        st.caption("Others with the same text stay: they are other people's, or need an erasure of their own.")
        return
    found = services().browse.items([int(number)])
    if not found:
        notice(f"There is no comment {number}.", "info")
        return
    one = found[0]
    st.text(f"From {plain(one.source, 60)}, added {one.added_at:%Y-%m-%d %H:%M} UTC, now {one.standing}.")
    if person.may(Action.ERASE):
        confirm("Erase this comment", "comment", lambda by: services().privacy.erase_comment(int(number), by=by))


def draw_census(held: Census) -> None:
    """How much it is, and what hangs on it."""
    columns = st.columns(4)
    for column, title, many in zip(
        columns,
        ("Comments", "Decided", "Waiting for review", "Golden"),
        (held.comments, held.decided, held.waiting, held.golden),
        strict=True,
    ):
        column.metric(title, f"{many:,}")


def confirm(label: str, key: str, begin: Callable[[Person], Erasure | None]) -> None:
    """A button that works only after the word is typed: nobody erases by a slip."""

    def go() -> None:
        by = require(Action.ERASE)
        if (state.kept(f"confirm_{key}") or "").strip().lower() != _WORD:
            state.keep(_SAID, ("warning", f"Nothing was erased: type “{_WORD}” first."))
            return
        try:
            begun = begin(by)
        except ModeratoError as error:
            state.keep(_SAID, ("error", str(error)))
            return
        services().keeper.wake()
        said = "Nothing is old enough to be erased." if begun is None else f"Erasure {begun.id} has begun; see below."
        state.keep(_SAID, ("success", said))
        state.keep(f"confirm_{key}", "")

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(f"To erase for good, type “{_WORD}”", key=f"confirm_{key}", max_chars=20, width=260)
        st.button(label, key=f"erase_{key}", type="primary", icon=":material/delete_forever:", on_click=go)


@st.fragment(run_every=3)
def draw_erasures() -> None:
    """What was erased so far and what goes on. Runs by itself, so the role is checked again."""
    require(Action.MANAGE_PRIVACY)
    if said := state.kept(_SAID):
        notice(said[1], said[0])
    st.header("Erasures", anchor=False)
    erasures = services().privacy.list_erasures()
    if not erasures:
        st.info("Nothing was erased so far.", icon=":material/shield_person:")
        return
    for one in erasures:
        if one.state == "running":
            _draw_running(one)
    rows = [
        {
            "No.": one.id,
            "Begun (UTC)": one.started_at,
            "What": plain(one.subject, 80),
            "By": plain(one.person, 60),
            "Comments": one.erased,
            "Files": one.files,
            "State": _STAGES.get(one.stage, one.stage),
        }
        for one in erasures
    ]
    when = {"Begun (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")}
    st.dataframe(rows, column_config=when, hide_index=True, key="erasures", alt="Erasures")
    if outside := services().privacy.written_outside():
        with st.expander(f"Exports outside the data folder: {len(outside):,}"):
            st.write("No erasure reaches these files. If they are still there, look after them yourself.")
            st.dataframe([{"File": plain(path, 300)} for path in outside[:200]], hide_index=True, key="outside")


def _draw_running(one: Erasure) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(":material/hourglass_top:", width="content")
        st.text(f"Erasure {one.id}: {_STAGES.get(one.stage, one.stage)}, {one.erased:,} comments so far")
    if one.problem:
        notice(one.problem, "warning")


def _author_zip(author: str, source: str | None, person: Person) -> bytes:
    file = io.BytesIO()
    services().author_exports.write(file, author, by=person, source=source)
    return file.getvalue()


def many_comments(many: int) -> str:
    """The count with its noun."""
    return "1 comment" if many == 1 else f"{many:,} comments"
