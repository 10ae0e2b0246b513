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

_PURPOSES: dict[str, str] = {"records": "Records: everything decided", "training": "Training: no audit or golden items"}
_KINDS = {
    "csv": "CSV",
    "jsonl": "JSON Lines",
    "parquet": "Parquet",
    "csv.gz": "CSV, gzipped",
    "jsonl.gz": "JSONL, gzipped",
}
_ANY = "Any"
_MADE, _ERROR = "export_made", "export_error"
_LISTED = 20


def draw(person: Person) -> None:
    """The Export tab; for those who may export."""
    if not person.may(Action.EXPORT):
        notice("Exporting needs the role “analyst”. Ask an administrator for it.", "info")
        return
    purpose = _choose_purpose()
    filters = _choose_filters()
    if filters.since and filters.until and filters.since > filters.until:
        notice(f"The first day, {filters.since}, is after the last, {filters.until}. Swap them.", "warning")
        return
    rows = _draw_counts(purpose, filters)
    kind, action = st.columns([3, 1], vertical_alignment="bottom")
    ending = kind.selectbox("Format", list(_KINDS), format_func=_KINDS.__getitem__, key="export_kind")
    action.button(
        "Export",
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
            "In CSV a text that a spreadsheet would run as a formula gets an apostrophe before it. "
            "For training take JSON Lines or Parquet: they keep every text as it is."
        )
    _draw_outcome()
    _draw_snapshots()


def _choose_purpose() -> Purpose:
    chosen = st.segmented_control(
        "Purpose",
        PURPOSES,
        format_func=_PURPOSES.__getitem__,
        default=PURPOSES[0],
        key="export_purpose",
        required=True,
    )
    return require_purpose(chosen or PURPOSES[0])


def _choose_filters() -> Filters:
    with st.expander("Filters", icon=":material/filter_alt:", expanded=True):
        first, second, third, fourth = st.columns(4)
        since = first.date_input("From", None, key="export_since", help="First day (UTC) of the decision.")
        until = second.date_input("To", None, key="export_until", help="Last day (UTC) of the decision.")
        datasets = services().datasets
        source = third.selectbox("Source", [_ANY, *datasets.list_sources()], key="export_source")
        moderator = fourth.selectbox("Moderator", [_ANY, *datasets.list_moderators()], key="export_moderator")
        labels = st.pills(
            "With a label",
            list(LABEL_TITLES),
            format_func=LABEL_TITLES.__getitem__,
            selection_mode="multi",
            key="export_labels",
        )
        lane, outcome = st.columns(2)
        lane_name = lane.selectbox("Lane", [_ANY, *(str(one) for one in Lane)], key="export_lane")
        decided = [str(one) for one in Outcome if one is not Outcome.ESCALATE]
        outcome_name = outcome.selectbox("Outcome", [_ANY, *decided], key="export_outcome")
    return Filters(
        since if isinstance(since, date) else None,
        until if isinstance(until, date) else None,
        label_mask(labels or []),
        "" if source == _ANY else source,
        "" if moderator == _ANY else moderator,
        None if lane_name == _ANY else Lane(lane_name),
        None if outcome_name == _ANY else Outcome(outcome_name),
    )


def _draw_counts(purpose: Purpose, filters: Filters) -> int:
    found = export_preview(purpose, filters, services().datasets.version())
    out = found.left_out
    for column, (title, count) in zip(
        st.columns(3, width=700),
        (("Rows", found.rows), ("Outside the filters", out.filtered), ("Not decided", out.undecided)),
        strict=True,
    ):
        column.metric(title, f"{count:,}")
    labels = [f"{LABEL_TITLES[name]} {count:,}" for name, count in found.labels.items()]
    kept_out = f" · {out.evaluation:,} audit and golden items kept out" if purpose == "training" else ""
    st.caption(" · ".join(labels) + kept_out)
    return found.rows


def _export(purpose: Purpose, filters: Filters, ending: str) -> None:
    person = require(Action.EXPORT)
    try:
        made = services().datasets.export_into("exports", ending, by=person, purpose=purpose, filters=filters)
    except ModeratoError as error:
        keep(_ERROR, str(error))
    else:
        keep(_MADE, made.id)


def _draw_outcome() -> None:
    if error := kept(_ERROR):
        notice(error)
        keep(_ERROR, None)
    if made := kept(_MADE):
        snapshot = services().datasets.require_snapshot(made)
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            many = "1 row" if snapshot.rows == 1 else f"{snapshot.rows:,} rows"
            st.markdown(f":green[:material/check_circle:] **{many}** written.", width="stretch")
            _draw_download(snapshot, "primary")


def _draw_snapshots() -> None:
    snapshots = services().datasets.list_snapshots(_LISTED)
    if not snapshots:
        return
    st.header("Snapshots", anchor=False)
    erased = services().datasets.erased_from([one.id for one in snapshots])
    rows = [
        {
            "No.": one.id,
            "When (UTC)": one.created_at,
            "Purpose": one.purpose,
            "Rows": one.rows,
            "Erased since": erased.get(one.id, 0),
            "File": plain(one.path.rsplit("/", 1)[-1]),
            "By": plain(one.person),
            "SHA-256": one.sha256,
        }
        for one in snapshots
    ]
    when = {"When (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")}
    st.dataframe(rows, column_config=when, hide_index=True, key="snapshots")
    by_id = {one.id: one for one in snapshots}
    # the key moves with the newest, so that a new export is what is shown
    chosen = st.selectbox("Data card of snapshot No.", list(by_id), key=f"snapshot_{snapshots[0].id}")
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
        notice(str(error), "warning")
        return
    st.download_button(
        "Download",
        path.read_bytes,
        file_name=path.name,
        mime="application/octet-stream",
        key=f"download_{kind}_{snapshot.id}",
        icon=":material/download:",
        on_click="ignore",
        type="primary" if kind == "primary" else "secondary",
    )
