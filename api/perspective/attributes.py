"""Attribute names of the Perspective API and the labels that they stand for."""

from typing import Final

from core.labels import LABELS

_NAMES: Final = {
    "TOXICITY": "toxic",
    "SEVERE_TOXICITY": "severe_toxic",
    "PROFANITY": "obscene",
    "OBSCENE": "obscene",
    "THREAT": "threat",
    "INSULT": "insult",
    "IDENTITY_ATTACK": "identity_hate",
}
"""OBSCENE is the older name of PROFANITY."""

ATTRIBUTES: Final = {name + suffix: label for name, label in _NAMES.items() for suffix in ("", "_EXPERIMENTAL")}
"""Attribute -> label. The experimental forms are the names of the first years, and mean the same."""

COLUMNS: Final = {name: LABELS.index(label) for name, label in ATTRIBUTES.items()}
"""Attribute -> column of a score array."""
