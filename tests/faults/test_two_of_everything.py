"""Two dashboards and two workers on one PostgreSQL database work as one."""

import csv
import os
import subprocess
import sys
import threading
from collections import Counter

import pytest
from sqlalchemy import func, select

from core.accounts import local_person
from core.automatic import Beside
from core.gate import unopposed
from core.labels import LABELS
from core.services import build_services
from core.settings import ROOT, Settings
from db.models import CommentRow, DecisionRow, PendingRow, RoutingRow, ScoreRow, StratumRow, WorkerRow
from tests.faults.test_database_gone import status, wait_until
from tests.support.models import add_model
from tests.support.programs import make_key
from tests.support.scoring import add_comments
from tests.support.server import serving
from tests.support.visitor import Visitor

ROWS = 400
QUESTION = b'{"comment": {"text": "You idiot."}, "requestedAttributes": {"TOXICITY": {}}}'


@pytest.fixture
def start_worker(tmp_path):
    started = []

    def start(number, url):
        environment = {
            **os.environ, "MODERATO_DATA_DIR": str(tmp_path / f"worker{number}"), "MODERATO_DATABASE_URL": url,
            "MODERATO_POLL_SECONDS": "0.2", "MODERATO_WORKER_BATCH": "32", "MODERATO_WORKER_THREADS": "1",
        }  # fmt: skip
        with (tmp_path / f"worker{number}.log").open("ab") as log:
            command = [sys.executable, "cli.py", "worker"]
            started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))

    yield start
    for process in started:
        process.terminate()
    for process in started:
        assert process.wait(20) == 0


def write_file(path, first: int, rows: int) -> str:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "comment_text"])
        writer.writerows([f"c{k}", f"You stupid idiot, shut up, number {k}"] for k in range(first, first + rows))
    return str(path)


def review_all(visitor: Visitor, mine: list[tuple[str, int]]) -> None:
    """Decide whatever the card gets until it gets nothing; note what was acknowledged."""
    done: set[int] = set()
    while True:
        waiting = [number for number, _, _ in visitor.card["order"] if number not in done][:20]
        if not waiting:
            return
        steps = [visitor.decision(number) for number in waiting]
        answers = {answer["id"]: answer for answer in visitor.report(*steps)}
        for step in steps:
            done.add(step["comment"])
            if answers.get(step["id"], {}).get("ok"):
                mine.append((step["id"], step["comment"]))


def count(services, row, *where) -> int:
    with services.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(row).where(*where))


@pytest.mark.slow
def test_they_work_as_one(postgres, tmp_path, start_worker):
    ada = local_person("Ada")
    options = {"embedded_worker": "false", "poll_seconds": "0.2"}
    with postgres.database() as url:
        services = build_services(Settings(data_dir=tmp_path, database_url=url))
        services.policies.save(
            (0.2,) * len(LABELS), (0.5,) * 5, by=ada, reason="a low threshold", beside=Beside(second_rate=0.0)
        )
        with (
            serving(tmp_path / "one", database_url=url, **options) as one,
            serving(tmp_path / "two", database_url=url, **options) as two,
        ):
            for number in (1, 2):
                start_worker(number, url)
            # two imports of overlapping files at once
            files = [write_file(tmp_path / f"{k}.csv", k * ROWS // 4, ROWS * 3 // 4) for k in (0, 1)]
            imports = [
                threading.Thread(target=server.run, args=("import", file, "--source", "forum"))
                for server, file in zip((one, two), files, strict=True)
            ]
            for thread in imports:
                thread.start()
            for thread in imports:
                thread.join()
            assert count(services, CommentRow) == ROWS
            wait_until(lambda: count(services, PendingRow) == 0, 60)
            for row in (ScoreRow, RoutingRow):
                assert count(services, row) == ROWS
            with services.sessions.read() as session:
                assert session.scalar(select(func.sum(StratumRow.count))) == ROWS
            check_decisions(services, one, two)
            check_metrics(services, one, two)
            check_keys(services, one, two)
            check_live_model(services, ada)
        services.close()


def check_decisions(services, one, two) -> None:
    """Four tabs at two dashboards settle everything that is open; no comment is decided twice."""
    opened = count(services, RoutingRow, RoutingRow.state == "open")
    assert opened > 100, "too little is open for a contest"
    tabs = [Visitor(server, name) for server, name in ((one, "Ada"), (two, "Bob"), (one, "Cem"), (two, "Dora"))]
    noted = [[] for _ in tabs]
    work = [
        threading.Thread(target=lambda tab=tab, mine=mine: review_all(tab.open(""), mine))
        for tab, mine in zip(tabs, noted, strict=True)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    for tab in tabs:
        tab.open("")
        review_all(tab, noted[tabs.index(tab)])  # what another's claim held until the end
        tab.__exit__(None, None, None)
    assert all(noted), "one of them got nothing"
    acknowledged = [pair for mine in noted for pair in mine]
    with services.sessions.read() as session:
        ledger = {str(row.client_id): row.comment_id for row in session.scalars(select(DecisionRow))}
    assert ledger == dict(acknowledged)
    assert max(Counter(ledger.values()).values()) == 1
    assert len(ledger) == opened
    assert count(services, RoutingRow, RoutingRow.state == "open") == 0


def check_metrics(services, one, two) -> None:
    """Both dashboards show the same numbers."""
    seen = []
    for server in (one, two):
        with Visitor(server, "Ada", "metrics") as tab:
            assert "exception" not in tab.kinds
            seen.append([part for part in tab.words.split("\n") if "body:" in part])
    assert seen[0]
    assert [strip(part) for part in seen[0]] == [strip(part) for part in seen[1]]


def strip(words: str) -> str:
    return "".join(c for c in words if not c.isspace())


def check_keys(services, one, two) -> None:
    """A key that one dashboard's process revokes is refused by the other."""
    key = make_key(services)
    asks = [f"{server.url}/v1alpha1/comments:analyze?key={key}" for server in (one, two)]
    for ask in asks:
        wait_until(lambda ask=ask: status(ask, QUESTION)[0] == 200)
    assert one.run("keys", "revoke", "forum").returncode == 0
    for ask in asks:
        wait_until(lambda ask=ask: status(ask, QUESTION)[0] == 400, 10)


def check_live_model(services, ada) -> None:
    """Both workers take a new live model and a new policy up, and score what comes in by them."""
    add_model(services, "fresh", by=ada)
    services.registry.promote("fresh", by=ada, report=unopposed("fresh", "starter"), override=True, reason="a test")
    policy = services.policies.save((0.6,) * len(LABELS), (0.2,) * 5, by=ada, reason="another")
    wait_until(lambda: count(services, WorkerRow, WorkerRow.model == "fresh") == 2, 30)
    ids = add_comments(services.sessions, [f"blurb snark {k}" for k in range(100)])
    wait_until(lambda: count(services, PendingRow) == 0, 30)
    live = services.registry.require_live()
    assert count(services, ScoreRow, ScoreRow.comment_id.in_(ids), ScoreRow.model_id == live.id) == len(ids)
    assert count(services, RoutingRow, RoutingRow.comment_id.in_(ids), RoutingRow.policy_id == policy.id) == len(ids)
