"""Take the pictures in docs/screenshots anew: every page, light and dark, at 360, 1280 and 2560 pixels.

    .venv/bin/python -m docs.take_screenshots [page ...]

The comments are written for the purpose; the metrics are those of a made-up world with known truth.
"""

import csv
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from core.accounts import local_person
from core.domain import Outcome
from core.services import build_services
from core.settings import ROOT, Settings
from core.verdict import Verdict
from tests.browser.test_accessibility import SETTLED, pages
from tests.support.chromium import ARGS, executable
from tests.support.ledger import seed
from tests.support.server import Server, serving

FOLDER = ROOT / "docs" / "screenshots"
WIDTHS = {360: 780, 1280: 800, 2560: 1440}
"""Heights by width, in pixels."""
SCHEMES = ("light", "dark")
THREADS = ("Talk: Tides", "Talk: Lighthouses", "Talk: Ferries")
COMMENTS = (
    ("Could you add a source for the second paragraph? It reads well otherwise.", "mira"),
    ("Nobody cares what you think, you pathetic little clown. Go back to school, idiot.", "vexor"),
    ("I disagree, but thank you for laying out the argument so clearly.", "jonas"),
    ("What a load of crap. Did a five year old write this?", "vexor"),
    ("You are an idiot and everybody who reverts me is an idiot too.", "sam1979"),
    ("The photograph is upside down, I have uploaded a new one.", "mira"),
    ("shut up you moron", "sam1979"),
    ("y o u   a r e   an i.d.i.o.t", "drift"),
    ("Thanks! That was quick.", "jonas"),
    ("This ferry timetable is useless rubbish and so are you.", "vexor"),
    ("Damn, that is a beautiful lighthouse.", "jonas"),
    ("I know where you live. Watch your back.", "drift"),
    ("He called me a stupid liar, which is why I asked for help here.", "mira"),
    ("You stupid, stupid people. Stupid page, stupid editors.", "sam1979"),
    ("Go to hell and take your timetable with you, you worthless fool.", "vexor"),
    ("The tide tables of 1911 are in the public domain now.", "jonas"),
)
RAID = tuple((f"buy cheap tickets you losers, visit ferry-tickets number {k}", f"spam{k}") for k in range(14))


def main(wanted: Collection[str]) -> None:
    """All of them, or those of the pages named."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        with sample_site(Path(folder) / "site") as server:
            shoot_all(browser, server, {path for path in pages() if path not in IN_WORLD and chosen(path, wanted)})
        with made_up_world(Path(folder) / "world") as server:
            shoot_all(browser, server, {path for path in pages() if path in IN_WORLD and chosen(path, wanted)})
        browser.close()
    write_index()


def chosen(path: str, wanted: Collection[str]) -> bool:
    """Whether the page was asked for."""
    return not wanted or path in wanted


@contextmanager
def sample_site(folder: Path) -> Iterator[Server]:
    """A dashboard whose worker has scored the comments above, a part of which Ada and Ben have decided."""
    with serving(folder, poll_seconds="0.3") as server:
        with (folder / "comments.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "comment_text", "author", "thread"])
            rows = [*COMMENTS, *((f"{text} Again: {text}", author) for text, author in COMMENTS), *RAID]
            writer.writerows([f"c{k}", *row, THREADS[k % 3]] for k, row in enumerate(rows))
        server.run("import", str(folder / "comments.csv"), "--source", "talk pages")
        time.sleep(5)
        decide_some(Settings(data_dir=folder))
        yield server


def decide_some(settings: Settings) -> None:
    """A morning's work."""
    services = build_services(settings)
    for name, many in (("Ada", 9), ("Ben", 4)):
        person = local_person(name)
        for item in services.review.claim(person, many):
            labels = item.evidence.preset if item.evidence else (False,) * 6
            outcome = Outcome.REMOVE if any(labels) else Outcome.APPROVE
            services.review.decide(Verdict(uuid4(), item.comment.id, outcome, labels, seconds=6.5), by=person)
    services.close()


@contextmanager
def made_up_world(folder: Path) -> Iterator[Server]:
    """A dashboard on 60,000 comments of a fortnight, of which a part was decided."""
    folder.mkdir(parents=True)
    services = build_services(Settings(data_dir=folder))
    seed(services, comments=60_000)
    services.close()
    with serving(folder, embedded_worker="false") as server:
        yield server


def shoot_all(browser: Browser, server: Server, paths: Collection[str]) -> None:
    """The pages in each width and theme."""
    for width, height in WIDTHS.items():
        for scheme in SCHEMES if paths else ():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            context.add_cookies([{"name": "moderato_name", "value": "Ada", "url": server.url}])
            page = context.new_page()
            for path in pages():
                if path in paths:
                    ACTS.get(path, open_page)(page, server, "" if path == "queue" else path)
                    shoot(page, f"{path}-{width}-{scheme}")
            context.close()


def open_page(page: Page, server: Server, path: str) -> None:
    """Go there and let it settle."""
    page.goto(f"{server.url}/{path}")
    page.locator("h1").first.wait_for(state="attached", timeout=60_000)
    page.wait_for_function(SETTLED, timeout=60_000)
    page.wait_for_timeout(900)


def show_queue(page: Page, server: Server, path: str) -> None:
    """The card with a comment on it."""
    open_page(page, server, path)
    page.locator("[data-cid]").first.wait_for(timeout=20_000)
    if page.locator(".card .lane").inner_text() == "Blind audit":
        page.keyboard.press("s")
        page.wait_for_timeout(500)
    if page.locator(".card .masked").count():
        page.keyboard.press("v")
    page.wait_for_timeout(1_500)


def show_scores(page: Page, server: Server, path: str) -> None:
    """A comment that was scored."""
    open_page(page, server, path)
    page.get_by_label("Comment", exact=True).fill(COMMENTS[1][0])
    page.get_by_role("button", name="Score", exact=True).click()
    page.wait_for_timeout(2_500)


def show_charts(page: Page, server: Server, path: str) -> None:
    """With its first chart."""
    open_page(page, server, path)
    page.locator(".chart canvas").first.wait_for(timeout=30_000)


def show_report(page: Page, server: Server, path: str) -> None:
    """With the report made."""
    open_page(page, server, path)
    page.locator(".m-rep h2").first.wait_for(timeout=30_000)


ACTS: dict[str, Callable[[Page, Server, str], None]] = {
    "queue": show_queue,
    "score": show_scores,
    "metrics": show_charts,
    "report": show_report,
}
IN_WORLD = frozenset({"metrics", "report", "drift", "agreement", "policy", "label_errors"})
"""Pages that say something only where much was decided."""


def shoot(page: Page, name: str) -> None:
    """Write the picture, in few colours: the repository keeps it."""
    path = FOLDER / f"{name}.webp"
    taken = FOLDER / "taken.png"
    page.screenshot(path=taken)
    Image.open(taken).convert("RGB").quantize(128).convert("RGB").save(path, lossless=True, method=6)
    taken.unlink()
    print(path.relative_to(ROOT), flush=True)


def write_index() -> None:
    """A page that shows them side by side."""
    lines = ["# Every page, light and dark, at 360, 1280 and 2560 pixels", "",
             "Made by `python -m docs.take_screenshots`; the comments are written for the purpose.", ""]  # fmt: skip
    for path, title in pages().items():
        cells = [f"[{width} {scheme}]({path}-{width}-{scheme}.webp)" for width in WIDTHS for scheme in SCHEMES]
        lines += [f"## {title}", "", " · ".join(cells), "", f"![{title}]({path}-1280-light.webp)", ""]
    (FOLDER / "README.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
