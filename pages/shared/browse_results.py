"""The list of results on the Browse page, page by page."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.browse import MANY, Browse, Item, Results
from core.browse_filter import Filter
from core.domain import Outcome
from core.labels import LABEL_TITLES, LABELS
from pages.shared import state
from pages.shared.access import current_person
from pages.shared.browse_filters import STANDING_TITLES
from pages.shared.comment import listed, plain
from pages.shared.comment_list import comment_list
from pages.shared.empty import draw_empty, draw_no_comments
from pages.shared.history_panel import BADGES
from pages.shared.masks import Masks, masks
from pages.shared.resources import services
from pages.shared.words import _

_OUTCOMES = {Outcome.APPROVE: "approved", Outcome.REMOVE: "removed"}


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
        "state": STANDING_TITLES[item.standing],
        "color": BADGES[item.standing],
        "facts": [
            fact for fact in (*_verdicts(item), plain(item.source, 60), f"{item.added_at:%Y-%m-%d %H:%M}") if fact
        ],
    }


def _verdicts(item: Item) -> tuple[str, str]:
    if item.hidden:
        return "scores hidden until decided", ""
    decided = ""
    if item.outcome and item.labels is not None:
        on = [LABEL_TITLES[label] for label, holds in zip(LABELS, item.labels, strict=True) if holds]
        decided = f"{_OUTCOMES[item.outcome]}: {', '.join(on) or 'no label'}"
    if item.scores is None:
        return "", decided
    highest = max(range(len(LABELS)), key=item.scores.__getitem__)
    return f"{LABEL_TITLES[LABELS[highest]]} {item.scores[highest]:.2f}", decided


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
    noun = "comment" if count == 1 else "comments"
    how = "More than " if more and count >= MANY else "At least " if more else ""
    return f"{how}{count:,} {noun}"


def _draw_top(place: Place, results: Results) -> st.delta_generator.DeltaGenerator:
    """Draw the buttons and notes; what comes back is the place for the count."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        count_slot = st.empty()
        with st.container(horizontal=True, width="content"):
            _step("Newer", ":material/chevron_left:", place, after=results.newer)
            _step(
                "Keep looking" if results.unfinished else "Older",
                ":material/chevron_right:",
                place,
                before=results.older,
            )
    if results.not_searchable:
        st.caption(f"The {results.not_searchable:,} newest comments are not searchable by text yet.")
    if results.unfinished and results.items:
        st.caption(f"Looked at comments down to number {results.older:,} so far.")
    return count_slot


def _step(label: str, icon: str, place: Place, *, before: int | None = None, after: int | None = None) -> None:
    to = Place(place.wanted, before, after, seconds=2.5 if label == "Keep looking" else 0.4)
    end = before is None and after is None
    st.button(
        label, key=f"go_{'newer' if label == 'Newer' else 'older'}", icon=icon, disabled=end,
        on_click=state.keep, args=("browse_place", to),
    )  # fmt: skip


def _draw_nothing(results: Results) -> None:
    person = current_person()
    if results.unfinished:
        why = _("Nothing among the comments down to number {number}. “Keep looking” goes on from there.")
        draw_empty(_("Nothing found so far"), why.format(number=f"{results.older:,}"))
    elif person and not services().intake.has_comments():
        draw_no_comments(person, _("Whatever comes in can be found here, by its words and by what became of it."))
    else:
        draw_empty(
            _("No comment matches"),
            _("Take a filter away, or look for fewer words. Texts are found some seconds after they came in."),
        )
