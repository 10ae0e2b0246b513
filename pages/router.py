"""The Streamlit script: sign-in, navigation, theme. Every visit to any page starts here."""

import streamlit as st
from streamlit.navigation.page import Page

from core.accounts import Action, Person
from core.settings import ROOT
from pages.shared import access, trouble
from pages.shared.language_panel import follow_choice
from pages.shared.looks import draw_looks
from pages.shared.words import _

PAGES = {
    "Review": [
        ("queue.py", "Queue", "inbox", Action.REVIEW),
        ("raids.py", "Raids", "groups_3", Action.REVIEW),
        ("score.py", "Score", "speed", Action.SCORE),
        ("browse.py", "Browse", "search", Action.BROWSE),
        ("guidelines.py", "Guidelines", "menu_book", Action.READ_GUIDELINES),
        ("my_work.py", "My work", "person", Action.REVIEW),
    ],
    "Measure": [
        ("metrics.py", "Metrics", "monitoring", Action.SEE_METRICS),
        ("agreement.py", "Agreement", "diversity_3", Action.SEE_AGREEMENT),
        ("drift.py", "Drift", "ssid_chart", Action.SEE_DRIFT),
        ("label_errors.py", "Label errors", "rule", Action.FIND_LABEL_ERRORS),
        ("report.py", "Report", "summarize", Action.SEE_REPORT),
    ],
    "Run": [
        ("slices.py", "Slices", "splitscreen", Action.MANAGE_SLICES),
        ("policy.py", "Policy", "balance", Action.SEE_POLICY),
        ("models.py", "Models", "model_training", Action.SEE_MODELS),
        ("data.py", "Data", "database", Action.SEE_DATA),
    ],
    "Administer": [
        ("people.py", "People", "group", Action.MANAGE_PEOPLE),
        ("admin.py", "Admin", "key", Action.MANAGE_KEYS),
        ("webhooks.py", "Webhooks", "webhook", Action.MANAGE_WEBHOOKS),
        ("privacy.py", "Privacy", "shield_person", Action.MANAGE_PRIVACY),
        ("audit_trail.py", "Audit trail", "history_edu", Action.SEE_AUDIT_TRAIL),
    ],
    "You": [
        ("preferences.py", "Preferences", "tune", Action.KEEP_PREFERENCES),
        ("practice.py", "Practice", "school", Action.REVIEW),
    ],
}
"""File, title, icon, and what one must be allowed to see it: the page requires the same. The first is the start."""


def pages_for(person: Person) -> dict[str, list[Page]]:
    """Those they may see, by group. The others' addresses say which role is missing, and never run their files."""
    shown = {group: [entry for entry in entries if person.may(entry[3])] for group, entries in PAGES.items()}
    start = next(entry for entries in shown.values() for entry in entries)
    made = {
        _(group): [
            st.Page(file, title=_(title), icon=f":material/{icon}:", default=file == start[0])
            for file, title, icon, _action in entries
        ]
        for group, entries in shown.items()
        if entries
    }
    next(iter(made.values())).extend(
        st.Page(
            lambda action=action: access.require(action),
            title=_(title),
            url_path=file.removesuffix(".py"),
            visibility="hidden",
        )
        for entries in PAGES.values()
        for file, title, _icon, action in entries
        if not person.may(action)
    )
    return made


def draw() -> None:
    """Who it is, where they may go, and the page."""
    person = access.sign_in()
    follow_choice(person)
    if not any(person.may(action) for entries in PAGES.values() for *_, action in entries):
        access.draw_who(person)
        st.error(_("You have no role yet. Ask an administrator for one."), icon=":material/lock:")
        return
    page = st.navigation(pages_for(person), expanded=True)
    st.set_page_config(page_title=f"{page.title} · Moderato")
    draw_looks()
    with st.sidebar:
        access.draw_who(person)
    page.run()


st.set_page_config(page_title="Moderato", page_icon=str(ROOT / "pages/favicon.png"), layout="wide")
trouble.run(draw)
