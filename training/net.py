"""Train the starter's small recurrent net: word vectors, one bidirectional LSTM, the largest and the mean state."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.scoring.ngrams import encode, find_words
from core.scoring.vocabulary import read_words, slots, word_pieces

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class NetConfig:
    """How the net is built and trained."""

    dimensions: int = 64
    """Length of a word vector."""
    hidden: int = 64
    """Units of the LSTM in each direction."""
    known_words: int = 40_000
    """Most frequent words with a vector of their own."""
    least_count: int = 3
    """Rarer words have no vector of their own."""
    epochs: int = 6
    """Passes over the rows."""
    batch: int = 128
    """Comments in one step."""
    learning_rate: float = 3e-3
    """Peak of the one-cycle schedule."""
    dropout: float = 0.3
    """Share of word dimensions, and of pooled units, dropped in training."""
    word_dropout: float = 0.1
    """Share of words reduced to their letters in training, so that unknown words are learnt too."""
    threads: int = 1
    """Threads of the training; more give little on so small a net."""
    seed: int = 0
    """Seed of everything random."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts as numbers of distinct words."""

    sequences: list[NDArray[np.int32]]
    """For each text the distinct words that the net reads, in order."""
    hashes: NDArray[np.uint64]
    """[distinct]."""
    counts: NDArray[np.int64]
    """[distinct], occurrences."""
    pieces: sparse.csr_array
    """[distinct, 2 ** PIECE_BITS]."""


def build_corpus(texts: Sequence[str]) -> Corpus:
    """Number the words of normalised texts."""
    parts, hashes, pieces, lengths = [], [], [], []
    for first in range(0, len(texts), 512):
        batch = encode(texts[first : first + 512])
        words = find_words(batch)
        reading = read_words(words, len(batch.starts))
        here, where = np.unique(words.hash[reading.picked], return_index=True)
        at = reading.picked[where]
        hashes.append(here)
        pieces.append(word_pieces(batch, words.start[at], words.end[at]))
        parts.append(words.hash[reading.picked])
        lengths.append(reading.lengths)
    distinct, where = np.unique(np.concatenate(hashes), return_index=True)
    numbers = np.searchsorted(distinct, np.concatenate(parts)).astype(np.int32)
    sequences = np.split(numbers, np.cumsum(np.concatenate(lengths))[:-1])
    stacked = sparse.vstack(pieces, format="csr")[where]
    return Corpus(sequences, distinct, np.bincount(numbers, minlength=len(distinct)), stacked)


def choose_known(corpus: Corpus, config: NetConfig) -> NDArray[np.int64]:
    """The most frequent words of which no two share a slot, as indices of distinct words."""
    order = np.argsort(-corpus.counts, kind="stable")
    order = order[corpus.counts[order] >= config.least_count][: config.known_words]
    _, first = np.unique(slots(corpus.hashes[order]), return_index=True)
    return order[np.sort(first)]


def initial_vectors(corpus: Corpus, known: NDArray[np.int64], config: NetConfig) -> NDArray[np.float32]:
    """[known, dimensions] from which words stand near each other: SVD of positive pointwise mutual information.

    Levy, Goldberg and Dagan, TACL 2015, with context smoothing 0.75 and the singular values' square roots.
    """
    from sklearn.utils.extmath import randomized_svd

    matrix = _positive_pmi(_neighbours(corpus, known))
    left, values, _ = randomized_svd(matrix, config.dimensions, n_iter=3, random_state=config.seed)
    vectors = left * np.sqrt(values)
    return (vectors / max(vectors.std(), 1e-9) * 0.3).astype(np.float32)


