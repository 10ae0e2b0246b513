"""The audit trail on its page: whether the chain is whole, filters, events, export."""

import html
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import streamlit as st

from core.accounts import Action, Person
from core.audit_trail import What
from core.trail import AuditEvent, TrailFilter
from pages.shared import state
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _, later, ngettext, written

_PAGE = 50
_MOST_EXPORTED = 100_000
_ANY = later("Anybody")
_PLACE = "trail_place"
_CSS = """<style>
.m-trail{display:grid;grid-template-columns:max-content max-content 1fr;font-size:.9rem;line-height:1.5}
.m-trail>div{display:contents}
.m-trail>div>*{padding:.5rem 1rem .5rem 0;border-top:1px solid color-mix(in srgb,currentColor 14%,transparent);margin:0}
.m-trail time{font-variant-numeric:tabular-nums;opacity:.75}.m-trail b{font-weight:600}
.m-trail .what{overflow-wrap:anywhere;min-width:0}
.m-trail .facts{display:flex;flex-wrap:wrap;gap:0 1rem;font-size:.82rem}
.m-trail .facts i{font-style:normal;opacity:.75;margin-right:.35rem}
@media(max-width:700px){.m-trail{grid-template-columns:1fr}.m-trail>div{display:block;padding:.5rem 0;
 border-top:1px solid color-mix(in srgb,currentColor 14%,transparent)}.m-trail>div>*{border:0;padding:0;display:block}}
</style>"""


def draw_chain() -> None:
    """The newest number and hash to note outside, and a button that walks what is new."""
    newest = services().trail.newest()
    if newest is None:
        st.info(_("Nothing was recorded so far."), icon=":material/history_edu:")
        return
    with st.expander(
        ngettext("{many:,} event, in a chain of hashes", "{many:,} events, in a chain of hashes", newest[0]).format(
            many=newest[0]
        )
    ):
        st.write(
            _(
                "Each event's hash covers the one before. To prove later that nothing was changed or cut off, note "
                "this outside of Moderato now and then, and give it to `moderato trail verify --expect`:"
            )
        )
        st.code(f"{newest[0]}:{newest[1]}", language=None, wrap_lines=True)
        st.button(_("Verify"), key="trail_verify", icon=":material/verified:", on_click=_verify)
        if found := state.kept("trail_proof"):
            notice(found[1], found[0])
        st.caption(
            _(
                "It walks from the last event that was proven. `moderato trail verify` walks all of it. The chain "
                "does not prove that everything that happened was recorded, and whoever may write to the database "
                "and to the data folder could write all of it anew: only what is noted elsewhere shows that."
            )
        )


def _verify() -> None:
    require(Action.SEE_AUDIT_TRAIL)
    proof = services().trail.verify(full=False)
    found = (
        ("error", proof.problem)
        if proof.problem
        else ("success", _("Whole up to event {last:,}.").format(last=proof.last))
    )
    state.keep("trail_proof", found)


def draw_filters(person: Person) -> TrailFilter:
    """Who, what, about what, when."""
    who, what, about, since, until = st.columns([1.6, 2, 1.6, 2, 2])
    name = who.selectbox(_("Who"), [_ANY, *services().trail.people(by=person)], format_func=_any, key="trail_person")
    kinds = what.multiselect(_("What"), sorted(one.value for one in What), key="trail_kinds", placeholder=_("Anything"))
    subject = about.text_input(_("About"), key="trail_subject", max_chars=200, placeholder=_("part of a name"))
    first = since.date_input(_("From (UTC)"), None, key="trail_since")
    last = until.date_input(_("To (UTC)"), None, key="trail_until")
    return TrailFilter(
        None if name == _ANY else name,
        frozenset(kinds),
        subject.strip(),
        _midnight(first),
        _midnight(last, days=1),
    )


def draw_events(person: Person, wanted: TrailFilter) -> None:
    """One page of events, the newest first."""
    place: tuple[TrailFilter, list[int | None]] = state.kept(_PLACE) or (wanted, [None])
    if place[0] != wanted:
        place = (wanted, [None])
    state.keep(_PLACE, place)
    events = services().trail.search(wanted, by=person, before=place[1][-1], limit=_PAGE + 1)
    if not events:
        st.info(_("No event matches. Take a filter away."), icon=":material/search_off:")
    st.html(_CSS + f'<div class="m-trail" role="list">{"".join(map(event_html, events[:_PAGE]))}</div>')
    with st.container(horizontal=True):
        first, older = len(place[1]) < 2, events[_PAGE - 1].id if len(events) > _PAGE else None
        last, then = older is None, (older,)
        st.button(_("Newer"), key="trail_newer", icon=":material/chevron_left:", disabled=first, on_click=_back)
        st.button(
            _("Older"), key="trail_older", icon=":material/chevron_right:", disabled=last, on_click=_on, args=then
        )


def event_html(event: AuditEvent) -> str:
    """One event. Names and details come from people: escaped, what cannot be seen shows as its code."""
    who = html.escape(plain(event.person)) or f"<i>{_('nobody known')}</i>"
    pairs = ((html.escape(plain(name)), _fact(value)) for name, value in _flat(event))
    facts = "".join(f"<span><i>{name}</i>{value}</span>" for name, value in pairs)
    return (
        f'<div role="listitem"><time>{written(event.at, "%Y-%m-%d %H:%M:%S")}</time><b>{who}</b><div class="what">'
        f"{html.escape(event.what)} · {html.escape(plain(event.subject))} <small>#{event.id}</small>"
        f'<div class="facts">{facts}</div></div></div>'
    )


def _flat(event: AuditEvent) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in event.details.items():
        if value is None or value in ({}, []):
            continue
        parts = value.items() if isinstance(value, dict) else [("", value)]
        found += [(f"{name} {part}".strip().replace("_", " "), one) for part, one in parts]
    return found


def _fact(value: Any) -> str:
    words = ", ".join("–" if one is None else str(one) for one in value) if isinstance(value, list) else str(value)
    return html.escape(plain(words, 400))


def _any(name: str) -> str:
    return _(name) if name == _ANY else name


def _back() -> None:
    wanted, before = state.kept(_PLACE)
    state.keep(_PLACE, (wanted, before[:-1] or [None]))


def _on(older: int) -> None:
    wanted, before = state.kept(_PLACE)
    state.keep(_PLACE, (wanted, [*before, older]))


def draw_export(person: Person, wanted: TrailFilter) -> None:
    """What matches, as a file. The export is an event itself."""
    with st.container(horizontal=True):
        for kind in ("csv", "jsonl"):
            st.download_button(
                f"{kind.upper()}",
                lambda kind=kind: _written(kind, wanted, person),
                file_name=f"audit-trail.{kind}",
                mime="application/octet-stream",
                key=f"trail_{kind}",
                icon=":material/download:",
                on_click="ignore",
            )
    st.caption(
        _("Up to {most:,} events that match, the newest first; `moderato trail export` writes all.").format(
            most=_MOST_EXPORTED
        )
    )


def _written(kind: str, wanted: TrailFilter, person: Person) -> bytes:
    file = io.StringIO(newline="")
    services().trail.export(file, kind, wanted, by=person, most=_MOST_EXPORTED)
    return file.getvalue().encode()


def _midnight(day: Any, days: int = 0) -> datetime | None:
    return datetime.combine(day, time(), UTC) + timedelta(days=days) if isinstance(day, date) else None
