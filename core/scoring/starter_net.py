"""The starter's small net: word vectors through an ONNX graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.scoring.ngrams import Batch, Words
from core.scoring.vocabulary import Vocabulary, read_words

if TYPE_CHECKING:
    import onnxruntime


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
        known = self.vocabulary.known.shape[1]
        vectors = np.zeros((int(lengths.max(initial=1)), len(lengths), known), np.float32)
        vectors[reading.step, reading.row] = self.vocabulary.vectors(batch, words, reading.picked)
        (logits,) = self.session.run(None, {"vectors": vectors, "lengths": lengths})
        return np.asarray(logits, np.float32)
