"""Inviting people, their roles, their browsers, and what each role may do."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import streamlit as st

from core.accounts import MAX_NAME, MAY, Action, Role
from core.errors import ModeratoError
from core.people import Account
from pages.shared import state
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.titles import ROLES
from pages.shared.words import _, later, ngettext, said

MEANINGS = {
    Role.MODERATOR: later("Moderator: reviews the queue, sees their own decisions"),
    Role.LEAD: later("Lead: settles disagreements, sees others' work, sets the policy"),
    Role.ANALYST: later("Analyst: metrics, exports, proposes policies"),
    Role.ADMIN: later("Admin: people, keys, models, settings"),
}
_COLORS = {Role.MODERATOR: "blue", Role.LEAD: "violet", Role.ANALYST: "green", Role.ADMIN: "orange"}
_LINK = "people_link"
_MESSAGE = "people_message"


def draw_message() -> None:
    """What the last click did, or why not."""
    if message := state.kept(_MESSAGE):
        state.keep(_MESSAGE, None)
        notice(*message)


def draw_local_mode() -> None:
    """Nobody has an account: how to begin."""
    with st.container(border=True):
        st.subheader(_("Nobody has an account yet"))
        st.write(
            _(
                "Moderato serves this machine alone, and whoever opens it gives a name and has every role. Create "
                "the first administrator to share it with a team: from then on everybody signs in and sees what "
                "their roles allow. Decisions stay with the names that they were made under, so take your own."
            )
        )
        st.link_button(_("Create the first administrator"), "/setup", type="primary", icon=":material/person_add:")


def draw_link() -> None:
    """The new link, until it is put away. Kept nowhere but in this browser session."""
    if not (made := state.kept(_LINK)):
        return
    name, secret = made
    settings = services().settings
    with st.container(border=True):
        st.text(
            ngettext(
                "Give this link to {name}. It sets a password, works once, and for {days:g} day.",
                "Give this link to {name}. It sets a password, works once, and for {days:g} days.",
                math.ceil(settings.link_days),
            ).format(name=name, days=settings.link_days)
        )
        st.code(f"{settings.base_url}/welcome?link={secret}", language=None, wrap_lines=True)
        st.button(_("I have it"), key="link_away", on_click=state.keep, args=(_LINK, None), type="primary")


def draw_invite() -> None:
    """The form that makes an account."""
    with st.form("invite", border=True):
        left, right = st.columns(2)
        name = left.text_input(_("Name"), key="invite_name", max_chars=MAX_NAME, help=_("The ledger says it, for good"))
        chosen = right.multiselect(
            _("Roles"),
            list(Role),
            key="invite_roles",
            format_func=lambda role: _(MEANINGS[role]),
            default=[Role.MODERATOR],
        )
        if st.form_submit_button(_("Invite"), key="invite_send", icon=":material/person_add:"):
            _invite(name, chosen)


def draw_accounts() -> None:
    """Every account; those that may sign in first."""
    people = services().people
    accounts = sorted(people.list_accounts(), key=lambda account: account.disabled_at is not None)
    decided, browsers = people.decided([account.name for account in accounts]), people.browsers()
    for account in accounts:
        with st.container(border=True):
            _draw_account(account, decided.get(account.name, 0))
            for browser in browsers:
                if browser.account_id == account.id:
                    _draw_browser(account, browser)


def draw_roles() -> None:
    """The table of who may do what, as it is checked."""
    with st.expander(_("What each role may do"), icon=":material/rule:"):
        rows = [
            {_("Action"): _(action.value.replace("_", " "))} | {_(ROLES[role]): action in MAY[role] for role in Role}
            for action in Action
        ]
        st.dataframe(rows, hide_index=True, alt=_("Actions by role"))


def _draw_account(account: Account, decided: int) -> None:
    head, act = st.columns([4, 1], vertical_alignment="center")
    with head, st.container(horizontal=True, vertical_alignment="center"):
        st.text(account.name, width="content")
        for role in sorted(account.roles):
            st.badge(_(ROLES[role]), color=_COLORS[role])
        if account.is_company:
            st.badge(_("company"), color="gray")
        if account.disabled_at:
            st.badge(_("disabled"), color="red")
        elif not account.is_company and not account.has_password:
            st.badge(_("no password yet"), color="gray")
    last = (
        _("last signed in {moment}").format(moment=_moment(account.last_sign_in_at))
        if account.last_sign_in_at
        else _("never signed in")
    )
    many = ngettext("{many:,} decision", "{many:,} decisions", decided).format(many=decided)
    made = _("made {moment}").format(moment=_moment(account.created_at))
    st.caption(f"{last} · {many} · {made}")
    with act.popover(_("Manage"), width="stretch"):
        _draw_manage(account)


def _draw_manage(account: Account) -> None:
    key = str(account.id)
    if not account.is_company:
        chosen = st.multiselect(
            _("Roles"), list(Role), sorted(account.roles, key=list(Role).index), key=f"roles_{key}",
            format_func=lambda role: _(MEANINGS[role]),
        )  # fmt: skip
        _button(_("Save roles"), f"save_roles_{key}", _set_roles, account.name, chosen)
        st.caption(_("Whoever has a password keeps it until the link is used."))
        _button(_("New link"), f"link_{key}", _new_link, account.name, reset=False)
        _button(_("Reset password"), f"reset_{key}", _new_link, account.name, reset=True)
    else:
        st.caption(_("Roles and password come from your company's sign-in."))
    _button(_("Sign out everywhere"), f"out_{key}", _sign_out, account.name, None)
    if account.disabled_at:
        _button(_("Enable"), f"enable_{key}", _enable, account.name)
    else:
        _button(_("Disable"), f"disable_{key}", _disable, account.name)


def _draw_browser(account: Account, browser: Any) -> None:
    place, act = st.columns([4, 1], vertical_alignment="center")
    place.text(
        _("{browser} at {address}, in since {since}, used {used}").format(
            browser=browser.browser,
            address=browser.address,
            since=_moment(browser.created_at),
            used=_moment(browser.used_at),
        )
    )
    with act:
        _button(_("Sign out"), f"out_browser_{browser.id}", _sign_out, account.name, browser.id)


def _button(label: str, key: str, act: Callable[..., None], *args: Any, kind: Any = "secondary", **kwargs: Any) -> None:
    st.button(label, key=key, on_click=_guarded, args=(act, *args), kwargs=kwargs, type=kind, width="stretch")


def _guarded(act: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    require(Action.MANAGE_PEOPLE)
    try:
        act(*args, **kwargs)
    except ModeratoError as error:
        state.keep(_MESSAGE, (said(error), "error"))


def _invite(name: str, roles: list[Role]) -> None:
    try:
        account, secret = services().people.create(name, roles, by=require(Action.MANAGE_PEOPLE))
    except ModeratoError as error:
        notice(said(error))
        return
    state.keep(_LINK, (account.name, secret))
    st.session_state.pop("invite_name", None)  # else the next is begun with this one's name
    if many := services().people.decided([account.name]).get(account.name):
        state.keep(
            _MESSAGE,
            (
                ngettext(
                    "The ledger has {many:,} decision under this name: it is this person's now.",
                    "The ledger has {many:,} decisions under this name: they are this person's now.",
                    many,
                ).format(many=many),
                "info",
            ),
        )
    st.rerun()


def _new_link(name: str, *, reset: bool) -> None:
    people, by = services().people, require(Action.MANAGE_PEOPLE)
    state.keep(_LINK, (name, people.reset_password(name, by=by) if reset else people.invite(name, by=by)))


def _set_roles(name: str, roles: list[Role]) -> None:
    services().people.set_roles(name, roles, by=require(Action.MANAGE_PEOPLE))


def _sign_out(name: str, browser: int | None) -> None:
    services().people.sign_out(name, by=require(Action.MANAGE_PEOPLE), browser=browser)


def _disable(name: str) -> None:
    services().people.disable(name, by=require(Action.MANAGE_PEOPLE))


def _enable(name: str) -> None:
    services().people.enable(name, by=require(Action.MANAGE_PEOPLE))


def _moment(at: datetime) -> str:
    return _("{at:%d %b %Y, %H:%M} UTC").format(at=at)
