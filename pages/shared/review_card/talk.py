"""Steps of the card that decide nothing: asking a lead, answering, having read what became of a question."""

from typing import Any, Final

from core.accounts import Person
from core.errors import BadInput
from core.labels import LABELS
from core.questions import Questions, Received
from pages.shared.review_card.steps import comment_of, is_number, uuid_of
from pages.shared.titles import label_title
from pages.shared.words import _

KINDS: Final = frozenset({"ask", "answer", "told"})
_MOST_READ: Final = 100


def do(questions: Questions, person: Person, step: dict[str, Any]) -> dict[str, Any]:
    """Do a step of one of KINDS, or take one back; what the card is to be told."""
    kind = step.get("kind")
    if kind == "ask":
        got = questions.ask(comment_of(step), _words(step, "question"), by=person, client_id=uuid_of(step.get("id")))
        return _told(comment_of(step), got)
    if kind == "answer":
        questions.answer(comment_of(step), _words(step, "answer"), by=person, client_id=uuid_of(step.get("id")))
    elif kind == "told":
        found = step.get("questions")
        read = [one for one in found[:_MOST_READ] if is_number(one)] if isinstance(found, list) else []
        questions.seen(read, by=person)
    elif kind == "undo":
        back = questions.take_back if step.get("of") == "ask" else questions.take_answer_back
        return {"comment": back(uuid_of(step.get("target")), by=person)}
    else:
        raise BadInput("The card sent a step that this server does not know. Reload the page.")
    return {}


def _words(step: dict[str, Any], name: str) -> str:
    words = step.get(name)
    return words if isinstance(words, str) else ""


def _told(number: int, got: Received) -> dict[str, Any]:
    if got.golden is None:
        return {}
    labels = ", ".join(label_title(name) for name, on in zip(LABELS, got.golden, strict=True) if on)
    words = _("Comment {number} is a golden item: its answer is known, so nobody was asked. It is: {labels}.")
    return {"tell": words.format(number=number, labels=labels or _("none of the six labels"))}
