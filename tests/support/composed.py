"""Small versions made of others, for tests of serving: an int8 encoder, a blend, a cascade."""

from pathlib import Path

import numpy as np

from core.scoring.blend import Blend, write_blend
from core.scoring.cascade import Cascade, write_cascade
from core.scoring.files import folder_digest
from core.scoring.logits import NEUTRAL
from core.scoring.members import Member
from core.settings import ROOT
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version
from training.compress import compress

STARTER = ROOT / "models" / "starter"


def write_onnx(folder: Path, scratch: Path) -> Path:
    """An int8 encoder of a random BERT."""
    folder.mkdir(parents=True)
    made = write_version(scratch / "bert", write_base(scratch / "base", "bert"))
    compress(made, folder, name="bert")
    return folder


def member(name: str, kind: str, folder: Path) -> Member:
    return Member(name, kind, str(folder), folder_digest(folder))


def write_pair(folder: Path, scratch: Path, **changes) -> Path:
    """A blend of an int8 encoder, in the blend's own folder, and the starter."""
    write_onnx(folder / "encoder", scratch)
    members = [Member.within(folder, "encoder", "onnx"), member("starter", "starter", STARTER)]
    write_blend(
        folder, Blend(members, **{"mode": "logit", "shares": [0.5] * 6, "calibration": NEUTRAL.tolist()} | changes)
    )
    return folder


def write_stages(folder: Path, scratch: Path, *, low: float = 0.05) -> Path:
    """A cascade of the starter and an int8 encoder."""
    folder.mkdir(parents=True)
    encoder = write_onnx(scratch / "encoder", scratch)
    members = [member("starter", "starter", STARTER), member("encoder", "onnx", encoder)]
    write_cascade(folder, Cascade(members, low))
    return folder


def toy_rows(count=4000, seed=0):
    """Logits of two imperfect models, and the truth: for tests of fitting."""
    random = np.random.default_rng(seed)
    labels = (random.random((count, 6)) < 0.1).astype(np.float32)
    signal = 3 * labels - 2
    return labels, [(signal + random.normal(0, 1.5, (count, 6))).astype(np.float32) for _ in range(2)]
