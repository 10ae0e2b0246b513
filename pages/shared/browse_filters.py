"""The bar of filters on the Browse page."""

from datetime import date

import streamlit as st

from core.browse import Choices
from core.browse_filter import Filter
from core.history import Standing
from core.labels import LABEL_TITLES, LABELS
from pages.shared import state

ANY = "Any state"
WAITING = "Waiting for review"
STANDING_TITLES = {
    Standing.NOT_SCORED: "Not scored",
    Standing.ASKED: "Waiting: a lead was asked",
    Standing.ESCALATED: "Waiting: escalated",
    Standing.ADJUDICATION: "Waiting: two disagree",
    Standing.AUDIT: "Waiting: audit",
    Standing.SECOND: "Waiting: second opinion",
    Standing.DISAGREEMENT: "Waiting: disagreement",
    Standing.RECHECK: "Waiting: look again",
    Standing.SUGGESTED: "Waiting: suggested",
    Standing.FLAGGED: "Waiting: flagged",
    Standing.ALLOWED: "Allowed",
    Standing.SETTLED: "Settled",
    Standing.REMOVED: "Removed without review",
    Standing.GOLDEN: "Golden",
    Standing.ERASED: "Erased",
}
"""How people see where a comment stands."""

_TITLES = [LABEL_TITLES[label] for label in LABELS]
_BY_TITLE = {title: standing for standing, title in STANDING_TITLES.items()}
_MORE = ("decided", "over", "score", "model", "moderator", "source", "days")
"""Keys of the filters behind the button, which are also their names in the page's address."""

_HELP = 'All words must occur. "a phrase", begin\\*, -without. #123 opens that comment.'


def draw_filters(choices: Choices) -> Filter:
    """Draw the bar; what it is set to."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Text", key="q", placeholder="Words, \"a phrase\", begin*, -without, or #number", help=_HELP,
            label_visibility="collapsed", bind="query-params", icon=":material/search:",
        )  # fmt: skip
        chosen = st.selectbox(
            "State", [ANY, WAITING, *_BY_TITLE], key="state", label_visibility="collapsed", width=220,
            bind="query-params",
        )  # fmt: skip
        used = sum(bool(state.kept(key)) for key in _MORE)
        with st.popover(f"Filters ({used})" if used else "Filters", icon=":material/tune:", key="more_filters"):
            more = _draw_more(choices)
    return Filter(text=text or "", standing=_BY_TITLE.get(str(chosen)), waiting=chosen == WAITING, **more)


def _draw_more(choices: Choices) -> dict[str, object]:
    decided, flagged = st.columns(2)
    low, high = 0.0, 1.0
    decided_label = _pick(decided, "Label that people gave", "decided", _TITLES) if choices.sees_others else None
    flagged_label = _pick(flagged, "Label over its threshold", "over", _TITLES)
    score_label = _pick(decided, "Score of", "score", _TITLES)
    if score_label:
        low, high = flagged.slider("between", 0.0, 1.0, (0.5, 1.0), 0.01, key="score_range")
    model = _pick(decided, "Scores by model", "model", choices.models, unset="The live one")
    moderator = _pick(flagged, "Moderator", "moderator", choices.moderators)
    source = _pick(decided, "Source", "source", choices.sources)
    days = flagged.date_input("Added on (UTC)", value=(), key="days", max_value=date(9998, 12, 31))
    days = days if isinstance(days, tuple) else (days,)
    return {
        "decided_label": _TITLES.index(decided_label) if decided_label else None,
        "flagged_label": _TITLES.index(flagged_label) if flagged_label else None,
        "score_label": _TITLES.index(score_label) if score_label else None,
        "low": low,
        "high": high,
        "model": model,
        "moderator": moderator,
        "source": source,
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
    }


def _pick(
    place: st.delta_generator.DeltaGenerator, label: str, key: str, options: list[str], unset: str = "Any"
) -> str | None:
    return place.selectbox(label, options, index=None, key=key, placeholder=unset, bind="query-params")
