"""Tables of what was decided, how fast, and what was reversed."""

from collections.abc import Iterable, Mapping
from typing import Final

from core.domain import Lane, unpack_labels
from core.labels import LABEL_TITLES, LABELS
from core.transparency.counts import Spread, Tally
from core.transparency.service import Report
from core.transparency.table import Chart, Column, Row, Table

MOST_SHOWN: Final = 25
"""Sources that a page lists by name."""
_TALLY: Final = (
    *(Column(title) for title in ("Decisions", "Took down", "Left up", "Put back", "Left down")),
    *(Column(title) for title in ("By people", "By programs")),
)
_BARS: Final = Chart("bars", (1, 2, 3, 4))
_SPREAD: Final = (Column("Measured"), Column("Median", "seconds"), Column("90th percentile", "seconds"))
_WAITS: Final = 5
"""Rows of waits before those of lanes and sources."""
_DECISION: Final = (
    "A decision says what a comment is: labels, and whether it is removed or approved. Counted are those made in the "
    "period by people and by trusted programs that were not undone by its end."
)
_EFFECTS: Final = (
    "Took down: the comment was up and was removed. Left up: it was up and was approved. Put back: it had been "
    "removed, by a decision or by the policy alone, and was approved. Left down: it had been removed and stays so. "
    "These four add up to the decisions, and so do people and programs."
)
LANES: Final[Mapping[str, str]] = {
    Lane.ASKED: "Asked: a lead was asked about it",
    Lane.ESCALATED: "Escalated: somebody asked for another look",
    Lane.ADJUDICATION: "Adjudication: two people disagreed, a third settled it",
    Lane.AUDIT: "Audit: drawn at random from all comments, flagged or not",
    Lane.SECOND: "Second opinion",
    Lane.DISAGREEMENT: "Disagreement: two models would treat it differently",
    Lane.RECHECK: "Recheck: its labels looked wrong",
    Lane.SUGGESTED: "Suggested: a program said what it is",
    Lane.FLAGGED: "Flagged: the model's score reached a threshold",
}


def flow_table(report: Report) -> Table:
    """What became of the comments that came in."""
    flow = report.flow
    rows = (
        Row("Comments that came in", (flow.came_in,), "total"),
        Row("Removed by the policy alone", (flow.automatic,)),
        Row("of these, decided on by somebody by the end of the period", (flow.automatic_decided,), "part"),
        Row("Decided by people or programs", (flow.decided,)),
        Row("Waiting for review at the end of the period", (flow.waiting,)),
        Row("Let through without review", (flow.let_through,)),
    )
    words = (
        "Each comment is counted once, by what had become of it at the end of the period. Removed by the policy alone: "
        "the model's score reached a mark from which on the policy removes without asking anybody. Let through without "
        "review: no score reached a threshold, it was not drawn for the audit, and nobody decided on it.",
        "A comment comes in on the day (UTC) on which it was first scored. Known answers that were loaded to test "
        "models and texts that are here only because a program suggested labels for them are not counted.",
        "Waiting and let through are told apart by the model and policy that are in force when the report is made; all "
        "other numbers of a period that is over stay as they are.",
    )
    return Table(
        "flow", "What became of the comments that came in?", words, "Comments that came in during the period",
        "What became of them", (Column("Comments"),), rows,
        Chart("bars", (0,), tuple(row.name for row in rows if not row.style)),
    )  # fmt: skip


def ledger_table(report: Report) -> Table:
    """Every entry of the ledger, accounted for."""
    ledger = report.ledger
    rows = (
        Row("Entries of the ledger", (ledger.entries,), "total"),
        Row("Decisions that stood at the end of the period", (ledger.decisions,)),
        Row("Decisions that were undone within the period", (ledger.undone_decisions,)),
        Row("Undos", (ledger.undos,)),
        Row("Escalations that stood: somebody asked for another look", (ledger.escalations,)),
        Row("Second opinions that stood: measurements, which decide nothing", (ledger.second_opinions,)),
        Row("Escalations and second opinions that were undone within the period", (ledger.other_undone,)),
        Row("On known answers and training data, left out of this report", (ledger.left_out,)),
    )
    words = (
        "The ledger is the list to which every act of review is appended; nothing in it is changed or deleted. This "
        "table accounts for each entry once, so that the report can be checked against it.",
    )
    population = "Entries of the ledger made in the period"
    return Table("ledger", "What is counted?", words, population, "Kind of entry", (Column("Entries"),), rows)


