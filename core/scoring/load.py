"""Load a model version: check that its files are the registered ones and plain data, then hand them to its scorer."""

import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from core.domain import ModelVersion
from core.errors import ModelUnavailable, ModeratoError
from core.labels import LABELS
from core.scoring.files import check_files, resolve
from core.scoring.members import Member
from core.scoring.protocol import Scorer

PROBE: Final = ("You are an idiot, go away.", "", "\u202e🙂")
"""What a scorer must give six probabilities for before its version may go live."""


def load_scorer(version: ModelVersion, *, threads: int) -> Scorer:
    """The version's scorer, using at most so many threads.

    Raises ModelUnavailable that names the folder and the next step: files missing, changed since the version was
    registered, of a kind that may run code, or not loadable.
    """
    folder = resolve(version.path)
    loader = _LOADERS.get(version.kind)
    if loader is None:
        raise ModelUnavailable(
            f"Model {version.name} is of kind {version.kind!r}; this Moderato serves {', '.join(_LOADERS)}. "
            "Update Moderato, or promote another version."
        )
    check_files(version.name, version.path, version.sha256)
    if version.kind == "starter" and (transformers := sys.modules.get("core.scoring.adapters")):
        transformers.release()  # a base kept for the next version of its own
    try:
        scorer = loader(folder, version.name, threads)
    except ModeratoError:
        raise
    except Exception as error:  # a damaged file may raise anything from any library
        raise ModelUnavailable(
            f"Model {version.name} in {folder} cannot be loaded: {type(error).__name__}. Restore the folder from a "
            "backup, or promote another version (`moderato models` lists them)."
        ) from error
    _LOADED[version.id, version.sha256] = scorer
    return scorer


def find_loaded(version: ModelVersion) -> Scorer | None:
    """The version's scorer, if some part of this process has it loaded: threads may share one, memory may not."""
    return _LOADED.get((version.id, version.sha256))


def probe(scorer: Scorer) -> None:
    """Score a few odd texts; raises ModelUnavailable unless each gets six probabilities."""
    scores = scorer.score(PROBE)
    sound = scores.shape == (len(PROBE), len(LABELS)) and bool(np.isfinite(scores).all())
    if not sound or scores.min() < 0 or scores.max() > 1:
        raise ModelUnavailable(f"Model {scorer.name} does not give six probabilities a text. Train it again.")


def _load_starter(folder: Path, name: str, threads: int) -> Scorer:
    from core.scoring.starter import StarterScorer

    return StarterScorer.load(folder, name=name, threads=threads)


def _load_transformer(folder: Path, name: str, threads: int) -> Scorer:
    from core.scoring.transformer import TransformerScorer

    return TransformerScorer.load(folder, name=name, threads=threads)


def _load_onnx(folder: Path, name: str, threads: int) -> Scorer:
    from core.scoring.onnx_encoder import OnnxScorer

    return OnnxScorer.load(folder, name=name, threads=threads)


def _load_blend(folder: Path, name: str, threads: int) -> Scorer:
    from core.scoring.blend import BlendScorer

    return BlendScorer.load(folder, name=name, load_member=load_member(threads))


def _load_cascade(folder: Path, name: str, threads: int) -> Scorer:
    from core.scoring.cascade import CascadeScorer

    return CascadeScorer.load(folder, name=name, load_member=load_member(threads))


def load_member(threads: int) -> Callable[[Member, Path], Scorer]:
    """How a blend or a cascade loads what it is made of."""
    return lambda member, folder: _LOADERS[member.kind](folder, member.name, threads)


_LOADED: "weakref.WeakValueDictionary[tuple[int, str], Scorer]" = weakref.WeakValueDictionary()
"""By id and digest, as long as somebody holds it."""
_LOADERS: Final[dict[str, Callable[[Path, str, int], Scorer]]] = {
    "starter": _load_starter,
    "transformer": _load_transformer,
    "onnx": _load_onnx,
    "blend": _load_blend,
    "cascade": _load_cascade,
}
"""kind -> how its folder becomes a scorer. A new kind of model is one more entry."""
