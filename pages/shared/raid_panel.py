"""One cluster: what it shares, its samples, and the decision on all of it or some."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid4, uuid5

import streamlit as st

from core.accounts import Action, Person
from core.domain import Outcome, now
from core.errors import ModeratoError
from core.labels import LABELS
from core.raid_clusters import Cluster, Kind
from core.raids import MOST_SETTLED, BulkVerdict, Settled, Shown
from core.wellbeing.masking import Mask
from pages.shared import score_bars
from pages.shared.access import require
from pages.shared.masks import masks
from pages.shared.notice import Kind as NoticeKind
from pages.shared.notice import notice
from pages.shared.raid_list import comments, since
from pages.shared.raid_samples import draw_samples
from pages.shared.resources import services
from pages.shared.state import keep, kept, recall
from pages.shared.titles import label_title
from pages.shared.words import _, later, ngettext, said, written

UNDO_SHOWN = timedelta(hours=1)
"""For so long the page offers to undo the person's last step."""
MESSAGE_SHOWN = timedelta(seconds=20)
"""For so long it says what the last click did."""
_MESSAGE, _UNDONE = "raids_message", "raids_undone_at"
_STICKY = (
    "<style>div:has(>.st-key-raid_buttons){position:sticky;bottom:0;z-index:2}"
    ".st-key-raid_buttons{padding:.6rem 0;background:var(--st-background-color,Canvas)}</style>"
)
"""What settles the cluster stays in view, however long its texts are."""


class Part(StrEnum):
    """Which comments of the cluster a decision is for."""

    ALL = "all"
    EXACT = "exact"
    TICKED = "ticked"
    REST = "rest"


_PARTS = {
    Part.ALL: later("All of it"),
    Part.EXACT: later("Exactly the first text"),
    Part.TICKED: later("Only the ticked"),
    Part.REST: later("All but the ticked"),
}


def draw_last(person: Person) -> None:
    """What the last step did, and the way back."""
    at, kind, words = kept(_MESSAGE) or (now() - MESSAGE_SHOWN, "success", "")
    if words and now() - at < MESSAGE_SHOWN:  # by time: the page runs again by itself when a look ends
        notice(words, kind)
    last = services().raids.last_batch(by=person)
    shown_from = max(now() - UNDO_SHOWN, kept(_UNDONE) or now() - UNDO_SHOWN)  # never the step before an undone one
    if last is None or last.decided_at < shown_from:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        # a key of its own for each step: a second press of one cannot undo the step before it
        st.button(
            _("Undo"), key=f"undo_{last.client_id}", icon=":material/undo:", shortcut="Z", on_click=_undo,
            args=(last.client_id,),
        )  # fmt: skip
        words = {
            Outcome.REMOVE: _("Your last step: {comments} removed together, {moment}."),
            Outcome.APPROVE: _("Your last step: {comments} approved together, {moment}."),
        }[last.outcome]
        st.text(words.format(comments=comments(last.comments), moment=since(last.decided_at)), width="content")


def draw_cluster(cluster: Cluster, person: Person) -> None:
    """The cluster as it stands now."""
    turn_key = f"raid_turn_{cluster.key}"
    shown = services().raids.show(cluster, kept(turn_key) or 0, by=person)
    with st.container(border=True, key="raid"):
        _draw_facts(cluster, shown)
        if shown.representative is None:
            st.info(_("Nothing of this cluster waits any more, but for what others have."), icon=":material/check:")
            return
        ticked = _draw_texts(cluster, shown)
        if len(cluster.others) > len(shown.samples):
            st.button(_("Other samples"), key="turn", icon=":material/shuffle:", on_click=_turn, args=(turn_key,))
        _draw_decision(cluster, shown, ticked, person)


def _draw_texts(cluster: Cluster, shown: Shown) -> list[int]:
    """The first text and samples of the others; the ids of those ticked."""
    first = shown.representative
    if first is None:
        return []
    is_text = cluster.kind is Kind.TEXT
    st.markdown("**" + (_("Commonest text") if is_text else _("First comment")) + "**")
    ticked = draw_samples([first])
    if first.evidence:
        with st.expander(_("What the live model says of it")):
            st.html(score_bars.CSS + score_bars.bars_html(first.evidence.scores, first.evidence.thresholds))
    if shown.samples:
        words = _("{some} of {many} other texts, spread over time").format(
            some=len(shown.samples), many=written(len(cluster.others))
        )
        st.markdown(f"**{words}**")
        if is_text and first.cover(masks().masking).mask is Mask.OPEN:
            st.caption(_("Marked: what the commonest text does not have."))
        ticked += draw_samples(shown.samples, first if is_text else None)
    return ticked


def _draw_facts(cluster: Cluster, shown: Shown) -> None:
    titles = {
        Kind.TEXT: _("The same or nearly the same text"),
        Kind.AUTHOR: _("A burst of one author"),
        Kind.THREAD: _("A burst in one thread"),
    }
    st.subheader(titles[cluster.kind], anchor=False)
    if cluster.shared:
        st.text(cluster.shared)
    st.text(" · ".join(_numbers(cluster, shown)))
    words = [_("From {first} to {last}.").format(first=since(cluster.first_at), last=since(cluster.last_at))]
    if shown.held:
        words.append(
            ngettext(
                "Others have {many:,} more comment of it: that is left alone.",
                "Others have {many:,} more comments of it: those are left alone.",
                shown.held,
            ).format(many=shown.held)
        )
    if cluster.left_out:
        words.append(
            ngettext(
                "{many:,} more comment of it is decided by itself: blind, escalated or suggested.",
                "{many:,} more comments of it are decided one by one: blind, escalated or suggested.",
                cluster.left_out,
            ).format(many=cluster.left_out)
        )
    if settled := len(cluster.ids) - len(shown.free) - shown.held:
        words.append(
            ngettext("{many:,} is settled by now.", "{many:,} are settled by now.", settled).format(many=settled)
        )
    st.caption(" ".join(words))


