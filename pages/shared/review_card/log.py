"""What the browser reports: a list of steps, each with an id of its own, sent again until confirmed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.accounts import Person
from core.desk import Screen
from core.domain import LabelFlags, Outcome
from core.errors import BadInput, Conflict, DatabaseTrouble, ModeratoError
from core.labels import LABELS
from core.questions import Questions
from core.verdict import Verdict
from pages.shared.review_card import control, talk
from pages.shared.review_card.reviewing import Reviewing
from pages.shared.review_card.steps import comment_of, is_number, uuid_of
from pages.shared.words import said

_MOST_KEPT = 1_000
_MOST_LISTED = 1_000
"""Comments that a browser can say it has; a moderator has some forty."""
_MOST_SECONDS: Final = 1e9
log = logging.getLogger("moderato")


@dataclass
class Desk:
    """What this browser session's server side remembers."""

    person: str = ""
    name: str = ""
    """Whose steps it takes: "" for the queue's, "practice" for those. The other's are refused."""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was answered to each step, for when it is sent again."""
    models: dict[int, int] = field(default_factory=dict)
    """Which model's scores went to the browser, by comment: its highlights follow."""
    revealed: set[int] = field(default_factory=set)
    """Severe texts that were shown, as far as the audit trail was told."""
    told: dict[str, Any] | None = None
    """What the browser was told last: said again while the database is away."""
    screen: Screen | None = None
    """What was on the screen, as it was kept last."""
    screen_at: float = 0.0
    """Monotonic time of that."""
    kept_at: float = 0.0
    """Monotonic time of the last heartbeat that was passed on."""
    unwanted: frozenset[str] = frozenset()
    """Labels that the person does not want today, as far as their claims are free of them."""
    away: str | None = None
    """The break at whose beginning the person's claims went back last."""
    seen: dict[str, Any] | None = None
    """What the person was told of their own exposure, and when (monotonic)."""
    looked_at: float = 0.0

    def of(self, person: Person) -> "Desk":
        """This desk, cleared if somebody else sits at it now."""
        if self.person != person.name:
            self.person, self.kept_at, self.told, self.screen = person.name, 0.0, None, None
            self.unwanted, self.away, self.seen = frozenset(), None, None
            self.answers.clear()
            self.models.clear()
            self.revealed.clear()
        return self


def steps_of(value: Any) -> list[dict[str, Any]]:
    """The steps in the component's state. What is no step is dropped: a browser can send anything."""
    found = value.get("log") if isinstance(value, dict) else None
    return [step for step in found or [] if isinstance(step, dict)] if isinstance(found, list) else []


def last_beat(steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The newest sign of life: which comments the browser has, and whether somebody is there."""
    return next((step for step in reversed(steps) if step.get("kind") == "beat"), {})


def numbers(beat: dict[str, Any], name: str) -> set[int]:
    """The comments that a sign of life lists under the name."""
    found = beat.get(name)
    listed = found[:_MOST_LISTED] if isinstance(found, list) else []
    return {number for number in listed if is_number(number)}


def pairs(beat: dict[str, Any], name: str) -> dict[int, int]:
    """What a sign of life lists under the name as [comment, number]."""
    found = beat.get(name)
    listed = [one for one in found if isinstance(one, list) and len(one) == 2] if isinstance(found, list) else []
    return {one: number for one, number in listed[:_MOST_LISTED] if is_number(one) and isinstance(number, int)}


def newly_revealed(beat: dict[str, Any], desk: Desk) -> set[int]:
    """Severe texts that the person had shown since the last sign of life. A sign may come twice; each counts once."""
    fresh = numbers(beat, "revealed") - desk.revealed
    desk.revealed |= fresh
    return fresh


def apply(
    review: Reviewing, person: Person, steps: Sequence[dict[str, Any]], desk: Desk, questions: Questions | None = None
) -> list[dict[str, Any]]:
    """Do each step once and in order; returns the answers. What the database does not take is sent again."""
    answers = []
    for step in steps:
        if step.get("kind") == "beat":
            continue
        name = str(step.get("id"))
        if name not in desk.answers:
            try:
                desk.answers[name] = {"id": name, "ok": True, **_do(review, person, step, desk.name, questions)}
            except DatabaseTrouble:  # not confirmed, so the browser keeps it and sends it again
                break
            except ModeratoError as error:
                desk.answers[name] = {"id": name, "ok": False, "message": said(error)}
            except Exception as error:  # not confirmed, so the browser keeps it; the text may hold a person's note
                log.error("a step of the review queue failed: %s", type(error).__name__)
                break
        answers.append(desk.answers[name])
    while len(desk.answers) > _MOST_KEPT:
        desk.answers.pop(next(iter(desk.answers)))
    return answers


def _do(
    review: Reviewing, person: Person, step: dict[str, Any], desk: str, questions: Questions | None
) -> dict[str, Any]:
    if step.get("by") != person.name:
        raise Conflict("That step was not made as {name}. Nothing was recorded.", name=person.name)
    if step.get("desk", "") != desk:
        raise Conflict("That step belongs to another page. Nothing was recorded.")
    kind, of = (value if isinstance(value, str) else None for value in (step.get("kind"), step.get("of")))
    if questions and (kind in talk.KINDS or (kind == "undo" and of in talk.KINDS)):
        return talk.do(questions, person, step)
    if kind == "decide":
        review.decide(_verdict(step), by=person)
    elif kind == "identical":
        return {"settled": len(review.settle_identical(_verdict(step), by=person))}
    elif kind == "undo":
        return _undo(review, person, step)
    elif kind == "skip":
        review.skip(person, comment_of(step))
    elif kind == "hold":
        review.hold(person, comment_of(step))
    elif kind == "resume":
        review.resume(person, comment_of(step))
    elif kind in control.KINDS and not desk:
        return control.act(person, step)
    else:
        raise BadInput("The card sent a step that this server does not know. Reload the page.")
    return {}


def _undo(review: Reviewing, person: Person, step: dict[str, Any]) -> dict[str, Any]:
    if step.get("of") in ("skip", "hold"):
        review.resume(person, comment_of(step))
        return {"comment": comment_of(step)}
    target = uuid_of(step["target"]) if step.get("target") else None
    return {"comment": review.undo(person, uuid_of(step.get("id")), target)[0]}


def _verdict(step: dict[str, Any]) -> Verdict:
    outcome = step.get("outcome")
    if not isinstance(outcome, str) or outcome not in set(Outcome):
        raise BadInput("The card sent an unknown outcome. Reload the page.")
    seconds, note, answer = step.get("seconds"), step.get("note"), step.get("answer")
    return Verdict(
        client_id=uuid_of(step.get("id")),
        comment_id=comment_of(step),
        outcome=Outcome(outcome),
        labels=_labels(step.get("labels")),
        seconds=float(seconds) if isinstance(seconds, int | float) and abs(seconds) < _MOST_SECONDS else None,
        note=note if isinstance(note, str) else None,
        answer=answer if isinstance(answer, str) else None,
    )


def _labels(value: Any) -> LabelFlags:
    if not isinstance(value, list) or not all(index in range(len(LABELS)) for index in value):
        raise BadInput("The card sent unknown labels. Reload the page.")
    a, b, c, d, e, f = (index in value for index in range(len(LABELS)))
    return a, b, c, d, e, f
