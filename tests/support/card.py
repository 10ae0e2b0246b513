"""Driving the review card in Chromium: what is on the screen, what was recorded."""

import time
from collections.abc import Callable

from playwright.sync_api import Page
from sqlalchemy import func, select

from core.settings import Settings
from db.models import DecisionRow, PendingRow
from db.session import Sessions, build_engine
from tests.support.queue import Waiting, fill_queue
from tests.support.server import Server

PROBE = """() => {
  const find = (root) => {
    for (const place of root.querySelectorAll("*")) {
      if (!place.shadowRoot) continue
      const found = place.shadowRoot.querySelector(".card") ? place.shadowRoot : find(place.shadowRoot)
      if (found) return found
    }
    return null
  }
  window.card = () => {
    if (!window.cardRoot || !window.cardRoot.host.isConnected) window.cardRoot = find(document)
    return window.cardRoot
  }
  window.shown = () => {
    const root = window.card()
    const text = root && root.querySelector(".text[data-cid]")
    if (!text) return null
    const pressed = [...root.querySelectorAll(".label")].map((button) => button.getAttribute("aria-pressed") === "true")
    const labels = [0, 1, 2, 3, 4, 5].filter((label) => pressed[label])
    return { id: Number(text.dataset.cid), labels, outcome: root.querySelector(".primary").dataset.outcome }
  }
  window.presses = []
  document.addEventListener("keydown", (event) => window.presses.push({ key: event.key, ...window.shown() }), true)
}"""
"""window.shown(): the comment on the screen with its labels and outcome. window.presses: that, at each key press."""

PAINTED = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))"""
"""Comes back when what the last key brought is on the screen, however busy the machine."""


class Card:
    """A moderator's card in a browser, and the database behind it."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server

    def open(self) -> "Card":
        """Go to the queue and wait for a comment."""
        self.page.add_init_script(f"({PROBE})()")
        self.page.goto(self.server.url)
        return self.ready()

    def ready(self) -> "Card":
        """Wait until a comment is on the screen and takes keys."""
        self.page.wait_for_selector("[data-cid]", timeout=20_000)
        self.page.wait_for_timeout(80)
        return self

    def press(self, *keys: str) -> "Card":
        """Press keys like a quick person: each on what is painted."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.evaluate(PAINTED)
            self.page.wait_for_timeout(60)
        return self

    def shown(self) -> dict | None:
        """The comment on the screen."""
        return self.page.evaluate("window.shown()")

    def id(self) -> int | None:
        """Its number."""
        return (self.shown() or {}).get("id")

    def text(self, selector: str) -> str:
        """What a part of the card says."""
        return self.page.locator(f".card {selector}").first.inner_text()

    def saved(self) -> "Card":
        """Wait until the server has confirmed every step."""
        self.page.locator(".card .save", has_text="All saved").wait_for(timeout=30_000)
        return self

    def wait(self, condition: Callable[[], bool], seconds: float = 15) -> "Card":
        """Wait for a condition."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("waited in vain")
            self.page.wait_for_timeout(50)
        return self


class Books:
    """The database of a server, from outside."""

    def __init__(self, server: Server) -> None:
        self.sessions = Sessions(build_engine(Settings(data_dir=server.data_dir).url))

    def fill(self, waiting: list[Waiting]) -> list[int]:
        """Add comments to the queue."""
        return fill_queue(self.sessions, waiting)

    def ledger(self) -> list[DecisionRow]:
        """Every entry, oldest first."""
        with self.sessions.read() as session:
            return list(session.scalars(select(DecisionRow).order_by(DecisionRow.id)))

    def waiting(self) -> int:
        """Comments without scores yet."""
        with self.sessions.read() as session:
            return session.scalar(select(func.count()).select_from(PendingRow)) or 0

    def standing(self) -> list[tuple[int, str, list[int]]]:
        """Comment, outcome, labels of each entry that nobody took back."""
        rows = self.ledger()
        undone = {row.revokes for row in rows}
        return [
            (row.comment_id, row.outcome, [k for k in range(6) if row.labels >> k & 1])
            for row in rows
            if row.revokes is None and row.id not in undone
        ]

    def close(self) -> None:
        """Give the connections back."""
        self.sessions.engine.dispose()
