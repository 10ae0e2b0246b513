"""The metrics page in Chromium at a million decisions: how soon it stands there, and how much is sent for it.

    python -m benchmarks.metrics_page [--decisions 1000000] [--keep FOLDER]

The value is the median time, in seconds, from a click on Metrics in the sidebar of another page until the table and the
first chart are painted, in a browser that was there before. Beside it: the same when the page is opened by its address
(warm, and in a browser that never saw Moderato), each with the moment at which Streamlit had drawn the title; the very
first visit right after a start of the server, which folds the whole ledger; and what goes over the wire: for the page
itself after the click, and for a first load with Streamlit's own part named. The bytes are those that Chromium's
network layer reports: bodies as sent (compressed), and the websocket's frames.
"""

import argparse
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.common import report
from core.services import build_services
from core.settings import Settings
from tests.support.chromium import ARGS, executable
from tests.support.ledger import seed
from tests.support.server import serving

ROUNDS = 7
PAINTED = """() => new Promise(done => {
  const chart = root => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) {
        const found = node.shadowRoot.querySelector(".chart canvas")
        if (found && found.width > 0) return found
      }
    }
    return null
  }
  const look = () => document.querySelector(".m-numbers") && chart(document)
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0)) : requestAnimationFrame(look)
  look()
})"""
"""Comes back once a frame with the table and a chart was painted."""
TITLED = """() => new Promise(done => {
  const title = () => document.querySelector("[data-testid=stMain] h1")
  const look = () => title() ? done(performance.now()) : requestAnimationFrame(look)
  look()
})"""
"""Comes back once Streamlit has drawn the page's title: its own start, before there is a number of ours."""


@dataclass
class Wire:
    """Bytes that a page received since the last `reset`, by what they are."""

    page: Page
    got: dict[str, int] = field(default_factory=dict)
    _urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = self.page.context.new_cdp_session(self.page)
        self.session.send("Network.enable")
        self.session.on("Network.responseReceived", self._remember)
        self.session.on("Network.loadingFinished", self._finish)
        self.session.on("Network.webSocketFrameReceived", self._frame)
        self.reset()

    def reset(self) -> None:
        """Count from zero."""
        self.got = {"charts": 0, "streamlit": 0, "websocket": 0}

    def _remember(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["response"]["url"]

    def _finish(self, event: dict[str, Any]) -> None:
        kind = "charts" if "/local/chart" in self._urls.get(event["requestId"], "") else "streamlit"
        self.got[kind] += int(event["encodedDataLength"])

    def _frame(self, event: dict[str, Any]) -> None:
        frame = event["response"]
        text = frame["payloadData"]
        binary = frame["opcode"] == 2  # then in base64
        self.got["websocket"] += len(text) * 3 // 4 - text[-2:].count("=") if binary else len(text.encode())


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 decisions")
    parser.add_argument("--keep", type=Path, help="folder to build in, or to use again")
    options = parser.parse_args()
    decisions = 20_000 if options.quick else options.decisions
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        if not (folder / "moderato.db").exists():
            services = build_services(Settings(data_dir=folder))
            seed(services, comments=decisions, days=30, decided=1.0, all_reviewed=True)
            services.close()
        found = measure(folder)
    value = found.pop("click_s")
    report("metrics_page", value, "s", floor=1.0, target=0.5, decisions=decisions, **found)


def measure(folder: Path) -> dict[str, float]:
    """Visits of every kind."""
    with serving(folder, embedded_worker="false") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        first = open_by_address(person(browser, server.url), server.url)  # the server folds the ledger meanwhile
        cold = [open_by_address(person(browser, server.url), server.url) for _ in range(3)]
        context = person(browser, server.url)
        open_by_address(context, server.url)
        warm = [open_by_address(context, server.url) for _ in range(ROUNDS)]
        clicks = click_through(context, server.url)
        browser.close()
    clicked, by_click = clicks[0], [seconds for seconds, _ in clicks[1]]
    page = max((got for _, got in clicks[1]), key=lambda got: sum(got.values()))
    return {
        "click_s": median(by_click),
        "click_worst_s": round(max(by_click), 2),
        "first_click_s": round(clicked, 2),
        "address_warm_s": median([seconds for seconds, _, _ in warm]),
        "address_warm_streamlit_s": median([titled for _, titled, _ in warm]),
        "address_cold_s": median([seconds for seconds, _, _ in cold]),
        "address_cold_streamlit_s": median([titled for _, titled, _ in cold]),
        "after_start_s": round(first[0], 2),
        "page_bytes": sum(page.values()),
        "first_load_page_bytes": cold[0][2]["websocket"] + cold[0][2]["charts"],
        "first_load_chart_script_bytes": cold[0][2]["charts"],
        "first_load_streamlit_bytes": cold[0][2]["streamlit"],
    }


def person(browser: Browser, url: str) -> BrowserContext:
    """A browser of its own, with nothing in its cache, signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "moderato_name", "value": "Ada", "url": url}])
    return context


def open_by_address(context: BrowserContext, url: str) -> tuple[float, float, dict[str, int]]:
    """Seconds from the start of the navigation until painted, and until the title stood there; bytes until two seconds
    after that."""
    page = context.new_page()
    wire = Wire(page)
    page.goto(f"{url}/metrics", wait_until="commit")
    titled = page.evaluate(TITLED) / 1000
    seconds = page.evaluate(PAINTED) / 1000
    page.wait_for_timeout(2_000)
    page.close()
    return seconds, titled, wire.got


def click_through(context: BrowserContext, url: str) -> tuple[float, list[tuple[float, dict[str, int]]]]:
    """Seconds of the first click on Metrics after the browser came in, then of later ones with their bytes."""
    page = context.new_page()
    page.goto(f"{url}/policy")
    found = []
    for _ in range(ROUNDS + 1):
        page.get_by_test_id("stMain").get_by_role("heading", name="Policy").first.wait_for(timeout=60_000)
        page.wait_for_timeout(1_500)
        wire = Wire(page)
        link = page.get_by_test_id("stSidebar").get_by_role("link", name="Metrics")
        started = page.evaluate("() => performance.now()")
        link.click()
        seconds = (page.evaluate(PAINTED) - started) / 1000
        page.wait_for_timeout(2_000)
        found.append((seconds, dict(wire.got)))
        wire.session.detach()
        page.get_by_test_id("stSidebar").get_by_role("link", name="Policy").click()
    page.close()
    return found[0][0], found[1:]


def median(values: list[float]) -> float:
    """To hundredths."""
    return round(statistics.median(values), 2)


if __name__ == "__main__":
    main()
