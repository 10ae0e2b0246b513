"""Rows per second from a CSV on the disk to committed rows in SQLite, and the peak memory of the process that does it.

    python -m benchmarks.import_speed [--rows 1000000]

The texts are real ones (../shared/data or $MODERATO_DATA) where there are any, each made unique by its number.
"""

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.accounts import local_person
from core.files import open_table
from core.services import build_services
from core.settings import ROOT, Settings

DATA = Path(os.environ.get("MODERATO_DATA", ROOT.parent / "shared" / "data")) / "jigsaw" / "train.csv.gz"
FLOOR = 20_000


def main() -> None:
    """Write the file, import it in a process of its own, print one JSON line last."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        take_in(Path(options.file))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "comments.csv"
        write(file, options.rows)
        child = [sys.executable, "-m", "benchmarks.import_speed", "--file", str(file)]
        seen = json.loads(subprocess.run(child, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)
    value = round(seen["rows"] / seen["seconds"])
    line = {"name": "import_speed", "value": value, "unit": "rows/s", "floor": FLOOR, "target": FLOOR}
    more = {name: seen[name] for name in ("rows", "cpu_seconds", "peak_rss_mb")}
    print(json.dumps({**line, **more, "peak_rss_limit_mb": 600}))


def texts() -> list[str]:
    """Real comments, or 20,000 made-up ones of the same mean length."""
    if DATA.is_file():
        table = open_table(DATA)
        return [text for batch in table.batches() for text in table.cells(batch, "comment_text")]
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(5000)]
    return [" ".join(draw.choices(words, k=max(2, int(draw.expovariate(1 / 60))))) for _ in range(20_000)]


def write(file: Path, rows: int) -> None:
    """A file of that many different comments."""
    known, draw = texts(), random.Random(2)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "comment_text", "author", "thread", "created_at"])
        for n in range(rows):
            text = f"{known[n % len(known)]} {n}"
            author, thread = f"user{draw.randrange(50_000)}", f"thread{n // 40}"
            writer.writerow([str(1_000_000_000 + 3 * n), text, author, thread, "2026-01-31T12:00:00Z"])


def take_in(file: Path) -> None:
    """Import the file into a new database beside it, and say how it went."""
    services = build_services(Settings(data_dir=file.parent / "data", database_url=""))
    started = time.perf_counter()
    report = lambda run: print(f"{run.read:>9,} {run.read / (time.perf_counter() - started):,.0f}/s", file=sys.stderr)  # noqa: E731
    summary = services.intake.import_file(file, by=local_person("Benchmark"), progress=report)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = {"rows": summary.run.added, "seconds": seconds, "cpu_seconds": round(time.process_time(), 1)}
    print(json.dumps({**line, "peak_rss_mb": round(peak)}))


if __name__ == "__main__":
    main()
