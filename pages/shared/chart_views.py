"""Keeps what a reader did to a chart: zoom, hidden series, the hover under the mouse.

Streamlit puts a new chart in the place of one whose data changed, `key` and `uirevision` notwithstanding. This small
component listens to the charts' own events and tells the server, which draws the next chart in the same view.
"""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.shared import state

CONFIG = {
    "displaylogo": False,
    "doubleClick": "autosize",  # "reset" would go back to the view that was kept
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "resetScale2d"],
}
_PREFIX = "chart_"
_JS = """
const NAME = /st-key-(chart_[\\w-]+)/

export default function (component) {
  const { parentElement, setStateValue } = component
  if (parentElement.chartViews) {
    parentElement.chartViews.send = setStateValue
    return parentElement.chartViews.stop
  }
  const main = document.querySelector("[data-testid=stMain]") ?? document.body
  const self = { send: setStateValue, views: {} }
  const known = new WeakSet()
  let mouse = null
  let waiting = false

  const nameOf = node => {
    const holder = node.closest("[class*='st-key-chart_']")
    const found = holder && NAME.exec(holder.className)
    return found ? found[1] : null
  }
  const keep = (name, change) => {
    self.views[name] = { ...self.views[name], ...change }
    self.send("views", { ...self.views })
  }
  const attach = plot => {
    const name = nameOf(plot)
    if (!name || known.has(plot) || typeof plot.on !== "function") return
    known.add(plot)
    plot.on("plotly_relayout", change => {
      const view = {}
      for (const axis of ["xaxis", "yaxis"]) {
        const [low, high] = [change[axis + ".range[0]"], change[axis + ".range[1]"]]
        if (change[axis + ".autorange"]) view[axis] = null
        else if (low !== undefined) view[axis] = [low, high]
      }
      if (Object.keys(view).length) keep(name, view)
    })
    plot.on("plotly_restyle", () => {
      keep(name, { hidden: plot.data.filter(t => t.visible === "legendonly").map(t => t.uid) })
    })
    if (mouse && mouse.name === name) requestAnimationFrame(() => {
      const under = document.elementFromPoint(mouse.x, mouse.y)
      if (under && plot.contains(under)) {
        const at = { clientX: mouse.x, clientY: mouse.y, bubbles: true, view: window }
        under.dispatchEvent(new MouseEvent("mousemove", at))
      }
    })
  }
  const scan = () => {
    waiting = false
    main.querySelectorAll(".js-plotly-plot").forEach(attach)
  }
  const observer = new MutationObserver(() => {
    if (!waiting) { waiting = true; requestAnimationFrame(scan) }
  })
  const onMouse = event => {
    if (!event.isTrusted) return
    const plot = event.target.closest?.(".js-plotly-plot")
    mouse = plot ? { name: nameOf(plot), x: event.clientX, y: event.clientY } : null
  }
  observer.observe(main, { childList: true, subtree: true })
  document.addEventListener("mousemove", onMouse, { passive: true })
  self.stop = () => {
    observer.disconnect()
    document.removeEventListener("mousemove", onMouse)
    delete parentElement.chartViews
  }
  parentElement.chartViews = self
  scan()
  return self.stop
}
"""
_component = st.components.v2.component("chart_views", html="<span></span>", js=_JS)


_STEADY = "<style>[data-testid=stElementContainer][data-stale=true]{opacity:1!important}</style>"
"""Nothing fades while a page that follows the ledger is drawn again."""


def draw_chart(figure: go.Figure, name: str, alt: str) -> None:
    """Draw a figure in the view that its reader left it in. `name` tells charts apart."""
    _restore(figure, (state.kept("chart_views") or {}).get(_PREFIX + name) or {})
    st.plotly_chart(figure, key=_PREFIX + name, config=CONFIG, alt=alt)


@st.fragment
def keep_views() -> None:
    """Listen to the page's charts. A fragment: a zoom is noted, and nothing is drawn for it."""
    st.html(_STEADY)
    found = _component(key="chart_views_of_page", default={"views": {}}, on_views_change=_ignore)
    state.keep("chart_views", {**(state.kept("chart_views") or {}), **(found.views or {})})


def _ignore() -> None:
    """The value is read where the component is mounted."""


def _restore(figure: go.Figure, view: dict[str, Any]) -> None:
    """Put a kept view on a figure. It came from a browser: anything that is no view is left alone."""
    for axis in ("xaxis", "yaxis"):
        ends = view.get(axis)
        if isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, int | float | str) for end in ends):
            try:
                figure.layout[axis].range = ends
            except ValueError:
                continue
    hidden = view.get("hidden")
    for trace in figure.data:
        if isinstance(hidden, list) and trace.uid in hidden:
            trace.visible = "legendonly"
