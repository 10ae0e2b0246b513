"""The fixed prompt of a model that answers in words: six questions about a comment, each answered yes or no."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.labels import LABELS
from core.scoring.manifest import MANIFEST, unusable
from core.scoring.tokens import TextTokenizer

OPENING: Final = "A comment from an online discussion, and questions about it, answered yes or no.\n\nComment:\n"
MIDDLE: Final = "\n\nIs this comment"
QUESTIONS: Final = {
    "toxic": " toxic? Answer:",
    "severe_toxic": " severely toxic? Answer:",
    "obscene": " obscene? Answer:",
    "threat": " a threat? Answer:",
    "insult": " an insult? Answer:",
    "identity_hate": " hateful towards a group of people? Answer:",
}
"""By label. Opening, comment and middle stand once in a row, and each question goes on from there as if alone."""
YES: Final = " yes"
NO: Final = " no"
FILLING: Final = -1
TRUNK: Final = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt in token ids of one tokenizer, as it is kept in moderato.json."""

    opening: tuple[int, ...]
    """Before the comment, with what the tokenizer puts before every text."""
    middle: tuple[int, ...]
    """After the comment."""
    questions: tuple[tuple[int, ...], ...]
    """Six, in LABELS order. The state of a question's last token is its slot: what comes next is the answer."""
    yes: int
    no: int

    @property
    def tail(self) -> int:
        """Tokens after a comment: the middle and all questions."""
        return len(self.middle) + sum(map(len, self.questions))

    def to_json(self) -> dict[str, Any]:
        """Plain values, and the text for who reads the file."""
        return asdict(self) | {"text": OPENING + "{comment}" + MIDDLE + " | ".join(QUESTIONS.values())}


@dataclass(frozen=True, slots=True)
class Layout:
    """A batch of rows: a trunk (opening, comment, middle), then six branches, then filling."""

    ids: NDArray[np.int64]
    """[n, longest]."""
    positions: NDArray[np.int64]
    """[n, longest]: each branch counts on from the trunk's end."""
    branches: NDArray[np.int64]
    """[n, longest]: TRUNK, 1 to 6 for a question, FILLING."""
    slots: NDArray[np.int64]
    """[n, 6]: where in `ids` each question ends."""


def build_prompt(tokenizer: TextTokenizer, folder: Path) -> Prompt:
    """The prompt in a tokenizer's ids; raises ModelUnavailable if yes and no begin with the same token."""
    answer = QUESTIONS[LABELS[0]].split()[-1]
    yes, no = (_after(tokenizer, answer, word) for word in (YES, NO))
    shared = next((i for i, (a, b) in enumerate(zip(yes, no, strict=False)) if a != b), None)
    if shared is None:
        raise ModelUnavailable(
            f"The tokenizer in {folder} cannot tell {YES.strip()!r} from {NO.strip()!r} by one token, so the base "
            "cannot answer in words. Train another base, or with head.kind = logits."
        )
    anchor = MIDDLE.split()[-1]
    return Prompt(
        opening=(*tokenizer.prefix, *_ids(tokenizer, OPENING)),
        middle=_after(tokenizer, "a", MIDDLE),
        questions=tuple((*_after(tokenizer, anchor, QUESTIONS[label]), *yes[:shared]) for label in LABELS),
        yes=yes[shared],
        no=no[shared],
    )


def _ids(tokenizer: TextTokenizer, text: str) -> tuple[int, ...]:
    return tuple(tokenizer.backend.encode(text, add_special_tokens=False).ids)


def _after(tokenizer: TextTokenizer, before: str, text: str) -> tuple[int, ...]:
    """Ids of a text that stands after another: alone, LLaMA's tokenizer would put a second space before it."""
    first, both = _ids(tokenizer, before), _ids(tokenizer, before + text)
    return both[len(first) :] if both[: len(first)] == first else _ids(tokenizer, text)


def read_prompt(values: dict[str, Any], folder: Path, *, known: int) -> Prompt:
    """The prompt that a manifest holds, for a base of `known` tokens; raises ModelUnavailable if it is no prompt."""
    try:
        opening, middle = tuple(values["opening"]), tuple(values["middle"])
        prompt = Prompt(opening, middle, tuple(map(tuple, values["questions"])), values["yes"], values["no"])
        ids = [*opening, *middle, *(one for part in prompt.questions for one in part), prompt.yes, prompt.no]
        sound = all(type(one) is int and 0 <= one < known for one in ids) and prompt.yes != prompt.no
    except (KeyError, TypeError) as error:
        raise unusable(folder / MANIFEST, "has an unusable prompt") from error
    if not sound or not opening or not all(prompt.questions) or len(prompt.questions) != len(LABELS):
        raise unusable(folder / MANIFEST, "has an unusable prompt")
    return prompt


def lay_out(prompt: Prompt, comments: Sequence[Sequence[int]], *, pad: int, opened: bool) -> Layout:
    """Rows of comments' token ids; with `opened` the opening is left out, since the model has it in its cache."""
    opening = () if opened else prompt.opening
    trunks = [[*opening, *comment, *prompt.middle] for comment in comments]
    first = len(prompt.opening) if opened else 0
    sizes = [len(question) for question in prompt.questions]
    tail = np.concatenate([np.array(question, np.int64) for question in prompt.questions])
    branch = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    after, ends = np.concatenate([np.arange(size) for size in sizes]), np.cumsum(sizes) - 1
    longest = max(map(len, trunks), default=0) + len(tail)
    ids, positions, branches = (np.full((len(trunks), longest), fill, np.int64) for fill in (pad, 0, FILLING))
    for row, trunk in enumerate(trunks):
        at, end = len(trunk), len(trunk) + len(tail)
        ids[row, :at], ids[row, at:end] = trunk, tail
        positions[row, :at], positions[row, at:end] = np.arange(first, first + at), first + at + after
        branches[row, :at], branches[row, at:end] = TRUNK, branch
    slots = np.array([len(trunk) + ends for trunk in trunks], np.int64).reshape(-1, len(sizes))
    return Layout(ids, positions, branches, slots)
