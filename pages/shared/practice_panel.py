"""The practice: the real card on written comments. Nothing of it reaches the queue, the ledger or the audit trail."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.accounts import Action, Person
from core.errors import DatabaseTrouble
from core.practice import PREFERENCE, PracticeReview, Progress
from pages.shared import practice_card, review_card, state
from pages.shared.access import require
from pages.shared.links import page_link
from pages.shared.resources import services
from pages.shared.review_card import around, beside, log, payload
from pages.shared.review_card.wellbeing import Chosen
from pages.shared.words import _

_ROOM = "practice_room"


@dataclass
class Room:
    """Where one person practises, as long as this browser session lasts."""

    person: str
    review: PracticeReview
    desk: log.Desk = field(default_factory=lambda: log.Desk(name=practice_card.DESK))
    round: int = 0
    """How often it was begun again: each time with an empty desk."""


@st.fragment
def draw() -> None:
    """Do what the browser reports of this desk, then tell it what is left."""
    person = require(Action.REVIEW)
    room = _room(person)
    before = room.review.progress
    steps = [step for step in log.steps_of(state.kept(_key(room))) if _is_ours(step)]
    answers = log.apply(room.review, person, steps, room.desk.of(person))
    beat = log.last_beat(steps)
    if room.review.progress != before:
        _keep(room, person)
    preferences, guidelines = _own_ways(person, beat)
    chosen, settings = Chosen.of(preferences), services().settings
    told = practice_card.told(room.review, person, log.numbers(beat, "have"), chosen)
    more = {
        "claim_seconds": settings.claim_seconds,
        "hold_seconds": settings.hold_hours * 3600,
        "round": room.round,
        "preferences": _card_preferences(preferences, chosen),
        "guidelines": guidelines,
        "contexts": practice_card.contexts(number for number, part, _from in around.asks(beat) if part is None),
    }
    review_card.mount(
        {"answers": answers, "beat": beat.get("id"), "trouble": None, **told, **more}, beat.get("speaks"), _key(room)
    )
    _draw_next(room)


def progress_of(person: Person) -> Progress:
    """How far the person is."""
    return Progress.parse(services().preferences.get(person, PREFERENCE))


def _room(person: Person) -> Room:
    room = state.kept(_ROOM)
    if room is None or room.person != person.name:
        room = Room(person.name, PracticeReview(progress_of(person)))
        state.keep(_ROOM, room)
    return room


def _key(room: Room) -> str:
    return f"practice_{room.round}"


def _is_ours(step: dict[str, object]) -> bool:
    """Signs of life name no desk. A step of the queue would be kept by the browser: it is not answered here."""
    return step.get("kind") == "beat" or step.get("desk") == practice_card.DESK


def _own_ways(person: Person, beat: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The person's preferences by name, and the team's guidelines for the card."""
    try:
        chosen = services().preferences.all_of(person)
        return chosen, beside.guidelines_json(services().guidelines.in_force(by=person), beat.get("guidelines"))
    except DatabaseTrouble:  # the practice needs neither
        return {}, None


def _card_preferences(preferences: dict[str, Any], chosen: Chosen) -> dict[str, Any]:
    """Own keys and masks; no goal, no breaks, and nothing that would change the order or leave something out."""
    see = chosen.to_json() | {"notToday": [], "mildAfter": 0, "breaks": None}
    return payload.preferences_json(preferences) | {"goal": {}, "see": see}


def _keep(room: Room, person: Person) -> None:
    """Remember how far it is, so that the person goes on where they left. Practice goes on without a database."""
    with contextlib.suppress(DatabaseTrouble):
        skipped = progress_of(person).skipped
        value = Progress(room.review.answers, skipped).to_json()
        services().preferences.put(PREFERENCE, value, by=person)


def _draw_next(room: Room) -> None:
    """What comes next; the same place while there is something left, so that nothing moves."""
    finished = room.review.progress.finished
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="center" if finished else "left"
    ):
        label = _("Open the queue") if finished else _("Leave for the queue; you can go on here later")
        page_link("queue.py", label=label, icon=":material/inbox:")
        page_link("preferences.py", label=_("Set keys and masking"), icon=":material/tune:")
        st.button(
            _("Begin again"), key="practice_again", icon=":material/restart_alt:", type="tertiary", on_click=_again,
            disabled=not room.review.answers,
        )  # fmt: skip


def _again() -> None:
    """From the first comment on."""
    person = require(Action.REVIEW)
    room = _room(person)
    room.review, room.desk, room.round = PracticeReview(), log.Desk(name=practice_card.DESK), room.round + 1
    _keep(room, person)
