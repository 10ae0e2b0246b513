"""Every route that the dashboard serves, Streamlit's own too, as the application itself lists them."""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache

from core.settings import ROOT

_LIST = """
import json, app
def walk(routes, above=""):
    for route in routes:
        path = above + getattr(route, "path", "?")
        yield type(route).__name__, path
        yield from walk(getattr(route, "routes", None) or (), path)
print(json.dumps(sorted(set(walk(app.app._build_starlette_app().routes)))))
"""


@cache
def all_routes() -> list[tuple[str, str]]:
    """(kind of route, path template), asked of a process of its own: importing the application changes the logs."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", _LIST], cwd=ROOT, env={**os.environ, "MODERATO_DATA_DIR": folder},
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    return [(kind, path) for kind, path in json.loads(done.stdout.splitlines()[-1])]
