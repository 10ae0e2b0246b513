"""Who is signed in, in the sidebar; it also looks every few seconds whether that still holds, and leaves if not."""

import streamlit as st

from pages.shared.words import _, reader

_HTML = """
<div class="who" hidden><a href="/password" target="_self"></a><button type="button"></button></div>
"""
_CSS = """
.who{display:flex;gap:.75rem;font:.875rem var(--st-font);color:var(--st-text-color)}
.who[hidden]{display:none}
a,button{font:inherit;color:inherit;background:none;border:0;padding:.25rem 0;cursor:pointer;text-decoration:underline;
text-underline-offset:.2em}
:focus-visible{outline:2px solid var(--st-primary-color);outline-offset:2px;border-radius:2px}
"""
_JS = """
const EVERY = 5000
const watches = new WeakMap()

function leave(here) {
  document.body.style.visibility = "hidden"  // nothing stays on the screen of somebody who was signed out
  if (here) location.reload()
  else location.replace("/sign-in?next=" + encodeURIComponent(location.pathname + location.search))
}

function watch() {
  const self = { id: null, used: true }
  const note = () => { self.used = true }
  const look = async () => {
    const used = self.used
    self.used = false
    try {
      const answer = await fetch(used ? "/session?used=1" : "/session", { cache: "no-store" })
      if (answer.status === 401) leave(false)
      else if (answer.ok && (await answer.json()).id !== self.id) leave(true)
      else if (!answer.ok) self.used ||= used
    } catch { self.used ||= used }  // the server is away: the page says so by itself
  }
  const seen = () => { if (!document.hidden) look() }
  const events = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]
  for (const event of events) window.addEventListener(event, note, { passive: true, capture: true })
  document.addEventListener("visibilitychange", seen)
  window.addEventListener("pageshow", seen)
  const timer = setInterval(look, EVERY)
  self.stop = () => {
    clearInterval(timer)
    for (const event of events) window.removeEventListener(event, note, { capture: true })
    document.removeEventListener("visibilitychange", seen)
    window.removeEventListener("pageshow", seen)
  }
  return self
}

export default function (component) {
  const { data, parentElement } = component
  if (!watches.has(parentElement)) watches.set(parentElement, watch())
  const mine = watches.get(parentElement)
  mine.id = data.id
  document.documentElement.lang = data.language  // for screen readers: Streamlit's own page says English
  parentElement.querySelector(".who").hidden = !data.account
  parentElement.querySelector("a").textContent = data.password
  parentElement.querySelector("button").textContent = data.out
  parentElement.querySelector("button").onclick = async () => {
    await fetch("/sign-out", { method: "POST" })
    location.replace("/sign-in?told=out")
  }
  return () => { mine.stop(); watches.delete(parentElement) }
}
"""
_component = st.components.v2.component("whoami", html=_HTML, css=_CSS, js=_JS)


def watch_sign_in(sign_in_id: int) -> None:
    """Leave when this browser is no longer signed in by that number; 0 is local mode, where nobody signs in."""
    words = {"language": reader().code, "password": _("Password"), "out": _("Sign out")}
    _component(key="whoami", data={"id": sign_in_id, "account": sign_in_id > 0, **words})
