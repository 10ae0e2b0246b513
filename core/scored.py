"""Comments that were scored for somebody to look at: what the policy would do with each, and as a file."""

import csv
import heapq
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.automatic import automatic
from core.domain import NewComment, Policy
from core.files.formulas import harmless
from core.labels import LABELS, SCORE_COLUMNS
from core.scoring.protocol import Scores
from core.text import storable, text_hash

SOURCE = "score page"
"""Source of comments that are sent to the queue from the Score page."""


@dataclass(frozen=True, slots=True)
class ScoredText:
    """A text and its six probabilities."""

    text: str
    scores: tuple[float, ...]

    def over(self, policy: Policy) -> list[str]:
        """Labels at or above their threshold: with any, the comment is reviewed."""
        return [label for label, p, t in zip(LABELS, self.scores, policy.thresholds, strict=True) if p >= t]

    def is_removed(self, policy: Policy) -> bool:
        """Whether the policy would remove it without review."""
        return bool(automatic(np.array([self.scores], np.float32), policy.auto_remove)[0])

    def margin(self, policy: Policy) -> float:
        """How far the label that is furthest over its threshold is over it; below 0 when none is."""
        return max(p - t for p, t in zip(self.scores, policy.thresholds, strict=True))


def scored(texts: Sequence[str], scores: Scores) -> list[ScoredText]:
    """Pair texts with rows of scores."""
    return [ScoredText(text, tuple(row)) for text, row in zip(texts, scores.tolist(), strict=True)]


def split_lines(text: str) -> list[str]:
    """One comment a line; empty lines are none."""
    return [line for line in (part.strip() for part in text.splitlines()) if line]


def as_csv(rows: Sequence[ScoredText]) -> bytes:
    """UTF-8 CSV with a mark for spreadsheets, whose formulas are made harmless."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["comment_text", *SCORE_COLUMNS])
    writer.writerows([harmless(storable(row.text)), *(f"{p:.6g}" for p in row.scores)] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def as_new(rows: Sequence[ScoredText]) -> list[NewComment]:
    """The texts as comments. The same text sent twice is one comment."""
    return [NewComment(row.text, SOURCE, text_hash(row.text)) for row in rows]


class Highest:
    """The texts furthest over the policy's thresholds, of any number that pass by."""

    def __init__(self, policy: Policy, most: int) -> None:
        self._policy = policy
        self._most = most
        self._heap: list[tuple[float, int, ScoredText]] = []
        self._seen = 0

    def watch(self, texts: Sequence[str], scores: Scores) -> None:
        """Look at some more; a `core.score_files.Watch`."""
        margins = (scores - np.asarray(self._policy.thresholds, dtype=np.float32)).max(axis=1, initial=-1.0)
        for text, row, margin in zip(texts, scores.tolist(), margins.tolist(), strict=True):
            self._seen += 1
            item = (margin, -self._seen, ScoredText(text, tuple(row)))
            if len(self._heap) < self._most:
                heapq.heappush(self._heap, item)
            elif margin > self._heap[0][0]:
                heapq.heapreplace(self._heap, item)

    def rows(self) -> list[ScoredText]:
        """The highest first."""
        return [item for _, _, item in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]