def _neighbours(corpus: Corpus, known: NDArray[np.int64], reach: int = 5) -> sparse.csr_array:
    """How often known words stand within `reach` of each other, nearer ones counting more."""
    number = np.full(len(corpus.hashes), -1, np.int32)
    number[known] = np.arange(len(known))
    gap = np.full(reach, -1, np.int32)
    line = np.concatenate([part for sequence in corpus.sequences for part in (number[sequence], gap)])
    total = sparse.csr_array((len(known), len(known)), dtype=np.float32)
    for distance in range(1, reach + 1):
        left, right = line[:-distance], line[distance:]
        both = (left >= 0) & (right >= 0)
        ones = np.full(int(both.sum()), 1 / distance, np.float32)
        total = total + sparse.coo_array((ones, (left[both], right[both])), shape=total.shape).tocsr()
    return (total + total.T).tocsr()


def _positive_pmi(counts: sparse.csr_array) -> sparse.csr_array:
    rows = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1e-9)
    context = rows**0.75 / (rows**0.75).sum()
    pairs = counts.tocoo()
    values = np.log(np.maximum(pairs.data / rows[pairs.row] / context[pairs.col], 1.0)).astype(np.float32)
    return sparse.csr_array((values, (pairs.row, pairs.col)), shape=counts.shape)


