"""Making a webhook, its secret once, and each webhook with its health and what can be done with it."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from core.accounts import Action, Person
from core.errors import ModeratoError
from core.webhooks.events import Event
from core.webhooks.service import MAX_NAME, Counts, Webhook, Wishes
from pages.shared import state
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _, later, ngettext, said

_EVENTS = {
    Event.CREATED: later("Decisions that hold"),
    Event.REVOKED: later("Decisions taken back"),
    Event.REMOVED: later("Removals by the policy"),
}
_SECRET, _SAID = "webhook_secret", "webhook_said"


def draw_secret() -> None:
    """A new secret, until it is put away. Kept nowhere in the browser but in this session."""
    if not (made := state.kept(_SECRET)):
        return
    name, secret = made
    with st.container(border=True):
        st.success(
            _("The secret of the webhook {name}. Copy it now: it is shown this once.").format(name=name),
            icon=":material/key:",
        )
        st.code(secret, language=None, wrap_lines=True)
        st.button(_("I have it"), key="put_away", on_click=state.keep, args=(_SECRET, None), type="primary")


def draw_new() -> None:
    """The form that makes a webhook."""
    with st.expander(_("New webhook"), icon=":material/add:"), st.form("new_webhook", border=False):
        name = st.text_input(_("Name"), key="hook_name", max_chars=MAX_NAME, placeholder=_("forum"))
        url, wishes = _fields("hook", "", Wishes())
        if st.form_submit_button(_("Make a webhook"), key="make_hook", type="primary"):
            _make(name, url, wishes)


def listed(person: Person) -> list[tuple[Webhook, Counts]]:
    """All webhooks; says so if there is none."""
    found = services().webhooks.list_webhooks(by=person)
    if not found:
        st.info(_("There is no webhook yet. Decisions stay here until a program asks for them."))
    return found


def draw_webhook(hook: Webhook, counts: Counts) -> None:
    """One webhook: its health, what it is told, and what can be done."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(hook.name)
        _badge(hook)
        if counts.waiting:
            st.badge(_("{waiting:,} waiting").format(waiting=counts.waiting), color="gray")
        if counts.failed:
            st.badge(_("{failed:,} failed").format(failed=counts.failed), color="red")
    st.code(hook.url, language=None, wrap_lines=True)
    told = ", ".join(_(_EVENTS[event].lower()) for event in Event if event in hook.events)
    words = (
        _("Told of {events}; with the moderator's name").format(events=told)
        if hook.with_person
        else _("Told of {events}; without the moderator's name").format(events=told)
    )
    last = (
        _("last one taken {moment}").format(moment=_moment(hook.delivered_at))
        if hook.delivered_at
        else _("nothing delivered yet")
    )
    delivered = ngettext("{many:,} delivered in 7 days", "{many:,} delivered in 7 days", counts.delivered)
    st.caption(f"{words} · {delivered.format(many=counts.delivered)}, {last}")
    if hook.sources:
        notice(_("Only comments of: {sources}").format(sources=", ".join(hook.sources)), "info")
    _draw_trouble(hook)
    _draw_actions(hook)
    if (told := state.kept(_SAID)) and told[0] == hook.name:
        notice(told[1], told[2])


def _badge(hook: Webhook) -> None:
    if not hook.enabled:
        st.badge(_("disabled"), color="gray", icon=":material/pause:")
    elif hook.failing_since:
        st.badge(_("failing"), color="orange", icon=":material/warning:")
    else:
        st.badge(_("works") if hook.delivered_at else _("on"), color="green", icon=":material/check:")


def _draw_trouble(hook: Webhook) -> None:
    if not hook.enabled:
        notice(
            f"{hook.disabled_why or _('Disabled.')} {_('What happens meanwhile waits here until it is enabled.')}",
            "warning",
        )
    elif hook.failing_since:
        notice(
            _(
                "Nothing was taken since {moment}. {why} It is tried again by itself; what fails for a day "
                "is listed below, to be sent again by hand."
            ).format(moment=_moment(hook.failing_since), why=hook.problem or ""),
            "warning",
        )


