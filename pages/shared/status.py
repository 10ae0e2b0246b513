"""Whether comments are being scored: one line on every page where it matters."""

import streamlit as st

from core.errors import DatabaseTrouble
from pages.shared.resources import services
from pages.shared.words import _, ngettext


@st.fragment(run_every=5)
def scoring_banner() -> None:
    """Say what keeps comments from being scored and what to do, or how many wait; nothing when none does."""
    try:
        status = services().scoring.status()
    except DatabaseTrouble:  # the page itself tells it
        return
    if status.problem:
        icon = ":material/warning:" if status.alive else ":material/error:"
        st.warning(_verbatim(status.problem), icon=icon)
    elif status.waiting:
        waits = ngettext(
            "{many:,} comment waits for the live model's scores.",
            "{many:,} comments wait for the live model's scores.",
            status.waiting,
        ).format(many=status.waiting)
        meanwhile = _(
            "Until then, what no model has scored counts as “not scored”, not as clean; what a former one has keeps "
            "those scores."
        )
        st.caption(f":material/hourglass_top: {waits} {meanwhile}")


def _verbatim(words: str) -> str:
    # names of models and folders stand in it: no Markdown is meant but `commands`
    return "".join(f"\\{c}" if c in r"\*_[]$:<>#~" else c for c in words)
