"""kill -9 of the app, a worker, an import and a reviewer at random moments: nothing acknowledged is lost, nothing is
there twice, everything ends scored, every lease is freed."""

import csv
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from core.accounts import local_person
from core.services import build_services
from core.settings import ROOT, Settings
from db.models import CommentRow, DecisionRow, PendingRow, RoutingRow, ScoreRow, StratumRow, TrafficRow
from tests.support.server import Server

ROWS = 5_000
KILLS = int(os.environ.get("MODERATO_KILLS", "12"))
SEED = 20_260_504
SHORT = {
    "scoring_lease_seconds": "2",
    "claim_seconds": "3",
    "poll_seconds": "0.2",
    "worker_batch": "256",
    "worker_threads": "1",
}
"""Leases so short that the test sees them end."""


class Crew:
    """The processes on one data folder, each of which may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "comments.csv"
        self.app = Server(folder, **SHORT)
        settings = {f"MODERATO_{name.upper()}": value for name, value in SHORT.items()}
        self._environment = {**os.environ, **settings, "MODERATO_DATA_DIR": str(folder)}
        self._commands = {
            "worker": ["cli.py", "worker"],
            "import": ["cli.py", "import", str(self.file), "--source", "forum"],
            "reviewer": ["-m", "tests.faults.reviewer", "Ada"],
        }
        self._running: dict[str, subprocess.Popen] = {}

    def start(self, who: str) -> None:
        if who == "app":
            self.app.start()
            return
        with (self.folder / f"{who}.out").open("ab") as out, (self.folder / f"{who}.err").open("ab") as err:
            command = [sys.executable, *self._commands[who]]
            self._running[who] = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=out, stderr=err)

    def kill(self, who: str) -> None:
        if who == "app":
            self.app.kill()
            return
        self._running[who].kill()
        self._running[who].wait()

    def finish(self, who: str, seconds: float) -> None:
        assert self._running[who].wait(seconds) == 0, (self.folder / f"{who}.err").read_text()[-2000:]

    def kill_all(self) -> None:
        self.app.kill()
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def acknowledged(self) -> list[tuple[UUID, int]]:
        """What the reviewers were told is done; a line that a kill cut off was never read by anybody."""
        lines = (self.folder / "reviewer.out").read_text().splitlines(keepends=True)
        pairs = (line.split() for line in lines if line.endswith("\n") and len(line.split()) == 2)
        return [(UUID(client_id), int(comment_id)) for client_id, comment_id in pairs]


@pytest.fixture
def crew(tmp_path):
    made = Crew(tmp_path)
    with made.file.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "comment_text"])
        rude, kind = "You stupid idiot, shut up, number {}", "Thanks for the careful edit of section {}"
        writer.writerows([f"c{k}", (rude if k % 3 == 0 else kind).format(k)] for k in range(ROWS))
    yield made
    made.kill_all()


@pytest.fixture
def services(crew):
    """The same database, seen from this process."""
    made = build_services(Settings(data_dir=crew.folder))
    yield made
    made.close()


@pytest.mark.slow
def test_killed_at_any_moment_it_comes_back(crew, services):
    draw = random.Random(SEED)
    victims = [who for who, _ in zip(cycle(["app", "worker", "import", "reviewer"]), range(KILLS), strict=False)]
    draw.shuffle(victims)
    for who in ("app", "worker", "import", "reviewer"):
        crew.start(who)
    for victim in victims:
        time.sleep(draw.uniform(0.05, 0.9))
        crew.kill(victim)
        crew.start(victim)
    crew.start("import")
    crew.finish("import", 120)
    wait_until_scored(services, 120)
    time.sleep(1)  # some reviewing in peace
    crew.kill_all()
    check_comments(services)
    check_ledger(services, crew.acknowledged())
    check_leases(services)
    check_search(services)


def wait_until_scored(services, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with services.sessions.read() as session:
            if not session.scalar(select(func.count()).select_from(PendingRow)):
                return
        time.sleep(0.2)
    raise AssertionError("comments still wait for scores")


def check_comments(services) -> None:
    """Each row of the file is there once, scored once, routed once, counted once."""
    with services.sessions.read() as session:
        ids = set(session.scalars(select(CommentRow.external_id)))
        assert ids == {f"c{k}" for k in range(ROWS)}
        for row in (CommentRow, ScoreRow, RoutingRow):
            assert session.scalar(select(func.count()).select_from(row)) == ROWS, row.__tablename__
        assert session.scalar(select(func.sum(StratumRow.count))) == ROWS
        counts = session.execute(select(TrafficRow.label, func.sum(TrafficRow.count)).group_by(TrafficRow.label)).all()
        assert dict(map(tuple, counts)) == dict.fromkeys(range(6), ROWS)


def check_ledger(services, acknowledged: list[tuple[UUID, int]]) -> None:
    """Every acknowledged decision is there once, and no comment was decided twice."""
    with services.sessions.read() as session:
        ledger = {row.client_id: row.comment_id for row in session.scalars(select(DecisionRow))}
        per_comment = Counter(ledger.values())
        settled = set(session.scalars(select(RoutingRow.comment_id).where(RoutingRow.state == "settled")))
    assert acknowledged, "the reviewers decided nothing: the test shows nothing"
    assert len({client_id for client_id, _ in acknowledged}) == len(acknowledged)
    assert all(ledger.get(client_id) == comment_id for client_id, comment_id in acknowledged)
    assert max(per_comment.values()) == 1
    assert settled == set(per_comment)


def check_leases(services) -> None:
    """Whatever is open can be had by somebody else once the dead reviewer's leases have ended."""
    time.sleep(3.2)
    with services.sessions.read() as session:
        waiting = set(session.scalars(select(RoutingRow.comment_id).where(RoutingRow.state == "open")))
    got = {claim.comment_id for claim in services.review.take(local_person("Bob"), len(waiting))}
    assert got == waiting


def check_search(services) -> None:
    """The full-text index holds each text once, and agrees with the comments."""
    services.search_index.catch_up()
    with services.sessions.begin() as session:
        session.execute(text("INSERT INTO comment_fts (comment_fts, rank) VALUES ('integrity-check', 1)"))
        assert (
            session.scalar(text("SELECT count(*) FROM comment_fts WHERE comment_fts MATCH 'number OR section'")) == ROWS
        )
