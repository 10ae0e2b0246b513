"""Programs' keys and their limits."""

import asyncio

import pytest

from core.accounts import Person, Role, local_person
from core.errors import BadInput, Conflict, NotAllowed, NotFound
from core.key_ring import KeyRing, OverLimit
from core.keys import Scope, digest_of, parse_scopes


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def ring_of(services, clock=None):
    return KeyRing(services.keys, *([clock] if clock else []))


def test_a_secret_finds_its_key_and_is_not_kept(services, ada):
    key, secret = services.keys.create("forum", [Scope.ANALYZE], by=ada, rate=5, daily=7)
    other = services.keys.create("bot", [Scope.READ], by=ada)[1]
    known = services.keys.known()
    assert known.find(secret) == key
    assert known.find(other).name == "bot"
    for wrong in ("", secret[:-1], secret[:12], secret + "x", "mod_", "\udc80", "ü" * 50):
        assert known.find(wrong) is None
    (listed, _) = services.keys.list_keys()
    assert secret not in repr(listed)
    assert listed.prefix == secret[:12]
    assert (listed.rate, listed.daily, listed.created_by, listed.person) == (5, 7, "Ada", "api:forum")


def test_secrets_have_256_random_bits(sqlite_services, ada):
    secrets = {sqlite_services.keys.create(f"k{i}", [Scope.READ], by=ada)[1] for i in range(5)}
    assert len(secrets) == 5
    assert all(len(secret) == len("mod_") + 43 for secret in secrets)


def test_a_revoked_key_finds_nobody_and_its_name_stays_taken(services, ada):
    _, secret = services.keys.create("forum", [Scope.ANALYZE], by=ada)
    assert services.keys.revoke("forum", by=ada).revoked_at
    known = services.keys.known()
    assert known.find(secret) is None
    assert known.any
    with pytest.raises(Conflict, match="Give another name"):
        services.keys.create("forum", [Scope.ANALYZE], by=ada)
    with pytest.raises(Conflict, match="before"):
        services.keys.revoke("forum", by=ada)
    with pytest.raises(NotFound, match="moderato keys list"):
        services.keys.revoke("nobody", by=ada)


def test_trusted_brings_suggest_along(sqlite_services, ada):
    key, _ = sqlite_services.keys.create("coral", [Scope.TRUSTED], by=ada)
    assert key.scopes == {Scope.TRUSTED, Scope.SUGGEST}


@pytest.mark.parametrize("name", ["", " ", "two words", "a" * 41, "ключ", "a\nb", "a:b", "<b>"])
def test_bad_names_are_told(sqlite_services, ada, name):
    with pytest.raises(BadInput, match="letters, digits"):
        sqlite_services.keys.create(name, [Scope.ANALYZE], by=ada)


@pytest.mark.parametrize("limits", [{"rate": 0}, {"rate": -1}, {"rate": float("nan")}, {"daily": 0}, {"daily": 2**40}])
def test_bad_limits_are_told(sqlite_services, ada, limits):
    with pytest.raises(BadInput, match="lies between"):
        sqlite_services.keys.create("forum", [Scope.ANALYZE], by=ada, **limits)


def test_scopes_are_named(sqlite_services, ada):
    assert parse_scopes(["read", "ingest"]) == {Scope.READ, Scope.INGEST}
    with pytest.raises(BadInput, match="no scope 'all'"):
        parse_scopes(["all"])
    with pytest.raises(BadInput, match="at least one"):
        sqlite_services.keys.create("forum", [], by=ada)


def test_keys_are_an_administrators(sqlite_services, ada):
    lead = Person("Lea", frozenset(Role) - {Role.ADMIN})
    with pytest.raises(NotAllowed):
        sqlite_services.keys.create("forum", [Scope.ANALYZE], by=lead)
    sqlite_services.keys.create("forum", [Scope.ANALYZE], by=ada)
    with pytest.raises(NotAllowed):
        sqlite_services.keys.revoke("forum", by=lead)


