"""A dashboard of every kind of chart, without a database: `app` is served by the browser tests."""

from pathlib import Path

import streamlit as st

from pages.shared import chart

app = st.App(str(Path(__file__).with_name("chart_gallery_page.py")), routes=[*chart.routes])
