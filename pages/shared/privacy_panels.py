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
from pages.shared.words import _, later, ngettext, said, written

_WORD = "erase"
_SAID = "privacy_said"
_STAGES = {
    "rows": later("emptying comments"),
    "files": later("rewriting exports"),
    "space": later("clearing the database's file"),
    "done": later("done"),
}


def draw_author(person: Person) -> None:
    """Find an author by name; see how much is held, take it out, erase it."""
    name, where = st.columns([2, 1])
    author = name.text_input(_("Author, exactly as the comments have it"), key="privacy_author", max_chars=500)
    sources = [_("All sources"), *services().datasets.list_sources()]
    chosen = where.selectbox(_("Source"), sources, key="privacy_source")
    source = None if chosen == sources[0] else chosen
    if not author.strip():
        st.caption(_("With pseudonyms on, give the real name too: it is hashed and compared."))
        return
    try:
        held = services().privacy.census_of_author(author, by=person, source=source)
    except ModeratoError as error:
        notice(said(error), "info")
        return
    draw_census(held)
    st.download_button(
        _("Take out what is held"),
        lambda: _author_zip(author, source, person),
        file_name="held.zip",
        mime="application/zip",
        key="privacy_export",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(
        _("A ZIP with comments, scores, decisions and dates, without moderators' names. Read it before handing it on.")
    )
    confirm(
        ngettext("Erase {many:,} comment", "Erase {many:,} comments", held.comments).format(many=held.comments),
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
        _("Number of the comment"), 0, 2**53 - 1, 0, 1, key="privacy_comment", help=_("It stands on the Browse page.")
    )
    if not number:
        st.caption(_("Others with the same text stay: they are other people's, or need an erasure of their own."))
        return
    found = services().browse.items([int(number)])
    if not found:
        notice(_("There is no comment {number}.").format(number=number), "info")
        return
    one = found[0]
    st.text(
        _("From {source}, added {at:%Y-%m-%d %H:%M} UTC, now {standing}.").format(
            source=plain(one.source, 60), at=one.added_at, standing=_(one.standing)
        )
    )
    if person.may(Action.ERASE):
        confirm(_("Erase this comment"), "comment", lambda by: services().privacy.erase_comment(int(number), by=by))


def draw_census(held: Census) -> None:
    """How much it is, and what hangs on it."""
    columns = st.columns(4)
    for column, title, many in zip(
        columns,
        (_("Comments"), _("Decided"), _("Waiting for review"), _("Golden")),
        (held.comments, held.decided, held.waiting, held.golden),
        strict=True,
    ):
        column.metric(title, written(many))


def confirm(label: str, key: str, begin: Callable[[Person], Erasure | None]) -> None:
    """A button that works only after the word is typed: nobody erases by a slip."""

    def go() -> None:
        by = require(Action.ERASE)
        if (state.kept(f"confirm_{key}") or "").strip().lower() not in (_WORD, _(_WORD)):
            state.keep(_SAID, ("warning", _("Nothing was erased: type “{word}” first.").format(word=_(_WORD))))
            return
        try:
            begun = begin(by)
        except ModeratoError as error:
            state.keep(_SAID, ("error", said(error)))
            return
        services().keeper.wake()
        words = (
            _("Nothing is old enough to be erased.")
            if begun is None
            else _("Erasure {id} has begun; see below.").format(id=begun.id)
        )
        state.keep(_SAID, ("success", words))
        state.keep(f"confirm_{key}", "")

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            _("To erase for good, type “{word}”").format(word=_(_WORD)), key=f"confirm_{key}", max_chars=20, width=260
        )
        st.button(label, key=f"erase_{key}", type="primary", icon=":material/delete_forever:", on_click=go)


@st.fragment(run_every=3)
def draw_erasures() -> None:
    """What was erased so far and what goes on. Runs by itself, so the role is checked again."""
    require(Action.MANAGE_PRIVACY)
    if told := state.kept(_SAID):
        notice(told[1], told[0])
    st.header(_("Erasures"), anchor=False)
    erasures = services().privacy.list_erasures()
    if not erasures:
        st.info(_("Nothing was erased so far."), icon=":material/shield_person:")
        return
    for one in erasures:
        if one.state == "running":
            _draw_running(one)
    rows = [
        {
            _("No."): one.id,
            _("Begun (UTC)"): one.started_at,
            _("What"): plain(one.subject, 80),
            _("By"): plain(one.person, 60),
            _("Comments"): one.erased,
            _("Files"): one.files,
            _("State"): _(_STAGES.get(one.stage, one.stage)),
        }
        for one in erasures
    ]
    when = {_("Begun (UTC)"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")}
    st.dataframe(rows, column_config=when, hide_index=True, key="erasures", alt=_("Erasures"))
    if outside := services().privacy.written_outside():
        with st.expander(_("Exports outside the data folder: {many:,}").format(many=len(outside))):
            st.write(_("No erasure reaches these files. If they are still there, look after them yourself."))
            st.dataframe([{_("File"): plain(path, 300)} for path in outside[:200]], hide_index=True, key="outside")


def _draw_running(one: Erasure) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(":material/hourglass_top:", width="content")
        st.text(
            ngettext(
                "Erasure {id}: {stage}, {many:,} comment so far",
                "Erasure {id}: {stage}, {many:,} comments so far",
                one.erased,
            ).format(id=one.id, stage=_(_STAGES.get(one.stage, one.stage)), many=one.erased)
        )
    if one.problem:
        notice(one.problem, "warning")


def _author_zip(author: str, source: str | None, person: Person) -> bytes:
    file = io.BytesIO()
    services().author_exports.write(file, author, by=person, source=source)
    return file.getvalue()


def many_comments(many: int) -> str:
    """The count with its noun."""
    return ngettext("{many:,} comment", "{many:,} comments", many).format(many=many)