def test_no_person_is_called_like_a_program():
    with pytest.raises(BadInput, match="belong to programs"):
        local_person(" API:forum")


def test_the_rate_lets_two_seconds_worth_come_at_once_and_then_refills(sqlite_services, ada):
    key, _ = sqlite_services.keys.create("forum", [Scope.ANALYZE], by=ada, rate=2)

    async def run():
        clock = Clock()
        ring = ring_of(sqlite_services, clock)
        await ring.known()
        for _ in range(4):
            ring.admit(key)
        with pytest.raises(OverLimit) as refused:
            ring.admit(key)
        assert refused.value.retry_after == 1
        clock.now += 0.5
        ring.admit(key)
        with pytest.raises(OverLimit):
            ring.admit(key)

    asyncio.run(run())


def test_a_slow_rate_says_when_to_come_back(sqlite_services, ada):
    key, _ = sqlite_services.keys.create("forum", [Scope.ANALYZE], by=ada, rate=0.1)

    async def run():
        ring = ring_of(sqlite_services, Clock())
        await ring.known()
        ring.admit(key)
        with pytest.raises(OverLimit) as refused:
            ring.admit(key)
        assert refused.value.retry_after == 10

    asyncio.run(run())


def test_the_daily_quota_outlives_a_restart(services, ada):
    key, _ = services.keys.create("forum", [Scope.ANALYZE], by=ada, rate=None, daily=3)

    async def use(times):
        ring = ring_of(services)
        await ring.known()
        for _ in range(times):
            ring.admit(key)
        await ring.close()

    asyncio.run(use(2))
    asyncio.run(use(1))
    assert services.keys.used_today() == {key.id: 3}
    assert services.keys.used_lately() == {key.id: 3}
    assert services.keys.list_keys()[0].last_used_at is not None
    with pytest.raises(OverLimit, match="daily quota of 3") as refused:
        asyncio.run(use(1))
    assert 1 <= refused.value.retry_after <= 86_400


def test_the_ring_sees_at_once_what_this_process_revokes(sqlite_services, ada):
    _, secret = sqlite_services.keys.create("forum", [Scope.ANALYZE], by=ada)

    async def run():
        ring = ring_of(sqlite_services, Clock())  # a clock that stands still: what was read stays fresh
        assert (await ring.known()).find(secret)
        await asyncio.to_thread(sqlite_services.keys.revoke, "forum", by=ada)
        assert (await ring.known()).find(secret) is None

    asyncio.run(run())


def test_many_requests_share_one_look_into_the_database(sqlite_services, ada, monkeypatch):
    sqlite_services.keys.create("forum", [Scope.ANALYZE], by=ada)
    looks = []
    known = sqlite_services.keys.known
    monkeypatch.setattr(sqlite_services.keys, "known", lambda: looks.append(1) or known())

    async def run():
        ring = ring_of(sqlite_services, Clock())
        await asyncio.gather(*(ring.known() for _ in range(50)))

    asyncio.run(run())
    assert len(looks) == 1


def test_counts_that_could_not_be_written_are_written_later(sqlite_services, ada, monkeypatch):
    key, _ = sqlite_services.keys.create("forum", [Scope.ANALYZE], by=ada)
    note = sqlite_services.keys.note_use

    async def run():
        ring = ring_of(sqlite_services)
        await ring.known()
        ring.admit(key)
        monkeypatch.setattr(sqlite_services.keys, "note_use", lambda *_: 1 / 0)
        await ring.close()
        monkeypatch.setattr(sqlite_services.keys, "note_use", note)
        await ring.close()

    asyncio.run(run())
    assert sqlite_services.keys.used_today() == {key.id: 1}


def test_the_digest_is_sha_256():
    assert digest_of("abc").hex().startswith("ba7816bf8f01cfea")
