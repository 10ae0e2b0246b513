"""The list of results on the Browse page, page by page."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.browse import MANY, Browse, Item, Results
from core.browse_filter import Filter
from core.domain import Outcome
from core.labels import LABELS
from pages.shared import state
from pages.shared.access import current_person
from pages.shared.browse_filters import STANDING_TITLES
from pages.shared.comment import listed, plain
from pages.shared.comment_list import comment_list
from pages.shared.empty import draw_empty, draw_no_comments
from pages.shared.history_panel import BADGES
from pages.shared.masks import Masks, masks
from pages.shared.resources import services
from pages.shared.titles import label_title
from pages.shared.words import _, later, ngettext, written

_OUTCOMES = {Outcome.APPROVE: later("approved"), Outcome.REMOVE: later("removed")}


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is in the results of a filter."""

    wanted: Filter
    before: int | None = None
    after: int | None = None
    seconds: float = 0.4
    """How long to look: longer for somebody who asked to go on."""


def draw_results(browse: Browse, wanted: Filter, open_comment: Callable[[int | None], None]) -> None:
    """Draw one page of matches; a click on a row opens the comment."""
    place = state.kept("browse_place")
    if place is None or place.wanted != wanted:
        place = Place(wanted)
        state.keep("browse_place", place)
    results = browse.search(wanted, before=place.before, after=place.after, seconds=place.seconds)
    count_slot = _draw_top(place, results)
    if results.items:
        _draw_list(results, open_comment)
    else:
        _draw_nothing(results)
    count_slot.text(
        _count_words(*_count(browse, place, results)), width="content"
    )  # last: the list need not wait for it


def _draw_list(results: Results, open_comment: Callable[[int | None], None]) -> None:
    def open_row() -> None:
        chosen = state.kept("browse_list").open
        open_comment(int(chosen) if chosen in {item.id for item in results.items} else None)

    mine = masks()
    rows = [row_of(item, mine) for item in results.items]
    comment_list(rows, opened=state.kept("browse_open"), key="browse_list", on_open=open_row)


def row_of(item: Item, mine: Masks) -> dict[str, object]:
    """What the list shows of a comment. Nothing that cannot be seen, nothing masked, no score that is withheld."""
    text = listed(item.id, item.text, mine.cover(item.scores))
    return {
        "id": item.id,
        "text": _("Masked: open it to read") if text is None else text,
        "masked": text is None,
        "state": _(STANDING_TITLES[item.standing]),
        "color": BADGES[item.standing],
        "facts": [
            fact
            for fact in (*_verdicts(item), plain(item.source, 60), written(item.added_at, "%Y-%m-%d %H:%M"))
            if fact
        ],
    }


def _verdicts(item: Item) -> tuple[str, str]:
    if item.hidden:
        return _("scores hidden until decided"), ""
    decided = ""
    if item.outcome and item.labels is not None:
        on = [label_title(label) for label, holds in zip(LABELS, item.labels, strict=True) if holds]
        decided = f"{_(_OUTCOMES[item.outcome])}: {', '.join(on) or _('no label')}"
    if item.scores is None:
        return "", decided
    highest = max(range(len(LABELS)), key=item.scores.__getitem__)
    return f"{label_title(LABELS[highest])} {written(item.scores[highest], '.2f')}", decided


def _count(browse: Browse, place: Place, results: Results) -> tuple[int, bool]:
    """How many match and whether there may be more; counted once for a filter."""
    kept = state.kept("browse_count")
    if kept is None or kept[0] != place.wanted:
        is_all = place.before is None and place.after is None and (results.older is None or results.unfinished)
        count = (len(results.items), results.unfinished) if is_all else browse.count(place.wanted)
        kept = place.wanted, count
        state.keep("browse_count", kept)
    return kept[1]


def _count_words(count: int, more: bool) -> str:
    if more and count >= MANY:
        words = ngettext("More than {many:,} comment", "More than {many:,} comments", count)
    elif more:
        words = ngettext("At least {many:,} comment", "At least {many:,} comments", count)
    else:
        words = ngettext("{many:,} comment", "{many:,} comments", count)
    return words.format(many=count)


def _draw_top(place: Place, results: Results) -> st.delta_generator.DeltaGenerator:
    """Draw the buttons and notes; what comes back is the place for the count."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        count_slot = st.empty()
        with st.container(horizontal=True, width="content"):
            _step("newer", _("Newer"), Place(place.wanted, after=results.newer), end=results.newer is None)
            older = Place(place.wanted, results.older, seconds=2.5 if results.unfinished else 0.4)
            _step("older", _("Keep looking") if results.unfinished else _("Older"), older, end=results.older is None)
    if results.not_searchable:
        st.caption(
            ngettext(
                "The newest comment is not searchable by text yet.",
                "The {many:,} newest comments are not searchable by text yet.",
                results.not_searchable,
            ).format(many=results.not_searchable)
        )
    if results.unfinished and results.items:
        st.caption(_("Looked at comments down to number {number:,} so far.").format(number=results.older))
    return count_slot


def _step(way: str, label: str, to: Place, *, end: bool) -> None:
    icon = ":material/chevron_left:" if way == "newer" else ":material/chevron_right:"
    st.button(
        label, key=f"go_{way}", icon=icon, disabled=end, on_click=state.keep, args=("browse_place", to),
    )  # fmt: skip


def _draw_nothing(results: Results) -> None:
    person = current_person()
    if results.unfinished:
        why = _("Nothing among the comments down to number {number:,}. “Keep looking” goes on from there.")
        draw_empty(_("Nothing found so far"), why.format(number=results.older))
    elif person and not services().intake.has_comments():
        draw_no_comments(person, _("Whatever comes in can be found here, by its words and by what became of it."))
    else:
        draw_empty(
            _("No comment matches"),
            _("Take a filter away, or look for fewer words. Texts are found some seconds after they came in."),
        )
