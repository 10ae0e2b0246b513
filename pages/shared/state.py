"""The only module that touches st.session_state. Keys that widgets own are read through their return values."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


def recall(key: str, make: Callable[[], T]) -> T:
    """The value kept for this browser session under the key, made when first asked for."""
    if key not in st.session_state:
        st.session_state[key] = make()
    return st.session_state[key]


def keep(key: str, value: Any) -> None:
    """Keep a value for this browser session."""
    st.session_state[key] = value


def kept(key: str) -> Any:
    """The value kept under the key, or None."""
    return st.session_state.get(key)
