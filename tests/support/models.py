"""Starters of a few kilobytes, trained in a fraction of a second."""

from pathlib import Path

import numpy as np

from core.accounts import Person
from core.domain import ModelVersion
from core.scoring.ngrams import Buckets
from core.services import Services
from training.data import LabelledRows, make_rows
from training.linear import LinearConfig
from training.starter import StarterConfig, train_starter

TINY = StarterConfig(
    linear=LinearConfig(buckets=Buckets(char_sizes=(3,), char_bits=10, word_bits=10), iterations=8),
    net=None,
    resamples=5,
)
INSULTS = ("blurb", "snark", "grotz", "fleem", "quonk", "zibble")
"""One a label, in LABELS order."""
NICE = ("train", "river", "paper", "stone", "green", "quiet", "bridge", "north", "letter", "music")


def rows(count: int, *, seed: int = 0, noise: float = 0.0) -> LabelledRows:
    """Made-up comments that a model can learn; `noise` is the share of labels that are wrong."""
    random = np.random.default_rng(seed)
    labels = random.random((count, 6)) < 0.25
    texts = []
    for i, flags in enumerate(labels):
        words = [*random.choice(NICE, 6), *(INSULTS[j] for j in np.flatnonzero(flags)), f"n{seed}x{i}"]
        texts.append(" ".join(words))
    wrong = random.random((count, 6)) < noise
    return make_rows(texts, (labels ^ wrong).astype(np.float32))


def add_model(
    services: Services, name: str, *, by: Person, noise: float = 0.0, count: int = 400, seed: int = 0
) -> ModelVersion:
    """Train and register a challenger; the more noise, the worse."""
    folder = services.settings.models_dir / name
    train_starter(rows(count, noise=noise, seed=seed), TINY, folder)
    return services.registry.register(name, folder, by=by, kind="starter")


def write_csv(path: Path, made: LabelledRows) -> Path:
    """The rows as a labelled file."""
    import csv

    from core.labels import LABELS

    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["comment_text", *LABELS])
        writer.writerows([text, *map(int, flags)] for text, flags in zip(made.texts, made.labels, strict=True))
    return path
