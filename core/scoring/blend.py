"""Two models' answers averaged, label by label: a transformer and the starter err in different places."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.labels import LABELS
from core.scoring.logits import as_platt, logit, sigmoid
from core.scoring.members import Member, read_members
from core.scoring.protocol import Scorer, Scores, Span
from core.scoring.spans import merge_spans

FORMAT: Final = "moderato-blend"
VERSION: Final = 1
MANIFEST: Final = "blend.json"
Mode = Literal["logit", "rank"]
KNOTS: Final = 129
"""Points of the table that turns a logit into a rank."""


@dataclass(frozen=True, slots=True)
class Blend:
    """What blend.json says."""

    members: list[Member]
    mode: Mode
    """logit: the mean of the logits. rank: the mean of how many in a hundred held-out comments score lower, which
    does not ask whether two models mean the same by a logit."""
    shares: list[float]
    """Per label, 0 to 1: how much of the mean is the first member's."""
    calibration: list[list[float]]
    """Slope and intercept (Platt) of each label's mean."""
    ranks: list[list[list[float]]] = field(default_factory=list)
    """rank: [member][label][KNOTS] rising logits, at equal steps of rank on a logit scale (`rank_knots`)."""
    training: dict[str, Any] = field(default_factory=dict)
    """On which rows it was fitted."""

    def mean(self, logits: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The members' logits, each [n, 6], as one [n, 6], before calibration."""
        if self.mode == "rank":
            logits = [to_ranks(part, np.array(table)) for part, table in zip(logits, self.ranks, strict=True)]
        shares = np.array(self.shares, np.float32)
        return shares * logits[0] + (1 - shares) * logits[1]


class BlendScorer:
    """A loaded blend. It costs what its first member does, and a starter's little on top."""

    def __init__(self, name: str, blend: Blend, members: Sequence[Scorer]) -> None:
        self.name = name
        self.blend = blend
        self.members = members

    @classmethod
    def load(cls, folder: Path, *, name: str, load_member: Callable[[Member, Path], Scorer]) -> "BlendScorer":
        """Load a folder and what it is made of. Raises ModelUnavailable that names the file and the next step."""
        blend = read_blend(folder)
        return cls(name, blend, [load_member(member, member.require(folder)) for member in blend.members])

    def score(self, texts: Sequence[str]) -> Scores:
        """Probabilities, float32 [n, 6], of any texts."""
        return self.combine([member.score(texts) for member in self.members])

    def combine(self, scores: Sequence[Scores]) -> Scores:
        """The blend of the members' probabilities, each [n, 6]."""
        slope, intercept = as_platt(self.blend.calibration)
        return sigmoid(self.blend.mean([logit(part) for part in scores]) * slope + intercept)

    def explain(self, text: str) -> list[Span]:
        """Stretches of the text and how much each moved the blended logit, the members' shares counted."""
        shares, slope = np.array(self.blend.shares), as_platt(self.blend.calibration)[0]
        parts = [member.explain(text) for member in self.members]
        return merge_spans(parts, [shares * slope, (1 - shares) * slope])


def rank_knots() -> NDArray[np.float64]:
    """The rank, as a logit, of each knot: close together where few comments are, which is where ranking matters."""
    return np.linspace(-8, 8, KNOTS)


def to_ranks(logits: NDArray[np.float32], table: NDArray[np.float64]) -> NDArray[np.float32]:
    """The rank, as a logit, of each logit [n, 6] by a table [6, KNOTS]; beyond its ends it goes on in a line."""
    known = rank_knots()
    columns = [_interpolate(logits[:, j].astype(np.float64), table[j], known) for j in range(len(LABELS))]
    return np.stack(columns, axis=1).astype(np.float32)


def _interpolate(
    values: NDArray[np.float64], at: NDArray[np.float64], known: NDArray[np.float64]
) -> NDArray[np.float64]:
    beyond = np.maximum(values - at[-1], 0) + np.minimum(values - at[0], 0)
    return np.interp(values, at, known) + beyond


def write_blend(folder: Path, blend: Blend) -> None:
    """Write blend.json."""
    values = {"format": FORMAT, "version": VERSION, "labels": list(LABELS), **asdict(blend)}
    (folder / MANIFEST).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def read_blend(folder: Path) -> Blend:
    """Read and check blend.json; raises ModelUnavailable that names the file and the next step."""
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_bytes())
        head = [values.pop(key) for key in ("format", "version", "labels")]
        if head != [FORMAT, VERSION, list(LABELS)]:
            raise ValueError(f"is of another format, version or set of labels than {FORMAT} {VERSION}")
        blend = Blend(**{**values, "members": read_members(values["members"])})
        _check(blend)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = str(error) if isinstance(error, ValueError) and str(error).startswith(("is ", "has ", "does ")) else ""
        raise ModelUnavailable(
            f"{path} {said or 'is missing or does not describe a blend'}. Restore the folder from a backup, or make it "
            "again with `moderato blend`."
        ) from error
    return blend


def _check(blend: Blend) -> None:
    shares = np.array(blend.shares, np.float64)
    if blend.mode not in get_args(Mode) or shares.shape != (len(LABELS),) or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError("has an unusable mode or shares")
    if np.array(blend.calibration, np.float64).shape != (2, len(LABELS)):
        raise ValueError("has an unusable calibration")
    if blend.mode == "rank":
        table = np.array(blend.ranks, np.float64)
        if table.shape != (2, len(LABELS), KNOTS) or not (np.diff(table) >= 0).all():
            raise ValueError("has unusable ranks")
