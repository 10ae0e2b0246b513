"""Who may: every page's first line and every callback's first line."""

from urllib.parse import quote, unquote

import streamlit as st

from core.accounts import Action, Person, check_may, local_person
from core.errors import ModeratoError
from pages.shared import state

COOKIE = "moderato_name"
"""Keeps the name between visits in local mode. Not a secret: on loopback every name has every role."""

_REMEMBER = """
const sent = new WeakMap()
export default function (component) {
  const { data, parentElement } = component
  if (sent.get(parentElement) === data.name) return
  sent.set(parentElement, data.name)
  fetch("/local/name", { method: "POST", headers: { "content-type": "text/plain" }, body: data.name })
}
"""
_remember = st.components.v2.component("remember_name", html="<span></span>", js=_REMEMBER)


def current_person() -> Person | None:
    """Who uses this browser session, by what was typed or by the cookie of an earlier visit."""
    name = state.kept("person")
    if name is None:  # "" means signed out here, whatever the cookie of this visit says
        name = unquote(st.context.cookies.get(COOKIE, ""))
    try:
        return local_person(name) if name else None
    except ModeratoError:
        return None


def require(action: Action) -> Person:
    """The person, if they may do that; else says what is missing and stops the script."""
    try:
        return check_may(current_person(), action)
    except ModeratoError as error:
        st.error(str(error), icon=":material/lock:")
        st.stop()


def sign_in() -> Person:
    """The person; without one, asks for a name and stops the script."""
    person = current_person()
    if state.kept("person") is not None:  # typed or taken back in this session: the cookie follows
        _remember(key="remember_name", data={"name": quote(person.name if person else "")})
    if person is None:
        _ask_for_name()
        st.stop()
    return person


def sign_out() -> None:
    """Forget who uses this browser. A callback: the rerun asks for a name."""
    state.keep("person", "")


def _ask_for_name() -> None:
    _, middle, _ = st.columns([1, 2, 1])
    with middle, st.form("sign_in", border=True):
        st.title("Moderato")
        st.write("Give the name that your decisions should carry. This browser remembers it.")
        name = st.text_input("Your name", key="name", max_chars=60, autocomplete="nickname")
        if st.form_submit_button("Start", type="primary", key="start"):
            try:
                state.keep("person", local_person(name).name)
            except ModeratoError as error:
                st.error(str(error))
            else:
                st.rerun()
