"""Text that attacks, through import, pages, exports and logs: nothing runs, nothing is fetched, nothing is hidden."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import visit_as
from tests.support.server import serving

EVIL = "http://evil.test"
ATTACKS = {
    "script": f"<script>window.hacked=1;fetch('{EVIL}/s')</script> you idiot",
    "handler": f'<img src="{EVIL}/i.png" onerror="window.hacked=1"><svg onload="window.hacked=1"> you idiot',
    "style": "<style>body{display:none}</style></div></div><h1>admin</h1> you idiot",
    "frame": f'<iframe src="{EVIL}/f"></iframe><link rel=stylesheet href="{EVIL}/c.css"> you idiot',
    "markdown": f"![x]({EVIL}/m.png) [click](javascript:window.hacked=1) :red[danger] :material/bolt: you idiot",
    "latex": r"$$\frac{a}{b}$$ \(x^2\) $\color{red}{you idiot}$",
    "bidi": "you \u202eidiot\u202c gnp.\u2066exe\u2069 \u200b\u200bidiot",
    "word": "idiot" * 12_000,
    "nul": "you \x00 idiot \ud800 \udfff end",
    "formula": f'=HYPERLINK("{EVIL}/h","you idiot")',
    "formula2": "@SUM(1+1)*cmd|' /C calc'!A0 you idiot",
    "log": "you idiot\r\n2026-01-01 ERROR moderato: forged-entry\n\x1b[31mred\x1b[0m",
    "zalgo": "you i" + "\u0301\u0302\u0300\u0308" * 60 + "diot",
    "entities": "&lt;b&gt; &amp; &#x3C;script&#x3E; you idiot",
}
STORED = {name: re.sub("[\x00\ud800-\udfff]", "\ufffd", text) for name, text in ATTACKS.items()}
SECRETS = ["you idiot", "evil.test", "forged-entry", "idiotidiot"]
"""What must not be in a log."""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A server whose comments are all attacks, scored."""
    folder = tmp_path_factory.mktemp("attack")
    file = folder / "attacks.jsonl"
    lines = (
        json.dumps({"id": name, "text": text, "author": text[:40], "thread": text[:40]})
        for name, text in ATTACKS.items()
    )
    file.write_text("\n".join(lines))
    with serving(folder / "data", poll_seconds="0.2") as server:
        done = server.run("import", str(file), "--source", "<b>attack</b>")
        assert f"{len(ATTACKS)} added" in done.stdout, done.stderr
        server.import_output = done.stdout + done.stderr
        yield server


@pytest.fixture
def watched(browser, attacked):
    """A page that notes every request to elsewhere, every dialog and every error."""
    context, page = visit_as(browser, attacked, "Ada")
    page.outside, page.trouble = [], []
    own = (attacked.url, attacked.url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(own) else page.outside.append(request.url))
    page.on("dialog", lambda dialog: (page.trouble.append("a dialog"), dialog.dismiss()))
    page.on("pageerror", lambda error: page.trouble.append(str(error)))
    yield page
    check(page)
    context.close()


def check(page) -> None:
    page.wait_for_timeout(300)
    assert page.outside == []
    assert page.trouble == []
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), "the page scrolls sideways"
    assert page.evaluate("getComputedStyle(document.body).display") != "none"


def wait_scored(page, server) -> None:
    page.goto(f"{server.url}/browse?state=Not+scored")
    for _ in range(60):
        page.wait_for_timeout(500)
        if page.get_by_text("No comment matches").count():
            return
        page.reload()
    raise AssertionError("the attacks were not scored")


def shown_text(page) -> str:
    """The drawn comment with its chips turned back into characters."""
    return page.locator(".m-text").first.evaluate(
        """box => [...box.childNodes].map(node => {
            const chip = node.className === "m-chip" && node.textContent.match(/^U\\+([0-9A-F]+)(?: ×(\\d+))?$/)
            return chip ? String.fromCodePoint(parseInt(chip[1], 16)).repeat(chip[2] || 1) : node.textContent
        }).join("")"""
    )


def test_browse_shows_every_attack_as_it_is(watched, attacked):
    page = watched
    wait_scored(page, attacked)
    page.goto(f"{attacked.url}/browse")
    expect(page.locator("button[data-cid]")).to_have_count(len(ATTACKS))
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        check(page)
    for number, text in enumerate(STORED.values(), 1):
        page.goto(f"{attacked.url}/browse?q=%23{number}")
        page.locator(".m-text").first.wait_for(timeout=20_000)
        if page.locator(".m-text", has_text="▇").count():
            page.get_by_role("button", name="Reveal", exact=True).click()
            expect(page.locator(".m-text", has_text="▇")).to_have_count(0)
        assert shown_text(page) == text.replace("\r\n", "\n")
        check(page)


def test_score_page_takes_attacks(watched, attacked):
    for name in ("script", "markdown", "bidi", "formula", "log", "word"):
        watched.goto(f"{attacked.url}/score")
        watched.get_by_label("Comment", exact=True).fill(STORED[name])
        watched.get_by_role("button", name="Score").first.click()
        watched.get_by_role("button", name="Send to the queue").wait_for(timeout=20_000)
        check(watched)
        assert watched.locator("img[src*='evil'], a[href*='evil'], .katex").count() == 0


def test_queue_shows_attacks_as_text(watched, attacked):
    page = watched
    wait_scored(page, attacked)
    page.goto(attacked.url)
    seen = 0
    while seen < len(ATTACKS) and page.locator("[data-cid]").count() + seen == 0:
        page.locator("[data-cid]").first.wait_for(timeout=20_000)
    while page.locator("[data-cid]").count():
        check(page)
        assert page.locator("img[src*='evil'], a[href*='evil'], iframe[src*='evil'], .katex").count() == 0
        page.keyboard.press("v")
        page.wait_for_timeout(100)
        check(page)
        page.keyboard.press("a")
        page.wait_for_timeout(300)
        seen += 1
        if seen > 2 * len(ATTACKS):
            break
    assert seen >= 3


def test_exports_and_logs_are_harmless(attacked, tmp_path):
    out = tmp_path / "out.csv"
    done = attacked.run("export", str(out))
    assert done.returncode == 0, done.stderr
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len(rows) > 3
    assert not [cell for row in rows[1:] for cell in row if cell[:1] in ("=", "@", "\t", "\r")]
    log = attacked.log.read_text(errors="replace") + attacked.import_output + done.stdout + done.stderr
    assert [secret for secret in SECRETS if secret in log] == []
    assert "Traceback" not in log
