"""The review queue at keyboard speed: key press to next comment painted, and to decision stored and confirmed.

    python -m benchmarks.queue_latency [--wellbeing]

With --wellbeing the person has masked words, mild comments in between, a list for not today, and the meter.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from core.accounts import local_person
from core.labels import LABELS
from core.services import Services, build_services
from core.settings import Settings
from core.wellbeing.choices import NOT_TODAY, SEE, NotToday, Sight
from core.wellbeing.masking import Mask, Masking, Rule
from tests.support.card import Card
from tests.support.chromium import ARGS, executable
from tests.support.queue import Waiting, fill_queue
from tests.support.server import serving

WAITING = 10_000
PRESSES = 200
SENTENCE = "you people never read the article before you comment and it shows what a pathetic bunch of clowns"
PROBE = """() => {
  const text = window.card().querySelector(".text"), save = window.card().querySelector(".save")
  window.paints = []
  window.acks = []
  let pressed = null, waiting = false
  document.addEventListener("keydown", () => { pressed = performance.now(); waiting = true }, true)
  new MutationObserver(() => {
    if (!waiting) return
    waiting = false
    const at = pressed
    requestAnimationFrame(() => {
      const channel = new MessageChannel()  // its message comes after the frame was painted
      channel.port1.onmessage = () => window.paints.push(performance.now() - at)
      channel.port2.postMessage(null)
    })
  }).observe(text, { attributes: true, attributeFilter: ["data-cid"] })
  let saving = null
  new MutationObserver(() => {
    if (save.dataset.state === "saving" && saving === null) saving = pressed
    if (save.dataset.state !== "saved" || saving === null) return
    window.acks.push(performance.now() - saving)
    saving = null
  }).observe(save, { attributes: true, attributeFilter: ["data-state"] })
}"""


def comments() -> list[Waiting]:
    """Texts of Jigsaw's mean length, about 400 characters."""
    words = SENTENCE.split()
    texts = (" ".join(words[(k + j * 7) % len(words)] for j in range(75)) for k in range(WAITING))
    return [Waiting(f"{k} {text}", priority=k / WAITING) for k, text in enumerate(texts)]


def measure(page: Page) -> tuple[list[float], list[float]]:
    """Milliseconds to paint and to confirmation of each press, at about four a second."""
    page.evaluate(PROBE)
    for press in range(PRESSES):
        page.keyboard.press("Enter" if press % 2 else "a")
        page.wait_for_timeout(250)
    page.wait_for_timeout(1500)
    return page.evaluate("window.paints"), page.evaluate("window.acks")


def at(values: list[float], share: float) -> float:
    """The value below which the share lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def choose_everything(services: Services) -> None:
    """Ada's preferences, all of them on."""
    sight = Sight(Masking((Rule(Mask.WORDS),) * len(LABELS), Mask.WORDS), mild_after=2, meter=True)
    services.preferences.put(SEE, sight.to_json(), by=local_person("Ada"))
    chosen = NotToday(frozenset({"identity_hate"}), 9e10)
    services.preferences.put(NOT_TODAY, chosen.to_json(), by=local_person("Ada"))


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--wellbeing", action="store_true", help="with everything that masks, rests and spreads")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder) / "data"
        services = build_services(Settings(data_dir=data))
        fill_queue(services.sessions, comments())
        if options.wellbeing:
            choose_everything(services)
        services.close()
        with serving(data, embedded_worker="false") as server:
            browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            context.add_cookies([{"name": "moderato_name", "value": "Ada", "url": server.url}])
            card = Card(context.new_page(), server).open()
            card.page.wait_for_timeout(5000)  # a person reads first, too
            paints, acks = measure(card.page)
            browser.close()
    figures = {
        "name": "queue_latency",
        "value": round(at(paints, 0.95), 1),
        "unit": "ms",
        "floor": 100,
        "target": 50,
        "median_ms": round(statistics.median(paints), 1),
        "ack_median_ms": round(statistics.median(acks), 1),
        "ack_p95_ms": round(at(acks, 0.95), 1),
        "presses": len(paints),
        "acks": len(acks),
        "waiting": WAITING,
        "wellbeing": options.wellbeing,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
