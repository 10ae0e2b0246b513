"""What the queue's card is told in a run of its fragment."""

import time
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import streamlit as st

from core.accounts import Action, Person
from core.domain import BLIND_LANES, Lane, now
from core.raids import LEAST_LINKED
from core.review import Review
from core.review_items import Claim, Item
from pages.shared.resources import services
from pages.shared.review_card import around, beside, control, log, payload, wellbeing

NOTHING_NEW: Final[dict[str, Any]] = {
    "items": [],
    "spans": {},
    "near": {},
    "guidelines": None,
    "resume": None,
    "contexts": [],
    "asked": None,
    "more": False,
}
"""In place of what was told once, when the rest is said again."""


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
    at = now()
    preferences = services().preferences.all_of(person)
    chosen, today = wellbeing.Chosen.of(preferences), payload.local_midnight(at, st.context.timezone_offset)
    counts = review.counts(person, today)
    focus = control.focus_of(person, preferences)
    within = services().focuses.waiting(focus, by=person)
    waiting = (counts.waiting if within is None else within).values()
    here, want = sum(waiting), payload.wanted(waiting)
    wellbeing.keep_wish(services(), person, chosen.wish, desk)
    away = wellbeing.take_break(services(), person, beat, desk)
    least = want // 4 if in_haste else want // 2
    claims = [] if away else review.take(person, want, least=least, within=focus.within, wish=chosen.wish)
    ready = sum(not claim.held for claim in claims)
    return {
        **_standing(person),
        "preferences": payload.preferences_json(preferences),
        "seen": wellbeing.seen_json(services(), person, chosen, desk, today),
        "focus": control.focus_json(focus, None if within is None else here),
        "asked": control.asked_json(person, beat),
        "resume": control.screen_json(person, beat, desk, preferences),
        **payload.talk_json(*services().questions.told(person), answers=person.may(Action.ANSWER_QUESTIONS)),
        **_comments(review, person, beat, desk, (claims, chosen)),
        "raids": _raids_of(claims, counts.waiting[Lane.FLAGGED], person),
        "more": ready < want // 2 < here,
        "order": [[c.comment_id, (c.lease_until - at).total_seconds(), c.held] for c in claims],
        "counts": payload.counts_json(counts),
        "elsewhere": None if ready or away else _why_nothing(review, person, chosen, at),
    }


def _standing(person: Person) -> dict[str, Any]:
    """What hardly ever changes."""
    settings = services().settings
    return {
        "person": person.name,
        "claim_seconds": settings.claim_seconds,
        "hold_seconds": settings.hold_hours * 3600,
        "labels": payload.label_titles(),
    }


def _comments(
    review: Review,
    person: Person,
    beat: dict[str, Any],
    desk: log.Desk,
    claimed: tuple[Sequence[Claim], wellbeing.Chosen],
) -> dict[str, Any]:
    """The comments that the browser lacks, and what it asks about those that it has."""
    claims, chosen = claimed
    have, bare, near = log.numbers(beat, "have"), log.numbers(beat, "bare"), log.pairs(beat, "near")
    unknown = (bare | near.keys()) - desk.models.keys()
    items = review.items(person, [c for c in claims if c.comment_id not in have or c.comment_id in unknown])
    fresh = [item for item in items if item.comment.id not in have]
    masking = chosen.sight.masking
    return {
        "items": [payload.item_json(item, person.name) | chosen.item_json(item) for item in fresh],
        "spans": _highlights(items, bare, desk),
        "contexts": around.answers(services().contexts, person, beat, masking),
        "near": beside.similar(near, person, desk, masking),
        "guidelines": beside.guidelines_json(services().guidelines.in_force(by=person), beat.get("guidelines")),
    }


def _why_nothing(review: Review, person: Person, chosen: wellbeing.Chosen, at: datetime) -> dict[str, Any]:
    """What the card says while it has nothing to show."""
    if not services().intake.has_comments():
        return payload.nothing_json()
    return payload.elsewhere_json(review.elsewhere(person, chosen.wish), at)


def _highlights(items: Sequence[Item], bare: Collection[int], desk: log.Desk) -> dict[str, Any]:
    """What is known by now about the new comments and those that the browser asks about; the rest is begun."""
    seen = [(item.comment, item.evidence) for item in items if item.evidence]
    desk.models |= {comment.id: evidence.model_id for comment, evidence in seen}
    services().highlights.ask([(comment.id, evidence.model_id, comment.text) for comment, evidence in seen])
    asked = [(number, desk.models[number]) for number in (*bare, *(c.id for c, _ in seen)) if number in desk.models]
    found = services().highlights.known(asked)
    return {str(number): payload.spans_json(spans) for number, spans in found.items()}


def _raids_of(claims: Sequence[Claim], flagged: int, person: Person) -> dict[str, Any]:
    """Which of them are one of many alike, as far as the last look in the background knows. Never of blind ones."""
    raids = services().raids
    if flagged >= LEAST_LINKED:
        raids.look_beside(by=person)
    found = raids.around([claim.comment_id for claim in claims if claim.lane not in BLIND_LANES], by=person)
    return {str(number): [len(one.ids), one.key, one.kind.value] for number, one in found.items()}
