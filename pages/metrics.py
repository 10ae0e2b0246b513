"""Metrics."""

import streamlit as st

from core.accounts import Role
from pages.shared.access import require

person = require(Role.MODERATOR)
st.title("Metrics")
