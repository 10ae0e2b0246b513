"""What a page says where there is nothing to show: what it is, why, and the next step. Looks the same everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.accounts import Action, Person
from pages.shared.links import page_link
from pages.shared.words import _


@dataclass(frozen=True, slots=True)
class Step:
    """A link to where one goes on."""

    page: str
    """The page's file, such as "data.py"."""
    label: str
    icon: str
    query: Mapping[str, str] | None = None


def draw_empty(title: str, why: str, *steps: Step) -> None:
    """A box with the words and the links, those to pages that the person may not open left out.

    The words are read as Markdown: never anybody's text.
    """
    with st.container(border=True):
        st.subheader(title, anchor=False)
        st.write(why)
        draw_steps(*steps)


def draw_steps(*steps: Step, centred: bool = False) -> None:
    """The links alone, under what says why."""
    if not steps:
        return
    with st.container(horizontal=True, horizontal_alignment="center" if centred else "left"):
        for step in steps:
            page_link(step.page, label=step.label, icon=step.icon, query_params=step.query)


def draw_no_comments(person: Person, what_for: str) -> None:
    """For a page that has nothing to work on, because there is no comment at all."""
    if person.may(Action.IMPORT):
        how = _("Import a file, or let your site send them.")
    else:
        how = _("A lead imports them, or your site sends them.")
    draw_empty(_("No comments yet"), what_for + " " + how, *_first_steps(person))


def draw_beginning(person: Person) -> None:
    """The way to comments, for the queue: its card says the rest, and the practice is offered above it."""
    draw_steps(*(step for step in _first_steps(person) if step.page != "practice.py"), centred=True)


def _first_steps(person: Person) -> list[Step]:
    steps = [Step("data.py", _("Import comments"), ":material/upload:")] if person.may(Action.IMPORT) else []
    if person.may(Action.REVIEW):
        steps.append(Step("practice.py", _("Practise meanwhile"), ":material/school:"))
    return steps
