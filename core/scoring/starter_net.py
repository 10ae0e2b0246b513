"""The starter's small net: word vectors through an ONNX graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.scoring.ngrams import Batch, Words
from core.scoring.vocabulary import Vocabulary, read_words

if TYPE_CHECKING:
    import onnxruntime

_ROWS = 32
"""Texts in one run of the graph: of like length, so that little is padded."""
MOST_OCCLUDED = 100
"""Words of a text whose effect on the net is measured, one run of a batch for all."""


@dataclass(frozen=True, slots=True)
class Net:
    """A loaded graph: vectors [steps, n, dimensions] and lengths [n] to logits [n, 6]."""

    session: "onnxruntime.InferenceSession"
    vocabulary: Vocabulary

    @classmethod
    def load(cls, graph: bytes, vocabulary: Vocabulary, *, threads: int) -> "Net":
        """Make a session; raises ValueError if the graph is no graph or takes other inputs."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        # threads that spin while they wait take the cores from the event loop, and small batches get no quicker by it
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no public common root
            raise ValueError(str(error).splitlines()[0][:200]) from error
        dimensions = vocabulary.known.shape[1]
        if [(i.name, i.shape[-1]) for i in session.get_inputs()] != [("vectors", dimensions), ("lengths", "n")]:
            raise ValueError("its inputs are not those of a starter")
        return cls(session, vocabulary)

    def logits(self, batch: Batch, words: Words) -> NDArray[np.float32]:
        """[texts, 6] of one encoded batch; a text without words is read as one empty word."""
        reading = read_words(words, len(batch.starts))
        lengths = np.maximum(reading.lengths, 1).astype(np.int32)
        known = self.vocabulary.vectors(batch, words, reading.picked)
        vectors = np.concatenate([known, np.zeros((1, known.shape[1]), np.float32)])
        first = np.concatenate([[0], np.cumsum(reading.lengths)])
        logits = np.empty((len(lengths), 6), np.float32)
        order = np.argsort(lengths, kind="stable")
        for rows in np.split(order, range(_ROWS, len(order), _ROWS)):
            logits[rows] = self._run(_pad(vectors, first, rows, lengths[rows]), lengths[rows])
        return logits

    def occlusion(self, batch: Batch, words: Words) -> NDArray[np.float32]:
        """[words, 6] of a single text: logits with each word, less those with its vector blanked out.

        Of the words that the net reads, the first MOST_OCCLUDED are tried; the others get 0.
        """
        reading = read_words(words, 1)
        tried = reading.picked[:MOST_OCCLUDED]
        moved = np.zeros((len(words.start), 6), np.float32)
        if len(tried):
            read = self.vocabulary.vectors(batch, words, reading.picked)
            vectors = read[:, None].repeat(len(tried) + 1, axis=1)
            vectors[reading.step[: len(tried)], np.arange(len(tried))] = 0
            logits = self._run(vectors, np.full(len(tried) + 1, len(vectors), np.int32))
            moved[tried] = logits[-1] - logits[:-1]
        return moved

    def _run(self, vectors: NDArray[np.float32], lengths: NDArray[np.int32]) -> NDArray[np.float32]:
        (logits,) = self.session.run(None, {"vectors": vectors, "lengths": lengths})
        return np.asarray(logits, np.float32)


def _pad(
    vectors: NDArray[np.float32], first: NDArray[np.int64], rows: NDArray[np.int64], lengths: NDArray[np.int32]
) -> NDArray[np.float32]:
    """[steps, rows, dimensions]: some texts' vectors side by side; the last vector stands for an empty text's word."""
    steps = np.arange(int(lengths.max(initial=1)))[:, None]
    places = first[rows] + np.minimum(steps, lengths - 1)  # beyond its end a text is never read
    places[:, first[rows + 1] == first[rows]] = len(vectors) - 1
    return vectors[places]