def label_table(report: Report) -> Table:
    """Decisions by label, with what the policy removed alone."""
    automatic: Mapping[str, int] = report.automatic.labels
    rows = [
        Row(LABEL_TITLES.get(label, "No label"), (*_cells(tally), automatic.get(label, 0)))
        for label, tally in report.labels.items()
    ]
    rows.append(Row("All decisions", (*_cells(report.total), report.automatic.removed), "total"))
    words = (
        _DECISION,
        _EFFECTS,
        "One decision may give several labels and is then counted in each of those rows: the rows add up to more than "
        "all decisions. The last column counts comments that the policy removed alone, by each label whose score "
        "reached its mark; those are no decisions, and stand beside them.",
    )
    columns = (*_TALLY, Column("Removed by the policy alone"))
    return Table(
        "by_label", "What was decided, by label?", words, "Decisions of the period that stood at its end", "Label",
        columns, rows, _BARS,
    )  # fmt: skip


def label_set_table(report: Report) -> Table:
    """Decisions by the labels given together."""
    tallies = {_labels_of(mask): tally for mask, tally in report.label_sets.items()}
    return _tallies("by_label_set", "Which labels were given together?", "Labels", tallies, report.total, (
        "Each decision is in one row, so these rows add up. Use this table to assign decisions to categories of your "
        "own or of an authority without counting one twice.",
    ), shown=12)  # fmt: skip


def lane_table(report: Report) -> Table:
    """Decisions by lane."""
    tallies = {LANES.get(lane, lane): tally for lane, tally in report.lanes.items()}
    words = (_EFFECTS, "A lane is the line of the queue in which the comment waited: it says why somebody looked.")
    return _tallies("by_lane", "Why did somebody look?", "Lane", tallies, report.total, words)


def source_table(report: Report) -> Table:
    """Decisions by source."""
    words = (_EFFECTS, "A source is the site, file or program that a comment came from, as it was named at import.")
    tallies = {source or "(not known any more)": tally for source, tally in report.sources.items()}
    return _tallies(
        "by_source", "Where did the comments come from?", "Source", tallies, report.total, words, shown=MOST_SHOWN
    )


def time_table(report: Report) -> Table:
    """Decisions over the period."""
    return _tallies("over_time", "When was it decided?", "Days (UTC)", report.times, report.total, (_EFFECTS,))


def actor_table(report: Report) -> Table:
    """Automated or human."""
    flow = report.flow
    rows = (
        Row("By people", (*_cells(report.by_people)[:5], report.people)),
        Row("By trusted programs", (*_cells(report.by_programs)[:5], report.programs)),
        Row("All decisions", (*_cells(report.total)[:5], report.people + report.programs), "total"),
        Row("Removed by the policy alone", (0, report.automatic.removed, 0, 0, 0, None)),
        Row("Let through without review", (0, 0, flow.let_through, 0, 0, None)),
    )
    words = (
        "By people: somebody looked at the comment and pressed a key; one key press on comments of identical text is a "
        "decision on each. By trusted programs: a program with a key that may decide sent what the comment is; whether "
        "people stand behind it is for its operator to say. Removed by the policy alone, and let through without "
        "review: no person and no program decided; these count comments that came in during the period.",
        _EFFECTS,
        "Who acted: the number of different people or programs with a decision, an escalation or a second opinion in "
        "the period. Their names are not part of this report.",
    )
    population = "Decisions of the period that stood at its end; comments that came in during the period"
    columns = (*_TALLY[:5], Column("Who acted"))
    return Table("by_actor", "Automated or human?", words, population, "Who", columns, rows, _BARS)


def wait_table(report: Report) -> Table:
    """Time from arrival to decision."""
    rows = [_spread_row(_wait_name(name), found) for name, found in report.waits.items()]
    rows.insert(_WAITS, _spread_row("Removed by the policy alone", report.automatic.waits))
    words = (
        "From the moment at which a comment was added to Moderato to the first decision on it that stood at the end of "
        "the period. Comments that nobody decided on have no such time: where much waits, these are the quick ones. A "
        "comment that was imported long after it was written counts from the import. Removals by the policy alone "
        "count to the moment of scoring.",
        "Median: half took no longer. 90th percentile: nine in ten took no longer. Both are exact, from every single "
        "value, interpolated between neighbours. Rows for lanes and sources are of people's decisions.",
    )
    return Table(
        "time_to_decision", "How long did a first decision take?", words,
        "First decisions on comments, made in the period and standing at its end", "First decisions", _SPREAD, rows,
        shown=_WAITS + 1 + len(report.lanes) + MOST_SHOWN,
    )  # fmt: skip


