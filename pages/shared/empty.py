"""What a page says where there is nothing to show: what it is, why, and the next step. Looks the same everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from pages.shared.links import page_link


@dataclass(frozen=True, slots=True)
class Step:
    """A link to where one goes on."""

    page: str
    """The page's file, such as "data.py"."""
    label: str
    icon: str
    query: Mapping[str, str] | None = None


def draw_empty(title: str, why: str, *steps: Step) -> None:
    """A box with the words and the links, those to pages that the person may not open left out. Words are ours alone:
    they are read as Markdown."""
    with st.container(border=True):
        st.subheader(title, anchor=False)
        st.write(why)
        if steps:
            with st.container(horizontal=True):
                for step in steps:
                    page_link(step.page, label=step.label, icon=step.icon, query_params=step.query)