def _numbers(cluster: Cluster, shown: Shown) -> Iterator[str]:
    yield _("You can settle {many}").format(many=written(len(shown.free)))
    for number, words in (
        (cluster.texts, ngettext("{many:,} text", "{many:,} texts", cluster.texts)),
        (cluster.authors, ngettext("{many:,} author", "{many:,} authors", cluster.authors)),
        (cluster.threads, ngettext("{many:,} thread", "{many:,} threads", cluster.threads)),
        (cluster.sources, ngettext("{many:,} source", "{many:,} sources", cluster.sources)),
    ):
        if number:
            yield words.format(many=number)


def _draw_decision(cluster: Cluster, shown: Shown, ticked: Sequence[int], person: Person) -> None:
    first = shown.representative
    preset = first.evidence.preset if first and first.evidence else (False,) * len(LABELS)
    chosen = st.pills(
        _("Labels, preset by the live model's scores of the first comment"),
        LABELS,
        selection_mode="multi",
        default=[label for label, on in zip(LABELS, preset, strict=True) if on],
        format_func=label_title,
        key=f"raid_labels_{cluster.key}_{first.comment_id if first else 0}",
    )
    alike = cluster.kind is Kind.TEXT
    first_part = Part.ALL if alike else Part.TICKED  # a burst's texts differ: one press must not settle unread ones
    part = st.segmented_control(
        _("Which of them"),
        list(Part),
        default=first_part,
        required=True,
        format_func=lambda part: _(_PARTS[part]),
        key="raid_part" if alike else "raid_part_of_burst",
    )
    ids = _chosen(Part(part), cluster, shown, set(ticked))
    batch = recall(f"raid_batch_{cluster.key}", uuid4)
    flags = tuple(label in chosen for label in LABELS)
    may = person.may(Action.SETTLE_RAIDS)
    st.html(_STICKY)
    with st.container(horizontal=True, key="raid_buttons"):
        words = {Outcome.REMOVE: _("Remove {many:,}"), Outcome.APPROVE: _("Approve {many:,}")}
        for outcome, icon in ((Outcome.REMOVE, "block"), (Outcome.APPROVE, "check")):
            st.button(
                words[outcome].format(many=len(ids)), key=f"raid_{outcome.value}", icon=f":material/{icon}:",
                type="primary" if outcome is Outcome.REMOVE else "secondary", disabled=not ids or not may,
                on_click=_settle, args=(cluster.key, BulkVerdict(batch, ids, outcome, flags)),  # type: ignore[arg-type]
            )  # fmt: skip
    if not may:
        st.caption(_("Your roles let you look, not settle many at once. Decide them one by one in the queue."))
    if len(shown.free) > MOST_SETTLED:
        st.caption(
            _("One step settles {most:,} at most, the oldest first; the rest waits here afterwards.").format(
                most=MOST_SETTLED
            )
        )


def _chosen(part: Part, cluster: Cluster, shown: Shown, ticked: set[int]) -> list[int]:
    """Comment ids, MOST_SETTLED at most; the one that was shown first."""
    exact = set(cluster.identical)
    keeps = {
        Part.ALL: lambda _id: True,
        Part.EXACT: exact.__contains__,
        Part.TICKED: ticked.__contains__,
        Part.REST: lambda comment_id: comment_id not in ticked,
    }[part]
    first = shown.representative.comment_id if shown.representative else 0
    return sorted(filter(keeps, shown.free), key=lambda comment_id: comment_id != first)[:MOST_SETTLED]


def _turn(key: str) -> None:
    keep(key, (kept(key) or 0) + 1)


def _settle(key: str, verdict: BulkVerdict) -> None:
    person = require(Action.SETTLE_RAIDS)
    try:
        done = services().raids.settle(verdict, by=person)
    except ModeratoError as error:
        _tell(said(error), "error")
        return
    _tell(_told(verdict.outcome, done))
    keep(f"raid_batch_{key}", uuid4())


def _tell(words: str, kind: NoticeKind = "success") -> None:
    keep(_MESSAGE, (now(), kind, words))


def _told(outcome: Outcome, done: Settled) -> str:
    settled = comments(done.recorded + done.already)
    sentence = _("Removed {comments}.") if outcome is Outcome.REMOVE else _("Approved {comments}.")
    words = [sentence.format(comments=settled)]
    if done.held:
        words.append(_("{many:,} were left alone: others have them.").format(many=done.held))
    if done.passed:
        words.append(
            _("{many:,} were left alone: settled, or to be decided one by one, meanwhile.").format(many=done.passed)
        )
    return " ".join(words)


def _undo(target: UUID) -> None:
    person = require(Action.REVIEW)
    try:
        reopened = services().review.undo(person, uuid5(target, "undo"), target)
    except ModeratoError as error:
        _tell(said(error), "error")
        return
    services().raids.look_soon()
    keep(_UNDONE, now())
    _tell(
        ngettext(
            "Took it back: {many:,} comment waits again.", "Took it back: {many:,} comments wait again.", len(reopened)
        ).format(many=len(reopened))
    )
