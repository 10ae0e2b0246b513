"""A report's numbers are those that one gets by reading the ledger row by row, and stay so once the period is over."""

from dataclasses import astuple, replace
from datetime import date, timedelta

import numpy as np
import pytest

from core import agreement
from core.accounts import Person, Role
from core.errors import NotAllowed
from core.labels import LABELS
from core.metrics.service import Days, View
from core.transparency import Period, TransparencyReports
from tests.support.ledger import seed, today
from tests.support.opinions import add_opinions
from tests.support.report_ledger import Naive, add_later, put_ledger

PERIODS = (
    Period(date(2026, 1, 1), date(2026, 1, 31)),
    Period(date(2026, 2, 10), date(2026, 3, 20)),
    Period(date(2026, 1, 1), date(2026, 12, 31)),
)


@pytest.fixture
def ledger(services):
    """A small ledger with everything in it."""
    put_ledger(services)
    return services


def check(report, naive: Naive) -> None:
    """Every count of the report against the rows."""
    assert astuple(report.total) == naive.tally(naive.decisions)
    assert {name: astuple(one) for name, one in report.labels.items()} == naive.labels()
    assert {name: astuple(one) for name, one in report.label_sets.items()} == naive.by(lambda one: one.labels)
    assert {name: astuple(one) for name, one in report.lanes.items()} == naive.by(lambda one: one.lane)
    assert {name: astuple(one) for name, one in report.sources.items()} == naive.by(naive.source)
    assert sum(one.decisions for one in report.times.values()) == report.total.decisions
    assert (report.people, report.programs) == naive.people()
    _check_reversals(report.reversals, naive)
    assert astuple(report.flow) == naive.flow()
    assert report.flow.came_in == sum(naive.flow()[at] for at in (1, 3, 4, 5))
    first = report.waits["By people"]
    assert (first.count, report.waits["By programs"].count) == tuple(
        len(naive.waits(people=on)) for on in (True, False)
    )
    assert first.median == pytest.approx(naive.median_wait())
    assert first.p90 == pytest.approx(np.quantile(naive.waits(people=True), 0.9))
    assert report.handling.count == len(naive.seconds())
    assert report.handling.median == pytest.approx(np.median(naive.seconds()))
    assert report.handling.count + report.untimed == report.total.people


def _check_reversals(found, naive: Naive) -> None:
    undos, changed, first = naive.undos(), naive.changed(), naive.on_removed()
    ids = {one.id for one in naive.entries}
    assert found.undone == len(undos)
    assert found.undone_now == sum(one.revokes in ids for one in undos)
    assert found.undone_removals == sum(one.outcome == "remove" for one in undos)
    assert found.undone_by_programs == sum(one.person.startswith("api:") for one in undos)
    assert found.changed == len(changed)
    assert found.restored == sum(a.outcome == "remove" and b.outcome == "approve" for a, b in changed)
    assert found.removed == sum(a.outcome == "approve" and b.outcome == "remove" for a, b in changed)
    assert found.relabelled == len(changed) - found.restored - found.removed
    assert found.adjudicated == sum(b.lane == "adjudication" for _, b in changed)
    assert found.of_programs == sum(a.person.startswith("api:") for a, _ in changed)
    assert found.confirmed == naive.confirmed()
    assert found.automatic_back == sum(one.outcome == "approve" for one in first)
    assert found.automatic_kept == sum(one.outcome == "remove" for one in first)


def test_counts_are_those_of_the_raw_rows(ledger, ada):
    for period in PERIODS:
        report, naive = ledger.transparency.report(period, by=ada), Naive(ledger, period)
        assert report.total.decisions > 20
        assert min(report.reversals.undone, report.reversals.changed, report.reversals.automatic_back) > 0
        check(report, naive)


def test_every_entry_is_accounted_for_once(ledger, ada):
    for period in PERIODS:
        found = ledger.transparency.report(period, by=ada).ledger
        parts = found.decisions + found.undone_decisions + found.second_opinions + found.escalations
        assert parts + found.other_undone + found.undos + found.left_out == found.entries
        assert found.entries == len(Naive(ledger, period).entries)
        assert min(found.second_opinions, found.escalations, found.left_out, found.undone_decisions) > 0