def make_module(config: NetConfig) -> "torch.nn.Module":
    """The part that ONNX runs: padded vectors [steps, n, dimensions] and lengths [n] to logits [n, 6]."""
    import torch

    class Recurrent(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.onward = torch.nn.LSTM(config.dimensions, config.hidden)
            self.backward_ = torch.nn.LSTM(config.dimensions, config.hidden)
            self.dense = torch.nn.Linear(4 * config.hidden, config.hidden)
            self.out = torch.nn.Linear(config.hidden, 6)

        def forward(self, vectors: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            # Two runs over padded rows, one turned round within its length, train three times faster than a packed one.
            steps = torch.arange(len(vectors))[:, None]
            inside = (steps < lengths)[..., None]
            turned = torch.where(inside[..., 0], lengths - 1 - steps, steps)[..., None]
            back = self.backward_(vectors.gather(0, turned.expand_as(vectors)))[0]
            states = torch.cat([self.onward(vectors)[0], back.gather(0, turned.expand_as(back))], 2)
            largest = states.masked_fill(~inside, -1e4).amax(0)
            mean = (states * inside).sum(0) / lengths[:, None]
            pooled = torch.nn.functional.dropout(torch.cat([largest, mean], 1), config.dropout, self.training)
            return self.out(torch.relu(self.dense(pooled)))

    return Recurrent()


@dataclass(frozen=True, slots=True)
class TrainedNet:
    """A net and its vectors."""

    config: NetConfig
    hashes: NDArray[np.uint64]
    known: NDArray[np.float32]
    """[known, dimensions], pieces included."""
    pieces: NDArray[np.float32]
    tensors: dict[str, NDArray[np.float32]]
    """The module's state."""


def fit_net(
    texts: Sequence[str],
    labels: NDArray[np.float32],
    weights: NDArray[np.float32],
    config: NetConfig,
    *,
    progress: Callable[[str, float], None] = lambda *_: None,
) -> TrainedNet:
    """Train on normalised texts by weighted cross-entropy; the same seed and threads give the same net."""
    import torch

    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    progress("net: words", 0.0)
    corpus = build_corpus(texts)
    known = choose_known(corpus, config)
    vectors = _Vectors.build(corpus, known, config)
    module = make_module(config)
    _run(_Fit(module, vectors, corpus, config), labels, weights, progress)
    return vectors.trained(config, corpus, known, module)


@dataclass(slots=True)
class _Vectors:
    """Trainable word vectors: `own` of known words, `pieces` of all."""

    own: "torch.nn.Embedding"
    pieces: "torch.nn.EmbeddingBag"
    row: NDArray[np.int64]
    """[distinct], row of `own`; 0, always zero, for unknown words."""

    @classmethod
    def build(cls, corpus: Corpus, known: NDArray[np.int64], config: NetConfig) -> "_Vectors":
        import torch

        own = torch.nn.Embedding(len(known) + 1, config.dimensions, padding_idx=0)
        pieces = torch.nn.EmbeddingBag(corpus.pieces.shape[1], config.dimensions, mode="mean")
        with torch.no_grad():
            own.weight[1:] = torch.from_numpy(initial_vectors(corpus, known, config))
            pieces.weight.normal_(0, 0.1)
        row = np.zeros(len(corpus.hashes), np.int64)
        row[known] = np.arange(1, len(known) + 1)
        return cls(own, pieces, row)

    def trained(
        self, config: NetConfig, corpus: Corpus, known: NDArray[np.int64], module: "torch.nn.Module"
    ) -> TrainedNet:
        pieces = self.pieces.weight.detach().numpy()
        total = self.own.weight.detach().numpy()[1:] + corpus.pieces[known] @ pieces
        tensors = {name: value.detach().numpy().astype(np.float32) for name, value in module.state_dict().items()}
        return TrainedNet(config, corpus.hashes[known], total.astype(np.float32), pieces.astype(np.float32), tensors)


@dataclass(slots=True)
class _Fit:
    module: "torch.nn.Module"
    vectors: _Vectors
    corpus: Corpus
    config: NetConfig

    def logits(self, picked: NDArray[np.int64], random: np.random.Generator) -> "torch.Tensor":
        """[picked, 6] of some texts, with dropout."""
        import torch

        sequences = [self.corpus.sequences[i] for i in picked]
        lengths = np.array([max(len(s), 1) for s in sequences])
        distinct, where = np.unique(np.concatenate(sequences), return_inverse=True)
        padded = np.full((int(lengths.max()), len(picked)), len(distinct), np.int64)
        first = 0
        for column, sequence in enumerate(sequences):
            padded[: len(sequence), column] = where[first : first + len(sequence)]
            first += len(sequence)
        table = self._table(distinct, random)
        # Indexing would do the same, with a far slower gradient.
        vectors = torch.nn.functional.embedding(torch.from_numpy(padded), table)
        return self.module(vectors, torch.from_numpy(lengths))

    def _table(self, distinct: NDArray[np.int64], random: np.random.Generator) -> "torch.Tensor":
        import torch

        rows = self.vectors.row[distinct] * (random.random(len(distinct)) >= self.config.word_dropout)  # nosec B311 # dropout
        part = self.corpus.pieces[distinct]
        bags = self.vectors.pieces(
            torch.from_numpy(part.indices.astype(np.int64)), torch.from_numpy(part.indptr[:-1].astype(np.int64))
        )
        table = self.vectors.own(torch.from_numpy(rows)) + bags
        table = torch.nn.functional.dropout(table, self.config.dropout)
        return torch.cat([table, torch.zeros(1, table.shape[1])])


def _run(
    fit: _Fit, labels: NDArray[np.float32], weights: NDArray[np.float32], progress: Callable[[str, float], None]
) -> None:
    import torch

    config, random = fit.config, np.random.default_rng(fit.config.seed)
    parameters = [*fit.module.parameters(), *fit.vectors.own.parameters(), *fit.vectors.pieces.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=config.learning_rate, fused=True)
    steps = config.epochs * -(-len(labels) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=steps, pct_start=0.15)
    share = torch.from_numpy(weights / weights.mean())[:, None]
    truth = torch.from_numpy(labels)
    done = 0
    for _ in range(config.epochs):
        for picked in batches([len(s) for s in fit.corpus.sequences], config.batch, random):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                fit.logits(picked, random), truth[picked], weight=share[picked]
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            done += 1
            progress("net", done / steps)


def batches(lengths: Sequence[int], size: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """All rows in random batches of like length, so that little is padded."""
    stretch = random.uniform(0.8, 1.25, len(lengths))  # nosec B311 # an order of rows
    noisy = np.asarray(lengths) * stretch + random.uniform(0, 4, len(lengths))  # nosec B311 # an order of rows
    groups = np.array_split(np.argsort(noisy), max(1, -(-len(lengths) // size)))
    for index in random.permutation(len(groups)):
        yield groups[index]
