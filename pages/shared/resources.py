"""The only cache: the process's services. Never a session, never a person's data."""

import streamlit as st

from core.services import Services, build_services


@st.cache_resource(show_spinner=False)
def services() -> Services:
    """The wired use cases of this process."""
    return build_services()
