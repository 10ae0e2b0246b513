"""Signing in and out in a browser: the first administrator, an invited moderator, the company's sign-in."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.oidc import company_sign_in
from tests.support.server import serving

GOOD = "correct giraffe battery waffle"


def fill(page, button, **fields):
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)
    page.get_by_role("button", name=button).click()


@pytest.fixture
def open_page(browser):
    """Opens browsers of their own, and notes what their consoles complain of."""
    contexts, problems = [], []

    def opened(**options):
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        return page

    opened.problems = problems
    yield opened
    for context in contexts:
        context.close()


def test_from_local_mode_to_a_team_and_out_again(server, open_page):
    old, ada, bob = open_page(), open_page(), open_page()
    old.goto(server.url)
    old.get_by_label("Your name").fill("Ada")
    old.get_by_role("button", name="Start").click()
    old.get_by_text("Review queue").or_(old.get_by_text("No comments yet")).first.wait_for()

    ada.goto(server.url)
    with ada.expect_popup() as opened:
        ada.get_by_role("link", name="Set up accounts").click()
    ada = opened.value
    fill(ada, "Create the administrator", Your_name="Ada", New_password="short", The_same_again="short")
    expect(ada.get_by_role("alert")).to_contain_text("at least 12")
    fill(ada, "Create the administrator", New_password=GOOD, The_same_again=GOOD)
    ada.get_by_role("link", name="People").wait_for()
    expect(ada.get_by_role("link", name="Queue")).to_have_count(1)  # the first one may do everything
    cookie = next(c for c in ada.context.cookies() if c["name"].startswith("moderato_session"))
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    old.wait_for_url("**/sign-in?**", timeout=10_000)  # local mode is over, in every open tab

    ada.get_by_role("link", name="People").click()
    ada.get_by_label("Name", exact=True).fill("Bob")
    ada.get_by_role("button", name="Invite").click()
    link = ada.locator("code").first.inner_text()
    bob.goto(link)
    fill(bob, "Set the password", New_password=GOOD, The_same_again=GOOD)
    bob.goto(server.url + "/score?x=1")
    assert "/sign-in?next=%2Fscore%3Fx%3D1" in bob.url
    fill(bob, "Sign in", Name="bob", Password=GOOD)
    bob.get_by_role("heading", name="Score").wait_for()
    expect(bob.get_by_role("link", name="People")).to_have_count(0)
    bob.goto(link)
    expect(bob.get_by_role("heading")).to_contain_text("does not work")
    bob.goto(server.url)
    bob.get_by_text("No comments yet").wait_for()
    second = bob.context.new_page()
    second.goto(server.url + "/score")
    second.get_by_role("heading", name="Score").wait_for()

    assert server.run("users", "disable", "Bob").returncode == 0  # another process
    for tab in (bob, second):
        tab.wait_for_url("**/sign-in?**", timeout=10_000)
    fill(bob, "Sign in", Name="Bob", Password=GOOD)
    expect(bob.get_by_role("alert")).to_contain_text("disabled")

    ada.get_by_role("button", name="Sign out", exact=True).first.click()
    ada.wait_for_url("**/sign-in?**")
    ada.go_back()
    ada.wait_for_url(re.compile("/sign-in"))
    # what is refused or closed on purpose; nothing else complains
    expected = ("401", "403", "404", "400", "WebSocket", "disconnected from server")
    assert [said for said in open_page.problems if not any(word in said for word in expected)] == []


def test_the_company_lets_people_in_with_the_roles_of_their_groups(tmp_path, open_page):
    with company_sign_in(sub="u1", name="Zoë", groups=["mods"]) as company:
        oidc = {"oidc_url": company.url, "oidc_client_id": "moderato", "oidc_client_secret": "shh"}
        with serving(tmp_path / "data", **oidc, oidc_roles="mods=moderator,boss=admin", oidc_name="Example") as server:
            page = open_page()
            page.goto(server.url + "/score")
            page.get_by_role("link", name="Sign in with Example").click()
            page.get_by_role("heading", name="Score").wait_for()
            page.get_by_text("Zoë", exact=True).wait_for()
            company.who, company.lasts = {"sub": "u2", "name": "Zoë", "groups": ["boss"]}, 8
            boss = open_page()
            boss.goto(server.url + "/people")
            boss.get_by_role("link", name="Sign in with Example").click()
            boss.get_by_role("heading", name="People").wait_for()
            boss.get_by_text(re.compile("^Zoë [0-9a-f]{8}$")).first.wait_for()  # another Zoë is another person
            boss.wait_for_url("**/sign-in?**", timeout=20_000)  # the token is over, and so is the sign-in
            for spoil in ("key", "nonce", "aud", "state"):
                company.spoil = spoil
                boss.goto(server.url + "/sign-in/company")
                expect(boss.get_by_role("heading")).to_have_text("That did not work")
            company.spoil, company.who = "", {"sub": "u3", "name": "Eve", "groups": ["other"]}
            boss.goto(server.url + "/sign-in/company")
            expect(boss.get_by_role("alert").or_(boss.get_by_text("none of your groups"))).to_be_visible()