def test_months_add_up_but_for_what_was_undone_later(ledger, ada):
    """Decisions of two periods are those of both together, and the ones that the second one undid."""
    one, other = Period(date(2026, 1, 1), date(2026, 2, 15)), Period(date(2026, 2, 16), date(2026, 4, 30))
    first, second, both = (
        ledger.transparency.report(period, by=ada) for period in (one, other, Period(one.first, other.last))
    )
    later = second.reversals.undone - second.reversals.undone_now
    assert later > 0
    assert first.total.decisions + second.total.decisions - later == both.total.decisions
    assert first.reversals.undone + second.reversals.undone == both.reversals.undone


def test_a_closed_period_stays_as_it_is(ledger, ada):
    """Whatever is decided, undone or measured later belongs to later periods."""
    period = PERIODS[1]
    before = ledger.transparency.report(period, by=ada)
    add_later(ledger, period.end)
    after = TransparencyReports(ledger.sessions).report(period, by=ada)
    assert replace(after, made_at=before.made_at) == before
    check(after, Naive(ledger, period))
    later = Period(period.last + timedelta(1), date(2026, 12, 31))
    check(ledger.transparency.report(later, by=ada), Naive(ledger, later))


def test_an_empty_period_is_a_report_of_nothing(services, ada):
    report = services.transparency.report(Period(date(2026, 5, 1), date(2026, 5, 31)), by=ada)
    assert (report.total.decisions, report.flow.came_in, report.accuracy.decided) == (0, 0, 0)
    assert report.waits["By people"].median is None
    assert report.accuracy.removals_right is None


def test_only_some_roles_may_see_it(sqlite_services):
    period = PERIODS[0]
    with pytest.raises(NotAllowed, match="lead or analyst or admin"):
        sqlite_services.transparency.report(period, by=Person("Mia", frozenset({Role.MODERATOR})))
    for role in (Role.LEAD, Role.ANALYST, Role.ADMIN):
        assert sqlite_services.transparency.report(period, by=Person("Mia", frozenset({role})))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Comments of a fortnight with audits and second opinions, all of one model and policy."""
    from core.services import build_services
    from core.settings import Settings

    services = build_services(Settings(data_dir=tmp_path_factory.mktemp("world")))
    made = seed(services, comments=12_000, days=14)
    add_opinions(services, made, mean=0.4)
    yield services
    services.close()


@pytest.fixture
def fortnight(world):
    """The report of all of it."""
    from core.accounts import local_person

    first = date(1970, 1, 1) + timedelta(today() - 13)
    # second opinions and adjudications of the last decisions lie in the next days
    return world.transparency.report(Period(first, first + timedelta(20)), by=local_person("Ada"))


def test_accuracy_is_that_of_the_metrics_page(world, fortnight):
    """Where one model and policy held and all was decided by the end, both say the same, limits too."""
    model = world.metrics.models()[0]
    overview = world.metrics.overview(model.id, Days(today() - 13, today() + 7), View.TRAFFIC)
    found = fortnight.accuracy
    assert (found.traffic, found.covered, found.decided) == (overview.traffic, overview.covered, overview.decided)
    for label, report in zip(LABELS, overview.labels, strict=True):
        here = found.rows[label]
        assert here.confusion == report.at.confusion
        assert (here.precision, here.recall, here.accuracy) == (
            report.at.precision,
            report.at.recall,
            report.at.accuracy,
        )
    assert found.rows["toxic"].precision is not None


def test_agreement_is_that_of_the_agreement_page(world, fortnight):
    drawn = world.agreement.drawn()
    assert fortnight.agreement.pairs == len(drawn.pairs) > 100
    assert fortnight.agreement.same == agreement.same_at_all(drawn.pairs)
    assert list(fortnight.agreement.labels) == agreement.by_label(drawn.pairs)


def test_a_running_period_follows_the_ledger(ledger, ada):
    """A report of a period that is not over is made anew after a decision, once a minute at most."""
    period = Period(date(2026, 1, 1), date(2026, 12, 31))
    at = [period.end - timedelta(days=100)]
    reports = TransparencyReports(ledger.sessions, clock=lambda: at[0])
    first = reports.report(period, by=ada)
    assert not first.closed
    add_later(ledger, period.end - timedelta(days=120))
    at[0] += timedelta(seconds=59)
    assert reports.report(period, by=ada) is first
    at[0] += timedelta(seconds=2)
    assert reports.report(period, by=ada).ledger.entries > first.ledger.entries
