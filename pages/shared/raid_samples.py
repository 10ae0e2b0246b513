"""Samples of a cluster: texts with a box to tick each, and what sets the others apart from the first."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

import streamlit as st

from core.raids import Sample
from core.wellbeing.masking import Mask
from pages.shared.comment import draw_comment
from pages.shared.masks import masks
from pages.shared.words import _

_WORDS = re.compile(r"\w+|[^\w\s]")
_COMPARED = 2_000
"""Characters of a text that are compared: the rest is not marked."""


def draw_samples(samples: Sequence[Sample], first: Sample | None = None) -> list[int]:
    """Draw comments with a box each; the ids of those ticked. With `first`, what it has not is marked."""
    ticked, masking = [], masks().masking
    for sample in samples:
        with st.container(border=True, gap="small"):
            marked = differences(first.text, sample.text) if first and first.cover(masking).mask is Mask.OPEN else ()
            draw_comment(sample.comment_id, sample.text, marked, masked=sample.cover(masking))
            with st.container(horizontal=True, vertical_alignment="center"):
                label = _("Tick #{number}").format(number=sample.comment_id)
                if st.checkbox(label, key=f"raid_tick_{sample.comment_id}"):
                    ticked.append(sample.comment_id)
                if sample.author:
                    st.text(sample.author, width="content")
    return ticked


def differences(first: str, other: str) -> list[tuple[int, int]]:
    """Stretches of `other`, in code points, whose words `first` does not have there. Case does not count."""
    words = [found for found in _WORDS.finditer(other[:_COMPARED])]
    known = [found[0].casefold() for found in _WORDS.finditer(first[:_COMPARED])]
    steps = SequenceMatcher(None, known, [found[0].casefold() for found in words], autojunk=False).get_opcodes()
    return [
        (words[low].start(), words[high - 1].end())
        for what, _one, _two, low, high in steps
        if what != "equal" and high > low
    ]
