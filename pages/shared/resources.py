"""The only cache: the process's services. Never a session, never a person's data."""

import streamlit as st

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


def live_scorer() -> Scorer:
    """The live model, loaded. Raises ModelUnavailable, saying what to do."""
    version = services().registry.require_live()
    return scorer(version.name, version.sha256)
