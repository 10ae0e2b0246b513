"""Every page against WCAG 2.2 A and AA, as far as axe-core can tell, in light and in dark."""

import ast

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from core.services import build_services
from core.settings import ROOT, Settings
from tests.browser.conftest import visit_as
from tests.support.ledger import seed
from tests.support.server import serving

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
STREAMLITS_OWN = {
    ("list", "[data-testid=stSidebarNavItems]"): "the navigation's groups are <div>s within its <ul>",
    ("listitem", "[data-testid=stSidebarNavItems] li"): "the same: its <li>s stand in those <div>s",
}
"""What Streamlit itself draws and no page can reach: rule, selector, why. Anything else fails."""
LOOK = """
async ({ tags, own }) => {
  const how = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }
  const { violations } = await axe.run(document, how)
  const isOwn = (rule, node) => own.some(([known, selector]) =>
    known === rule && node.target.length === 1 && document.querySelector(node.target[0])?.matches(selector))
  return violations.flatMap(({ id, nodes }) => nodes.filter(node => !isOwn(id, node)).map(node =>
    `${id}: ${node.html.slice(0, 160)} ${[...node.any, ...node.all, ...node.none].map(one => one.message).join("; ")}`))
}
"""
SETTLED = """
() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
  && !document.querySelector("[data-testid=stSkeleton],[data-stale=true]")
"""

MOVES = """
() => [...document.querySelectorAll("*")].flatMap((place) => ["", "::before", "::after"].flatMap((part) => {
  const look = getComputedStyle(place, part || null)
  const moves = look.animationName === "none" ? [0] : look.animationDuration.split(",").map(parseFloat)
  const longest = Math.max(...look.transitionDuration.split(",").map(parseFloat), ...moves)
  return longest > 0.002 ? [`${place.tagName} ${place.dataset.testid || place.className}: ${longest} s`] : []
}))
"""
"""What still moves, for somebody who asked for less motion."""


def pages() -> dict[str, str]:
    """Titles of all pages by path, from the router's table."""
    tree = ast.parse((ROOT / "pages/router.py").read_text())
    table = next(node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "PAGES")
    entries = [entry.elts for group in table.values for entry in group.elts]
    return {file.value.removesuffix(".py"): title.value for file, title, *_ in entries}


def wrong_on(page: Page, scheme: str) -> list[str]:
    """What axe finds on the open page under the colour scheme."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"() => getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
    page.wait_for_timeout(250)  # colours fade
    return page.evaluate(LOOK, {"tags": TAGS, "own": [list(key) for key in STREAMLITS_OWN]})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server on a made-up fortnight, of which a part was decided."""
    folder = tmp_path_factory.mktemp("world")
    services = build_services(Settings(data_dir=folder))
    seed(services, comments=1_000)
    services.close()
    with serving(folder, embedded_worker="false") as server:
        yield server


def test_every_page_can_be_read_and_used_by_everybody(browser, world):
    context, page = visit_as(browser, world, "Ada", reduced_motion="reduce")
    page.goto(world.url)
    page.evaluate(AXE_SCRIPT)
    wrong = {}
    for path, title in pages().items():
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        page.wait_for_url(f"{world.url}/{'' if path == 'queue' else path}")
        page.wait_for_function("title => document.title === `${title} · Moderato`", arg=title)
        page.locator("h1").first.wait_for(timeout=30_000)
        page.wait_for_function(SETTLED)
        for scheme in ("light", "dark"):
            if found := wrong_on(page, scheme):
                wrong[f"{path}, {scheme}"] = found
        if moving := page.evaluate(MOVES):
            wrong[f"{path}, motion"] = moving[:5]
    assert wrong == {}
    for path in ("setup", "api/v1/docs"):
        page.goto(f"{world.url}/{path}")
        page.evaluate(AXE_SCRIPT)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(LOOK, {"tags": TAGS, "own": []}) == []
    context.close()