def handling_table(report: Report) -> Table:
    """Time on screen."""
    rows = (
        _spread_row("On the screen before the decision", report.handling),
        Row("Without a time of its own", (report.untimed, None, None)),
    )
    words = (
        "How long a comment was on the screen of the person who decided. Comments settled by one key press together "
        "with another of identical text have no time of their own, nor have those whose time was not measured.",
    )
    return Table(
        "handling_time", "How long did people look?", words, "Decisions of people that stood at the end of the period",
        "Decisions of people", _SPREAD, rows,
    )  # fmt: skip


def reversal_table(report: Report) -> Table:
    """What was reversed in the period."""
    found = report.reversals
    rows = (
        Row("Decisions undone", (found.undone,)),
        Row("of these, made in this period", (found.undone_now,), "part"),
        Row("of these, had removed a comment", (found.undone_removals,), "part"),
        Row("of these, undone by the program that had made them", (found.undone_by_programs,), "part"),
        Row("Decisions changed by another decision", (found.changed,)),
        Row("of these, removed comments that were put back", (found.restored,), "part"),
        Row("of these, approved comments that were taken down", (found.removed,), "part"),
        Row("of these, other labels alone", (found.relabelled,), "part"),
        Row("of these, by adjudication of a disagreement", (found.adjudicated,), "part"),
        Row("of these, had been made by a program", (found.of_programs,), "part"),
        Row("Removals by the policy alone that were put back", (found.automatic_back,)),
        Row("of these, by a person", (found.automatic_back_by_people,), "part"),
        Row("Reversals", (found.undone + found.changed + found.automatic_back,), "total"),
        Row("Not reversed: looked at again with the same answer", (found.confirmed,)),
        Row("Not reversed: removals by the policy alone that were left down", (found.automatic_kept,)),
    )
    words = (
        "A reversal counts in the period in which it was made, whenever the decision that it reverses had been made. A "
        "later reversal therefore never changes the report of a period that is over.",
        "Undone: the person who decided took it back, often a slip corrected at once. Changed: a later decision on "
        "the same comment gives other labels or another outcome. Put back after removal by the policy alone: the first "
        "decision on such a comment approved it. These are internal corrections. Complaints of users (Art. 20 DSA) are "
        "handled outside Moderato and are not in here.",
    )
    return Table(
        "reversals", "What was reversed?", words, "Reversals made in the period", "Reversals", (Column("Number"),), rows
    )


def _tallies(
    key: str, title: str, first: str, tallies: Mapping[str, Tally], total: Tally, words: tuple[str, ...],
    *, shown: int | None = None,
) -> Table:  # fmt: skip
    """A table of tallies that add up to the total."""
    short = {title: title.split(":")[0] for title in LANES.values()}
    rows = [Row(name, _cells(tally), short=short.get(name, "")) for name, tally in tallies.items()]
    hidden = rows[shown:] if shown is not None and len(rows) > shown + 1 else []
    rest = Row(f"{len(hidden):,} others", _sums(row.cells for row in hidden)) if hidden else None
    rows.append(Row("All decisions", _cells(total), "total"))
    return Table(
        key, title, words, "Decisions of the period that stood at its end", first, _TALLY, rows, _BARS,
        shown if hidden else None, rest,
    )  # fmt: skip


def _sums(cells: Iterable[tuple[object, ...]]) -> tuple[int, ...]:
    return tuple(sum(int(str(value)) for value in column) for column in zip(*cells, strict=True))


def _cells(tally: Tally) -> tuple[int, ...]:
    down, up, back, left = tally.took_down, tally.left_up, tally.put_back, tally.left_down
    return tally.decisions, down, up, back, left, tally.people, tally.programs


def _wait_name(name: str) -> str:
    return LANES.get(name.removeprefix("Lane: "), name) if name.startswith("Lane: ") else name


def _spread_row(name: str, found: Spread) -> Row:
    return Row(name, (found.count, found.median, found.p90))


def _labels_of(mask: int) -> str:
    given = [LABEL_TITLES[label] for label, on in zip(LABELS, unpack_labels(mask), strict=True) if on]
    return " + ".join(given) or "No label"
