"""The Streamlit script: sign-in, navigation, theme. Every visit to any page starts here."""

import streamlit as st

from core.settings import ROOT
from pages.shared import access

st.set_page_config(page_title="Moderato", page_icon=str(ROOT / "pages/favicon.png"), layout="wide")
person = access.sign_in()

page = st.navigation(
    {
        "Review": [
            st.Page("queue.py", title="Queue", icon=":material/inbox:", default=True),
            st.Page("score.py", title="Score", icon=":material/speed:"),
            st.Page("browse.py", title="Browse", icon=":material/search:"),
        ],
        "Measure": [
            st.Page("metrics.py", title="Metrics", icon=":material/monitoring:"),
            st.Page("agreement.py", title="Agreement", icon=":material/diversity_3:"),
            st.Page("drift.py", title="Drift", icon=":material/ssid_chart:"),
            st.Page("label_errors.py", title="Label errors", icon=":material/rule:"),
            st.Page("report.py", title="Report", icon=":material/summarize:"),
        ],
        "Run": [
            st.Page("policy.py", title="Policy", icon=":material/tune:"),
            st.Page("models.py", title="Models", icon=":material/model_training:"),
            st.Page("data.py", title="Data", icon=":material/database:"),
            st.Page("admin.py", title="Admin", icon=":material/key:"),
        ],
    }
)
with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
    st.text(person.name)
    st.button("Change", key="sign_out", on_click=access.sign_out, type="tertiary", help="Work under another name")
page.run()
