"""A small encoder as an int8 ONNX graph: what a CPU without torch scores with."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.labels import LABELS
from core.scoring.logits import NEUTRAL, as_platt, sigmoid
from core.scoring.occlusion import cut_out, find_stretches, to_spans
from core.scoring.protocol import Scores, Span
from core.scoring.tokens import TOKENIZER, TextTokenizer

if TYPE_CHECKING:
    import onnxruntime

FORMAT: Final = "moderato-onnx"
VERSION: Final = 1
MANIFEST: Final = "encoder.json"
GRAPH: Final = "encoder.onnx"


@dataclass(frozen=True, slots=True)
class EncoderManifest:
    """What encoder.json says."""

    max_tokens: int
    """Tokens of a text that are read: of a longer one the head and the tail."""
    tokenizer: str
    """SHA-256 of tokenizer.json."""
    calibration: list[list[float]]
    """Slope and intercept of each label's logit (Platt)."""
    trained: dict[str, Any]
    """The version that it was made from: its name and what its own manifest says of its training."""


class OnnxScorer:
    """A loaded encoder. `score` and `explain` change nothing, so threads may share one.

    Each text is a run of its own, some side by side: int8 arithmetic rounds by the largest value in the whole batch, so
    in company a text would score otherwise than alone; and alone nothing is padded.
    """

    def __init__(
        self, name: str, manifest: EncoderManifest, tokenizer: TextTokenizer, session: Any, threads: int
    ) -> None:
        self.name = name
        self.manifest = manifest
        self.tokenizer = tokenizer
        self._session: onnxruntime.InferenceSession = session
        self._threads = threads

    @classmethod
    def load(cls, folder: Path, *, name: str, threads: int = 1) -> "OnnxScorer":
        """Load a folder; so many texts are scored at once. Raises ModelUnavailable that names the file."""
        manifest = read_encoder(folder)
        tokenizer = TextTokenizer.load(folder, max_tokens=manifest.max_tokens, causal=False)
        if tokenizer.digest != manifest.tokenizer:
            raise _unusable(folder / TOKENIZER, "is not the tokenizer that this model was trained with")
        return cls(name, manifest, tokenizer, _open(folder / GRAPH), threads)

    def score(self, texts: Sequence[str]) -> Scores:
        """Probabilities, float32 [n, 6], of any texts; what else is in the batch makes no difference."""
        slope, intercept = as_platt(self.manifest.calibration)
        return sigmoid(self.logits(texts) * slope + intercept)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits before calibration, float32 [n, 6]."""
        return self._run(self.tokenizer.encode(texts))

    def explain(self, text: str) -> list[Span]:
        """Stretches of the original text, by code point, and what leaving each out takes from each label's logit."""
        tokens = self.tokenizer.explain(text)
        stretches = find_stretches(text, tokens)
        if not stretches:
            return []
        logits = self._run([tokens.ids, *cut_out(tokens, stretches, self.tokenizer.empty)])
        return to_spans(stretches, (logits[0] - logits[1:]) * as_platt(self.manifest.calibration)[0])

    def _run(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        if len(rows) < 2 or self._threads < 2:
            found = list(map(self._run_one, rows))
        else:
            with ThreadPoolExecutor(self._threads, thread_name_prefix="encode") as pool:
                found = list(pool.map(self._run_one, rows))
        return np.concatenate([np.empty((0, len(LABELS)), np.float32), *found])

    def _run_one(self, row: Sequence[int]) -> NDArray[np.float32]:
        (logits,) = self._session.run(None, {"input_ids": np.array([row], np.int64)})
        return np.asarray(logits, np.float32)


def write_encoder(folder: Path, manifest: EncoderManifest) -> None:
    """Write encoder.json."""
    values = {"format": FORMAT, "version": VERSION, "labels": list(LABELS), **asdict(manifest)}
    (folder / MANIFEST).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def read_encoder(folder: Path) -> EncoderManifest:
    """Read and check encoder.json; raises ModelUnavailable that names the file and the next step."""
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_bytes())
        head = [values.pop(key) for key in ("format", "version", "labels")]
        manifest = EncoderManifest(**values)
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unusable(path, "does not describe an encoder of Moderato") from error
    if head != [FORMAT, VERSION, list(LABELS)]:
        raise _unusable(path, f"is of another format, version or set of labels than {FORMAT} {VERSION}")
    if not isinstance(manifest.max_tokens, int) or as_platt(manifest.calibration) is NEUTRAL:
        raise _unusable(path, "has an unusable max_tokens or calibration")
    return manifest


def _open(path: Path) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 1, 1  # texts are what runs side by side
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no public common root
        raise _unusable(path, "is missing or damaged") from error
    if [one.name for one in session.get_inputs()] != ["input_ids"] or session.get_outputs()[0].shape[-1] != len(LABELS):
        raise _unusable(path, "does not turn input_ids into six logits")
    return session


def _unusable(path: Path, what: str) -> ModelUnavailable:
    return ModelUnavailable(f"{path} {what}. Restore the folder from a backup, or make it again (`moderato compress`).")
