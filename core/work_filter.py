"""A choice among what waits: lanes, labels, sources, scripts, scores. Survives any JSON, for people keep theirs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from core.domain import BLIND_LANES, Lane, Policy
from core.labels import LABEL_TITLES, LABELS
from core.script import LATIN, SCRIPTS
from db.stores.queue_filter import Terms

MOST_SOURCES: Final = 200
"""Sources that one choice names at most."""
MAX_SOURCE: Final = 200
"""Longest name of one, in code points."""

LANE_TITLES: Final = {
    Lane.ASKED: "Question",
    Lane.ESCALATED: "Escalated",
    Lane.ADJUDICATION: "Two disagree",
    Lane.AUDIT: "Blind audit",
    Lane.SECOND: "Second opinion",
    Lane.DISAGREEMENT: "Models disagree",
    Lane.RECHECK: "Look again",
    Lane.SUGGESTED: "Suggested",
    Lane.FLAGGED: "Flagged",
}


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """What somebody works on. Whatever is empty is "any". Labels and scores never choose among blind comments."""

    lanes: tuple[Lane, ...] = ()
    labels: tuple[int, ...] = ()
    """Indexes of labels: the model gives one of them at least, by the thresholds in force."""
    sources: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    """Codes of core.script."""
    score_label: int | None = None
    """Whose score the range is about; None: the highest of the six."""
    low: float = 0.0
    high: float = 1.0

    @property
    def is_everything(self) -> bool:
        """Whether it leaves nothing out."""
        return self.terms(None) == Terms()

    @property
    def has_range(self) -> bool:
        """Whether scores are limited."""
        return self.low > 0 or self.high < 1

    @property
    def misses_blind(self) -> bool:
        """Whether it chooses by labels or scores, which blind comments do not obey."""
        return bool(self.labels) or self.has_range

    def terms(self, policy: Policy | None) -> Terms:
        """The same in the database's words, by the thresholds of a policy."""
        limits = policy.thresholds if policy else (1.0,) * len(LABELS)
        return Terms(
            self.lanes,
            self.sources,
            tuple(None if script == LATIN else script for script in self.scripts),
            tuple((label, limits[label]) for label in self.labels),
            (self.score_label, self.low, self.high) if self.has_range else None,
        )

    def as_json(self) -> dict[str, Any]:
        """What `parse` reads."""
        return {
            "lanes": [lane.value for lane in self.lanes],
            "labels": [LABELS[label] for label in self.labels],
            "sources": list(self.sources),
            "scripts": list(self.scripts),
            "score_label": None if self.score_label is None else LABELS[self.score_label],
            "low": self.low,
            "high": self.high,
        }

    @classmethod
    def parse(cls, value: Any) -> "WorkFilter":
        """From any JSON: what is not understood is left out."""
        told = value if isinstance(value, dict) else {}
        low, high = _share(told.get("low"), 0.0), _share(told.get("high"), 1.0)
        label = told.get("score_label")
        return cls(
            lanes=tuple(lane for lane in Lane if lane.value in _texts(told.get("lanes"))),
            labels=tuple(j for j, name in enumerate(LABELS) if name in _texts(told.get("labels"))),
            sources=tuple(dict.fromkeys(_texts(told.get("sources"))))[:MOST_SOURCES],
            scripts=tuple(code for code in SCRIPTS if code in _texts(told.get("scripts"))),
            score_label=LABELS.index(label) if isinstance(label, str) and label in LABELS else None,
            low=min(low, high),
            high=max(low, high),
        )


def parts_of(chosen: WorkFilter, say: Callable[[str], str] = str) -> list[tuple[str, str]]:
    """What it chooses by, and what of that, for people: ("labels", "Threat, Insult"). Empty: everything.

    `say` gives words in the reader's language.
    """
    found: list[tuple[str, Sequence[str]]] = [
        ("lanes", [say(LANE_TITLES[lane]) for lane in chosen.lanes]),
        ("labels", [say(LABEL_TITLES[LABELS[label]]) for label in chosen.labels]),
        ("sources", chosen.sources),
        ("scripts", [say(SCRIPTS[code]) for code in chosen.scripts]),
    ]
    if chosen.has_range:
        whose = say("highest" if chosen.score_label is None else LABEL_TITLES[LABELS[chosen.score_label]])
        words = say("{score} {low:.2f} to {high:.2f}").format(score=whose, low=chosen.low, high=chosen.high)
        found.append(("score", [words]))
    return [(what, ", ".join(names)) for what, names in found if names]


def blind_lanes() -> list[Lane]:
    """Lanes among whose comments labels and scores do not choose."""
    return [lane for lane in Lane if lane in BLIND_LANES]


def _texts(value: Any) -> list[str]:
    listed: Iterable[Any] = value if isinstance(value, list) else []
    return [text for text in listed if isinstance(text, str) and 0 < len(text) <= MAX_SOURCE]


def _share(value: Any, otherwise: float) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return round(min(max(float(value), 0.0), 1.0), 4) if usable else otherwise
