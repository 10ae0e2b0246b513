"""What the card is told: comments to show, answers, counts. Blind comments come without anything that could sway."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.domain import Lane, unpack_labels
from core.own_keys import KEYS, OwnKeys
from core.questions import Asked
from core.review import Counts, Elsewhere
from core.review_items import Evidence, Item, Question
from core.scoring.protocol import Span
from core.session_goal import GOAL, Goal
from pages.shared import titles
from pages.shared.review_card.wellbeing import Chosen
from pages.shared.words import _

_DAY = 24 * 60
_WEAK = 0.4
"""A stretch that moves no label's logit by more is not highlighted."""
_SHARE = 0.2
"""Nor is one that moves them by less than this part of what the strongest stretch does."""
_STRONG = 3.0
"""From here on a highlight is drawn as strongly as it gets."""


def item_json(item: Item, person: str = "") -> dict[str, Any]:
    """A comment for the card of this person."""
    comment, escalation = item.comment, item.escalation
    return {
        "id": comment.id,
        "lane": item.lane.value,
        "blind": item.blind,
        "text": comment.text,
        "source": comment.source,
        "author": comment.author,
        "written": comment.created_at.isoformat() if comment.created_at else None,
        "context": item.has_context,
        "link": item.link,
        "escalation": None
        if escalation is None
        else {
            "by": escalation.person,
            "note": escalation.note,
            "labels": None if item.blind else _indexes(escalation.labels),
        },
        "handed": {"by": item.handed_by, "note": item.handed_note} if item.handed_by else None,
        "opinions": [[one.outcome.value, _indexes(one.labels), one.note] for one in item.opinions],
        **_evidence(None if item.blind else item.evidence),
        **_suggestion(item),
        "question": _question(item.question, person),
    }


def spans_json(spans: Sequence[Span]) -> list[list[Any]]:
    """Highlights as [first, past the last code point, label, strength from 0 to 1]."""
    strongest = [max((value, index) for index, value in enumerate(span.contributions)) for span in spans]
    least = max(_WEAK, _SHARE * max((value for value, _ in strongest), default=0.0))
    return [
        [span.start, span.end, label, round(min(value / _STRONG, 1.0), 2)]
        for span, (value, label) in zip(spans, strongest, strict=True)
        if value >= least
    ]


def preferences_json(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What the card must know of the person's preferences, by feature."""
    return {
        "keys": OwnKeys.parse(chosen.get(KEYS)).as_json(),
        "goal": Goal.parse(chosen.get(GOAL)).as_json(),
        "see": Chosen.of(chosen).to_json(),
    }


def counts_json(counts: Counts) -> dict[str, Any]:
    """What stays in view."""
    waiting = {lane.value: many for lane, many in counts.waiting.items()}
    return {"waiting": waiting, "done": counts.done, "median": counts.median_seconds}


def nothing_json() -> dict[str, Any]:
    """What stands in the card's place while there are no comments at all."""
    reason = _("They come here by themselves once they are imported, or sent by your site, and scored.")
    return {"title": _("No comments yet"), "reason": reason}


def elsewhere_json(elsewhere: Elsewhere, now: datetime) -> dict[str, Any]:
    """Why there is nothing to show; `back` is seconds until the first comment of somebody else is free."""
    back = None if elsewhere.first_back is None else max(0.0, (elsewhere.first_back - now).total_seconds())
    return {
        "claimed": elsewhere.claimed,
        "held": elsewhere.held,
        "back": back,
        "unscored": elsewhere.unscored,
        "othersTurn": elsewhere.others_turn,
        "unwished": elsewhere.unwished,
        "asked": elsewhere.asked,
        "askedSince": elsewhere.asked_since.isoformat() if elsewhere.asked_since else None,
    }


def talk_json(waiting: tuple[int, datetime | None], news: Sequence[Asked], *, answers: bool) -> dict[str, Any]:
    """What the card is told of the person's questions: those that wait, what somebody else decided; who may answer."""
    many, since = waiting
    return {
        "mayAnswer": answers,
        "myQuestions": {"many": many, "since": since.isoformat() if since else None},
        "news": [
            {
                "id": one.id,
                "comment": one.comment_id,
                "question": one.question,
                "answer": one.answer,
                "answeredBy": one.answered_by,
                "decidedBy": one.by,
                "outcome": one.outcome.value if one.outcome else None,
                "labels": _indexes(one.labels or ()),
            }
            for one in news
        ],
    }


def local_midnight(now: datetime, offset_minutes: int | None) -> datetime:
    """When the day began for a browser whose clock is so many minutes behind UTC."""
    behind = timedelta(minutes=min(max(offset_minutes or 0, -_DAY), _DAY))
    return (now - behind).replace(hour=0, minute=0, second=0, microsecond=0) + behind


def wanted(waiting: Collection[int]) -> int:
    """How many comments to keep ready: forty, but near the end a share that leaves some to others."""
    return max(8, min(40, -(-sum(waiting) // 4)))


def label_titles() -> list[str]:
    """As people see them, in LABELS order."""
    return titles.label_titles()


def lanes() -> list[str]:
    """In the order in which they are served."""
    return [lane.value for lane in Lane]


def _evidence(evidence: Evidence | None) -> dict[str, Any]:
    if evidence is None:
        return {"scores": None, "thresholds": None, "preset": [], "masked": False, "identical": 1, "history": []}
    return {
        "scores": [round(score, 4) for score in evidence.scores],
        "thresholds": list(evidence.thresholds),
        "preset": _indexes(evidence.preset),
        "masked": evidence.severe,
        "identical": evidence.identical,
        "history": [[outcome.value, _indexes(labels), many] for outcome, labels, many in evidence.history[:5]],
    }


def _suggestion(item: Item) -> dict[str, Any]:
    """What a program says; in its lane the labels begin as it says."""
    if item.suggestion is None:
        return {"suggestion": None}
    labels = _indexes(unpack_labels(item.suggestion.labels))
    titles = label_titles()
    told: dict[str, Any] = {"suggestion": {"by": item.suggestion.by, "labels": [titles[index] for index in labels]}}
    return told | ({"preset": labels} if item.lane is Lane.SUGGESTED else {})


def _question(question: Question | None, person: str) -> dict[str, Any] | None:
    if question is None:
        return None
    return {
        "by": question.asker,
        "mine": question.asker == person,
        "at": question.asked_at.isoformat(),
        "text": question.text,
        "answer": question.answer,
        "answeredBy": question.answered_by,
    }


def _indexes(flags: Sequence[bool]) -> list[int]:
    return [index for index, on in enumerate(flags) if on]
