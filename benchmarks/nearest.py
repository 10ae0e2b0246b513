"""Nearest decided comments among 100,000: building, memory, answering, following; and how good the answers are.

    python -m benchmarks.nearest [--decided 100000] [--postgres URL]

The value is the 95th percentile of an answer, in milliseconds, index and database together. Quality is measured on
real toxic comments: how often a neighbour has the very same labels, against a text drawn at random; and how often a
comment is found again after 4 % of its letters were changed, or a third of its words.
"""

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import numpy as np
import psutil

from benchmarks.common import DATA, comment_texts, machine, report
from core.accounts import local_person
from core.domain import Outcome
from core.files import open_table
from core.labels import LABELS
from core.nearest import LEAST_ALIKE
from core.nearest_vectors import Vectors
from core.services import Services, build_services
from core.settings import Settings
from core.verdict import Verdict
from tests.support.ledger import write_decisions
from tests.support.queue import Waiting, fill_queue

ASKED = 200


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decided", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="5,000 decided comments")
    parser.add_argument("--postgres", default="", help="an empty database to use instead of SQLite")
    options = parser.parse_args()
    decided = 5_000 if options.quick else options.decided
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), database_url=options.postgres))
        asked = fill(services, decided)
        figures = {"build_s": 0.0, "index_mb": 0.0}
        before, started = rss_mb(), time.perf_counter()
        services.nearest.catch_up()
        figures |= {"build_s": time.perf_counter() - started, "index_mb": rss_mb() - before}
        cpu = time.process_time()
        times = [timed(lambda one=one: services.nearest.find(one)) for one in asked]
        figures |= {"cpu_ms": (time.process_time() - cpu) / len(times) * 1e3}
        figures |= {"p50_ms": statistics.median(times) * 1e3, "p95_ms": float(np.quantile(times, 0.95)) * 1e3}
        figures |= {"visible_ms": statistics.median(decide_until_visible(services, asked)) * 1e3}
        services.close()
    figures |= quality(min(decided, 20_000))
    rounded = {name: round(value, 3 if value < 1 else 1) for name, value in figures.items()}
    report("nearest", rounded.pop("p95_ms"), "ms, p95", floor=100, target=30, decided=decided, **rounded,
           machine=machine())  # fmt: skip


def rss_mb() -> float:
    """Memory that this process holds now, in MB."""
    return psutil.Process().memory_info().rss / 2**20


def fill(services: Services, decided: int) -> list[int]:
    """Real comments, decided, and some more that wait; their ids."""
    texts, draw = comment_texts(decided + ASKED), random.Random(7)
    while len(texts) < decided + ASKED:  # the real set may be shorter: shuffled words are another comment
        words = draw.choice(texts).split()
        texts.append(" ".join(draw.sample(words, len(words))))
    draw.shuffle(texts)
    ids = []
    for start in range(0, len(texts), 10_000):
        ids += fill_queue(
            services.sessions, [Waiting(text) for text in texts[start : start + 10_000]], source=f"{start}"
        )
    labels = draw.choices([0, 1, 17, 21], k=decided)
    rows = [{"id": k + 1, "comment_id": ids[k], "labels": labels[k], "outcome": "remove"} for k in range(decided)]
    write_decisions(services, rows)
    return ids[decided:]


def decide_until_visible(services: Services, asked: list[int]) -> list[float]:
    """Seconds from a decision's being recorded until the next question's answer, asked right then, knows of it."""
    by, taken = local_person("Ada"), []
    services.nearest.start()
    for one, other in zip(asked[:20:2], asked[1:20:2], strict=True):
        services.review.decide(Verdict(uuid4(), one, Outcome.REMOVE), by=by)
        with services.sessions.read() as session:
            entry = max(row[0] for row in session.connection().exec_driver_sql("SELECT max(id) FROM decision"))
        started = time.perf_counter()
        services.nearest.ask([other])
        while not (found := services.nearest.known([other]).get(other)) or found.entry < entry:
            time.sleep(0.0005)
        taken.append(time.perf_counter() - started)
    return taken


def timed(act) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def quality(held: int) -> dict[str, float]:
    """Shares, 0 to 1, on the Jigsaw rows; nothing where they are absent."""
    file = DATA / "jigsaw" / "train.csv.gz"
    if not file.is_file():
        return {}
    texts, masks = labelled(held + 1_500)
    index = Vectors(held)
    for start in range(0, held, 500):
        index.add([(str(k), k, texts[k]) for k in range(start, min(start + 500, held))])
    toxic = [k for k in range(held, len(texts)) if masks[k]][: ASKED * 2]
    found = {k: [int(key) for key, _ in index.nearest(texts[k], 5, LEAST_ALIKE)] for k in toxic}
    pairs = [(masks[k], masks[n]) for k, near in found.items() for n in near]
    everyone = np.array(masks[:held])
    draw, again = random.Random(5), random.Random(6).sample([k for k in range(held) if 40 < len(texts[k]) < 1_000], 300)
    return {
        "same_labels": float(np.mean([one == other for one, other in pairs])),
        "same_labels_at_random": float(np.mean([(everyone == masks[k]).mean() for k in toxic])),
        "also_toxic": float(np.mean([other > 0 for _, other in pairs])),
        "also_toxic_at_random": float((everyone > 0).mean()),
        "toxic_with_a_neighbour": float(np.mean([bool(near) for near in found.values()])),
        "found_misspelt": share_found(index, again, [misspelt(texts[k], draw) for k in again]),
        "found_reworded": share_found(index, again, [reworded(texts[k], draw, texts) for k in again]),
    }


def labelled(many: int) -> tuple[list[str], list[int]]:
    """Comments and the bit masks of their labels, in a shuffled order."""
    table = open_table(DATA / "jigsaw" / "train.csv.gz")
    rows: list[tuple[str, int]] = []
    for batch in table.batches():
        columns = [[int(float(value)) << j for value in table.cells(batch, label)] for j, label in enumerate(LABELS)]
        rows += zip(table.cells(batch, "comment_text"), map(sum, zip(*columns, strict=True)), strict=True)
    random.Random(4).shuffle(rows)
    return [text for text, _ in rows[:many]], [mask for _, mask in rows[:many]]


def share_found(index: Vectors, keys: list[int], texts: list[str]) -> float:
    """How often the nearest text is the one that it was made of."""
    hits = [(near := index.nearest(text, 1, LEAST_ALIKE)) and near[0][0] == str(key)
            for key, text in zip(keys, texts, strict=True)]  # fmt: skip
    return float(np.mean([bool(hit) for hit in hits]))


def misspelt(text: str, draw: random.Random) -> str:
    """One letter in 25 is another."""
    letters = list(text)
    for place in draw.sample(range(len(letters)), max(1, len(letters) // 25)):
        letters[place] = draw.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


def reworded(text: str, draw: random.Random, others: list[str]) -> str:
    """One word in three is somebody else's."""
    strange = draw.choice(others).split() or ["so"]
    return " ".join(draw.choice(strange) if draw.random() < 1 / 3 else word for word in text.split())


if __name__ == "__main__":
    main()
