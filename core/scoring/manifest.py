"""What a transformer's folder says of itself, and a plain sentence for everything that can be wrong with it."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.labels import LABELS
from core.scoring.quantization import Precision

FORMAT: Final = "moderato-transformer"
VERSION: Final = 1
MANIFEST: Final = "moderato.json"
MODES: Final = ("auto", "merged", "adapter", "fp8")
BATCHING: Final = ("sorted", "packed")
POOLING: Final = ("last", "first", "slots")
WEIGHTS: Final = ("adapter", "whole")


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The model under the adapter, or from which a whole one was trained."""

    name: str
    """Hub id, or the folder it was read from."""
    digest: str
    """What `core.scoring.bases.base_digest` said of it."""
    architecture: str
    """model_type of its config: llama, mixtral, bert, ..."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything beside the weights that scoring needs."""

    base: BaseModel
    precision: Precision
    """How the base was held in training; another one shifts the logits by up to 1, so it is refused."""
    tokenizer: str
    """SHA-256 of tokenizer.json."""
    pooling: str
    """last: the last real token of a causal model. first: the pooled [CLS] of a bidirectional one. slots: the ends of
    six questions, answered in words by a causal model's own output matrix."""
    max_tokens: int
    """Tokens of a text that are read: of a longer one the head and the tail."""
    pad_token_id: int
    """Fills rows on the right; never read."""
    calibration: list[list[float]] = field(default_factory=lambda: [[1.0] * len(LABELS), [0.0] * len(LABELS)])
    """Slope and intercept of each label's logit (Platt)."""
    thresholds: list[float] = field(default_factory=lambda: [0.5] * len(LABELS))
    """Per label, where F1 was highest on held-out rows: a suggestion for the policy."""
    weights: str = "adapter"
    """adapter: LoRA and head, to be put on the base. whole: every weight is in the folder, no base is needed."""
    serving: str = "auto"
    """merged: the adapter added into bf16 weights. adapter: kept apart, versions of one base share it. auto: merged
    where memory allows. fp8: merged, then in 8-bit floats, on Ada and Hopper."""
    batching: str = "sorted"
    """sorted: rows of like length, padded. packed: one after another without padding, for causal models."""
    batch_tokens: int = 16384
    """Tokens, padding included, that go through the device at once."""
    prompt: dict[str, Any] = field(default_factory=dict)
    """For slots: the prompt in token ids, see `core.scoring.prompt`."""
    training: dict[str, Any] = field(default_factory=dict)
    """Where it comes from: configuration, rows, data hash, seed."""

    @property
    def causal(self) -> bool:
        """Whether a token sees only those before it, so that padding on the right needs no mask."""
        return self.pooling != "first"

    @property
    def in_words(self) -> bool:
        """Whether the model answers yes or no to the questions of `prompt`, rather than by a head."""
        return self.pooling == "slots"

    def platt(self) -> NDArray[np.float32]:
        """Slope and intercept, [2, 6]."""
        return np.array(self.calibration, np.float32)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write moderato.json."""
    values = {"format": FORMAT, "version": VERSION, "labels": list(LABELS), **asdict(manifest)}
    (folder / MANIFEST).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read and check moderato.json; raises ModelUnavailable that names the file and the next step."""
    path = folder / MANIFEST
    values = _read_json(path)
    if values.pop("format", None) != FORMAT:
        raise unusable(path, "does not describe a transformer of Moderato")
    if (version := values.pop("version", None)) != VERSION:
        raise unusable(path, f"has format version {str(version)[:20]}; this Moderato reads {VERSION}")
    if (labels := values.pop("labels", None)) != list(LABELS):
        raise unusable(path, f"has the labels {str(labels)[:120]}, not {', '.join(LABELS)} in this order")
    try:
        manifest = Manifest(**{**values, "base": BaseModel(**values["base"])})
    except (KeyError, TypeError) as error:
        raise unusable(path, f"lacks or garbles {error}") from error
    for name, sound in _checks(manifest).items():
        if not sound:
            raise unusable(path, f"has an unusable {name}")
    return manifest


def unusable(path: Path, what: str) -> ModelUnavailable:
    """The error for a file of a transformer that cannot be used."""
    return ModelUnavailable(
        f"{path} {what}. Restore the folder from a backup, or train it again with `moderato train PRESET --data FILE`."
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise unusable(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise unusable(path, "is not JSON") from error
    if not isinstance(values, dict):
        raise unusable(path, "is not a JSON object")
    return values


def _checks(manifest: Manifest) -> dict[str, bool]:
    platt = _array(manifest.calibration, (2, len(LABELS)))
    return {
        "base": all(isinstance(getattr(manifest.base, part.name), str) for part in fields(BaseModel)),
        "precision": manifest.precision in get_args(Precision),
        "pooling": manifest.pooling in POOLING,
        "prompt": isinstance(manifest.prompt, dict) and bool(manifest.prompt) == manifest.in_words,
        "weights": manifest.weights in WEIGHTS and not (manifest.in_words and manifest.weights == "whole"),
        "serving": manifest.serving in MODES,
        "batching": manifest.batching == "sorted" or (manifest.batching in BATCHING and manifest.causal),
        "max_tokens": isinstance(manifest.max_tokens, int) and manifest.max_tokens > 0,
        "batch_tokens": isinstance(manifest.batch_tokens, int) and manifest.batch_tokens > 0,
        "pad_token_id": isinstance(manifest.pad_token_id, int) and manifest.pad_token_id >= 0,
        "calibration": platt is not None and bool((platt[0] > 0).all()),
        "thresholds": _array(manifest.thresholds, (len(LABELS),)) is not None,
    }


def _array(values: Any, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError):
        return None
    return array if array.shape == shape and np.isfinite(array).all() else None
