"""The list of results on the Browse page, page by page."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.browse import MANY, Browse, Item, Results
from core.browse_filter import Filter
from core.domain import Outcome
from core.labels import LABEL_TITLES, LABELS
from pages.shared import state
from pages.shared.browse_filters import STANDING_TITLES
from pages.shared.comment import plain
from pages.shared.history_panel import BADGES, is_severe

_OUTCOMES = {Outcome.APPROVE: "approved", Outcome.REMOVE: "removed"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is in the results of a filter."""

    wanted: Filter
    count: tuple[int, bool]
    before: int | None = None
    after: int | None = None


def draw_results(browse: Browse, wanted: Filter, open_comment: Callable[[int | None], None]) -> None:
    """Draw one page of matches; a click on a row opens the comment."""
    place = state.kept("browse_place")
    if place is None or place.wanted != wanted:
        place = Place(wanted, browse.count(wanted))
        state.keep("browse_place", place)
    results = browse.search(wanted, before=place.before, after=place.after)
    _draw_top(place, results)
    if not results.items:
        _draw_nothing(results)
        return
    key = f"browse_table_{hash(place)}"

    def open_row() -> None:
        rows = state.kept(key).selection.rows
        open_comment(results.items[rows[0]].id if rows else None)

    st.dataframe(
        _table(results.items), column_config=_columns(), hide_index=True, key=key, on_select=open_row,
        selection_mode="single-row", height=min(38 + 36 * len(results.items), 640), row_height=36,
        alt="Comments found, newest first",
    )  # fmt: skip


def _draw_top(place: Place, results: Results) -> None:
    count, more = place.count
    words = (
        f"More than {MANY:,} comments" if count >= MANY and more else f"{'At least ' if more else ''}{count:,} comments"
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.text(words.replace(" 1 comments", " 1 comment") if count != 1 or more else "1 comment", width="content")
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


def _step(label: str, icon: str, place: Place, *, before: int | None = None, after: int | None = None) -> None:
    to = Place(place.wanted, place.count, before, after)
    end = before is None and after is None
    st.button(
        label, key=f"go_{'newer' if label == 'Newer' else 'older'}", icon=icon, disabled=end,
        on_click=state.keep, args=("browse_place", to),
    )  # fmt: skip


def _draw_nothing(results: Results) -> None:
    if results.unfinished:
        st.info(
            f"Nothing among the comments down to number {results.older:,}. “Keep looking” goes on from there.",
            icon=":material/search:",
        )
    else:
        st.info(
            "No comment matches. Take a filter away, or import comments on the Data page.", icon=":material/search_off:"
        )


def _table(items: list[Item]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Comment": ["▇▇▇ masked: open to read" if is_severe(item) else plain(item.text, 200) for item in items],
            "State": [[STANDING_TITLES[item.standing]] for item in items],
            "Scores": [_scores(item) for item in items],
            "Decided": [_decided(item) for item in items],
            "Added": [item.added_at for item in items],
            "Source": [plain(item.source, 60) for item in items],
            "Number": [item.id for item in items],
        }
    )


def _scores(item: Item) -> str:
    if item.hidden:
        return "hidden until decided"
    if item.scores is None:
        return "not scored"
    highest = max(range(len(LABELS)), key=item.scores.__getitem__)
    return f"{item.scores[highest]:.2f} {LABEL_TITLES[LABELS[highest]]}"


def _decided(item: Item) -> str:
    if item.outcome is None or item.labels is None:
        return ""
    on = [LABEL_TITLES[label] for label, holds in zip(LABELS, item.labels, strict=True) if holds]
    return f"{_OUTCOMES[item.outcome]}: {', '.join(on) or 'none'}"


def _columns() -> dict[str, object]:
    config = st.column_config
    return {
        "Comment": config.TextColumn(width="large"),
        "State": config.MultiselectColumn(
            width="small",
            options=list(STANDING_TITLES.values()),
            color=[BADGES[standing] for standing in STANDING_TITLES],
        ),
        "Scores": config.TextColumn("Highest score", width="small"),
        "Decided": config.TextColumn(width="small"),
        "Added": config.DatetimeColumn("Added (UTC)", format="YYYY-MM-DD HH:mm", width="small", timezone="UTC"),
        "Source": config.TextColumn(width="small"),
        "Number": config.NumberColumn(format="%d", width="small"),
    }
