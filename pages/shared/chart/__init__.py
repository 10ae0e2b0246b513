"""The chart component: uPlot draws a Chart in the browser, which keeps zoom and hidden series by the chart's key."""

import gzip
import hashlib
import json
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pages.shared.chart.spec import Chart
from pages.shared.words import _, words_of

_HERE = Path(__file__).parent
_PARTS = (
    "vendor/uPlot.iife.min.js",
    "../review_card/words.js",
    "format.js",
    "style.js",
    "marks.js",
    "table.js",
    "options.js",
    "chart.js",
)
"""One module, in this order: the library, the words, then ours."""
_STYLES = ("vendor/uPlot.min.css", "chart.css")


def _module() -> bytes:
    """The script with its styles, as one ES module."""
    styles = "\n".join((_HERE / part).read_text() for part in _STYLES)
    parts = [(_HERE / part).read_text() for part in _PARTS]
    return "\n".join([f"const STYLES = {json.dumps(styles)}", *parts]).encode()


_SCRIPT = _module()
_ZIPPED = gzip.compress(_SCRIPT, mtime=0)
PATH = f"/local/chart-{hashlib.sha256(_SCRIPT).hexdigest()[:16]}.js"
"""Where the script is served: once to a browser, as its address changes with it. Streamlit would send it every time."""

_LOADER = f"""
export default function (component) {{
  const {{ data, parentElement }} = component
  const holder = parentElement.querySelector(".chart")
  if (!holder.childElementCount) holder.style.minHeight = `${{data.chart.height}}px`
  import(new URL("{PATH}", location.origin)).then(
    module => {{
      if (!holder.isConnected) return
      holder.style.minHeight = ""
      holder.stopChart = module.draw(holder, data)
    }},
  ).catch(problem => {{
    console.error(problem)
    holder.textContent = data.failed
  }})
  return () => holder.stopChart?.()
}}
"""
_component = st.components.v2.component("chart", html='<div class="chart"></div>', js=_LOADER)
_STEADY = "<style>[data-testid=stElementContainer][data-stale=true]{opacity:1!important}</style>"


async def _serve(request: Request) -> Response:
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if zipped:
        headers["content-encoding"] = "gzip"
    return Response(_ZIPPED if zipped else _SCRIPT, media_type="text/javascript", headers=headers)


routes = [Route(PATH, _serve)]
"""For app.py."""


def draw_chart(spec: Chart, key: str, title: str | None = None, *, titled: bool = True) -> None:
    """Draw the chart.

    `key` tells charts apart: a chart drawn again under its key changes in place, in the zoom that its reader chose.
    `title`, else the chart's own, is the question that it answers; `titled=False` leaves it to screen readers where
    it stands above already.
    """
    data = {"chart": spec.to_dict(), "key": key, "title": spec.title if title is None else title, "titled": titled}
    failed = _("The chart could not be drawn. Load the page again.")
    _component(key=f"chart_{key}", data={**data, **words_of("chart"), "failed": failed})


def hold_steady() -> None:
    """Nothing fades while a page that follows the ledger is drawn again."""
    st.html(_STEADY)
