"""Take the pictures in docs/screenshots anew: every page, light and dark, at 1280 and 390 pixels.

    .venv/bin/python -m docs.take_screenshots

The comments are written for the purpose; the metrics are those of a made-up world with known truth.
"""

import csv
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from core.services import build_services
from core.settings import ROOT, Settings
from tests.support.chromium import ARGS, executable
from tests.support.ledger import seed
from tests.support.server import Server, serving

FOLDER = ROOT / "docs" / "screenshots"
WIDTHS = {1280: "", 390: "-390"}
COMMENTS = (
    ("Could you add a source for the second paragraph? It reads well otherwise.", "mira", "Talk: Tides"),
    ("Nobody cares what you think, you pathetic little clown. Go back to school, idiot.", "vexor", "Talk: Tides"),
    ("I disagree, but thank you for laying out the argument so clearly.", "jonas", "Talk: Tides"),
    ("What a load of crap. Did a five year old write this?", "vexor", "Talk: Lighthouses"),
    ("You are an idiot and everybody who reverts me is an idiot too.", "sam1979", "Talk: Lighthouses"),
    ("The photograph is upside down, I have uploaded a new one.", "mira", "Talk: Lighthouses"),
    ("shut up you moron", "sam1979", "Talk: Ferries"),
    ("y o u   a r e   an i.d.i.o.t", "drift", "Talk: Ferries"),
    ("Thanks! That was quick.", "jonas", "Talk: Ferries"),
)


def main() -> None:
    """All of them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        with sample_site(Path(folder) / "site") as server:
            for page in looking(browser, server):
                for name, act in PAGES.items():
                    act(page, server)
                    shoot(page, name)
        with made_up_world(Path(folder) / "world") as server:
            for page in looking(browser, server):
                open_page(page, server, "metrics")
                page.locator(".chart canvas").first.wait_for(timeout=30_000)
                shoot(page, "metrics")
                open_page(page, server, "report")
                page.locator(".m-rep h2").first.wait_for(timeout=30_000)
                shoot(page, "report")
        browser.close()


@contextmanager
def sample_site(folder: Path) -> Iterator[Server]:
    """A dashboard whose worker has scored the comments above."""
    with serving(folder, poll_seconds="0.3") as server:
        with (folder / "comments.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "comment_text", "author", "thread"])
            writer.writerows([f"c{k}", *row] for k, row in enumerate(COMMENTS))
        server.run("import", str(folder / "comments.csv"), "--source", "talk pages")
        time.sleep(5)
        yield server


@contextmanager
def made_up_world(folder: Path) -> Iterator[Server]:
    """A dashboard on 60,000 comments of a fortnight, of which a part was decided."""
    folder.mkdir(parents=True)
    services = build_services(Settings(data_dir=folder))
    seed(services, comments=60_000)
    services.close()
    with serving(folder, embedded_worker="false") as server:
        yield server


def looking(browser: Browser, server: Server) -> Iterator[Page]:
    """A page in each theme and width; `shoot` reads both from it."""
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
            context.add_cookies([{"name": "moderato_name", "value": "Ada", "url": server.url}])
            page = context.new_page()
            page.shot_suffix = f"{scheme}{WIDTHS[width]}"  # type: ignore[attr-defined]
            yield page
            context.close()


def open_page(page: Page, server: Server, path: str) -> None:
    """Go there and let it settle."""
    page.goto(f"{server.url}/{path}")
    page.locator("[data-testid=stMain] [data-testid=stElementContainer]").first.wait_for(timeout=30_000)
    page.wait_for_timeout(2_500)


def show_queue(page: Page, server: Server) -> None:
    """The card with a comment on it."""
    open_page(page, server, "")
    page.locator("[data-cid]").first.wait_for(timeout=20_000)
    if page.locator(".card .lane").inner_text() == "Blind audit":
        page.keyboard.press("s")
        page.wait_for_timeout(500)
    if page.locator(".card .masked").count():
        page.keyboard.press("v")
    page.wait_for_timeout(1_500)


def show_scores(page: Page, server: Server) -> None:
    """A comment that was scored."""
    open_page(page, server, "score")
    page.get_by_label("Comment", exact=True).fill(COMMENTS[1][0])
    page.get_by_role("button", name="Score", exact=True).click()
    page.wait_for_timeout(2_500)


PAGES = {
    "queue": show_queue,
    "score": show_scores,
    "browse": lambda page, server: open_page(page, server, "browse"),
    "policy": lambda page, server: open_page(page, server, "policy"),
    "models": lambda page, server: open_page(page, server, "models"),
    "data": lambda page, server: open_page(page, server, "data"),
}


def shoot(page: Page, name: str) -> None:
    """Write the picture, in few colours: the repository keeps it."""
    path = FOLDER / f"{name}-{page.shot_suffix}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
    print(path.relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main()
