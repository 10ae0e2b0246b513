"""Scored texts, to look at: one with bars and highlights, many as a table."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from core.domain import Policy
from core.highlights import MOST_CHARS
from core.labels import LABELS
from core.scored import ScoredText
from core.scoring.protocol import Scorer, Span
from core.wellbeing.masking import Cover, Mask
from pages.shared import score_bars
from pages.shared.comment import draw_comment, listed
from pages.shared.masks import masks
from pages.shared.titles import label_title
from pages.shared.words import _

_CELL_CHARACTERS = 300


def draw_one(row: ScoredText, policy: Policy, scorer: Scorer, *, typed: bool = False) -> None:
    """The text with what moved the scores, its bars, and what the policy does. What one typed oneself is not masked."""
    if row.is_removed(policy):
        st.badge(_("Removed without review"), icon=":material/auto_delete:", color="red")
    elif row.over(policy):
        st.badge(_("Goes to review"), icon=":material/flag:", color="red")
    else:
        st.badge(_("Below every threshold"), icon=":material/check:", color="green")
    with st.container(border=True):
        cover = Cover() if typed else masks().masking.cover(row.scores, policy.thresholds)
        spans = strongest(scorer.explain(row.text[:MOST_CHARS]))
        masked = replace(cover, severe=False)  # no comment of the queue: nothing is noted
        draw_comment(0, row.text, spans, masked=masked)
    st.html(score_bars.CSS + score_bars.bars_html(row.scores, policy.thresholds))
    st.caption(_("The mark on a bar is the threshold of the policy; from there a comment goes to review."))


def strongest(spans: Sequence[Span]) -> list[Span]:
    """Those that raise some label at least a quarter as much as the strongest one: marking every word tells nothing."""
    most = max((max(span.contributions) for span in spans), default=0.0)
    return [span for span in spans if 0 < most <= max(span.contributions) * 4]


def _cell(row: ScoredText, mask: Mask) -> str:
    return listed(0, row.text, Cover(mask), _CELL_CHARACTERS) or _("Masked: choose the row to look")


def draw_many(rows: Sequence[ScoredText], policy: Policy, scorer: Scorer, key: str) -> None:
    """A table to sort; the chosen row is shown below it."""
    frame = pd.DataFrame([row.scores for row in rows], columns=[label_title(label) for label in LABELS])
    frame.insert(0, _("Review"), [bool(row.over(policy)) for row in rows])
    masking = masks().masking
    frame.insert(0, _("Comment"), [_cell(row, masking.mask_of(row.scores, policy.thresholds)) for row in rows])
    numbers = {
        label_title(label): st.column_config.NumberColumn(
            format="%.3f", width="small", help=_("Review from {at:.2f}").format(at=at)
        )
        for label, at in zip(LABELS, policy.thresholds, strict=True)
    }
    columns = {
        _("Comment"): st.column_config.TextColumn(width="medium"),
        _("Review"): st.column_config.CheckboxColumn(width="small", help=_("At or above a threshold of the policy")),
        **numbers,
    }
    chosen = st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        key=f"{key}_table",
        on_select="rerun",
        selection_mode="single-row-required",
        alt=_("Scores of each comment"),
    )
    picked = [at for at in chosen.selection.rows if at < len(rows)] or [0]
    draw_one(rows[picked[0]], policy, scorer)
