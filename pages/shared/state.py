"""The only module that touches st.session_state. Keys that widgets own are read through their return values."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


def recall(key: str, make: Callable[[], T]) -> T:
    """The value kept for this browser session under the key, made when first asked for."""
    if key not in st.session_state:
        st.session_state[key] = make()
    return st.session_state[key]


def heed_address(key: str, values: Mapping[str, Any]) -> None:
    """Let the address choose a bound widget's value by other words than those that the widget shows.

    Streamlit itself takes only the words shown (?label=Identity+hate), and forgets any others without a word. Call it
    before the widget is made; `values` are by the words in the address.
    """
    asked = st.query_params.get(key)
    if asked in values and key not in st.session_state:
        st.session_state[key] = values[asked]


def keep(key: str, value: Any) -> None:
    """Keep a value for this browser session."""
    st.session_state[key] = value


def kept(key: str) -> Any:
    """The value kept under the key, or None."""
    return st.session_state.get(key)
