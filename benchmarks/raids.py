"""A raid of 10,000 among 100,000 waiting comments: finding it, again with little new, showing, settling, undoing."""

import json
import random
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from benchmarks.common import comment_texts, machine, peak_rss_mb
from core.accounts import local_person
from core.domain import Outcome
from core.raids import BulkVerdict, Raids
from core.services import build_services
from core.settings import Settings
from tests.support.queue import Waiting, fill_queue

WAITING = 100_000
RAID = 10_000
SPAM = (
    "The moderators of this site take money from the mayor, everybody knows it. Ask {name} what they did to his "
    "account, and tell your friends before this is deleted as well! {tail}"
)


def waiting() -> list[Waiting]:
    """Real comments, with a raid's scattered among them: names and endings differ."""
    draw = random.Random(7)
    texts = comment_texts(WAITING - RAID)
    while len(texts) < WAITING - RAID:  # the real set may be shorter: shuffled words are another comment
        words = draw.choice(texts).split()
        texts.append(" ".join(draw.sample(words, len(words))))
    plain = [Waiting(text, author=f"a{k % 5_000}", thread=f"t{k % 2_000}") for k, text in enumerate(texts)]
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(500)]
    raid = [Waiting(SPAM.format(name=draw.choice(words), tail=draw.choice(words)), author=f"r{k}") for k in range(RAID)]
    mixed = plain + raid
    draw.shuffle(mixed)
    return mixed


def main() -> None:
    """Prints one JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder)))
        everything = waiting()
        for start in range(0, WAITING, 10_000):
            fill_queue(services.sessions, everything[start : start + 10_000], source=f"site {start}")
        before = peak_rss_mb()
        raids: Raids = services.raids
        figures = {"find_s": timed(raids.find), "peak_mb_more": peak_rss_mb() - before}
        fill_queue(services.sessions, [Waiting("One more comment that nobody wrote before")], source="new")
        figures["find_again_s"] = timed(raids.find)
        ada, cluster = local_person("Ada"), raids.find().clusters[0]
        figures["show_s"] = timed(lambda: raids.show(cluster, by=ada))
        verdict = BulkVerdict(uuid4(), cluster.ids[:RAID], Outcome.REMOVE)
        figures["settle_s"] = timed(lambda: raids.settle(verdict, by=ada))
        figures["send_again_s"] = timed(lambda: raids.settle(verdict, by=ada))
        figures["undo_s"] = timed(lambda: services.review.undo(ada, uuid4()))
        services.close()
    rounded = {name: round(value, 2) for name, value in figures.items()}
    line = {"name": "raids", "value": rounded["settle_s"], "unit": "s to settle 10,000", "floor": 10, "target": 5}
    print(json.dumps(line | {"waiting": WAITING, "found": len(cluster.ids)} | rounded | {"machine": machine()}))


def timed(act) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
