"""Simulated traffic: hardly a false alarm, and a real shift is found on its first day."""

import pytest

from core.drift.judge import Kind, errors_at, judge
from core.drift.report import GAP_DAYS, SPAN_DAYS, Rules, Span, examine
from core.labels import LABELS
from tests.support.traffic import THRESHOLDS, Site, count_day

A_DAY = 2_000
LOOKS = (500, 1_000, 2_000)
"""Comments at which the running day is looked at."""


def passed(counts, day, look, *, complete):
    reference = Span(day - GAP_DAYS - SPAN_DAYS + 1, day - GAP_DAYS)
    report = examine(counts, reference, Span(day, day), Rules(THRESHOLDS, *errors_at(look)))
    return [one for one in judge(report, day, look=look, complete=complete) if one.passed]


def looked_at(site, past, today):
    """Everything that passes a limit in the looks of one day."""
    found = []
    for look, size in enumerate(LOOKS, 1):
        counts = site.counts([*past, count_day(today[:size], site.rng)])
        found += passed(counts, int(counts.days[-1]), look, complete=False)
    counts = site.counts([*past, count_day(today, site.rng)])
    return found + passed(counts, int(counts.days[-1]), len(LOOKS) + 1, complete=True)


def test_without_drift_there_is_about_one_false_alarm_in_a_hundred_days_or_fewer():
    site = Site(1)
    past = [site.day(site.rng.poisson(A_DAY)) for _ in range(GAP_DAYS + SPAN_DAYS)]
    alarmed = 0
    for _ in range(100):
        today = site.scores(site.rng.poisson(A_DAY))
        alarmed += bool(looked_at(site, past, today))
        past = [*past[1:], count_day(today, site.rng)]
    assert alarmed <= 3  # 1 expected at most; four or more would come once in fifty


@pytest.mark.parametrize("label", LABELS)
def test_half_a_logit_on_one_label_is_found_on_the_first_day(label):
    site = Site(2)
    past = [site.day(A_DAY) for _ in range(GAP_DAYS + SPAN_DAYS)]
    shift = tuple(0.5 * (name == label) for name in LABELS)
    found = looked_at(site, past, site.scores(A_DAY, shift))
    assert {one.subject for one in found if one.kind in (Kind.SCORES, Kind.SHIFT, Kind.FLAGS)} == {label}
