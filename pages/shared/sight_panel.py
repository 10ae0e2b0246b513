"""What I see: masked texts, mild ones in between, breaks, and what is not for today. For the person alone."""

from datetime import datetime, timedelta

import streamlit as st

from core.accounts import Action, Person
from core.domain import now
from core.labels import LABEL_TITLES, LABELS
from core.wellbeing.choices import MILD_AFTER, MINUTES, NOT_TODAY, SEE, SEVERE_AN_HOUR, Breaks, NotToday, Sight
from core.wellbeing.masking import DEFAULT_RULES, Mask, Masking, Rule
from pages.shared.access import require
from pages.shared.masks import sight_of
from pages.shared.resources import services
from pages.shared.review_card.payload import local_midnight
from pages.shared.state import keep, kept
from pages.shared.words import _

_TURN = "sight_turn"


def draw(person: Person) -> None:
    """The section of the Preferences page."""
    sight = sight_of(person)
    st.subheader(_("What I see"), anchor="what-i-see")
    st.write(
        _(
            "Hard texts can begin masked: V in the queue shows the words around what is hard, then all of it. You can "
            "decide at each step. Nobody sees what you choose here, and nobody is told how much you see."
        )
    )
    if person.may(Action.REVIEW):
        _draw_not_today(person)
    _draw_masking(sight)
    if person.may(Action.REVIEW):
        _draw_rhythm(sight)


def _draw_not_today(person: Person) -> None:
    chosen = NotToday.parse(services().preferences.get(person, NOT_TODAY)).at(now())
    st.pills(
        _("Not today"),
        LABELS,
        selection_mode="multi",
        default=[label for label in LABELS if label in chosen],
        format_func=lambda label: _(LABEL_TITLES[label]),
        key="not_today",
        on_change=_keep_not_today,
        help=_(
            "Until midnight you are not given comments on which the model sees one of these: they wait for others. "
            "Blind comments come all the same, for their scores are hidden from everybody: mask those below."
        ),
    )


def _draw_masking(sight: Sight) -> None:
    names = {Mask.OPEN: _("open"), Mask.WORDS: _("words masked"), Mask.WHOLE: _("masked whole")}
    with st.expander(_("Masked texts"), icon=":material/visibility_lock:", key="masking"):
        for label, rule, usual in zip(LABELS, sight.masking.rules, DEFAULT_RULES, strict=True):
            _draw_rule(label, rule, usual, names)
        st.selectbox(
            _("Texts whose scores are hidden or missing"), list(Mask), index=list(Mask).index(sight.masking.unscored),
            format_func=names.__getitem__, key=_key("unscored"), on_change=_keep_sight,
            help=_(
                "Blind comments are all treated alike, so that a mask tells nothing of their scores. Words are found "
                "by a list that knows no model; where a text has none of them it is masked whole."
            ),
        )  # fmt: skip
        st.button(_("As for everybody"), key="mask_usual", type="tertiary", on_click=_forget_masking)


def _draw_rule(label: str, rule: Rule, usual: Rule, names: dict[Mask, str]) -> None:
    title = _(LABEL_TITLES[label])
    how, start = st.columns(2, vertical_alignment="bottom")
    how.selectbox(
        title, list(Mask), index=list(Mask).index(rule.mask), format_func=names.__getitem__, key=_key(label),
        on_change=_keep_sight,
    )  # fmt: skip
    start.number_input(
        _("{label}: from which score").format(label=title), 0.0, 1.0, rule.start, 0.05, format="%.2f",
        placeholder=_("from the threshold for review"), key=_key(f"from_{label}"), on_change=_keep_sight,
        disabled=rule.mask is Mask.OPEN and usual.mask is Mask.OPEN,
    )  # fmt: skip


def _draw_rhythm(sight: Sight) -> None:
    with st.expander(_("Breaks and rhythm"), icon=":material/self_improvement:", key="rhythm"):
        st.toggle(
            _("Suggest a break"), sight.breaks.on, key="break_on", on_change=_keep_sight,
            help=_("Only a line on the card. B takes a break whenever you like; nothing is ever enforced."),
        )  # fmt: skip
        left, right = st.columns(2, vertical_alignment="bottom")
        left.number_input(
            _("After minutes of work without a pause"), *MINUTES, sight.breaks.minutes, 5, key="break_minutes",
            on_change=_keep_sight, disabled=not sight.breaks.on,
        )  # fmt: skip
        right.number_input(
            _("Or after severe comments within an hour"), *SEVERE_AN_HOUR, sight.breaks.severe, 5, key="break_severe",
            on_change=_keep_sight, disabled=not sight.breaks.on,
        )  # fmt: skip
        st.toggle(
            _("A mild comment now and then"), bool(sight.mild_after), key="mild_on", on_change=_keep_sight,
            help=_("After so many severe flagged comments in a row a milder one that waits comes next."),
        )  # fmt: skip
        st.number_input(
            _("After severe comments in a row"), *MILD_AFTER, sight.mild_after or 3, key="mild_after",
            on_change=_keep_sight, disabled=not sight.mild_after,
        )  # fmt: skip
        st.toggle(
            _("Say in the queue how many severe comments I saw today"), sight.meter, key="meter",
            on_change=_keep_sight,
        )  # fmt: skip


def _keep_not_today() -> None:
    """A callback: the list holds until the person's next midnight."""
    person = require(Action.KEEP_PREFERENCES)
    labels = frozenset(kept("not_today") or [])
    chosen = NotToday(labels, next_midnight(now(), st.context.timezone_offset).timestamp())
    services().preferences.put(NOT_TODAY, chosen.to_json() if labels else None, by=person)


def next_midnight(at: datetime, offset_minutes: int | None) -> datetime:
    """When the day ends for a browser whose clock is so many minutes behind UTC."""
    return local_midnight(at, offset_minutes) + timedelta(days=1)


def _keep_sight() -> None:
    """A callback: keep what the widgets say; those that are not drawn for this person stay as they were."""
    person = require(Action.KEEP_PREFERENCES)
    sight = sight_of(person)
    rules = tuple(
        Rule(kept(_key(label)) or rule.mask, kept(_key(f"from_{label}")))
        for label, rule in zip(LABELS, sight.masking.rules, strict=True)
    )
    masking = Masking(rules, kept(_key("unscored")) or Mask.OPEN)
    if kept("break_on") is None:
        chosen = Sight(masking, sight.mild_after, sight.breaks, sight.meter)
    else:
        breaks = Breaks(kept("break_on"), kept("break_minutes"), kept("break_severe"))
        chosen = Sight(masking, kept("mild_after") if kept("mild_on") else 0, breaks, bool(kept("meter")))
    services().preferences.put(SEE, chosen.to_json(), by=person)


def _forget_masking() -> None:
    """A callback: masked as for everybody. The widgets get other keys: they begin with what holds now."""
    person = require(Action.KEEP_PREFERENCES)
    sight = sight_of(person)
    chosen = Sight(Masking(), sight.mild_after, sight.breaks, sight.meter)
    services().preferences.put(SEE, chosen.to_json(), by=person)
    keep(_TURN, (kept(_TURN) or 0) + 1)


def _key(name: str) -> str:
    return f"mask_{name}_{kept(_TURN) or 0}"
