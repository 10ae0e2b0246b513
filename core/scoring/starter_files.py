"""The starter's folder: what is in it, and a plain sentence for everything that can be wrong with it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from core.errors import ModelUnavailable
from core.labels import LABELS
from core.scoring.linear import Linear
from core.scoring.ngrams import Buckets
from core.scoring.vocabulary import PIECE_BITS, Vocabulary

FORMAT: Final = "moderato-starter"
VERSION: Final = 1
CONFIG, LINEAR, NET = "config.json", "linear.safetensors", "net.onnx"
NET_WORDS: Final = "net.safetensors"
_NEXT_STEP = "Restore the folder from the repository or a backup, or train it again with `moderato train starter`."


@dataclass(frozen=True, slots=True)
class Folder:
    """What a starter folder holds, checked."""

    config: dict[str, Any]
    linear: Linear
    calibration: NDArray[np.float32]
    """[2, 6], slope and intercept of each label's blended logit (Platt)."""
    share: NDArray[np.float32]
    """[6], how much of each label's blended logit is the net's."""
    graph: bytes
    """The net as an ONNX graph, empty for a starter that is linear only."""
    vocabulary: Vocabulary | None
    """The word vectors that the graph is fed with."""


def read_folder(folder: Path) -> Folder:
    """Read and check a folder; raises ModelUnavailable that names the file and the next step."""
    config = _read_config(folder / CONFIG)
    try:
        buckets = Buckets(**{**config["buckets"], "char_sizes": tuple(config["buckets"]["char_sizes"])})
        calibration = np.array(config["calibration"], np.float32).reshape(2, len(LABELS))
        net = np.array(config["net"]["share"], np.float32) if config["net"] else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unusable(folder / CONFIG, f"lacks or garbles {error}") from error
    if net is not None and not (net.shape == (len(LABELS),) and (net >= 0).all() and (net <= 1).all()):
        raise unusable(folder / CONFIG, "holds a net whose shares are not six numbers from 0 to 1")
    if not (np.isfinite(calibration).all() and (calibration[0] > 0).all()):
        raise unusable(folder / CONFIG, "holds a calibration that is not a rising line")
    linear = _read_linear(folder / LINEAR, buckets)
    if net is None:
        return Folder(config, linear, calibration, np.zeros(len(LABELS), np.float32), b"", None)
    return Folder(config, linear, calibration, net, _read_bytes(folder / NET), _read_words(folder / NET_WORDS))


def unusable(path: Path, what: str) -> ModelUnavailable:
    """The error for a file of a starter that cannot be used."""
    return ModelUnavailable(f"The starter's {path} {what}. {_NEXT_STEP}")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unusable(path, f"cannot be read ({error.strerror})") from error


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(_read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise unusable(path, "is not JSON") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise unusable(path, "does not describe a starter model")
    if config.get("version") != VERSION:
        raise unusable(path, f"has format version {str(config.get('version'))[:20]}; this Moderato reads {VERSION}")
    if config.get("labels") != list(LABELS):
        raise unusable(path, f"has other labels than {', '.join(LABELS)}")
    return config


def _read_tensors(path: Path, expected: dict[str, tuple[type, tuple[int | None, ...]]]) -> dict[str, NDArray[Any]]:
    _read_bytes(path)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise unusable(path, f"is damaged ({error})") from error
    for name, (kind, shape) in expected.items():
        found = tensors.get(name)
        if found is None or found.dtype != kind or len(found.shape) != len(shape):
            raise unusable(path, f"has no usable tensor {name}")
        if any(want not in (None, have) for want, have in zip(shape, found.shape, strict=True)):
            raise unusable(path, f"has tensor {name} of shape {found.shape} instead of {shape}")
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            raise unusable(path, f"has values in {name} that are not finite")
    return tensors


def _read_linear(path: Path, buckets: Buckets) -> Linear:
    labels = len(LABELS)
    expected: dict[str, tuple[type, tuple[int | None, ...]]] = {
        "weights": (np.int8, (buckets.total, labels)),
        "scale": (np.float32, (labels,)),
        "idf": (np.uint8, (buckets.total,)),
        "idf_scale": (np.float32, (1,)),
        "bias": (np.float32, (labels,)),
    }
    found = _read_tensors(path, expected)
    idf = found["idf"].astype(np.float32) * found["idf_scale"]
    return Linear.build(buckets, idf, expand(found["weights"], found["scale"]), found["bias"])


def _read_words(path: Path) -> Vocabulary:
    expected: dict[str, tuple[type, tuple[int | None, ...]]] = {
        "hashes": (np.uint64, (None,)),
        "known": (np.int8, (None, None)),
        "known_scale": (np.float32, (None,)),
        "pieces": (np.int8, (1 << PIECE_BITS, None)),
        "pieces_scale": (np.float32, (None,)),
    }
    found = _read_tensors(path, expected)
    dimensions = {found[name].shape[-1] for name in expected if name != "hashes"}
    if len(dimensions) != 1 or len(found["hashes"]) != len(found["known"]) or not len(found["hashes"]):
        raise unusable(path, "has tensors whose shapes do not belong together")
    known, pieces = (expand(found[name], found[f"{name}_scale"]) for name in ("known", "pieces"))
    return Vocabulary.build(found["hashes"], known, pieces)


def compress(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """int8 on a square-root scale, so that the many small weights keep their digits; and each column's largest."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-12).astype(np.float32)
    return np.round(np.sign(weights) * np.sqrt(np.abs(weights) / scale) * 127).astype(np.int8), scale


def expand(quantised: NDArray[np.int8], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse of `compress`."""
    levels = np.arange(-128, 128, dtype=np.float32) / 127
    table = np.sign(levels) * np.square(levels)
    return np.asarray(table[quantised.astype(np.int16) + 128] * scale, np.float32)
