"""The clock of whoever reads a page."""

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import streamlit as st

_DAY = 24 * 60


def browser_zone() -> tzinfo:
    """The browser's time zone: by its name, else by how far its clock is off now, else UTC."""
    try:
        if name := st.context.timezone:
            return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a browser can say anything; an unknown zone is a KeyError
        pass
    behind = st.context.timezone_offset or 0
    return timezone(-timedelta(minutes=behind)) if 0 < abs(behind) < _DAY else UTC
