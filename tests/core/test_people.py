"""Accounts, passwords, sign-ins and their throttling."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from core import passwords
from core.accounts import Role, fold_name, local_person
from core.domain import now
from core.errors import BadInput, Conflict, DatabaseTrouble, NotAllowed, NotFound
from core.settings import Settings
from core.sign_ins import CompanyPerson, SignIns, Visitor, read_company
from core.throttle import Throttled
from db.people_models import AccountRow, AuditEventRow, SignInRow

GOOD = "correct giraffe battery waffle"
HERE = Visitor("192.0.2.7", "Firefox, Linux")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Hashes that take a millisecond."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def stopped(monkeypatch):
    """The clock stands still: a wait of seconds is not over before a slow machine has guessed again."""
    moment = now()
    for module in ("core.sign_ins", "core.people"):
        monkeypatch.setattr(f"{module}.now", lambda: moment)


@pytest.fixture
def world(services):
    services.people.create_first("Ada", GOOD)
    return services


def said(services) -> list[tuple[str, str]]:
    with services.sessions.read() as session:
        return [(row.what, row.subject) for row in session.scalars(select(AuditEventRow).order_by(AuditEventRow.id))]


def member(services, name="Bob", *roles):
    """An account with a password, made as an administrator would."""
    ada = services.people.require("Ada").person
    _, secret = services.people.create(name, roles or {Role.MODERATOR}, by=ada)
    return services.people.set_password_by_link(secret, GOOD)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "at least 12"),
        ("x" * 1025, "longer than"),
        ("aaaaaaaaaaaaaaa", "first"),
        ("Password123456!", "first"),
        ("123456789012", "first"),
        ("qwertyuiopas", "first"),
        ("letmeinletmein", "first"),
        ("abcabcabcabc", "first"),
        ("AdaLovelace2026", "your name"),
        ("moderato-2026!!", "your name|first"),
    ],
)
def test_bad_passwords_are_refused_with_the_reason(password, why):
    with pytest.raises(BadInput, match=why):
        passwords.checked_password(password, "Ada Lovelace")


@pytest.mark.parametrize(
    "password", [GOOD, "ÿ" * 3 + " почему бы и нет", "🦒🧇🔋 twelve or so", "giraffe 7 waffle! " * 40, "M8kd02lsPq71"]
)
def test_long_passwords_of_any_kind_are_taken(password):
    assert passwords.checked_password(password, "Ada Lovelace")


def test_a_password_is_the_same_however_its_letters_are_composed():
    known = passwords.hash_password("cafe\u0301 au lait!")
    assert passwords.verify_password(known, "caf\u00e9 au lait!")
    assert not passwords.verify_password(None, "caf\u00e9 au lait!")


def test_the_first_account_ends_local_mode_and_is_the_only_first(services):
    assert services.sign_ins.is_local()
    services.people.create_first("Ada", GOOD)
    assert not services.sign_ins.is_local()
    with pytest.raises(Conflict):
        services.people.create_first("Eve", GOOD)


def test_right_wrong_and_unknown(world):
    token = world.sign_ins.sign_in("  aDA ", GOOD, HERE)
    assert world.sign_ins.find(token).person.name == "Ada"
    messages = set()
    for name, password in (("Ada", GOOD + "!"), ("Nobody", GOOD), ("Ada", ""), ("\u202e", "x" * 5000)):
        with pytest.raises(NotAllowed) as refused:
            world.sign_ins.sign_in(name, password, HERE)
        messages.add(str(refused.value))
    assert len(messages) == 1
    assert world.sign_ins.find("nonsense") is None
    assert ("sign_in.failed", "Ada") in said(world)
    assert ("sign_in.failed", "an unknown name") in said(world)


def test_the_sixth_guess_waits_and_a_flood_leaves_a_few_lines(world, stopped):
    for _ in range(6):
        with pytest.raises(NotAllowed):
            world.sign_ins.sign_in("Ada", "wrong wrong wrong", HERE)
    other = SignIns(world.sessions, world.settings)  # another process
    for _ in range(40):
        with pytest.raises(Throttled):
            other.sign_in("Ada", GOOD, HERE)
    what = [kind for kind, _ in said(world)]
    assert what.count("sign_in.failed") == 3
    assert what.count("sign_in.throttled") == 6


def test_a_browser_left_open_is_no_place_to_guess_the_password(world, stopped):
    bob, people = member(world), world.people
    with pytest.raises(BadInput, match="12 characters"):
        people.change_password(bob, "wrong wrong wrong", "short")  # no guess: nothing was looked at
    for _ in range(6):
        with pytest.raises(BadInput, match="not your password"):
            people.change_password(bob, "wrong wrong wrong", "another giraffe waffle")
    for _ in range(3):
        with pytest.raises(Throttled):
            people.change_password(bob, GOOD, "another giraffe waffle")
    assert [kind for kind, _ in said(world)].count("sign_in.throttled") == 2
    assert world.sign_ins.sign_in("Bob", GOOD, HERE)  # signing in is counted apart


def test_the_right_password_ends_the_count(world):
    bob, people = member(world), world.people
    for new in ("another giraffe waffle", GOOD) * 4:
        people.change_password(bob, GOOD if new != GOOD else "another giraffe waffle", new)


def test_guesses_from_elsewhere_do_not_lock_the_owner_out(world):
    world.sign_ins.sign_in("Ada", GOOD, HERE)
    for at in range(8):
        with pytest.raises((NotAllowed, Throttled)):
            world.sign_ins.sign_in("Ada", "wrong wrong wrong", Visitor(f"198.51.100.{at}"))
    assert world.sign_ins.sign_in("Ada", GOOD, HERE)


def test_an_address_that_tries_many_names_waits(world):
    for at in range(30):
        with pytest.raises((NotAllowed, Throttled)):
            world.sign_ins.sign_in(f"name{at}", "wrong wrong wrong", Visitor("2001:db8::1"))
    with pytest.raises(Throttled):  # the same subscriber
        world.sign_ins.sign_in("Ada", GOOD, Visitor("2001:db8::2"))
    assert world.sign_ins.sign_in("Ada", GOOD, HERE)


@pytest.mark.parametrize("act", ["disable", "roles", "reset", "sign_out", "password", "themselves"])
def test_what_ends_a_persons_browsers_in_every_process(world, act):
    bob, people = member(world), world.people
    ada = people.require("Ada").person
    tokens = [world.sign_ins.sign_in("Bob", GOOD, HERE) for _ in range(2)]
    other = SignIns(world.sessions, world.settings)
    assert all(other.find(token) for token in tokens)
    if act == "disable":
        people.disable("Bob", by=ada)
    elif act == "roles":
        people.set_roles("Bob", {Role.LEAD}, by=ada)
    elif act == "reset":
        people.reset_password("Bob", by=ada)
    elif act == "sign_out":
        assert people.sign_out("Bob", by=ada) == 2
    elif act == "password":
        people.change_password(bob, GOOD, "another giraffe waffle")
    else:
        for token in tokens:
            world.sign_ins.sign_out(token)
    assert [world.sign_ins.find(token) for token in tokens] == [None, None]
    other._known = {key: type(known)(known.at - 2, known.value) for key, known in other._known.items()}
    assert [other.find(token) for token in tokens] == [None, None]  # two seconds later


def test_a_disabled_person_stays_out_until_enabled(world):
    member(world)
    ada = world.people.require("Ada").person
    world.people.disable("bob", by=ada)
    with pytest.raises(NotAllowed, match="disabled"):
        world.sign_ins.sign_in("Bob", GOOD, HERE)
    world.people.enable("Bob", by=ada)
    assert world.sign_ins.sign_in("Bob", GOOD, HERE)


@pytest.mark.parametrize("column", ["used_at", "expires_at"])
def test_a_browser_is_signed_out_after_its_time(world, column):
    token = world.sign_ins.sign_in("Ada", GOOD, HERE)
    with world.sessions.begin() as session:
        session.execute(update(SignInRow).values({column: now() - timedelta(minutes=61)}))
    world.sign_ins.forget()
    assert world.sign_ins.find(token) is None


def test_use_is_noted_once_a_minute(world):
    token = world.sign_ins.sign_in("Ada", GOOD, HERE)
    before = world.sign_ins.find(token).used_at
    world.sign_ins.note_use(token)
    assert world.sign_ins.find(token).used_at == before
    with world.sessions.begin() as session:
        session.execute(update(SignInRow).values(used_at=now() - timedelta(minutes=50)))
    world.sign_ins.forget()
    world.sign_ins.note_use(token)
    assert world.sign_ins.find(token).used_at > before - timedelta(minutes=1)


def test_the_last_administrator_stays(world):
    people, ada = world.people, world.people.require("Ada").person
    for act in (lambda: people.disable("Ada", by=ada), lambda: people.set_roles("Ada", {Role.LEAD}, by=ada)):
        with pytest.raises(Conflict, match="last administrator"):
            act()
    people.create("Bob", {Role.ADMIN}, by=ada)  # who has not set a password cannot help anybody
    with pytest.raises(Conflict, match="last administrator"):
        people.disable("Ada", by=ada)
    people.set_password_by_link(people.invite("Bob", by=ada), GOOD)
    assert people.disable("Ada", by=ada).disabled_at
    with pytest.raises(Conflict, match="last administrator"):
        people.disable("Bob", by=ada)


@pytest.mark.parametrize("name", ["ADA", "Ａｄａ", " a d a ", "api:ada", "Moderato", "", "x" * 61])
def test_a_name_means_one_person(world, name):
    if fold_name(name) == "a d a":
        assert world.people.create(name, {Role.LEAD}, by=local_person("root"))
        return
    with pytest.raises((Conflict, BadInput)):
        world.people.create(name, {Role.LEAD}, by=local_person("root"))


def test_a_link_works_once_and_a_new_one_ends_it(world):
    people, root = world.people, local_person("root")
    _, old = people.create("Bob", {Role.LEAD}, by=root)
    new = people.invite("Bob", by=root)
    with pytest.raises(NotFound):
        people.set_password_by_link(old, GOOD)
    with pytest.raises(BadInput):
        people.set_password_by_link(new, "short")
    people.set_password_by_link(new, GOOD)
    with pytest.raises(NotFound):
        people.set_password_by_link(new, GOOD)


def test_a_hash_of_yesterday_is_made_again(world, monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    with world.sessions.read() as session:
        before = session.scalar(select(AccountRow.password))
    world.sign_ins.sign_in("Ada", GOOD, HERE)
    with world.sessions.read() as session:
        after = session.scalar(select(AccountRow.password))
    assert before != after
    assert not passwords.is_outdated(after)


def company(**changed) -> CompanyPerson:
    claims = {"iss": "https://id.test", "sub": "7", "exp": now().timestamp() + 600, "name": "Bob", "groups": ["m"]}
    return read_company(claims | changed, Settings(oidc_roles="m=moderator,l=lead"))


def test_the_company_makes_the_account_and_says_the_roles(world):
    token = world.sign_ins.sign_in_company(company(), HERE)
    assert world.sign_ins.find(token).person.roles == {Role.MODERATOR}
    again = world.sign_ins.sign_in_company(company(groups="l other", name="Robert"), HERE)
    assert (world.sign_ins.find(again).person.name, world.sign_ins.find(again).person.roles) == ("Bob", {Role.LEAD})
    assert world.sign_ins.find(token) is None
    world.people.disable("Bob", by=local_person("root"))
    with pytest.raises(NotAllowed, match="disabled"):
        world.sign_ins.sign_in_company(company(), HERE)
    with pytest.raises(NotAllowed):  # an account of the company has no password to guess
        world.sign_ins.sign_in("Bob", GOOD, HERE)


def test_the_sign_in_ends_with_the_token(world):
    soon = now() + timedelta(seconds=30)
    world.sign_ins.sign_in_company(company(exp=soon.timestamp()), HERE)
    with world.sessions.read() as session:
        assert abs(session.scalar(select(SignInRow.expires_at)) - soon) < timedelta(seconds=1)
    for claims in ({"exp": 5}, {"exp": None}, {"sub": None}, {"iss": 3}):
        with pytest.raises(NotAllowed):
            company(**claims)


@pytest.mark.parametrize("groups", [None, [], ["other"], "other", [{"m": 1}], 7])
def test_without_a_role_nobody_comes_in(world, groups):
    with pytest.raises(NotAllowed, match="none of your groups"):
        world.sign_ins.sign_in_company(company(groups=groups), HERE)


def test_a_display_name_inherits_nobodys_decisions(world):
    taken = world.sign_ins.sign_in_company(company(name="Ada"), HERE)
    assert world.sign_ins.find(taken).person.name.startswith("Ada ")


def test_while_the_database_is_away_who_is_signed_in_stays_so_for_a_while(world, monkeypatch):
    known, other = (world.sign_ins.sign_in("Ada", GOOD, HERE) for _ in range(2))
    clock = [1_000.0]
    monkeypatch.setattr("core.sign_ins.time.monotonic", lambda: clock[0])
    assert world.sign_ins.find(known).person.name == "Ada"

    def gone(_digest):
        raise DatabaseTrouble("away")

    with monkeypatch.context() as away:
        away.setattr(world.sign_ins, "_look_up", gone)
        for clock[0] in (1_003.0, 1_300.0, 1_599.0):
            assert world.sign_ins.find(known).person.name == "Ada"
        clock[0] = 1_602.0
        for token in (known, other):
            with pytest.raises(DatabaseTrouble):
                world.sign_ins.find(token)
    world.sign_ins.sign_out(known)
    clock[0] = 1_605.0
    assert world.sign_ins.find(known) is None


def test_while_the_database_is_away_local_mode_stays_so_for_a_while(services, monkeypatch):
    clock = [1_000.0]
    monkeypatch.setattr("core.sign_ins.time.monotonic", lambda: clock[0])
    assert services.sign_ins.is_local()

    def gone():
        raise DatabaseTrouble("away")

    fresh = SignIns(services.sessions, Settings())
    monkeypatch.setattr(services.sessions, "read", gone)
    for clock[0] in (1_003.0, 1_599.0):
        assert services.sign_ins.is_local()
    clock[0] = 1_602.0
    for sign_ins in (services.sign_ins, fresh):
        with pytest.raises(DatabaseTrouble):
            sign_ins.is_local()
