"""What the benchmarks share: finding data, describing the machine, printing the one line."""

import json
import os
import platform
import random
import resource
from pathlib import Path

from core.files import open_table
from core.settings import ROOT

DATA = Path(os.environ.get("MODERATO_DATA", ROOT.parent / "shared" / "data"))


def comment_texts(most: int = 40_000) -> list[str]:
    """Real comments of the Jigsaw set, or made-up ones of about the same length where it is absent."""
    file = DATA / "jigsaw" / "train.csv.gz"
    if file.is_file():
        table = open_table(file)
        texts = (text for batch in table.batches() for text in table.cells(batch, "comment_text"))
        return [text for text, _ in zip(texts, range(most), strict=False)]
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(5000)]
    return [" ".join(draw.choices(words, k=max(2, int(draw.expovariate(1 / 60))))) for _ in range(most)]


def report(name: str, value: float, unit: str, *, floor: float, target: float, **more: object) -> None:
    """Print the benchmark's JSON line, which is its last output."""
    line = {"name": name, "value": value, "unit": unit, "floor": floor, "target": target, **more}
    print(json.dumps(line), flush=True)


def peak_rss_mb() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine() -> str:
    """The machine in a few words: processor, cores, memory."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"
