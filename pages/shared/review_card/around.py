"""What the card asks about a comment's surroundings, answered: beside a sign of life, as highlights are."""

from collections.abc import Iterator
from typing import Any, Final

from core.accounts import Person
from core.context import MOST_COUNTED, RECENT, AuthorCounts, Contexts, Neighbour, Page, Part, Shown
from core.errors import DatabaseTrouble, ModeratoError
from core.wellbeing.masking import Cover, Masking
from core.wellbeing.words import found_words
from pages.shared.review_card.steps import is_number
from pages.shared.words import said

_MOST_ASKED: Final = 5
"""Questions of one sign of life: one for each part, and the first."""
Ask = tuple[int, Part | None, int | None]
"""Comment, part, and the comment from which to go on; without a part, the beginning of everything."""


def answers(
    contexts: Contexts, person: Person, beat: dict[str, Any], masking: Masking | None = None
) -> list[dict[str, Any]]:
    """What to tell for each question of the sign of life."""
    return [_answer(contexts, person, ask, masking or Masking()) for ask in asks(beat)]


def asks(beat: dict[str, Any]) -> Iterator[Ask]:
    """The questions. A browser can send anything: what is no question is dropped."""
    found = beat.get("asks")
    for one in found[:_MOST_ASKED] if isinstance(found, list) else []:
        if not isinstance(one, dict) or not is_number(one.get("item")):
            continue
        part, start = one.get("part"), one.get("from")
        if part is None:
            yield one["item"], None, None
        elif isinstance(part, str) and part in set(Part) and is_number(start):
            yield one["item"], Part(part), start


def _answer(contexts: Contexts, person: Person, ask: Ask, masking: Masking) -> dict[str, Any]:
    comment_id, part, start = ask
    asked = {"item": comment_id, "part": part and part.value, "from": start}
    try:
        if part is None or start is None:
            return asked | _shown(contexts.show(comment_id, by=person), masking)
        return asked | {"page": _page(contexts.more(comment_id, part, start, by=person), masking)}
    except DatabaseTrouble:  # not answered: the browser asks again
        raise
    except ModeratoError as error:
        return asked | {"problem": said(error)}


def _shown(shown: Shown, masking: Masking) -> dict[str, Any]:
    return {
        "parent": _row(shown.parent, masking) if shown.parent else None,
        "pages": {part.value: _page(page, masking) for part, page in shown.pages.items()},
        "counts": _counts(shown.counts) if shown.counts else None,
    }


def _page(page: Page, masking: Masking) -> dict[str, Any]:
    return {"rows": [_row(row, masking) for row in page.rows], "more": page.more}


def _row(row: Neighbour, masking: Masking) -> dict[str, Any]:
    cover = row.scored.cover(masking) if row.scored else Cover(masking.unscored)
    return {
        "id": row.comment_id,
        "author": row.author,
        "text": row.text,
        "written": row.written.isoformat() if row.written else None,
        "severe": cover.severe,
        "mask": cover.mask.value,
        "words": found_words(row.text),
        "fate": row.fate and row.fate.value,
        "labels": [index for index, on in enumerate(row.labels or ()) if on],
    }


def _counts(counts: AuthorCounts) -> dict[str, Any]:
    all_of_them = counts.comments < MOST_COUNTED
    return {"comments": counts.comments, "removed": counts.removed, "days": RECENT.days, "all": all_of_them}
