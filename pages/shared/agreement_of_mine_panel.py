"""How far one agrees with known answers and with second opinions, for one's own eyes."""

import html
from collections.abc import Sequence

import streamlit as st

from core.accounts import Person
from core.labels import LABEL_TITLES
from core.own_agreement import FEW, MOST_DIFFERENCES, Compare, Difference
from pages.shared.agreement_tables import numbers_table, percent
from pages.shared.comment import draw_comment
from pages.shared.masks import masks
from pages.shared.questions_of_mine_panel import label_words
from pages.shared.resources import services
from pages.shared.words import _, ngettext, written


def draw(person: Person) -> None:
    """The person's own numbers, and the items on which they differ."""
    own = services().own_agreement.mine(person)
    st.subheader(_("How often do you say what others say?"))
    st.caption(
        _(
            "For your eyes alone: no lead sees it, and it is compared with nobody's. Small figures are 95 % intervals; "
            "below {few} items there is no number."
        ).format(few=FEW)
    )
    st.markdown("**" + _("Golden items: comments whose answer is known") + "**")
    _draw_compare(own.golden, _("Golden items come unmarked among your flagged comments, if a lead has them mixed in."))
    draw_differences(own.golden_differences, "golden", _("Known answer"))
    st.markdown("**" + _("Second opinions: somebody else's answer, given blind") + "**")
    _draw_compare(own.second, _("Some of what is settled goes blind to a second moderator."))
    draw_differences(own.second_differences, "second", _("The other"))


def _draw_compare(found: Compare, how: str) -> None:
    if not found.items:
        st.caption(_("None yet.") + " " + how)
        return
    st.caption(ngettext("{many} item.", "{many} items.", found.items).format(many=written(found.items)) + " " + how)
    st.html(compare_table(found))


def compare_table(found: Compare) -> str:
    """Agreement by label as a table: share with its interval, and to which side they differ."""
    head = [_("Label"), _("The same"), _("Has it"), _("Not given"), _("Given beyond that")]
    rows = [
        (
            _(LABEL_TITLES[one.label]),
            [percent(one.same), written(one.given), written(one.missed), written(one.extra)],
        )
        for one in found.labels
    ]
    return numbers_table(head, rows)


def draw_differences(found: Sequence[Difference], key: str, other: str) -> None:
    """The items on which they differ, folded."""
    if not found:
        return
    words = ngettext("Look at the one that differs", "Look at the {many} that differ", len(found))
    if len(found) == MOST_DIFFERENCES:
        words = _("Look at the newest {many} that differ")
    with st.expander(words.format(many=len(found)), key=f"differ_{key}"):
        st.caption(_("Read the guideline of the label before you judge: yours may be the better answer."))
        mine = masks()
        for one in found:
            given = [any(flags) for flags in zip(one.mine, one.other, one.judged or one.other, strict=True)]
            draw_comment(one.comment_id, one.text, masked=mine.cover_of_labels(given), place=key)
            st.html(_sides(one, other))


def _sides(one: Difference, other: str) -> str:
    said = [(_("You"), one.mine), (other, one.other), *([(_("A third"), one.judged)] if one.judged else [])]
    parts = (f"{html.escape(who)}: <b>{html.escape(label_words(labels))}</b>" for who, labels in said)
    return f'<div style="font-size:.9em;margin:.1rem 0 1rem">{" · ".join(parts)}</div>'
