"""Comments a second of the shipped starter on one core, the time it takes to load, and the memory it lives in."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

_LOAD = """
import sys, time
sys.path.insert(0, {root!r})
began = time.perf_counter()
from pathlib import Path
from core.scoring.starter import StarterScorer
scorer = StarterScorer.load(Path({shipped!r}), name="starter")
scorer.score(["hello"])
loaded = time.perf_counter() - began
texts = sys.stdin.read().split("\\x1e")
scorer.score(texts)
resident = int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) / 1024
print(loaded, resident)
"""


def main() -> None:
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    from benchmarks.labelled import SHIPPED, jigsaw

    texts = jigsaw().texts[::7]
    code = _LOAD.format(root=str(Path(__file__).parents[1]), shipped=str(SHIPPED))
    command = [sys.executable, "-c", code]
    fresh = [
        subprocess.run(command, input="\x1e".join(texts), capture_output=True, text=True, check=True).stdout.split()
        for _ in range(3)
    ]
    from core.scoring.starter import StarterScorer

    scorer = StarterScorer.load(SHIPPED, name="starter")
    rates, shares = [], []
    for _ in range(5):
        began, used = time.perf_counter(), time.process_time()
        scorer.score(texts)
        rates.append(len(texts) / (time.perf_counter() - began))
        shares.append(len(texts) / (time.process_time() - used))
    result = {
        "name": "starter_speed",
        "value": round(max(rates)),
        "unit": "comments/s on one core",
        "floor": 2000,
        "target": 5000,
        "per_cpu_second": round(max(shares)),
        "mean_characters": round(sum(map(len, texts)) / len(texts)),
        "load_seconds": round(min(float(seconds) for seconds, _ in fresh), 3),
        "resident_mb": round(max(float(megabytes) for _, megabytes in fresh)),
        "comments": len(texts),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
