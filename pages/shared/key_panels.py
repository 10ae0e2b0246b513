"""Making a key, its secret once, and the keys that there are."""

from datetime import datetime

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from core.keys import DEFAULT_RATE, MAX_NAME, ApiKey, Scope
from pages.shared import state
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _, later, said

_MEANINGS = {
    Scope.ANALYZE: later("Analyze: have texts scored"),
    Scope.SUGGEST: later("Suggest: send corrections that people look at"),
    Scope.TRUSTED: later("Trusted: its corrections hold at once, as decisions under its name"),
    Scope.INGEST: later("Ingest: send comments in"),
    Scope.READ: later("Read: where comments stand, decisions, models, policy, metrics"),
    Scope.METRICS: later("Metrics: figures for Prometheus"),
}
_SECRET = "new_key"  # nosec B105 # a key of the session's state


def draw_secret() -> None:
    """The new key's secret, until it is put away. Kept nowhere but in this browser session."""
    if not (made := state.kept(_SECRET)):
        return
    name, secret = made
    with st.container(border=True):
        st.success(
            _("The key {name} is made. Copy its secret now: it is shown this once.").format(name=name),
            icon=":material/key:",
        )
        st.code(secret, language=None, wrap_lines=True)
        st.button(_("I have it"), key="put_away", on_click=state.keep, args=(_SECRET, None), type="primary")


def draw_new() -> None:
    """The form that makes a key."""
    with st.form("new_key_form", clear_on_submit=False):
        name = st.text_input(
            _("Name"), key="key_name", max_chars=MAX_NAME, placeholder=_("forum"), help=_("The ledger says it")
        )
        chosen = st.multiselect(
            _("May"),
            list(Scope),
            key="key_scopes",
            format_func=lambda scope: _(_MEANINGS[scope]),
            default=[Scope.ANALYZE],
        )
        left, right = st.columns(2)
        rate = left.number_input(
            _("Requests a second"),
            0.0,
            100_000.0,
            DEFAULT_RATE,
            1.0,
            key="key_rate",
            format="%g",
            help=_("0: no limit"),
        )
        daily = right.number_input(
            _("Requests a day"), 0, 2_000_000_000, 0, 1000, key="key_daily", help=_("0: no limit. Days are UTC.")
        )
        if st.form_submit_button(_("Make a key"), key="make_key"):
            _make(name, chosen, rate or None, daily or None)


def draw_keys() -> None:
    """Every key with its limits and use; those that hold can be revoked."""
    keys = services().keys
    used, lately = keys.used_today(), keys.used_lately()
    listed = sorted(keys.list_keys(), key=lambda key: (key.revoked_at is not None, key.name))
    if not listed:
        st.info(f"{_('There is no key yet.')} {_without_key()}")
    for key in listed:
        with st.container(border=True):
            _draw_key(key, used.get(key.id, 0), lately.get(key.id, 0))


def _without_key() -> str:
    """What programs may do before the first key: what the routes themselves go by."""
    wired = services()
    if wired.settings.is_shared:
        return _("No program is served before the first is made: Moderato is meant for others than this machine.")
    if not wired.sign_ins.is_local():
        return _("There are accounts, so no program is served before the first is made, on this machine either.")
    return _("Until the first is made, programs on this machine need none.")


def _draw_key(key: ApiKey, today: int, lately: int) -> None:
    head, act = st.columns([4, 1], vertical_alignment="center")
    with head, st.container(horizontal=True, vertical_alignment="center"):
        st.text(key.name)
        for scope in sorted(key.scopes):
            st.badge(scope.value, color="blue" if scope is Scope.TRUSTED else "gray")
        if key.revoked_at:
            st.badge(_("revoked"), color="red")
    rate = _("any rate") if key.rate is None else _("{rate:g} a second").format(rate=key.rate)
    daily = _("any number a day") if key.daily is None else _("{daily:,} a day").format(daily=key.daily)
    last = _("last used {moment}").format(moment=_moment(key.last_used_at)) if key.last_used_at else _("never used")
    st.caption(
        _(
            "`{prefix}…` · {rate}, {daily} · {last} · {today:,} requests today, {lately:,} in 30 days · made {moment}"
        ).format(
            prefix=key.prefix,
            rate=rate,
            daily=daily,
            last=last,
            today=today,
            lately=lately,
            moment=_moment(key.created_at),
        )
    )
    if not key.revoked_at:
        with act.popover(_("Revoke"), width="stretch"):
            st.write(_("No request with it is answered from now on. The name stays taken."))
            st.button(_("Revoke it"), key=f"revoke_{key.id}", on_click=_revoke, args=(key.name,), type="primary")


def _make(name: str, scopes: list[Scope], rate: float | None, daily: int | None) -> None:
    try:
        key, secret = services().keys.create(name, scopes, by=require(Action.MANAGE_KEYS), rate=rate, daily=daily)
    except ModeratoError as error:
        notice(said(error))
        return
    state.keep(_SECRET, (key.name, secret))
    st.rerun()


def _revoke(name: str) -> None:
    try:
        services().keys.revoke(name, by=require(Action.MANAGE_KEYS))
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")


def _moment(at: datetime) -> str:
    return _("{at:%d %b %Y, %H:%M} UTC").format(at=at)
