"""Queue control on the card: what a person works on, handing over, and where they stopped."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from core.accounts import Person
from core.desk import DESK, Screen
from core.errors import BadInput
from core.focus import FOCUS, Chosen, Focus
from core.labels import LABELS
from core.script import SCRIPTS
from core.work_filter import WorkFilter
from pages.shared.resources import services
from pages.shared.review_card.steps import comment_of, is_number
from pages.shared.words import _

if TYPE_CHECKING:
    from pages.shared.review_card.log import Desk

KINDS: Final = frozenset({"focus", "hand"})
"""Steps of the card that belong here."""
_EVERY: Final = 10.0
"""Seconds between two notes of what is on a screen: a whole working day of them is not kept, only where it stopped."""


def act(person: Person, step: dict[str, Any]) -> dict[str, Any]:
    """Do a step; raises a ModeratoError that the card shows."""
    if step.get("kind") == "focus":
        shown = step.get("comment")
        keep = shown if is_number(shown) else None
        services().focuses.choose(_chosen(step.get("focus")), by=person, keep=keep)
        return {}
    to, note = step.get("to"), step.get("note")
    if not isinstance(to, str):
        raise BadInput("Choose somebody to hand the comment over to.")
    services().hand_over.give(comment_of(step), to, note if isinstance(note, str) else None, by=person)
    return {}


def focus_of(person: Person, chosen: Mapping[str, Any]) -> Focus:
    """What the queue gives them."""
    return services().focuses.of(person, chosen.get(FOCUS))


def focus_json(focus: Focus, here: int | None) -> dict[str, Any]:
    """What they work on, and how many comments wait within it; `here` is None where that is everything."""
    own = focus.chosen.own
    return {
        "own": own.as_json() | {"labels": list(own.labels), "score_label": own.score_label},
        "beyond": focus.chosen.beyond,
        "slices": [one.name for one in focus.slices],
        "scripts": {code: _(SCRIPTS[code]) for code in own.scripts},
        "here": here,
    }


def asked_json(person: Person, beat: Mapping[str, Any]) -> dict[str, Any]:
    """What the card asked for beside comments: sources and scripts to choose from, and colleagues."""
    asked = beat.get("asked")
    told: dict[str, Any] = {"origins": None, "colleagues": None}
    if asked == "focus":
        origins = services().focuses.origins(by=person)
        scripts = [[code, _(SCRIPTS[code]) if code in SCRIPTS else code, many] for code, many in origins.scripts]
        told["origins"] = {"sources": origins.sources, "scripts": scripts}
    if asked == "hand":
        told["colleagues"] = services().hand_over.colleagues(by=person)
    return told


def screen_json(person: Person, beat: Mapping[str, Any], desk: "Desk", chosen: Mapping[str, Any]) -> Any:
    """Keep where the person is; tells a card that begins where they stopped, else None.

    Written when it changed, every ten seconds at most, and at once by a screen that goes away: another device goes on
    from there. Two devices at once write in turn; each reads it only when it begins.
    """
    begins = desk.screen is None
    kept = Screen.parse(chosen.get(DESK))
    if begins:
        desk.screen = kept or Screen(1)
    shown = Screen.parse(beat.get("screen"))
    due = time.monotonic() - desk.screen_at > _EVERY or beat.get("leaving") is True
    if shown and shown != desk.screen and due:
        services().desks.keep(shown, by=person)
        desk.screen, desk.screen_at = shown, time.monotonic()
    return kept.as_json() if begins and kept else None


def _chosen(value: Any) -> Chosen:
    """From the card, which names labels by index."""
    told = value if isinstance(value, dict) else {}
    own = told.get("own") if isinstance(told.get("own"), dict) else {}
    labels = own.get("labels") if isinstance(own.get("labels"), list) else []
    named = {
        "labels": [LABELS[index] for index in labels if _is_label(index)],
        "score_label": LABELS[own["score_label"]] if _is_label(own.get("score_label")) else None,
    }
    return Chosen(WorkFilter.parse(own | named), told.get("beyond") is True)


def _is_label(index: Any) -> bool:
    return isinstance(index, int) and not isinstance(index, bool) and index in range(len(LABELS))
