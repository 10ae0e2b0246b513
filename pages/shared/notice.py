"""Messages that may quote a file: column names and the like are untrusted and never read as Markdown."""

import html
from typing import Literal

import streamlit as st

Kind = Literal["error", "warning", "success", "info"]

_CSS = """<style>
.m-notice{border-radius:.5rem;padding:.75rem 1rem;line-height:1.5;overflow-wrap:anywhere;white-space:pre-line;
 border:1px solid;
 border-color:color-mix(in srgb,var(--m-tone) 45%,transparent);
 background:color-mix(in srgb,var(--m-tone) 12%,transparent)}
.m-notice.m-error{--m-tone:#dc2626}.m-notice.m-warning{--m-tone:#d97706}
.m-notice.m-success{--m-tone:#059669}.m-notice.m-info{--m-tone:#2563eb}
</style>"""
_ROLES: dict[Kind, str] = {"error": "alert", "warning": "alert", "success": "status", "info": "status"}


def notice(text: str, kind: Kind = "error") -> None:
    """A box with the text exactly as it is."""
    st.html(f'{_CSS}<div class="m-notice m-{kind}" role="{_ROLES[kind]}">{html.escape(text)}</div>')
