"""The six kinds of toxicity, in the one order that every array, file and column uses."""

from typing import Final

LABELS: Final = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
"""Jigsaw's labels; column j of every score array is LABELS[j]."""

LABEL_TITLES: Final = {
    "toxic": "Toxic",
    "severe_toxic": "Severe",
    "obscene": "Obscene",
    "threat": "Threat",
    "insult": "Insult",
    "identity_hate": "Identity hate",
}
"""How people see a label on the pages."""

SCORE_COLUMNS: Final = tuple(f"p_{label}" for label in LABELS)
"""Names of the six probability columns in files that Moderato writes."""
