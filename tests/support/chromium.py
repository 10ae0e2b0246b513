"""A Chromium for the browser tests: found, else installed, else a sentence that says what to do."""

import shutil
import subprocess
import sys

from tests.support.debian import install

ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def executable() -> str | None:
    """Path of a Chromium on this machine; None means that Playwright's own was installed. Raises RuntimeError."""
    found = _find()
    if found or (install("chromium") and (found := _find())):
        return found
    done = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, capture_output=True)
    if done.returncode == 0:
        return None
    raise RuntimeError(
        "The browser tests need Chromium and could not install one. Install it (Debian: apt-get install chromium; "
        "elsewhere: .venv/bin/playwright install --with-deps chromium) and run `make test` again."
    )


def _find() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
