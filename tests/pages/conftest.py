"""The real app without a server or a browser, on its own empty database."""

from functools import cache

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.services import Services
from core.settings import ROOT, Settings
from pages.shared.resources import services as shared_services
from tests.support.databases import settings_on

manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
# A server reads the metadata of all installed packages once, when it starts; AppTest would for each test.


@pytest.fixture
def database(request, tmp_path) -> Settings:
    """The app's database: SQLite, but for tests marked `on_both`, which run on PostgreSQL too."""
    return settings_on(getattr(request, "param", "sqlite"), request, tmp_path)


@pytest.fixture
def stranger(tmp_path, monkeypatch, database) -> AppTest:
    """The app as somebody sees it who has not given a name."""
    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MODERATO_DATABASE_URL", database.database_url)
    monkeypatch.setenv("MODERATO_EMBEDDED_WORKER", "false")
    st.cache_resource.clear()
    return AppTest.from_file(str(ROOT / "pages" / "router.py"), default_timeout=30)


@pytest.fixture
def app(stranger) -> AppTest:
    """The app as Ada sees it. `app.switch_page("metrics.py").run()` opens a page after the first run()."""
    stranger.session_state["person"] = "Ada"
    return stranger


@pytest.fixture
def app_services(app) -> Services:
    """The services that the app itself uses: to put things in before it runs, and to look at what it did."""
    return shared_services()
