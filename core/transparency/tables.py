"""A report's tables in the order in which they are read."""

from core.transparency import dsa, tables_counts, tables_quality
from core.transparency.service import Report
from core.transparency.table import Section


def sections(report: Report) -> tuple[Section, ...]:
    """Every table, by what it is about."""
    one, other = tables_counts, tables_quality
    return (
        Section("What came in", (one.flow_table(report),)),
        Section(
            "Decisions",
            (
                one.actor_table(report),
                one.label_table(report),
                one.label_set_table(report),
                one.lane_table(report),
                one.source_table(report),
                one.time_table(report),
            ),
        ),
        Section("Time", (one.wait_table(report), one.handling_table(report))),
        Section("Reversals", (one.reversal_table(report),)),
        Section("Accuracy", (other.accuracy_table(report), other.agreement_table(report))),
        Section(
            "What was in force", (other.people_table(report), other.model_table(report), other.policy_table(report))
        ),
        Section("For authorities", (dsa.template_table(report),)),
        Section("The ledger", (one.ledger_table(report),)),
    )
