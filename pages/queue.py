"""Review queue: the card, and nothing else that could slow it down."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.accounts import Action
from core.errors import DatabaseTrouble
from pages.shared import review_card, state, trouble
from pages.shared.access import require
from pages.shared.empty import draw_beginning
from pages.shared.practice_offer import draw_offer
from pages.shared.raid_list import open_cluster
from pages.shared.resources import services
from pages.shared.review_card import log, waiting
from pages.shared.status import scoring_banner
from pages.shared.words import said

person = require(Action.REVIEW)
st.html(
    "<style>.stMainBlockContainer{padding:3.25rem 1.5rem 1rem;max-width:1400px}"
    ".stDialog{display:none}"  # the card itself says that the connection is lost, without covering a comment
    "@media(max-width:900px){.stMainBlockContainer{padding:3.75rem 1rem 0}}</style>"
)


@st.fragment
def card() -> None:
    """Do what the browser reports, then tell it what waits."""
    person, review = require(Action.REVIEW), services().review
    desk = state.recall("review_desk", log.Desk).of(person)
    steps = log.steps_of(state.kept(review_card.KEY))
    answers = log.apply(review, person, steps, desk, services().questions)
    beat = log.last_beat(steps)
    try:
        waiting.keep_claims(review, person, beat, desk)
        if revealed := log.newly_revealed(beat, desk):
            services().reveals.note(person, revealed, "queue")
        told = waiting.what_waits(review, person, beat, desk, in_haste=bool(answers))
    except DatabaseTrouble as error:
        go_on_without(desk, answers, said(error))
        return
    desk.told = {**told, **waiting.NOTHING_NEW}
    raid = review_card.mount({"answers": answers, "beat": beat.get("id"), "trouble": None, **told}, beat.get("speaks"))
    if raid:
        open_cluster(raid, person)


def go_on_without(desk: log.Desk, answers: Sequence[dict[str, Any]], words: str) -> None:
    """Keep the card up while the database is away: its steps stay unconfirmed, so the browser sends them again."""
    if desk.told is None:
        raise DatabaseTrouble(words)
    review_card.mount({"answers": answers, "beat": None, "trouble": words, **desk.told})
    trouble.show(words)


@st.fragment(run_every=5)
def beginning() -> None:
    """Where to begin, as long as there is nothing: under the card, which says what is missing."""
    try:
        if not services().intake.has_comments():
            draw_beginning(require(Action.REVIEW))
    except DatabaseTrouble:  # the card tells it
        return


draw_offer(person)
card()
beginning()
scoring_banner()  # under the card: what it says must not move what is being read
