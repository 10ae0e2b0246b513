"""The clusters of the newest look, to pick one from."""

from datetime import datetime

import streamlit as st

from core.accounts import Action, Person
from core.domain import now
from core.errors import ModeratoError
from core.raid_clusters import Cluster, Kind
from core.raids import Look, Sample
from core.wellbeing.masking import Masking
from pages.shared.access import require
from pages.shared.comment import listed, plain
from pages.shared.comment_list import comment_list
from pages.shared.empty import Step, draw_empty, draw_no_comments
from pages.shared.masks import masks
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.words import _, later, ngettext, said, written

OPEN = "raid_open"
"""Under which the cluster that is looked at is kept: it stays on the screen though a newer look has others."""
KINDS = {
    Kind.TEXT: (later("like text"), "blue"),
    Kind.AUTHOR: (later("one author"), "violet"),
    Kind.THREAD: (later("one thread"), "orange"),
}
_LIST = "raid_list"
_IN_VIEW, _LIST_HEIGHT = 4, 320
"""More clusters than this scroll in a list of so many pixels, so that the open one stays in view below."""
_CHARS = 200
"""Of the first comment that a row shows."""


def draw_look(person: Person) -> Cluster | None:
    """The list; the cluster that is open, None while there is none."""
    raids = services().raids
    try:
        look = raids.look(by=person)
    except ModeratoError as error:
        notice(said(error))
        return None
    if raids.is_looking():
        _draw_looking(first=look is None)
    if look is None:
        return None
    opened = _opened(look, person)
    _draw_summary(look)
    if look.clusters:
        at = next((at for at, cluster in enumerate(look.clusters) if opened and cluster.key == opened.key), None)
        with st.container(height=_LIST_HEIGHT if len(look.clusters) > _IN_VIEW else "content", border=False):
            comment_list(_rows(look), opened=at, key=_LIST, on_open=lambda: _open(look))
    return opened


def open_cluster(key: str, person: Person) -> None:
    """Go to the page with this cluster open; without it, where it went meanwhile."""
    cluster = services().raids.get(key, by=person)
    if cluster:
        keep(OPEN, cluster)
    st.switch_page("raids.py")


def since(at: datetime) -> str:
    """The moment in few words: the day only where it is another one."""
    same_day = at.date() == now().date()
    return _("{at:%H:%M} UTC").format(at=at) if same_day else _("{at:%Y-%m-%d %H:%M} UTC").format(at=at)


def comments(many: int) -> str:
    """The number with its noun: 1 comment, 2 comments."""
    return ngettext("{many:,} comment", "{many:,} comments", many).format(many=many)


def authors(many: int) -> str:
    """The same of authors."""
    return ngettext("{many:,} author", "{many:,} authors", many).format(many=many)


@st.fragment(run_every=1)
def _draw_looking(*, first: bool) -> None:
    if not services().raids.is_looking():
        st.rerun()
    words = _("Looking through what waits. This takes some seconds the first time.") if first else _("Looking again …")
    st.caption(words)


def _draw_summary(look: Look) -> None:
    part = (
        _("the {looked:,} newest of {waiting:,}").format(looked=look.looked, waiting=look.waiting)
        if look.looked < look.waiting
        else written(look.looked)
    )
    st.caption(_("Waiting comments looked at by {at:%H:%M:%S} UTC: {part}.").format(at=look.at, part=part))
    if not look.clusters and not services().intake.has_comments():
        draw_no_comments(require(Action.REVIEW), _("Waiting comments that belong together are listed here."))
    elif not look.clusters:
        draw_empty(
            _("Nothing waits in clusters"),
            _("No raid and no burst among what waits. The queue has what there is; this page looks again by itself."),
            Step("queue.py", _("Open the queue"), ":material/inbox:"),
        )
    if look.more:
        st.caption(
            _("The {many} largest clusters are listed; {more:,} smaller ones are not.").format(
                many=len(look.clusters), more=look.more
            )
        )


def _opened(look: Look, person: Person) -> Cluster | None:
    before: Cluster | None = kept(OPEN)
    now_called = {cluster.key: cluster for cluster in look.clusters}
    if before and before.key not in now_called and services().raids.show(before, by=person).free:
        return before
    opened = now_called.get(before.key) if before else None
    opened = opened or (look.clusters[0] if look.clusters else None)
    keep(OPEN, opened)
    return opened


def _open(look: Look) -> None:
    """Open the cluster of a row of this look: rows are numbered, for clusters may share their first comment."""
    chosen = kept(_LIST)
    at = chosen.open if chosen else None
    if isinstance(at, int) and 0 <= at < len(look.clusters):
        keep(OPEN, look.clusters[at])


def _rows(look: Look) -> list[dict[str, object]]:
    faces, masking = services().raids.faces(look.clusters), masks().masking
    rows = (_row(cluster, faces.get(cluster.representative), masking) for cluster in look.clusters)
    return [{"id": at} | row for at, row in enumerate(rows)]


def _row(cluster: Cluster, face: Sample | None, masking: Masking) -> dict[str, object]:
    text = listed(face.comment_id, face.text, face.cover(masking), _CHARS) if face else None
    word, color = KINDS[cluster.kind]
    facts = [comments(len(cluster.ids)), _("since {moment}").format(moment=since(cluster.first_at))]
    facts += [authors(cluster.authors)] if cluster.kind is not Kind.AUTHOR and cluster.authors else []
    facts += [plain(cluster.shared, 40)] if cluster.shared else []
    return {
        "number": cluster.representative, "text": _("Masked: open it to look") if text is None else text,
        "masked": text is None, "state": _(word), "color": color, "facts": facts,
    }  # fmt: skip
