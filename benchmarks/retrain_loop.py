"""The loop on real comments: traffic, simulated moderators, `moderato retrain PRESET`, the gate, promotion, a worker.

    python -m benchmarks.retrain_loop minilm FOLDER --base BASE                     # FOLDER: what was trained before
    python -m benchmarks.retrain_loop smollm2-135m FOLDER --base BASE --max-rows 2600 --rows 6000

Rows that FOLDER was not trained on come in as traffic, the starter routes them, moderators decide by the true labels
until there are so many corrections, FOLDER goes live, and a new version learns. Printed: the former and the new version
on the frozen part, the audit sample and golden items; whether anything of audit or golden is in the training data.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.labelled import jigsaw
from core.accounts import Person, local_person
from core.domain import Lane, NewComment, Outcome
from core.labels import LABELS
from core.services import Services, build_services
from core.settings import ROOT, Settings
from core.text import text_hash
from core.verdict import Verdict
from training.compare import examine
from training.config import read_preset
from training.data import LabelledRows, read_rows
from training.splits import split_rows

NEEDS_A_MODEL = True
"""A folder that some training wrote: `make bench` leaves this one out."""
ADA = local_person("Ada")
_TRAFFIC = 16_000
_GOLDEN = 200


def unseen(rows: LabelledRows, folder: Path, preset: str, base: str) -> LabelledRows:
    """Rows outside the frozen part that the model in the folder was neither trained nor tuned on."""
    trained = json.loads((folder / "moderato.json").read_text())["training"]["config"]
    config = read_preset(preset, base=base, max_rows=trained["rows"]["max_rows"])
    splits = split_rows(rows, None, config.rows, seed=config.seed)
    used = {digest for part in (splits.train, splits.validation, splits.calibration) for digest in part.hashes}
    free = ~rows.frozen_test() & np.array([digest not in used for digest in rows.hashes])
    if free.sum() < _GOLDEN:  # trained on all: whatever comes was seen, and the figures say so
        print("The model has seen all rows: its training rows come in as traffic.", flush=True)
        free = ~rows.frozen_test()
    return rows.take(free)


def bring_in(services: Services, traffic: LabelledRows) -> None:
    """Traffic and golden items, scored by the starter and routed."""
    flags = traffic.labels > 0
    services.intake.add(
        [
            NewComment(text, "site", str(i), golden=tuple(map(bool, flags[i])) if i < _GOLDEN else None)
            for i, text in enumerate(traffic.texts)
            if text.strip()
        ]
    )
    worker = services.build_worker()
    while worker.score_waiting():
        pass


def decide(services: Services, traffic: LabelledRows, wanted: int, person: Person) -> int:
    """True labels as decisions, audit lane first, until so many corrections stand outside the audit."""
    truth = dict(zip(traffic.hashes, traffic.labels > 0, strict=True))
    done = 0
    for item in _queue(services, person):
        labels = tuple(map(bool, truth[text_hash(item.comment.text)]))
        outcome = Outcome.REMOVE if any(labels) else Outcome.APPROVE
        services.review.decide(Verdict(uuid4(), item.comment.id, outcome, labels, 2.0), by=person)
        done += item.lane is not Lane.AUDIT
        if done >= wanted:
            break
    return done


def _queue(services: Services, person: Person) -> Iterator:
    for lanes in ((Lane.AUDIT,), tuple(Lane)):
        while items := services.review.claim(person, want=40, lanes=lanes):
            yield from items


def write_rows(path: Path, rows: LabelledRows) -> Path:
    """Rows as a labelled file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["comment_text", *LABELS, "weight"])
        for text, labels, weight in zip(rows.texts, rows.labels, rows.weights, strict=True):
            writer.writerow([text, *labels.astype(int).tolist(), float(weight)])
    return path


def leaked(services: Services, version_name: str) -> int:
    """How many contents of audit or golden items are in what the version was trained on: must be 0."""
    snapshot = services.datasets.require_snapshot(services.registry.require(version_name).snapshot_id)
    hashes = read_rows(services.datasets.require_file(snapshot)).hashes
    return len(services.datasets.find_for_evaluation(hashes))


def served(services: Services, name: str, environment: dict[str, str]) -> int:
    """How many comments a `moderato worker` process scores by that model in its first minutes."""
    live = services.registry.require(name)
    query = f"select count(*) from score where model_id = {live.id}"

    def scored() -> int:
        with services.sessions.engine.connect() as connection:
            return int(connection.exec_driver_sql(query).scalar() or 0)

    before, deadline = scored(), time.monotonic() + 240
    process = subprocess.Popen([sys.executable, "cli.py", "worker"], cwd=ROOT, env={**os.environ, **environment})
    while scored() == before and time.monotonic() < deadline:
        time.sleep(1)
    process.terminate()
    process.wait(60)
    return scored() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base", required=True)
    parser.add_argument("--corrections", type=int, default=2000)
    parser.add_argument("--max-rows", type=int, default=0)
    parser.add_argument("--rows", type=int, default=0, help="base rows to mix in and to test on, 0 for all")
    asked = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="moderato-loop-"))
    services = build_services(Settings(data_dir=root / "data"))
    rows = jigsaw()
    traffic = unseen(rows, asked.folder, asked.preset, asked.base)
    traffic = traffic.take(np.random.default_rng(0).permutation(len(traffic)) < _TRAFFIC)
    base = rows.take(np.random.default_rng(1).permutation(len(rows)) < (asked.rows or len(rows)))
    data = write_rows(root / "base.csv", base)
    bring_in(services, traffic)
    corrections = decide(services, traffic, asked.corrections, ADA)
    print(f"{corrections:,} corrections; {len(services.evaluation.audit_items()):,} audit items decided", flush=True)
    known = {"training": {"preset": asked.preset}}  # so that the retraining goes on from it
    services.registry.register("before", asked.folder, by=ADA, kind="transformer", base=asked.base, metrics=known)
    report, _ = examine(services, "before", data=data)
    services.registry.promote("before", by=ADA, report=report, override=True, reason="the loop's beginning")
    environment = {"MODERATO_DATA_DIR": str(root / "data")}
    command = [sys.executable, "cli.py", "retrain", asked.preset, "--data", str(data), "--name", "after"]
    command += ["--base", asked.base, *(["--max-rows", str(asked.max_rows)] if asked.max_rows else [])]
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True)
    seconds = time.monotonic() - began
    after = services.registry.require("after").metrics
    figures = {
        kind: {"before": after["live"][kind]["mean_auc"], "after": after[kind]["mean_auc"]}
        for kind in ("test", "audit", "golden")
        if kind in after
    }
    report, _ = examine(services, "after", data=data)
    services.registry.promote("after", by=ADA, report=report, override=True, reason="the loop's end")
    result = {"name": "retrain_loop", "preset": asked.preset, "value": figures["test"]["after"], "unit": "mean AUC"}
    result |= {"figures": figures, "corrections": after["training"]["corrections"], "retrain_seconds": round(seconds)}
    result |= {"leaked": leaked(services, "after"), "gate": report.passed, "reasons": report.reasons}
    print(json.dumps({**result, "served": served(services, "after", environment)}))


if __name__ == "__main__":
    main()
