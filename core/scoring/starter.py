"""The model that ships: six calibrated probabilities on a CPU, without torch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.labels import LABELS
from core.scoring.logits import sigmoid
from core.scoring.ngrams import Batch, Words, encode, find_words
from core.scoring.normalize_batch import normalize_all
from core.scoring.protocol import Scores, Span
from core.scoring.starter_explain import explain_words
from core.scoring.starter_files import NET, Folder, read_folder, unusable
from core.scoring.starter_net import Net

WINDOW = 5000
"""Characters, after folding, that are read at once. A longer text keeps the highest scores of its windows."""
MAX_WINDOWS = 16
"""Windows read of one text: the first twelve and the last four, so that no text costs more than 80,000 characters."""
_CHUNK_CHARACTERS = 120_000
_CHUNK_TEXTS = 256


@dataclass(frozen=True, slots=True, weakref_slot=True)
class StarterScorer:
    """A loaded starter. `score` and `explain` change nothing, so threads may share one."""

    name: str
    folder: Folder
    net: Net | None

    @classmethod
    def load(cls, folder: Path, *, name: str, threads: int = 1) -> "StarterScorer":
        """Load a folder; `threads` is for the net. Raises ModelUnavailable that names the file and the next step."""
        parts = read_folder(folder)
        if parts.vocabulary is None:
            return cls(name, parts, None)
        try:
            return cls(name, parts, Net.load(parts.graph, parts.vocabulary, threads=threads))
        except ValueError as error:
            raise unusable(folder / NET, f"is not a usable graph ({error})") from error

    def score(self, texts: Sequence[str]) -> Scores:
        """Probabilities, float32 [n, 6], of any texts; what else is in the batch makes no difference beyond 1e-5."""
        normal = normalize_all([clip(text) for text in texts])
        windows = [(i, window) for i, text in enumerate(normal) for window in split_windows(text)]
        logits = np.full((len(texts), len(LABELS)), -np.inf, np.float32)
        for chunk in _chunks(windows):
            batch = encode([window for _, window in chunk])
            np.maximum.at(logits, [i for i, _ in chunk], self._logits(batch, find_words(batch)))
        return sigmoid(logits)

    def explain(self, text: str) -> list[Span]:
        """Words of the original text, by code point, and how much each moved each label's logit."""
        return explain_words(self.folder, self.net, clip(text))

    def _logits(self, batch: Batch, words: Words) -> NDArray[np.float32]:
        logits = self.folder.linear.logits(batch, words)
        if self.net:
            logits += self.folder.share * (self.net.logits(batch, words) - logits)
        slope, intercept = self.folder.calibration
        return logits * slope + intercept


def clip(text: str) -> str:
    """At most 65,536 code points, the head and the tail in equal parts: more is not even folded."""
    return text if len(text) <= 65_536 else f"{text[:32_767]}  {text[-32_767:]}"


def split_windows(text: str) -> list[str]:
    """Stretches of about WINDOW characters that together cover a text, at least one."""
    if len(text) <= WINDOW:
        return [text]
    starts = range(0, len(text), WINDOW)
    windows = [text[max(0, start - 50) : start + WINDOW] for start in starts]
    return windows if len(windows) <= MAX_WINDOWS else windows[:12] + windows[-4:]


def _chunks(windows: Sequence[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Batches of texts of like length, small enough to stay in the processor's cache."""
    chunk: list[tuple[int, str]] = []
    characters = 0
    for item in sorted(windows, key=lambda item: len(item[1])):
        if chunk and (len(chunk) == _CHUNK_TEXTS or characters + len(item[1]) > _CHUNK_CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(item)
        characters += len(item[1])
    if chunk:
        yield chunk
