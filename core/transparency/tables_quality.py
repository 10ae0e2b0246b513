"""Tables of how good automated means and people were, and of what was in force."""

from datetime import datetime
from typing import Final

from core.labels import LABEL_TITLES, LABELS
from core.metrics.agreement import FEW_GIVEN, FEW_PAIRS, Coefficient
from core.metrics.estimate import FEW, AtThreshold
from core.metrics.intervals import Estimate
from core.routing import band_titles
from core.transparency.accuracy import FLAGGED, REMOVED
from core.transparency.service import Report
from core.transparency.table import Cell, Chart, Column, Limits, Row, Table
from core.transparency.versions import PolicyInForce

_INTERVAL: Final = (
    "The small figures are the limits of a 95 % interval: were the drawing of comments repeated, about 95 of 100 "
    "intervals made in this way would hold the true figure. They speak for chance in the drawing alone, not for "
    "mistakes of the people who decided."
)
_TITLES: Final = {
    FLAGGED: "Any label, or removed alone: against a removal by people",
    REMOVED: "Removed by the policy alone: against a removal by people",
}
_SHORT: Final = {FLAGGED: "Any label", REMOVED: "Removed alone"}


def accuracy_table(report: Report) -> Table:
    """Accuracy of the automated means."""
    found = report.accuracy
    names = LABEL_TITLES | _TITLES
    rows = [Row(title, _accuracy(found.rows.get(name)), short=_SHORT.get(name, "")) for name, title in names.items()]
    columns = (
        Column("Accuracy", "share"),
        Column("Precision", "share"),
        Column("Recall", "share"),
        Column("Error rate", "share"),
        Column("False-positive rate", "share"),
        Column("Miss rate", "share"),
        Column("Decided, flagged"),
    )
    words = (
        "What the automated means said, by the model and policy that held when somebody first decided on the comment, "
        "against the decision that held at the end of the period. For a label: whether its score reached the policy's "
        "threshold, against whether people gave it.",
        "Accuracy: share of all comments on which both say the same; where hardly any comment is harmful it is near "
        "100 % whatever the automated means do, so read the next two. Precision: share of what was flagged that people "
        "confirm. Recall: share of what people would flag that was flagged. Error rate: 100 % less accuracy. "
        "False-positive rate: share of the comments without the label that were flagged. Miss rate: 100 % less recall.",
        f"{_INTERVAL} A number is left out (too few) below {FEW} decided comments with the label, {FEW} without it or, "
        f"for precision, {FEW} flagged ones.",
    )
    return Table(
        "accuracy", "How often were the automated means right?", words,
        f"{found.covered:,} of the {found.traffic:,} comments that came in during the period, estimated from the "
        f"{found.decided:,} that were decided by its end of {found.drawn:,} drawn at random",
        "What is judged", columns, rows, Chart("intervals", (1, 2)),
    )  # fmt: skip


def agreement_table(report: Report) -> Table:
    """Agreement between people."""
    found = report.agreement
    rows = [Row("All six labels and the outcome", (found.pairs, found.same, "", ""), "total")]
    for label, one in zip(LABELS, found.labels, strict=True):
        cells: tuple[Cell, ...] = (found.pairs, None, None, None)
        if one:
            cells = (one.pairs, one.percent, _limits(one.kappa), _limits(one.alpha))
        rows.append(Row(LABEL_TITLES[label], cells))
    columns = (
        Column("Comments"),
        Column("Say the same", "share"),
        Column("Cohen's kappa", "number"),
        Column("Krippendorff's alpha", "number"),
    )
    words = (
        "A share of decided comments goes to a second person, who sees neither the first decision nor any score. Kappa "
        "and alpha take away the agreement that chance alone gives: 0 is chance, 1 is perfect. Each comment counts for "
        "as many as it was drawn from.",
        f"Left out (too few) below {FEW_PAIRS} comments, or {FEW_GIVEN} with or without the label. {_INTERVAL}",
    )
    return Table(
        "agreement", "How far do people agree with each other?", words,
        "Second opinions given in the period, with the decisions that they check; both stood at its end", "Label",
        columns, rows, Chart("intervals", (1,)),
    )  # fmt: skip


def model_table(report: Report) -> Table:
    """Models that were live."""
    rows = [Row(one.name, (_moment(one.since, "before records began"), _until(one.until))) for one in report.models]
    words = (
        "The model scores every comment. Exactly one is live at a time; a comment is judged by the one live then.",
    )
    columns = (Column("Live from (UTC)", "text"), Column("until (UTC)", "text"))
    return Table("models", "Which models were live?", words, "Models live in the period", "Model", columns, rows)


def policy_table(report: Report) -> Table:
    """Versions of the policy that were in force."""
    rows = [Row(f"Version {one.version}", _policy_cells(one)) for one in report.policies]
    bands = ", ".join(band_titles())
    words = (
        "The policy says from which score on a comment goes to review, from which on it is removed without asking "
        "anybody, and which share of all comments people look at to check (audit). A dash: never removed alone.",
        f"Audit shares are by the comment's highest score: {bands}; of what is removed alone at least the last one.",
    )
    columns = (
        Column("From (UTC)", "text"),
        Column("until (UTC)", "text"),
        Column("Review from", "text"),
        Column("Removed alone from", "text"),
        Column("Audit shares", "text"),
        Column("Second opinions", "text"),
    )
    population = "Versions of the policy in force in the period"
    return Table("policies", "Which rules were in force?", words, population, "Policy", columns, rows)


def people_table(report: Report) -> Table:
    """How many people and programs."""
    rows = (Row("People", (report.people,)), Row("Trusted programs", (report.programs,)))
    words = (
        "Different people and programs with a decision, an escalation or a second opinion in the period that stood at "
        "its end. How many work for the platform itself or for others, and which languages they speak, Moderato does "
        "not know.",
    )
    population = "People and programs that acted in the period"
    return Table("moderators", "How many people moderated?", words, population, "Who", (Column("Number"),), rows)


def _accuracy(at: AtThreshold | None) -> tuple[Cell, ...]:
    if at is None:
        return (None,) * 6 + (0,)
    return (
        at.accuracy,
        at.precision,
        at.recall,
        _rest_of(at.accuracy),
        at.false_positive_rate,
        _rest_of(at.recall),
        at.flagged,
    )


def _rest_of(share: Estimate | None) -> Estimate | None:
    """What is left to 1, with its limits."""
    return Estimate(1 - share.value, 1 - share.high, 1 - share.low) if share else None


def _limits(found: Coefficient) -> Limits:
    return Limits(found.value, found.low, found.high)


def _policy_cells(one: PolicyInForce) -> tuple[str, ...]:
    marks = one.auto_remove or (None,) * len(LABELS)
    pairs = zip(LABEL_TITLES.values(), one.thresholds, strict=True)
    alone = [f"{title} {mark:g}" for title, mark in zip(LABEL_TITLES.values(), marks, strict=True) if mark is not None]
    shares = " / ".join(f"{rate:.1%}" for rate in one.audit_rates)
    return (
        _moment(one.since, ""),
        _until(one.until),
        ", ".join(f"{title} {value:g}" for title, value in pairs),
        ", ".join(alone) or "–",
        f"{shares}; removed alone {one.auto_audit_rate:.1%}",
        f"{one.second_rate:.1%}",
    )


def _moment(at: datetime | None, unknown: str) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else unknown


def _until(at: datetime | None) -> str:
    return _moment(at, "end of the period, or later")
