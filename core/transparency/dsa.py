"""Which rows of the Commission's templates a report answers: Implementing Regulation (EU) 2024/2835, Annex I.

The names of parts, indicators and scopes are those of the templates, in their CSV form. What a platform must add itself
is listed too, so that nothing looks answered that is not.
"""

from typing import Final

from core.metrics.intervals import Estimate
from core.transparency.accuracy import REMOVED
from core.transparency.service import Report
from core.transparency.table import Cell, Column, Row, Table

_YES, _PARTLY, _ADD, _FEW = "yes", "partly", "add it yourself", "too few"
_AUTOMATED: Final = "8 automated_means"
_TERMS: Final = "6 own_initiative_TC"
_WORDS: Final = (
    "The templates of Implementing Regulation (EU) 2024/2835 apply to providers of intermediary services under "
    "Articles 15(1), 24(1) and 42(2) of the Digital Services Act, with the exceptions of Art. 15(2) and 19. Values "
    "here are a proposal: whether a removal is a measure on the basis of the law (part 5) or of the terms and "
    "conditions (part 6, assumed here), and to which category it belongs, is for whoever knows both to decide.",
    "Measures are counted where they took effect: comments that were up and were taken down. Removals that were "
    "confirmed afterwards are not counted again, and those that were reversed later are not taken off.",
)
_MEASURES: Final = (
    "Comments taken down by people and programs, and removed by the policy alone. Take off those taken down after a "
    "notice or an order, which Moderato does not tell apart."
)
_DETECTED: Final = (
    "Removed by the policy alone, or taken down because the model had flagged it. At least so many: comments that were "
    "also escalated or drawn for the audit are not in here."
)
_CATEGORIES: Final = (
    "Assign the rows of by_label_set to categories: each decision stands in one row there. Removals by the policy "
    "alone are by label in by_label."
)
_ACCURATE: Final = (
    "Of removals by the policy alone, against removals by people; limits are 95 %. Where flagging for review is the "
    "automated means that you report on, take the row of any label in the table accuracy."
)
_UNKNOWN: Final = "Too few audit items were decided to say, or the policy alone removed nothing."
_MODERATORS: Final = (
    "People who acted in the period. Only very large platforms report this, by internal and external moderators and by "
    "language, which Moderato does not know."
)
_MISSING: Final = (
    ("1 report_identification", "Provider, service, dates of publication", "Your own"),
    ("3 member_states_orders", "Orders of Member States", "Moderato receives none"),
    ("4 notices", "Notices under Art. 16, by trusted flaggers too, and time to act on them", "Moderato receives none"),
    ("5 own_initiative_illegal", "Measures against illegal content", "Move measures here from part 6 if so decided"),
    (_TERMS, "Other visibility, monetary, service and account restrictions", "Moderato takes none"),
    ("7 appeals_and_recidivism", "Complaints, out-of-court disputes, suspensions", "Reversals here are no complaints"),
    (_AUTOMATED, "Notices processed by automated means; rows by language", "Languages are not known"),
    ("10 AMAR", "Average monthly active recipients", "Your own"),
    ("11 qualitative", "Descriptions in words", "docs/transparency.md says what can be taken from Moderato"),
)


def template_table(report: Report) -> Table:
    """A row of the templates each: its value, or who knows it."""
    columns = (
        Column("Value", "number"),
        Column("Answered", "text"),
        Column("Contextual information", "text"),
    )
    rows = [*_own_initiative(report), *_automated(report)]
    rows.append(
        _row("9 human_resources", "Number of moderators", ("Total number", report.people, _PARTLY, _MODERATORS))
    )
    rows += [_row(part, what, ("", "", _ADD, note)) for part, what, note in _MISSING]
    return Table(
        "dsa_templates", "Which rows of the Commission's templates does this answer?", _WORDS,
        "Rows of Annex I; measures taken in the period", "Template part: indicator [scope]", columns, rows,
    )  # fmt: skip


def _own_initiative(report: Report) -> list[Row]:
    removed = report.automatic.removed
    measures, flagged = report.total.took_down + removed, report.lanes.get("flagged")
    detected = removed + (flagged.took_down if flagged else 0)
    cells: dict[str, tuple[Cell, ...]] = {
        "Number of measures taken at the provider's own initiative": ("TOTAL", measures, _YES, _MEASURES),
        "Number of measures taken after detection with solely automated means": ("TOTAL", detected, _YES, _DETECTED),
        "Visibility restriction Removal": ("TOTAL", measures, _YES, "The same measures: there is no other kind."),
        "All of these, by category": ("STATEMENT_CATEGORY_…", "", _PARTLY, _CATEGORIES),
    }
    return [_row(_TERMS, what, row) for what, row in cells.items()]


def _automated(report: Report) -> list[Row]:
    solely = (
        f"Removed by the policy alone. Trusted programs took down another {report.by_programs.took_down:,}: add them, "
        "and take them off the next row, if no person stands behind the program."
    )
    by_decision = "Comments taken down by decisions, those of trusted programs included."
    at, rows = report.accuracy.rows.get(REMOVED), []
    for scope in ("Total number", "Own-initiative"):
        taken: tuple[Cell, ...] = (scope, report.automatic.removed, _YES, solely)
        rows.append(_row(_AUTOMATED, "Number of measures solely taken by automated means", taken))
        taken = (scope, report.total.took_down, _YES, by_decision)
        rows.append(_row(_AUTOMATED, "Number of measures not taken by automated means", taken))
        rows += [
            _accuracy("Accuracy", scope, at.accuracy if at else None),
            _accuracy("Precision", scope, at.precision if at else None),
            _accuracy("Recall", scope, at.recall if at else None),
        ]
    return rows


def _accuracy(name: str, scope: str, value: Estimate | None) -> Row:
    cells = (scope, value, _YES, _ACCURATE) if value else (scope, None, _FEW, _UNKNOWN)
    return _row(_AUTOMATED, f"Accuracy of the automated means - {name}", cells)


def _row(part: str, what: str, cells: tuple[Cell, ...]) -> Row:
    scope = f" [{cells[0]}]" if cells[0] else ""
    return Row(f"{part}: {what}{scope}", cells[1:])
