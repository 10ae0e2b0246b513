"""The bar of filters on the Browse page."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from core.browse import Choices
from core.browse_filter import Filter
from core.history import Standing
from core.labels import LABELS
from pages.shared import state
from pages.shared.titles import label_title
from pages.shared.words import _, later

ANY = later("Any state")
WAITING = later("Waiting for review")
STANDING_TITLES = {
    Standing.NOT_SCORED: later("Not scored"),
    Standing.ASKED: later("Waiting: a lead was asked"),
    Standing.ESCALATED: later("Waiting: escalated"),
    Standing.ADJUDICATION: later("Waiting: two disagree"),
    Standing.AUDIT: later("Waiting: audit"),
    Standing.SECOND: later("Waiting: second opinion"),
    Standing.DISAGREEMENT: later("Waiting: disagreement"),
    Standing.RECHECK: later("Waiting: look again"),
    Standing.SUGGESTED: later("Waiting: suggested"),
    Standing.FLAGGED: later("Waiting: flagged"),
    Standing.ALLOWED: later("Allowed"),
    Standing.SETTLED: later("Settled"),
    Standing.REMOVED: later("Removed without review"),
    Standing.GOLDEN: later("Golden"),
    Standing.ERASED: later("Erased"),
}
"""How people see where a comment stands."""

_BY_TITLE = {title: standing for standing, title in STANDING_TITLES.items()}
_MORE = ("decided", "over", "score", "model", "moderator", "source", "days")
"""Keys of the filters behind the button, which are also their names in the page's address."""

_HELP = later('All words must occur. "a phrase", begin\\*, -without. #123 opens that comment.')


def draw_filters(choices: Choices) -> Filter:
    """Draw the bar; what it is set to."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            _("Text"), key="q", placeholder=_('Words, "a phrase", begin*, -without, or #number'), help=_(_HELP),
            label_visibility="collapsed", bind="query-params", icon=":material/search:",
        )  # fmt: skip
        chosen = st.selectbox(
            _("State"), [ANY, WAITING, *_BY_TITLE], format_func=_, key="state", label_visibility="collapsed", width=220,
            bind="query-params",
        )  # fmt: skip
        used = sum(bool(state.kept(key)) for key in _MORE)
        with st.popover(
            _("Filters ({used})").format(used=used) if used else _("Filters"),
            icon=":material/tune:",
            key="more_filters",
        ):
            more = _draw_more(choices)
    return Filter(text=text or "", standing=_BY_TITLE.get(str(chosen)), waiting=chosen == WAITING, **more)


def _draw_more(choices: Choices) -> dict[str, object]:
    decided, flagged = st.columns(2)
    low, high = 0.0, 1.0
    decided_label = _pick(decided, _("Label that people gave"), "decided", LABELS) if choices.sees_others else None
    flagged_label = _pick(flagged, _("Label over its threshold"), "over", LABELS)
    score_label = _pick(decided, _("Score of"), "score", LABELS)
    if score_label:
        low, high = flagged.slider(_("between"), 0.0, 1.0, (0.5, 1.0), 0.01, key="score_range")
    model = _pick(decided, _("Scores by model"), "model", choices.models, unset=_("The live one"))
    moderator = _pick(flagged, _("Moderator"), "moderator", choices.moderators)
    source = _pick(decided, _("Source"), "source", choices.sources)
    days = flagged.date_input(_("Added on (UTC)"), value=(), key="days", max_value=date(9998, 12, 31))
    days = days if isinstance(days, tuple) else (days,)
    return {
        "decided_label": LABELS.index(decided_label) if decided_label else None,
        "flagged_label": LABELS.index(flagged_label) if flagged_label else None,
        "score_label": LABELS.index(score_label) if score_label else None,
        "low": low,
        "high": high,
        "model": model,
        "moderator": moderator,
        "source": source,
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
    }


def _pick(
    place: st.delta_generator.DeltaGenerator, label: str, key: str, options: Sequence[str], unset: str = ""
) -> str | None:
    shown = label_title if options is LABELS else str
    return place.selectbox(
        label, options, index=None, key=key, placeholder=unset or _("Any"), format_func=shown, bind="query-params"
    )
