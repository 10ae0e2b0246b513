"""Ask a careful model only where a quick one is unsure."""

import json
from collections.abc import Callable, Sequence, Set
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.labels import LABELS
from core.scoring.members import Member, read_members
from core.scoring.protocol import Scorer, Scores, Span

FORMAT: Final = "moderato-cascade"
VERSION: Final = 1
MANIFEST: Final = "cascade.json"


@dataclass(frozen=True, slots=True)
class Cascade:
    """What cascade.json says."""

    members: list[Member]
    """The quick one, then the careful one."""
    low: float
    """Where the quick one gives every label less than this, its answer stands: it is sure that the comment is clean."""
    high: float = 1.0
    """Where it gives some label this or more, its answer stands too; 1 asks the careful one about all of those."""
    training: dict[str, Any] = field(default_factory=dict)
    """On which rows `low` was chosen, what is lost and what is saved."""

    def unsure(self, scores: Scores) -> NDArray[np.bool_]:
        """Of the quick one's scores [n, 6] those, [n], for which the careful one is asked."""
        highest = scores.max(axis=1, initial=0)
        return np.asarray((highest >= self.low) & (highest < self.high) | ~np.isfinite(scores).all(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a cascade says of n comments, and what its members do where both were asked."""

    scores: Scores
    quick: Scores
    """[n, 6]."""
    careful: Scores
    """[n, 6], NaN where the careful one was not asked."""


class CascadeScorer:
    """A loaded cascade. Its answer never depends on why both were asked, only on the quick one's."""

    def __init__(self, name: str, cascade: Cascade, members: Sequence[Scorer]) -> None:
        self.name = name
        self.cascade = cascade
        self.quick, self.careful = members

    @classmethod
    def load(cls, folder: Path, *, name: str, load_member: Callable[[Member, Path], Scorer]) -> "CascadeScorer":
        """Load a folder and what it is made of. Raises ModelUnavailable that names the file and the next step."""
        cascade = read_cascade(folder)
        return cls(name, cascade, [load_member(member, member.require(folder)) for member in cascade.members])

    def score(self, texts: Sequence[str]) -> Scores:
        """Probabilities, float32 [n, 6], of any texts."""
        return self.answer(texts, np.zeros(len(texts), np.bool_)).scores

    def answer(self, texts: Sequence[str], both: NDArray[np.bool_]) -> Answers:
        """Score texts, and ask both models about those where `both`, [n], is true, whatever the quick one says."""
        quick = self.quick.score(texts)
        careful = np.full_like(quick, np.nan)
        unsure = self.cascade.unsure(quick)
        asked = np.flatnonzero(unsure | both)
        careful[asked] = self.careful.score([texts[i] for i in asked.tolist()])
        return Answers(np.where(unsure[:, None], careful, quick), quick, careful)

    def watching(self, always: Set[str]) -> "Watching":
        """This cascade, which also asks both members about the texts in `always`."""
        return Watching(self, always)

    def explain(self, text: str) -> list[Span]:
        """Spans by the model whose answer stands."""
        unsure = bool(self.cascade.unsure(self.quick.score([text]))[0])
        return (self.careful if unsure else self.quick).explain(text)


class Watching:
    """A cascade that notes what both members say of some texts; its own answers stay the same."""

    def __init__(self, scorer: CascadeScorer, always: Set[str]) -> None:
        self.name = scorer.name
        self.explain = scorer.explain
        self._scorer = scorer
        self._always = always
        self._noted: dict[str, tuple[Scores, Scores]] = {}

    @property
    def members(self) -> list[Member]:
        """The quick one and the careful one."""
        return self._scorer.cascade.members

    def score(self, texts: Sequence[str]) -> Scores:
        """Probabilities, float32 [n, 6], of any texts."""
        both = np.array([text in self._always for text in texts], np.bool_)
        found = self._scorer.answer(texts, both)
        for i in np.flatnonzero(both).tolist():
            self._noted[texts[i]] = (found.quick[i], found.careful[i])
        return found.scores

    def noted(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], list[Scores]]:
        """Which of the texts both members were asked about, and what each said of those, [those, 6]."""
        rows = [i for i, text in enumerate(texts) if text in self._noted]
        said = [np.array([self._noted[texts[i]][k] for i in rows], np.float32).reshape(-1, 6) for k in (0, 1)]
        return np.array(rows, np.int64), said


def write_cascade(folder: Path, cascade: Cascade) -> None:
    """Write cascade.json."""
    values = {"format": FORMAT, "version": VERSION, "labels": list(LABELS), **asdict(cascade)}
    (folder / MANIFEST).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def read_cascade(folder: Path) -> Cascade:
    """Read and check cascade.json; raises ModelUnavailable that names the file and the next step."""
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_bytes())
        head = [values.pop(key) for key in ("format", "version", "labels")]
        cascade = Cascade(**{**values, "members": read_members(values["members"])})
        sound = head == [FORMAT, VERSION, list(LABELS)] and 0 <= cascade.low <= cascade.high <= 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unusable(path) from error
    if not sound:
        raise _unusable(path)
    return cascade


def _unusable(path: Path) -> ModelUnavailable:
    return ModelUnavailable(
        f"{path} is missing or does not describe a cascade of this Moderato. Restore the folder from a backup, or make "
        "it again with `moderato cascade`."
    )