def _draw_actions(hook: Webhook) -> None:
    with st.container(horizontal=True):
        st.button(_("Test"), key=f"test_{hook.id}", on_click=_test, args=(hook.name,), icon=":material/send:")
        with st.popover(_("Change"), icon=":material/edit:"), st.form(f"change_{hook.id}", border=False):
            events = [event for event in Event if event in hook.events]
            url, wishes = _fields(f"change_{hook.id}", hook.url, Wishes(events, hook.sources, hook.with_person))
            if st.form_submit_button(_("Save"), key=f"save_{hook.id}", type="primary"):
                _change(hook.name, url, wishes)
        if hook.enabled:
            st.button(_("Disable"), key=f"disable_{hook.id}", on_click=_do, args=("disable", hook.name))
        else:
            st.button(_("Enable"), key=f"enable_{hook.id}", on_click=_do, args=("enable", hook.name), type="primary")
        with st.popover(_("New secret")):
            st.write(_("The former one signs too for a day, so that the receiver can change over."))
            st.button(_("Make a new secret"), key=f"rotate_{hook.id}", on_click=_rotate, args=(hook.name, False))
            st.write(
                _("Does somebody else know it? Then end the former one now; give the receiver the new one at once.")
            )
            st.button(_("End the former one now"), key=f"end_{hook.id}", on_click=_rotate, args=(hook.name, True))
        with st.popover(_("Delete")):
            st.write(_("What waits and what failed goes with it, for good."))
            st.button(_("Delete it"), key=f"delete_{hook.id}", on_click=_do, args=("delete", hook.name), type="primary")


def _fields(key: str, url: str, wishes: Wishes) -> tuple[str, Wishes]:
    url = st.text_input(_("Address"), url, key=f"{key}_url", placeholder="https://example.org/moderation")
    events = st.multiselect(
        _("Tell it of"),
        list(Event),
        list(wishes.events),
        key=f"{key}_events",
        format_func=lambda event: _(_EVENTS[event]),
    )
    sources = st.text_area(
        _("Only comments of these sources, one a line"), "\n".join(wishes.sources), key=f"{key}_sources", height=70,
        placeholder=_("all sources"),
    )  # fmt: skip
    with_person = st.checkbox(
        _("Send the moderator's name too"), wishes.with_person, key=f"{key}_person",
        help=_("Who decided is personal data. Leave it out unless the receiver needs it."),
    )  # fmt: skip
    return url, Wishes([Event(event) for event in events], sources.splitlines(), with_person)


def _make(name: str, url: str, wishes: Wishes) -> None:
    try:
        hook, secret = services().webhooks.create(name, url, wishes, by=require(Action.MANAGE_WEBHOOKS))
    except ModeratoError as error:
        notice(said(error))
        return
    state.keep(_SECRET, (hook.name, secret))
    st.rerun()


def _change(name: str, url: str, wishes: Wishes) -> None:
    try:
        services().webhooks.change(name, url, wishes, by=require(Action.MANAGE_WEBHOOKS))
    except ModeratoError as error:
        notice(said(error))
        return
    state.keep(_SAID, (name, _("Saved."), "success"))
    st.rerun()


def _test(name: str) -> None:
    try:
        answer = services().webhooks.test(name, by=require(Action.MANAGE_WEBHOOKS))
    except ModeratoError as error:
        state.keep(_SAID, (name, said(error), "error"))
        return
    works = _("It works: the receiver answered {status}.").format(status=answer.status)
    state.keep(_SAID, (name, answer.problem, "error") if answer.problem else (name, works, "success"))


def _rotate(name: str, at_once: bool) -> None:
    try:
        secret = services().webhooks.rotate(name, by=require(Action.MANAGE_WEBHOOKS), at_once=at_once)
    except ModeratoError as error:
        state.keep(_SAID, (name, said(error), "error"))
        return
    state.keep(_SECRET, (name, secret))


def _do(what: str, name: str) -> None:
    webhooks = services().webhooks
    acts: dict[str, Callable[..., None]] = {
        "disable": webhooks.disable, "enable": webhooks.enable, "delete": webhooks.delete
    }  # fmt: skip
    try:
        acts[what](name, by=require(Action.MANAGE_WEBHOOKS))
    except ModeratoError as error:
        state.keep(_SAID, (name, said(error), "error"))
    else:
        state.keep(_SAID, None)


def _moment(at: datetime) -> str:
    return _("{at:%d %b %Y, %H:%M} UTC").format(at=at)
