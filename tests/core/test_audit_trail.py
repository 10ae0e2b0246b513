"""The audit trail: events in the transaction of what they say, in a chain of hashes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from core.audit_trail import What, record
from core.keys import Scope
from core.services import build_services
from core.trail import EVERYTHING
from db.people_models import AuditEventRow
from db.stores.audit import AuditEvent, chain_hash
from tests.support.databases import settings_on


def events(services) -> list[AuditEvent]:
    with services.sessions.read() as session:
        rows = session.scalars(select(AuditEventRow).order_by(AuditEventRow.id)).all()
    return [AuditEvent(row.id, row.at, row.person, row.what, row.subject, row.details, row.hash) for row in rows]


def test_making_and_revoking_a_key_is_an_event_each(services, ada):
    services.keys.create("forum", {Scope.ANALYZE}, by=ada)
    services.keys.revoke("forum", by=ada)
    assert [(event.person, event.what, event.subject, event.details) for event in events(services)] == [
        ("Ada", "key.created", "forum", {"scopes": ["analyze"]}),
        ("Ada", "key.revoked", "forum", {}),
    ]


def test_each_hash_covers_the_event_and_all_before_it(services, ada):
    def add(number: int) -> None:
        with services.sessions.begin() as session:
            record(session, ada, What.KEY_CREATED, f"key {number} \u202e🙂", number=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    found, previous = events(services), ""
    assert [event.id for event in found] == list(range(1, 41))
    for event in found:
        assert event.hash == chain_hash(previous, event)
        assert event.hash != chain_hash(previous, replace(event, subject="another"))
        previous = event.hash


def test_whoever_records_early_holds_up_nobody(request, tmp_path, ada):
    """On PostgreSQL an append locks out others until the commit: so it is the commit's last act, wherever it stands."""
    services = build_services(settings_on("postgresql", request, tmp_path))
    with services.sessions.begin() as slow:
        slow.execute(text("SET LOCAL lock_timeout = '2s'"))
        record(slow, ada, What.KEY_CREATED, "slow")
        with services.sessions.begin() as quick:
            quick.execute(text("SET LOCAL lock_timeout = '2s'"))
            record(quick, ada, What.KEY_CREATED, "quick")
            record(quick, ada, What.KEY_REVOKED, "quick")
    with pytest.raises(DBAPIError), services.sessions.begin() as failed:  # noqa: PT012 (both acts are one transaction)
        record(failed, ada, What.KEY_CREATED, "failed")
        failed.execute(text("SELECT 1 / 0"))
    found = services.trail.search(EVERYTHING, by=ada)
    assert [event.subject for event in reversed(found)] == ["quick", "quick", "slow"]
    assert services.trail.verify(full=True).problem is None
    services.close()
