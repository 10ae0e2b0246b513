"""What a draft would have done otherwise on the last days: counts by label and day, and some comments of each kind."""

from collections.abc import Callable
from datetime import date, timedelta

import streamlit as st

from core.browse import Browse
from core.planning import MOST_PREVIEWED
from core.policies import OUTLOOK_DAYS
from core.preview import Change, Preview
from pages.shared import state
from pages.shared.browse_results import row_of
from pages.shared.comment_list import comment_list
from pages.shared.figures import table
from pages.shared.masks import masks
from pages.shared.titles import label_titles
from pages.shared.words import _, later, ngettext, written

_SHOWN = 5
_GROUPS = {
    "flagged": later("Let through before, flagged now"),
    "let_through": later("Flagged before, let through now"),
    "removed": later("Would have been removed without review"),
    "kept": later("No longer removed without review"),
}


def draw_preview(preview: Preview, browse: Browse, open_comment: Callable[[int | None], None]) -> None:
    """The counts, then examples that a click opens."""
    groups = {_(title): getattr(preview, name) for name, title in _GROUPS.items() if getattr(preview, name).count}
    words = ngettext(
        "On {many:,} comment of the last {days} days, by the live model's scores, against the policy in force.",
        "On {many:,} comments of the last {days} days, by the live model's scores, against the policy in force.",
        preview.comments,
    ).format(many=preview.comments, days=OUTLOOK_DAYS)
    if preview.comments >= MOST_PREVIEWED:
        words += " " + _("Older ones of these days are left out.")
    words += " " + _("When saved, only flagged comments that still wait follow the new version.")
    st.caption(words)
    if not groups:
        st.info(_("Nothing would have been treated otherwise."), icon=":material/check:")
        return
    st.html(
        _table(
            _("By label whose threshold decides (one comment may count for several)"),
            label_titles(),
            groups,
            "by_label",
        )
    )
    days = [written(date(1970, 1, 1) + timedelta(int(day)), "%a %d %b") for day in preview.days]
    st.html(_table(_("By the day that they came in"), days, groups, "by_day"))
    for title, change in groups.items():
        _draw_examples(title, change, browse, open_comment)


def _table(caption: str, names: object, groups: dict[str, Change], what: str) -> str:
    head = "<th></th>" + "".join(f"<th>{title}</th>" for title in groups)
    rows = [
        f"<tr><td>{name}</td>"
        + "".join(f"<td>{written(getattr(change, what)[at])}</td>" for change in groups.values())
        + "</tr>"
        for at, name in enumerate(names)
    ]
    total = "".join(f"<td>{written(change.count)}</td>" for change in groups.values())
    return table(caption, head, [*rows, f'<tr class="mean"><td>{_("Comments")}</td>{total}</tr>'])


def _draw_examples(title: str, change: Change, browse: Browse, open_comment: Callable[[int | None], None]) -> None:
    # those that wait for a blind decision stay out: which group they are in tells their scores
    items = [item for item in browse.items(change.examples) if not item.hidden][:_SHOWN]
    if not items:
        return
    key = f"examples_{title}"

    def open_row() -> None:
        chosen = state.kept(key).open
        open_comment(int(chosen) if chosen in {item.id for item in items} else None)

    st.markdown(_("**{title}**, the newest:").format(title=title))
    mine = masks()
    rows = [row_of(item, mine) for item in items]
    comment_list(rows, opened=state.kept("policy_open"), key=key, on_open=open_row)
