"""Golden items in queues: how often, for leads; and how the team agrees with known answers, never by person."""

import streamlit as st

from core.accounts import Action, Person
from core.errors import ModeratoError
from core.golden_mix import DEFAULT_DAYS, LEAST_EVERY, MOST_DAYS, MOST_EVERY, Mix, Stock
from core.own_agreement import FEW, LEAST_PEOPLE
from pages.shared import state
from pages.shared.access import require
from pages.shared.agreement_of_mine_panel import compare_table
from pages.shared.resources import services
from pages.shared.words import _, ngettext, said, written

_DONE = "golden_mix_set"
_USUAL = 50


def draw(person: Person) -> None:
    """The team's agreement with known answers, and, for leads, how often golden items are mixed in."""
    st.subheader(_("How often do people find the known answer?"))
    mix, team = services().golden_mix.get(), services().own_agreement.team(person)
    until = f"{team.until:%Y-%m-%d}"
    if team.golden:
        st.caption(
            _(
                "Golden items that were mixed into queues, everybody's answers together, in whole weeks of the last "
                "half year before {until}. Small figures are 95 % intervals, each comment a unit; below {few} answers "
                "there is no number. People see their own on My work, and nobody sees another's."
            ).format(until=until, few=FEW)
        )
        st.html(compare_table(team.golden))
    else:
        st.caption(
            _(
                "No number yet: in whole weeks before {until}, fewer than {least} people have answered golden items, "
                "or one made more than half of the answers. A number would tell of one person."
            ).format(until=until, least=LEAST_PEOPLE)
        )
    if person.may(Action.MIX_GOLDEN):
        _draw_setting(mix)
    elif mix.every:
        st.caption(_("One golden item for about {every} flagged comments.").format(every=mix.every))


def _draw_setting(mix: Mix) -> None:
    stock = services().golden_mix.stock()
    with st.container(border=True):
        st.markdown("**" + _("Mix golden items into queues") + "**")
        st.caption(_stock_words(stock))
        if stock.telling and stock.usable:
            names = ", ".join(stock.telling[:5])
            st.text(
                _(
                    "People can tell some by their source, which no ordinary comment has: {names}. Import golden items "
                    "under the source of your traffic."
                ).format(names=names)
            )
        left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
        on = left.toggle(_("Mix them in"), value=mix.every > 0, key="golden_on")
        every = middle.number_input(
            _("One for so many flagged comments"), LEAST_EVERY, MOST_EVERY, mix.every or _USUAL, key="golden_every",
            disabled=not on,
        )  # fmt: skip
        days = right.number_input(
            _("None twice within days"), 1, MOST_DAYS, mix.days or DEFAULT_DAYS, key="golden_days", disabled=not on
        )
        wanted = Mix(int(every) if on else 0, int(days))
        st.button(_("Save"), key="golden_save", on_click=_save, args=(wanted,), disabled=wanted == mix)
        if state.kept(_DONE):
            st.success(_("Saved. It holds for whatever people are given next."), icon=":material/check:")
            state.keep(_DONE, None)


def _stock_words(stock: Stock) -> str:
    if not stock.golden:
        return _("There are no golden items. Import a file with the six labels, and take them in as golden items.")
    words = ngettext(
        "{many} golden item; of those, {usable} can be mixed in: the live model flags them, as it does what people "
        "are given.",
        "{many} golden items; of those, {usable} can be mixed in: the live model flags them, as it does what people "
        "are given.",
        stock.golden,
    )
    looks = _(
        "They look like any flagged comment, with the model's scores and labels. What is decided of them has no "
        "consequence and counts in no other number. Nobody is told at once; everybody sees their own agreement on My "
        "work."
    )
    return words.format(many=written(stock.golden), usable=written(stock.usable)) + " " + looks


def _save(mix: Mix) -> None:
    try:
        services().golden_mix.set(mix, by=require(Action.MIX_GOLDEN))
        state.keep(_DONE, True)
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")
