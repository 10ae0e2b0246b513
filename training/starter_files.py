"""Write a starter folder, all of it or nothing."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from core.scoring.linear import Linear
from core.scoring.starter_files import LINEAR, NET, NET_WORDS, compress
from training.net import TrainedNet
from training.onnx_graph import build_graph


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name, and its place, only when everything in it is written."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield draft
        _open_to_readers(draft)
        old = draft.with_name(draft.name + ".old")
        if out.exists():
            os.replace(out, old)
        os.replace(draft, out)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _open_to_readers(folder: Path) -> None:
    """Temporary folders and safetensors are made for their owner alone; a model is read by every worker."""
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)


def write_linear(folder: Path, linear: Linear) -> None:
    """Weights as int8 on a square-root scale, idf as uint8: a sixth of the size, with no loss that shows."""
    weights, scale = compress(linear.weights)
    step = np.float32(max(float(linear.idf.max()), 1e-6) / 255)
    tensors: dict[str, NDArray[Any]] = {
        "weights": weights,
        "scale": scale,
        "idf": np.round(linear.idf / step).astype(np.uint8),
        "idf_scale": np.array([step], np.float32),
        "bias": linear.bias.astype(np.float32),
    }
    save_file(tensors, folder / LINEAR)


def write_net(folder: Path, net: TrainedNet) -> None:
    """The graph, and the vectors as int8."""
    graph = build_graph(net.tensors, dimensions=net.config.dimensions, hidden=net.config.hidden)
    (folder / NET).write_bytes(graph)
    known, known_scale = compress(net.known)
    pieces, pieces_scale = compress(net.pieces)
    tensors: dict[str, NDArray[Any]] = {
        "hashes": net.hashes,
        "known": known,
        "known_scale": known_scale,
        "pieces": pieces,
        "pieces_scale": pieces_scale,
    }
    save_file(tensors, folder / NET_WORDS)


def copy_net(folder: Path, old: Path) -> None:
    """Take over the net of another starter folder, if it has one."""
    for name in (NET, NET_WORDS):
        if (old / name).is_file():
            shutil.copyfile(old / name, folder / name)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Readable JSON with a final newline."""
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
