"""Links to other pages, for those who may open them."""

from typing import Any

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError


def page_link(page: str, **how: Any) -> None:
    """Draw the link, unless the person's roles do not allow the page: then it is not in the navigation."""
    try:
        st.page_link(page, **how)
    except StreamlitPageNotFoundError:
        return
