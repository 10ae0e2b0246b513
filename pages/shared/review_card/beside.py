"""What the card is told besides comments: similar decided ones, and what each label means here."""

from collections.abc import Mapping
from typing import Any

from core.accounts import Person
from core.guideline_text import blocks
from core.guidelines import TOPIC_TITLES, TOPICS, Guideline
from core.nearest import Found, Near, is_program, person_shown
from core.wellbeing.masking import Masking
from core.wellbeing.words import found_words
from pages.shared.resources import services
from pages.shared.review_card import log
from pages.shared.words import _


def similar(near: dict[int, int], person: Person, desk: log.Desk, masking: Masking) -> dict[str, Any] | None:
    """Newer answers than the browser has about comments that it shows; others are begun. None if that is off."""
    nearest, asked = services().nearest, near.keys() & desk.models.keys()  # blind ones have no scores' model
    nearest.ask(asked)
    found = {number: one for number, one in nearest.known(asked).items() if one.entry > near[number]}
    return {str(number): _found(one, person, masking) for number, one in found.items()} if nearest.is_on else None


def guidelines_json(in_force: Mapping[str, Guideline], known: Any) -> dict[str, Any] | None:
    """What is in force, the general guideline first; None for a card that knows it. `known` is a stamp, or nothing."""
    stamp = ".".join(str(in_force[topic].version) for topic in TOPICS)
    if stamp == known:
        return None
    return {"stamp": stamp, "topics": [_guideline(in_force[topic]) for topic in TOPICS]}


def _found(found: Found, viewer: Person, masking: Masking) -> dict[str, Any]:
    """Similar decided comments, as far as the viewer may know who decided."""
    near = [_near(one, viewer, masking) for one in found.near]
    return {"entry": found.entry, "complete": found.is_complete, "found": near}


def _near(one: Near, viewer: Person, masking: Masking) -> dict[str, Any]:
    decision, cover = one.decision, one.cover(masking)
    return {
        "id": one.comment_id,
        "text": one.text,
        "cut": one.is_cut,
        "masked": cover.severe,
        "mask": cover.mask.value,
        "words": found_words(one.text),
        "like": round(one.likeness, 3),
        "outcome": decision.outcome.value,
        "labels": [index for index, on in enumerate(decision.labels) if on],
        "who": _who(decision.person, viewer),
        "at": decision.decided_at.isoformat(),
        "note": decision.note,
        "many": one.many,
        "alike": one.alike,
    }


def _who(person: str, viewer: Person) -> dict[str, str | None]:
    if person == viewer.name:
        return {"kind": "you", "name": None}
    return {"kind": "program" if is_program(person) else "colleague", "name": person_shown(person, viewer)}


def _guideline(one: Guideline) -> dict[str, Any]:
    return {
        "topic": one.topic,
        "title": _(TOPIC_TITLES[one.topic]),
        "line": one.line,
        "version": one.version,
        "since": one.saved_at.isoformat(),
        "blocks": [[block.kind.value, block.text] for block in blocks(one.text)],
    }
