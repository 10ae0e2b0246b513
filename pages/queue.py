"""Review queue: the card, and nothing else that could slow it down."""

import time
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from core.accounts import Action, Person
from core.domain import BLIND_LANES, Lane, now
from core.errors import DatabaseTrouble
from core.raids import LEAST_LINKED
from core.review import Review
from core.review_items import Claim, Item
from pages.shared import review_card, state, trouble
from pages.shared.access import require
from pages.shared.empty import draw_beginning
from pages.shared.practice_offer import draw_offer
from pages.shared.raid_list import open_cluster
from pages.shared.resources import services
from pages.shared.review_card import around, beside, control, log, payload, wellbeing
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
        keep_claims(review, person, beat, desk)
        if revealed := log.newly_revealed(beat, desk):
            services().reveals.note(person, revealed, "queue")
        told = what_waits(review, person, beat, desk, in_haste=bool(answers))
    except DatabaseTrouble as error:
        go_on_without(desk, answers, said(error))
        return
    nothing = {"items": [], "spans": {}, "near": {}, "guidelines": None, "resume": None, "contexts": [], "more": False}
    desk.told = {**told, **nothing}
    raid = review_card.mount({"answers": answers, "beat": beat.get("id"), "trouble": None, **told}, beat.get("speaks"))
    if raid:
        open_cluster(raid, person)


def go_on_without(desk: log.Desk, answers: Sequence[dict[str, Any]], words: str) -> None:
    """Keep the card up while the database is away: its steps stay unconfirmed, so the browser sends them again."""
    if desk.told is None:
        raise DatabaseTrouble(words)
    review_card.mount({"answers": answers, "beat": None, "trouble": words, **desk.told})
    trouble.show(words)


def keep_claims(review: Review, person: Person, beat: dict[str, Any], desk: log.Desk) -> None:
    """Pass a sign of life on, six times a lease at most."""
    have = log.numbers(beat, "have")
    if have and beat.get("awake") and time.monotonic() - desk.kept_at > services().settings.claim_seconds / 6:
        review.heartbeat(person, have)
        desk.kept_at = time.monotonic()


def what_waits(
    review: Review, person: Person, beat: dict[str, Any], desk: log.Desk, *, in_haste: bool
) -> dict[str, Any]:
    """Claims, comments and highlights that the browser lacks, counts. In haste, a refill is left to the next run."""
    at, settings = now(), services().settings
    preferences = services().preferences.all_of(person)
    chosen, today = wellbeing.Chosen.of(preferences), payload.local_midnight(at, st.context.timezone_offset)
    counts = review.counts(person, today)
    focus = control.focus_of(person, preferences)
    within = services().focuses.waiting(focus, by=person)
    waiting = (counts.waiting if within is None else within).values()
    want = payload.wanted(waiting)
    wellbeing.keep_wish(services(), person, chosen.wish, desk)
    away = wellbeing.take_break(services(), person, beat, desk)
    least = want // 4 if in_haste else want // 2
    claims = [] if away else review.take(person, want, least=least, within=focus.within, wish=chosen.wish)
    have, bare, near = log.numbers(beat, "have"), log.numbers(beat, "bare"), log.pairs(beat, "near")
    unknown = (bare | near.keys()) - desk.models.keys()
    lacks = [c for c in claims if c.comment_id not in have or c.comment_id in unknown]
    items = review.items(person, lacks)
    ready = [claim for claim in claims if not claim.held]
    return {
        "person": person.name,
        "claim_seconds": settings.claim_seconds,
        "hold_seconds": settings.hold_hours * 3600,
        "preferences": payload.preferences_json(preferences),
        "seen": wellbeing.seen_json(services(), person, chosen, desk, today),
        "focus": control.focus_json(focus, None if within is None else sum(waiting)),
        "asked": control.asked_json(person, beat),
        "resume": control.screen_json(person, beat, desk, preferences),
        "labels": payload.label_titles(),
        **payload.talk_json(*services().questions.told(person), answers=person.may(Action.ANSWER_QUESTIONS)),
        "items": [
            payload.item_json(item, person.name) | chosen.item_json(item)
            for item in items
            if item.comment.id not in have
        ],
        "spans": highlights(items, bare, desk),
        "contexts": around.answers(services().contexts, person, beat, chosen.sight.masking),
        "raids": raids_of(claims, counts.waiting[Lane.FLAGGED], person),
        "near": beside.similar(near, person, desk, chosen.sight.masking),
        "guidelines": beside.guidelines_json(services().guidelines.in_force(by=person), beat.get("guidelines")),
        "more": len(ready) < want // 2 < sum(waiting),
        "order": [[c.comment_id, (c.lease_until - at).total_seconds(), c.held] for c in claims],
        "counts": payload.counts_json(counts),
        "elsewhere": None if ready or away else why_nothing(review, person, chosen, at),
    }


def why_nothing(review: Review, person: Person, chosen: wellbeing.Chosen, at: datetime) -> dict[str, Any]:
    """What the card says while it has nothing to show."""
    if not services().intake.has_comments():
        return payload.nothing_json()
    return payload.elsewhere_json(review.elsewhere(person, chosen.wish), at)


def highlights(items: Sequence[Item], bare: Collection[int], desk: log.Desk) -> dict[str, Any]:
    """What is known by now about the new comments and those that the browser asks about; the rest is begun."""
    seen = [(item.comment, item.evidence) for item in items if item.evidence]
    desk.models |= {comment.id: evidence.model_id for comment, evidence in seen}
    services().highlights.ask([(comment.id, evidence.model_id, comment.text) for comment, evidence in seen])
    asked = [(number, desk.models[number]) for number in (*bare, *(c.id for c, _ in seen)) if number in desk.models]
    found = services().highlights.known(asked)
    return {str(number): payload.spans_json(spans) for number, spans in found.items()}


def raids_of(claims: Sequence[Claim], flagged: int, person: Person) -> dict[str, Any]:
    """Which of them are one of many alike, as far as the last look in the background knows. Never of blind ones."""
    raids = services().raids
    if flagged >= LEAST_LINKED:
        raids.look_beside(by=person)
    found = raids.around([claim.comment_id for claim in claims if claim.lane not in BLIND_LANES], by=person)
    return {str(number): [len(one.ids), one.key, one.kind.value] for number, one in found.items()}


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
