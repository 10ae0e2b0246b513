"""Corrected labels out: choose, see the counts, write a file, download it; what was written so far, with cards."""

import re
from datetime import date

import streamlit as st

from core.accounts import Action, Person
from core.datasets import PURPOSES, Filters, Purpose, label_mask, require_purpose
from core.domain import Lane, Outcome, Snapshot
from core.errors import ModeratoError
from core.labels import LABEL_TITLES
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.notice import notice
from pages.shared.resources import export_preview, services
from pages.shared.state import keep, kept
from pages.shared.titles import LANES, OUTCOMES, label_title
from pages.shared.words import _, later, ngettext, said, written

_PURPOSES: dict[str, str] = {
    "records": later("Records: everything decided"),
    "training": later("Training: no audit or golden items"),
}
_KINDS = {
    "csv": "CSV",
    "jsonl": later("JSON Lines"),
    "parquet": later("Parquet"),
    "csv.gz": later("CSV, gzipped"),
    "jsonl.gz": later("JSONL, gzipped"),
}
_ANY = later("Any")
_PURPOSE_WORDS = {"records": later("records"), "training": later("training")}
_MADE, _ERROR = "export_made", "export_error"
_LISTED = 20


def draw(person: Person) -> None:
    """The Export tab; for those who may export."""
    if not person.may(Action.EXPORT):
        notice(_("Exporting needs the role “analyst”. Ask an administrator for it."), "info")
        return
    purpose = _choose_purpose()
    filters = _choose_filters()
    if filters.since and filters.until and filters.since > filters.until:
        notice(
            _("The first day, {since}, is after the last, {until}. Swap them.").format(
                since=filters.since, until=filters.until
            ),
            "warning",
        )
        return
    rows = _draw_counts(purpose, filters)
    kind, action = st.columns([3, 1], vertical_alignment="bottom")
    ending = kind.selectbox(_("Format"), list(_KINDS), format_func=lambda one: _(_KINDS[one]), key="export_kind")
    action.button(
        _("Export"),
        key="export",
        type="primary",
        icon=":material/save:",
        disabled=not rows,
        on_click=_export,
        args=(purpose, filters, ending),
        width="stretch",
    )
    if ending.startswith("csv"):
        st.caption(
            _(
                "In CSV a text that a spreadsheet would run as a formula gets an apostrophe before it. "
                "For training take JSON Lines or Parquet: they keep every text as it is."
            )
        )
    _draw_outcome()
    _draw_snapshots()


def _choose_purpose() -> Purpose:
    chosen = st.segmented_control(
        _("Purpose"),
        PURPOSES,
        format_func=lambda one: _(_PURPOSES[one]),
        default=PURPOSES[0],
        key="export_purpose",
        required=True,
    )
    return require_purpose(chosen or PURPOSES[0])


def _choose_filters() -> Filters:
    with st.expander(_("Filters"), icon=":material/filter_alt:", expanded=True):
        first, second, third, fourth = st.columns(4)
        since = first.date_input(_("From"), None, key="export_since", help=_("First day (UTC) of the decision."))
        until = second.date_input(_("To"), None, key="export_until", help=_("Last day (UTC) of the decision."))
        datasets = services().datasets
        source = third.selectbox(_("Source"), [_ANY, *datasets.list_sources()], format_func=_any, key="export_source")
        moderator = fourth.selectbox(
            _("Moderator"), [_ANY, *datasets.list_moderators()], format_func=_any, key="export_moderator"
        )
        labels = st.pills(
            _("With a label"),
            list(LABEL_TITLES),
            format_func=label_title,
            selection_mode="multi",
            key="export_labels",
        )
        lane, outcome = st.columns(2)
        lane_name = lane.selectbox(
            _("Lane"), [_ANY, *Lane], format_func=lambda one: _any(LANES.get(one, one)), key="export_lane"
        )
        decided = [one for one in Outcome if one is not Outcome.ESCALATE]
        outcome_name = outcome.selectbox(
            _("Outcome"), [_ANY, *decided], format_func=lambda one: _any(OUTCOMES.get(one, one)), key="export_outcome"
        )
    return Filters(
        since if isinstance(since, date) else None,
        until if isinstance(until, date) else None,
        label_mask(labels or []),
        "" if source == _ANY else source,
        "" if moderator == _ANY else moderator,
        None if lane_name == _ANY else Lane(lane_name),
        None if outcome_name == _ANY else Outcome(outcome_name),
    )


