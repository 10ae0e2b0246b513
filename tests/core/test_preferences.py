"""What people set for themselves: each their own, and no concern of the audit trail."""

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import func, select

from core.accounts import local_person
from core.domain import now
from core.errors import BadInput
from db.people_models import AuditEventRow
from db.stores.preferences import PreferenceStore

ANNA, BEN = local_person("Anna"), local_person("Ben")


def test_each_person_has_their_own(services):
    services.preferences.put("keys", {"skip": "k"}, by=ANNA)
    services.preferences.put("keys", {"skip": "j"}, by=BEN)
    services.preferences.put("keys", {"skip": "l"}, by=ANNA)
    assert services.preferences.get(ANNA, "keys") == {"skip": "l"}
    assert services.preferences.get(BEN, "keys") == {"skip": "j"}
    assert services.preferences.get(BEN, "goal") is None


def test_none_takes_it_back(services):
    services.preferences.put("goal", 60, by=ANNA)
    services.preferences.put("goal", None, by=ANNA)
    assert services.preferences.all_of(ANNA) == {}


def test_what_is_no_choice_is_refused(services):
    with pytest.raises(BadInput, match="20,000 bytes"):
        services.preferences.put("goal", "x" * 20_001, by=ANNA)
    assert services.preferences.all_of(ANNA) == {}


def test_the_audit_trail_does_not_tell(services):
    services.preferences.put("not_today", ["threat"], by=ANNA)
    with services.sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEventRow)) == 0


def test_two_devices_that_set_one_for_the_first_time_at_once_do_not_collide(services):
    """The second one looks before the first has finished, and sees nothing there."""
    with ThreadPoolExecutor(1) as other, services.sessions.begin() as session:
        PreferenceStore(session).put("Anna", "goal", 40, at=now())
        session.flush()
        late = other.submit(services.preferences.put, "goal", 60, by=ANNA)
        wait([late], timeout=0.3)
        session.commit()
        late.result(10)
    assert services.preferences.get(ANNA, "goal") == 60
