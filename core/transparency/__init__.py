"""The transparency report of a period, from the ledger: counts, times, reversals, accuracy, versions in force."""

from core.transparency.period import Period, Span, around, parse_day, recent
from core.transparency.service import Report, TransparencyReports

__all__ = ["Period", "Report", "Span", "TransparencyReports", "around", "parse_day", "recent"]
