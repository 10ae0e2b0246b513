"""What of a text is masked until its reader asks for more: by label and score, as each person chose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.labels import LABELS


class Mask(StrEnum):
    """How much is masked, from least to most."""

    OPEN = "open"
    WORDS = "words"
    """The words that carry the label; where none are known, the whole text."""
    WHOLE = "whole"


_ORDER: Final = tuple(Mask)


def strongest(masks: Iterable[Mask]) -> Mask:
    """The one that masks most; open for none."""
    return max(masks, key=_ORDER.index, default=Mask.OPEN)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one label does to a text."""

    mask: Mask = Mask.OPEN
    start: float | None = None
    """From this probability on; None: from the policy's threshold for review."""

    def reaches(self, score: float, threshold: float) -> bool:
        """Whether a text with this score is masked."""
        return self.mask is not Mask.OPEN and score >= (threshold if self.start is None else self.start)


SEVERE_TOXIC: Final = 0.98
"""A probability of `toxic` that makes a text severe by itself."""
_SEVERE: Final = frozenset({"severe_toxic", "threat", "identity_hate"})
"""Labels that make a text severe from their threshold on."""
DEFAULT_RULES: Final = tuple(
    Rule(Mask.WHOLE, SEVERE_TOXIC) if label == "toxic" else Rule(Mask.WHOLE if label in _SEVERE else Mask.OPEN)
    for label in LABELS
)
"""What holds for everybody who chose nothing: severe texts are masked whole. In LABELS order."""


@dataclass(frozen=True, slots=True)
class Masking:
    """One person's choice."""

    rules: tuple[Rule, ...] = DEFAULT_RULES
    """One for each label, in LABELS order."""
    unscored: Mask = Mask.OPEN
    """For texts whose scores nobody is shown, or that have none: the same for each of them, so that it tells nothing.
    Their words are found by a list that knows no scores (core.wellbeing.words)."""

    def mask_of(self, scores: Sequence[float] | None, thresholds: Sequence[float]) -> Mask:
        """How a text begins: by its six probabilities, None where they are not shown, and the policy's thresholds."""
        if scores is None:
            return self.unscored
        placed = zip(self.rules, scores, thresholds, strict=True)
        return strongest(rule.mask for rule, score, limit in placed if rule.reaches(score, limit))

    def cover(self, scores: Sequence[float] | None, thresholds: Sequence[float]) -> "Cover":
        """The same, and whether a look at it is noted."""
        return Cover(self.mask_of(scores, thresholds), severe=scores is not None and is_severe(scores, thresholds))

    def to_json(self) -> dict[str, Any]:
        """What is kept of it."""
        kept = {label: [rule.mask.value, rule.start] for label, rule in zip(LABELS, self.rules, strict=True)}
        return {"rules": kept, "unscored": self.unscored.value}

    @classmethod
    def parse(cls, value: Any) -> "Masking":
        """Any JSON: what makes no sense is as for everybody."""
        given = value if isinstance(value, Mapping) else {}
        rules = given.get("rules")
        chosen = rules if isinstance(rules, Mapping) else {}
        placed = zip(LABELS, DEFAULT_RULES, strict=True)
        return cls(
            tuple(_rule(chosen.get(label), default) for label, default in placed),
            _mask(given.get("unscored"), Mask.OPEN),
        )


@dataclass(frozen=True, slots=True)
class Cover:
    """How one text is drawn for one person."""

    mask: Mask = Mask.OPEN
    severe: bool = False
    """Whether the audit trail hears that it was shown."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a text is masked by, for whoever looks: kept where what is shown is kept for many."""

    scores: tuple[float, ...]
    """Six probabilities."""
    thresholds: tuple[float, ...]
    """Of the policy that routed it."""

    @property
    def severe(self) -> bool:
        """Whether it is severe, for everybody alike."""
        return is_severe(self.scores, self.thresholds)

    def cover(self, masking: Masking) -> Cover:
        """How it begins for somebody."""
        return masking.cover(self.scores, self.thresholds)


WHOLE: Final = Cover(Mask.WHOLE, severe=True)
"""For texts that are masked for everybody."""


def severe_limits(thresholds: Sequence[float]) -> dict[str, float]:
    """The labels that make a text severe, each with the probability from which on."""
    placed = zip(LABELS, DEFAULT_RULES, thresholds, strict=True)
    return {
        label: limit if rule.start is None else rule.start
        for label, rule, limit in placed
        if rule.mask is not Mask.OPEN
    }


def is_severe(scores: Sequence[float], thresholds: Sequence[float]) -> bool:
    """Whether a text is severe by its six probabilities: the same for everybody, whatever they chose to have masked."""
    placed = zip(DEFAULT_RULES, scores, thresholds, strict=True)
    return any(rule.reaches(score, limit) for rule, score, limit in placed)


def _rule(value: Any, default: Rule) -> Rule:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return default
    start = value[1]
    is_score = isinstance(start, int | float) and not isinstance(start, bool) and 0 <= start <= 1
    return Rule(_mask(value[0], default.mask), float(start) if is_score else None)


def _mask(value: Any, default: Mask) -> Mask:
    return Mask(value) if isinstance(value, str) and value in set(Mask) else default
