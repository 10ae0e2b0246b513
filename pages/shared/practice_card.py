"""What the card is told in the practice: the examples as comments, hints, and how the last answer compares."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from core.accounts import Person
from core.context import Part
from core.domain import Comment, LabelFlags, Lane, Outcome, now
from core.labels import LABEL_TITLES, LABELS
from core.practice import BY_ID, PracticeReview
from core.practice_comments import EXAMPLES, Example
from core.review import Elsewhere
from core.review_items import Evidence, Item
from pages.shared.review_card import payload
from pages.shared.review_card.wellbeing import Chosen
from pages.shared.words import _, later

DESK: Final = "practice"
"""Name of the practice's desk: its steps carry it, and the browser keeps them apart from the queue's."""
_THRESHOLDS = (0.5,) * len(LABELS)
_LONG = 86_400.0
_OUTCOMES = {Outcome.APPROVE: later("Approve"), Outcome.REMOVE: later("Remove"), Outcome.ESCALATE: later("Escalate")}


def told(review: PracticeReview, person: Person, have: Collection[int], chosen: Chosen) -> dict[str, Any]:
    """Everything but answers, preferences and guidelines; `have` are the examples that the browser has."""
    lacks = [(number, BY_ID[number]) for number, _held in review.order if number not in have]
    return {
        "person": person.name,
        "desk": DESK,
        "title": _("Practice"),
        "labels": payload.label_titles(),
        "items": [_item(number, example, chosen) for number, example in lacks],
        "spans": {str(number): _spans(example) for number, example in lacks},
        "near": None,
        "focus": None,
        "asked": None,
        "resume": None,
        "seen": None,
        "raids": {},
        **payload.talk_json((0, None), [], answers=False),
        "more": False,
        "order": [[number, _LONG, held] for number, held in review.order],
        "counts": _counts(review),
        "elsewhere": _elsewhere(review),
        "coach": {"last": feedback(review)},
    }


def contexts(asked: Iterable[int]) -> list[dict[str, Any]]:
    """What stands around the examples that the card asks about: what they answer, if anything."""
    return [_context(number, BY_ID[number]) for number in asked if number in BY_ID]


def feedback(review: PracticeReview) -> str:
    """The last answer beside the example's, and why; before the first one what this is."""
    if review.last is None:
        return _(
            "Ten comments written for this, with the keys of the real queue. There is no mark: compare, and go on."
        )
    example = BY_ID[review.last]
    outcome, labels = review.answers[example.key]
    yours, ours, why = _answer(outcome, labels), _answer(example.outcome, example.labels), _(example.why)
    if yours == ours:
        return _("You said “{yours}”, and so does our example. {why}").format(yours=yours, why=why)
    words = _("You said “{yours}”; our example answer is “{ours}”. {why}")
    return words.format(yours=yours, ours=ours, why=why)


def _answer(outcome: Outcome, labels: LabelFlags) -> str:
    if outcome is Outcome.ESCALATE:
        return _(_OUTCOMES[outcome])
    given = [_(LABEL_TITLES[label]) for label, on in zip(LABELS, labels, strict=True) if on]
    return f"{_(_OUTCOMES[outcome])}: {', '.join(given) or _('no label')}"


def _item(number: int, example: Example, chosen: Chosen) -> dict[str, Any]:
    blind = example.lane is Lane.AUDIT
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    item = Item(
        comment=Comment(number, example.text, "", "", "", moment, parent="above" if example.parent else None),
        lane=example.lane,
        lease_until=moment,
        held=False,
        blind=blind,
        evidence=None if blind else Evidence(example.scores, _THRESHOLDS, 0, example.identical, []),
        escalation=None,
    )
    place = _("Practice, {number} of {many}").format(number=EXAMPLES.index(example) + 1, many=len(EXAMPLES))
    hints = [[need, _(words)] for need, words in example.hints]
    return payload.item_json(item) | chosen.item_json(item) | {"shown": place, "hints": hints}


def _context(number: int, example: Example) -> dict[str, Any]:
    """As around.answers tells it: nobody decided anything of what is there."""
    author, text = example.parent or ("", "")
    row = {"id": 1, "author": author, "text": text, "written": None, "severe": False, "fate": None, "labels": []}
    pages = {part.value: {"rows": [], "more": None} for part in Part}
    parent = row if example.parent else None
    return {"item": number, "part": None, "from": None, "parent": parent, "pages": pages, "counts": None}


def _spans(example: Example) -> list[list[Any]]:
    """As payload.spans_json makes them: all text here is plain, so code points are characters."""
    if example.lane is Lane.AUDIT:
        return []
    starts = [(example.text.index(words), words, label, strength) for words, label, strength in example.marks]
    return [[at, at + len(words), LABELS.index(label), strength] for at, words, label, strength in sorted(starts)]


def _counts(review: PracticeReview) -> dict[str, Any]:
    waiting = dict.fromkeys(payload.lanes(), 0)
    for number, _held in review.order:
        waiting[BY_ID[number].lane.value] += BY_ID[number].identical
    return {"waiting": waiting, "done": len(review.answers), "median": review.median_seconds}


def _elsewhere(review: PracticeReview) -> dict[str, Any] | None:
    if any(not held for _number, held in review.order):
        return None
    if review.order:
        return payload.elsewhere_json(Elsewhere(claimed=0, held=0, first_back=None, unscored=0), now())
    return {
        "title": _("That was the practice"),
        "reason": _(
            "Nothing of it was recorded. In the queue the same keys decide real comments, ? lists all of them, and "
            "whatever you do can be undone. Your team's own guidelines come before our examples."
        ),
    }
