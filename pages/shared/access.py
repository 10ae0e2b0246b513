"""Who may: every page's first line and every callback's first line."""

from urllib.parse import quote, unquote

import streamlit as st

from core.accounts import Action, Person, check_may, local_person
from core.errors import ModeratoError
from core.sign_ins import SignedIn, token_of
from pages.shared import state
from pages.shared.resources import services
from pages.shared.whoami import watch_sign_in
from pages.shared.words import _, said

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
    """Who uses this browser session: by the cookie of a sign-in, looked up every two seconds at most.

    Without any account, on this machine alone, by what was typed or by the cookie of an earlier visit.
    """
    if not is_local():
        found = current_sign_in()
        return found.person if found else None
    name = state.kept("person")
    if name is None:  # "" means signed out here, whatever the cookie of this visit says
        name = unquote(st.context.cookies.get(COOKIE, ""))
    try:
        return local_person(name) if name else None
    except ModeratoError:
        return None


def is_local() -> bool:
    """Whether nobody has an account."""
    return services().sign_ins.is_local()


def current_sign_in() -> SignedIn | None:
    """The sign-in of the browser behind this session."""
    wired = services()
    return wired.sign_ins.find(token_of(st.context.cookies, wired.settings))


def require(action: Action) -> Person:
    """The person, if they may do that; else says what is missing and stops the script."""
    person = current_person()  # a database that is away is no missing right: the page says what it is, and waits
    try:
        return check_may(person, action)
    except ModeratoError as error:
        st.error(said(error), icon=":material/lock:")
        st.stop()


def sign_in() -> Person:
    """The person; without one, asks for a name, or leaves for the page of signing in, and stops the script."""
    person = current_person()
    if not is_local():
        if person is None:
            watch_sign_in(-1)
            st.info(_("You are not signed in any more."), icon=":material/lock:")
            st.stop()
        return person
    if state.kept("person") is not None:  # typed or taken back in this session: the cookie follows
        _remember(key="remember_name", data={"name": quote(person.name if person else "")})
    if person is None:
        _ask_for_name()
        st.stop()
    return person


def draw_who(person: Person) -> None:
    """Who is signed in, and the ways out."""
    found = None if is_local() else current_sign_in()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(person.name)
        if is_local():
            st.button(
                _("Change"), key="sign_out", on_click=sign_out, type="tertiary", help=_("Work under another name")
            )
    watch_sign_in(found.id if found else 0)


def sign_out() -> None:
    """Forget who uses this browser. A callback: the rerun asks for a name."""
    state.keep("person", "")


def _ask_for_name() -> None:
    middle = st.columns([1, 2, 1])[1]
    with middle, st.form("sign_in", border=True):
        st.title("Moderato")
        st.write(_("Give the name that your decisions should carry. This browser remembers it."))
        st.caption(
            _("Several people? [Set up accounts](/setup): then everybody signs in. Until then this machine alone.")
        )
        name = st.text_input(_("Your name"), key="name", max_chars=60, autocomplete="nickname")
        if st.form_submit_button(_("Start"), type="primary", key="start"):
            try:
                state.keep("person", local_person(name).name)
            except ModeratoError as error:
                st.error(said(error))
            else:
                st.rerun()