def _any(one: str) -> str:
    """Names of people and sources are nobody's to translate."""
    return _(one) if one == _ANY or one in (*LANES.values(), *OUTCOMES.values()) else one


def _draw_counts(purpose: Purpose, filters: Filters) -> int:
    found = export_preview(purpose, filters, services().datasets.version())
    out = found.left_out
    for column, (title, count) in zip(
        st.columns(3, width=700),
        ((_("Rows"), found.rows), (_("Outside the filters"), out.filtered), (_("Not decided"), out.undecided)),
        strict=True,
    ):
        column.metric(title, written(count))
    labels = [f"{label_title(name)} {written(count)}" for name, count in found.labels.items()]
    if purpose == "training":
        labels.append(
            ngettext(
                "{many:,} audit or golden item kept out", "{many:,} audit and golden items kept out", out.evaluation
            ).format(many=out.evaluation)
        )
    st.caption(" · ".join(labels))
    return found.rows


def _export(purpose: Purpose, filters: Filters, ending: str) -> None:
    person = require(Action.EXPORT)
    try:
        made = services().datasets.export_into("exports", ending, by=person, purpose=purpose, filters=filters)
    except ModeratoError as error:
        keep(_ERROR, said(error))
    else:
        keep(_MADE, made.id)


def _draw_outcome() -> None:
    if error := kept(_ERROR):
        notice(error)
        keep(_ERROR, None)
    if made := kept(_MADE):
        snapshot = services().datasets.require_snapshot(made)
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            words = ngettext("**{many:,} row** written.", "**{many:,} rows** written.", snapshot.rows)
            st.markdown(f":green[:material/check_circle:] {words.format(many=snapshot.rows)}", width="stretch")
            _draw_download(snapshot, "primary")


def _draw_snapshots() -> None:
    snapshots = services().datasets.list_snapshots(_LISTED)
    if not snapshots:
        return
    st.header(_("Snapshots"), anchor=False)
    erased = services().datasets.erased_from([one.id for one in snapshots])
    rows = [
        {
            _("No."): one.id,
            _("When (UTC)"): one.created_at,
            _("Purpose"): _(_PURPOSE_WORDS[one.purpose]),
            _("Rows"): one.rows,
            _("Erased since"): erased.get(one.id, 0),
            _("File"): plain(one.path.rsplit("/", 1)[-1]),
            _("By"): plain(one.person),
            "SHA-256": one.sha256,
        }
        for one in snapshots
    ]
    when = {_("When (UTC)"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")}
    st.dataframe(rows, column_config=when, hide_index=True, key="snapshots")
    by_id = {one.id: one for one in snapshots}
    # the key moves with the newest, so that a new export is what is shown
    chosen = st.selectbox(_("Data card of snapshot No."), list(by_id), key=f"snapshot_{snapshots[0].id}")
    if chosen in by_id:
        with st.container(border=True):
            st.markdown(_demoted(by_id[chosen].card))  # names from outside stand in code spans, see core.data_card
            _draw_download(by_id[chosen], "secondary")


def _demoted(card: str) -> str:
    return re.sub("^#+ ", "##### ", card, flags=re.MULTILINE)


def _draw_download(snapshot: Snapshot, kind: str) -> None:
    """A button that reads the file when it is pressed; without the file, why."""
    try:
        path = services().datasets.require_file(snapshot)
    except ModeratoError as error:
        notice(said(error), "warning")
        return
    st.download_button(
        _("Download"),
        path.read_bytes,
        file_name=path.name,
        mime="application/octet-stream",
        key=f"download_{kind}_{snapshot.id}",
        icon=":material/download:",
        on_click="ignore",
        type="primary" if kind == "primary" else "secondary",
    )
