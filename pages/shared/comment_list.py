"""A list of comments to pick from: quick to paint, readable on a phone, text set as text only."""

from collections.abc import Callable

import streamlit as st

_CSS = """
ol { list-style: none; margin: 0; padding: 0; font-family: var(--st-font); color: var(--st-text-color); }
li + li { border-top: 1px solid var(--st-border-color); }
button { all: unset; box-sizing: border-box; display: block; width: 100%; padding: .55rem .6rem; cursor: pointer;
  border-radius: var(--st-base-radius); }
button:hover { background: var(--st-secondary-background-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: -2px; }
button[aria-pressed=true] { background: var(--st-secondary-background-color);
  box-shadow: inset 3px 0 var(--st-primary-color); }
.text { overflow-wrap: anywhere; unicode-bidi: isolate; text-align: start; line-height: 1.45; overflow: clip;
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; font-size: .95rem; }
.masked { opacity: .75; font-style: italic; }
.facts { display: flex; flex-wrap: wrap; gap: .15rem .8rem; margin-top: .3rem; font-size: .8rem; align-items: center;
  color: color-mix(in srgb, var(--st-text-color) 72%, transparent); overflow-wrap: anywhere; }
.state { padding: .05rem .45rem; border-radius: 1rem; font-weight: 600; background: var(--back); color: var(--fore); }
.number { margin-left: auto; font-variant-numeric: tabular-nums; }
"""

_JS = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector("ol")
  const made = (tag, kind, text) => {
    const element = document.createElement(tag)
    element.className = kind
    element.textContent = text
    return element
  }
  const row = item => {
    const button = made("button", "", "")
    button.type = "button"
    button.dataset.cid = item.id
    button.setAttribute("aria-pressed", String(item.id === data.open))
    const text = made("div", item.masked ? "text masked" : "text", item.text)
    text.dir = "auto"
    const facts = made("div", "facts", "")
    const state = made("span", "state", item.state)
    state.style.setProperty("--back", `var(--st-${item.color}-background-color)`)
    state.style.setProperty("--fore", `var(--st-${item.color}-text-color)`)
    const number = made("span", "number", "#" + (item.number ?? item.id))
    facts.append(state, ...item.facts.map(fact => made("span", "", fact)), number)
    button.append(text, facts)
    button.onclick = () => setTriggerValue("open", item.id)
    const line = document.createElement("li")
    line.append(button)
    return line
  }
  list.replaceChildren(...data.rows.map(row))
}
"""

_list = st.components.v2.component("comment_list", html="<ol></ol>", css=_CSS, js=_JS)


def comment_list(rows: list[dict[str, object]], *, opened: int | None, key: str, on_open: Callable[[], None]) -> None:
    """Draw rows of id, text, masked, state, color, facts, and `number` where that stands at the end, not the id.

    A click calls `on_open`; state.kept(key).open is its id.
    """
    _list(key=key, data={"rows": rows, "open": opened}, on_open_change=on_open)
