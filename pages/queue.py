"""Review queue: the card, and nothing else that could slow it down."""

import time
from typing import Any

import streamlit as st

from core.accounts import Person, Role
from core.domain import now
from core.review import Review
from pages.shared import review_card, state
from pages.shared.access import require
from pages.shared.resources import services
from pages.shared.review_card import log, payload

require(Role.MODERATOR)
st.html("<style>.stMainBlockContainer{padding:3.25rem 1.5rem 1rem;max-width:1400px}</style>")


@st.fragment
def card() -> None:
    """Do what the browser reports, then tell it what waits."""
    person, review = require(Role.MODERATOR), services().review
    desk = state.recall("review_desk", log.Desk).of(person)
    steps = log.steps_of(state.kept(review_card.KEY))
    answers = log.apply(review, person, steps, desk)
    beat = log.last_beat(steps)
    keep_claims(review, person, beat, desk)
    review_card.mount({"answers": answers, "beat": beat.get("id"), **what_waits(review, person, beat)})


def keep_claims(review: Review, person: Person, beat: dict[str, Any], desk: log.Desk) -> None:
    """Pass a sign of life on, six times a lease at most."""
    have = log.numbers(beat, "have")
    if have and beat.get("awake") and time.monotonic() - desk.kept_at > services().settings.claim_seconds / 6:
        review.heartbeat(person, have)
        desk.kept_at = time.monotonic()


def what_waits(review: Review, person: Person, beat: dict[str, Any]) -> dict[str, Any]:
    """Claims, the comments that the browser lacks, highlights that it lacks, counts."""
    at, settings = now(), services().settings
    counts = review.counts(person, payload.local_midnight(at, st.context.timezone_offset))
    claims = review.take(person, payload.wanted(counts.waiting.values()))
    have, bare = log.numbers(beat, "have"), log.numbers(beat, "bare")
    items = review.items(
        person, [claim for claim in claims if claim.comment_id not in have or claim.comment_id in bare]
    )
    asked = [(i.comment.id, i.evidence.model_id, i.comment.text) for i in items if i.evidence]
    spans = services().highlights.get(asked)
    ready = [claim for claim in claims if not claim.held]
    return {
        "person": person.name,
        "claim_seconds": settings.claim_seconds,
        "labels": payload.label_titles(),
        "items": [payload.item_json(item) for item in items if item.comment.id not in have],
        "spans": {str(comment_id): payload.spans_json(found) for comment_id, found in spans.items()},
        "order": [[c.comment_id, (c.lease_until - at).total_seconds(), c.held] for c in claims],
        "counts": payload.counts_json(counts),
        "elsewhere": None if ready else payload.elsewhere_json(review.elsewhere(person), at),
    }


card()
