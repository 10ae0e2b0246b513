"""The pages with accounts: every page with every role and without any, and what the People page does."""

import ast

import pytest
from argon2 import PasswordHasher
from streamlit.util import calc_hash

from core import passwords
from core.accounts import MAY, Action, Person, Role, local_person
from core.automatic import beside_of
from core.settings import ROOT
from core.sign_ins import Visitor

GOOD = "correct giraffe battery waffle"
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py") if path.stem not in {"__init__", "router"})


def router_pages() -> dict[str, tuple[str, Action]]:
    """What the router's table says of each page: its title and its action."""
    tree = ast.parse((ROOT / "pages" / "router.py").read_text())
    table = next(node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "PAGES")
    entries = [entry.elts for group in table.values for entry in group.elts]
    return {file.value: (title.value, Action[action.attr]) for file, title, _, action in entries}


def first_required(page: str) -> Action:
    """The action of the page's first call of require(...)."""
    tree = ast.parse((ROOT / "pages" / page).read_text())
    for node in tree.body:
        if isinstance(node, (ast.Expr, ast.Assign)):
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "require":
                    return Action[call.args[0].attr]
            if not (isinstance(node.value, ast.Constant)):
                raise AssertionError(f"{page} does something before it requires an action")
    raise AssertionError(f"{page} requires nothing")


@pytest.fixture
def with_accounts(app_services, monkeypatch):
    """Accounts of each role, and a browser that may be signed in as any of them."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()
    people, root, cookie = app_services.people, local_person("root"), {"token": ""}
    people.create_first("first", GOOD)
    for role in Role:
        people.set_password_by_link(people.create(role.value, {role}, by=root)[1], GOOD)
    monkeypatch.setattr("pages.shared.access.token_of", lambda *_: cookie["token"])

    def sign_in(name: str) -> None:
        cookie["token"] = app_services.sign_ins.sign_in(name, GOOD, Visitor("192.0.2.1")) if name else ""

    yield sign_in
    passwords._nobodys.cache_clear()


@pytest.mark.parametrize("page", PAGES)
def test_the_navigation_shows_a_page_to_whom_the_page_itself_lets_in(page):
    assert router_pages()[page][1] == first_required(page)


@pytest.mark.parametrize("role", [*Role, None], ids=str)
def test_a_page_opens_for_the_roles_that_may_and_for_nobody_else(app, with_accounts, role):
    with_accounts(role.value if role else "")
    app.run()
    if role is None:
        assert (not app.title, "not signed in" in app.info[0].value) == (True, True)
        return
    for page, (title, action) in router_pages().items():
        if action not in MAY[role]:
            with pytest.raises(ValueError, match="Could not find a navigation page"):
                app.switch_page(page)
            continue
        opened = app.switch_page(page).run()
        assert not opened.exception
        assert not opened.error
        assert page in ("queue.py", "practice.py") or any(title.lower() in each.value.lower() for each in opened.title)


def test_the_address_of_a_page_that_one_may_not_see_says_which_role_it_needs(app, with_accounts):
    with_accounts("moderator")
    app.run()
    app._page_hash = calc_hash("people")  # as its address does: AppTest opens files only
    page = app.run()
    assert [error.value for error in page.error] == ["This needs the role admin. Ask an administrator for it."]
    assert not page.title


def test_somebody_without_a_role_is_told_so_and_can_leave(app, app_services, with_accounts, monkeypatch):
    with_accounts("moderator")
    monkeypatch.setattr("pages.shared.access.current_person", lambda: Person("Eve", frozenset()))
    page = app.run()
    assert ["no role yet" in error.value for error in page.error] == [True]
    assert [text.value for text in page.text] == ["Eve"]
    assert not page.title


def test_inviting_and_disabling_on_the_page(app, app_services, with_accounts):
    with_accounts("admin")
    app.run()
    page = app.switch_page("people.py").run()
    page.text_input(key="invite_name").input("Zoë")
    page.button(key="invite_send").click().run()
    assert "/welcome?link=" in page.code[0].value
    assert page.text_input(key="invite_name").value == ""
    page.button(key="link_away").click().run()
    assert not page.code
    zoe = app_services.people.require("zoë")
    page.button(key=f"disable_{zoe.id}").click().run()
    assert app_services.people.require("Zoë").disabled_at
    app_services.people.disable("first", by=local_person("root"))
    mine = app_services.people.require("admin")
    page.button(key=f"disable_{mine.id}").click().run()
    assert "last administrator" in page.main.get("html")[0].proto.body


def test_whoever_is_disabled_sees_nothing_at_the_next_run(app, app_services, with_accounts):
    with_accounts("moderator")
    app.run()
    page = app.switch_page("score.py").run()
    assert [title.value for title in page.title] == ["Score"]
    app_services.people.disable("moderator", by=local_person("root"))
    page.run()
    assert not page.title
    assert "not signed in" in page.info[0].value


def test_an_analyst_proposes_and_a_lead_puts_in_force(app, app_services, with_accounts):
    with_accounts("analyst")
    app.run()
    page = app.switch_page("policy.py").run()
    before = app_services.policies.active()
    assert page.button(key="save").label == "Propose this policy"
    assert not [button for button in page.button if str(button.key).startswith("use_again")]
    made = app_services.proposals.propose(
        (0.9,) * 6, before.audit_rates, by=app_services.people.require("analyst").person, reason="fewer",
        beside=beside_of(before),
    )  # fmt: skip
    page.run()
    assert not [button for button in page.button if button.key == f"accept_{made.id}"]
    with_accounts("lead")
    page.run()
    page.button(key=f"accept_{made.id}").click().run()
    active = app_services.policies.active()
    assert (active.thresholds, active.created_by) == ((0.9,) * 6, "lead")
    assert active.reason == "fewer (proposed by analyst)"
    assert app_services.proposals.list_open() == []
