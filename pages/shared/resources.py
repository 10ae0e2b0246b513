"""The only cache: the process's services. Never a session, never a person's data."""

import streamlit as st

from core.datasets import Filters, Preview, Purpose
from core.scoring.load import load_scorer
from core.scoring.protocol import Scorer
from core.services import Services, build_services


@st.cache_resource(show_spinner=False)
def services() -> Services:
    """The wired use cases of this process."""
    return build_services()


@st.cache_resource(show_spinner=False, max_entries=1)
def scorer(name: str, sha256: str) -> Scorer:  # noqa: ARG001 (the digest makes a changed model another one)
    """A loaded model for the pages. Raises ModelUnavailable, which is not cached."""
    wired = services()
    return load_scorer(wired.registry.require(name), threads=wired.settings.worker_threads)


@st.cache_data(show_spinner=False, max_entries=16, ttl=30)
def export_preview(purpose: Purpose, filters: Filters, version: int) -> Preview:  # noqa: ARG001 (a later ledger is another one)
    """What an export would hold: seconds of counting at a million decisions, so kept until the ledger grows."""
    return services().datasets.preview(purpose, filters)


def live_scorer() -> Scorer:
    """The live model, loaded. Raises ModelUnavailable, saying what to do."""
    version = services().registry.require_live()
    return scorer(version.name, version.sha256)
