"""The database goes away and comes back, under a dashboard and a worker that are at work."""

import os
import signal
import time
import urllib.error
import urllib.request

import pytest
from sqlalchemy import select

from core.services import build_services
from core.settings import Settings
from core.sign_ins import FRESH_SECONDS
from db.models import DecisionRow, PendingRow
from tests.support.postgres import Postgres
from tests.support.programs import make_key
from tests.support.queue import fill_queue, flagged
from tests.support.scoring import add_comments
from tests.support.server import serving
from tests.support.visitor import Visitor

GONE = float(os.environ.get("MODERATO_TEST_GONE_SECONDS", "3"))
"""How long it is away: a minute, when tests/faults/long.sh asks."""


@pytest.fixture
def own_postgres():
    """A server that no other test uses: it is taken away."""
    server = Postgres.start()
    yield server
    server.stop()


def status(url: str, body: bytes | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def ledger(services) -> list[tuple[str, int]]:
    with services.sessions.read() as session:
        return [(str(row.client_id), row.comment_id) for row in session.scalars(select(DecisionRow))]


@pytest.mark.slow
def test_gone_and_back_nothing_acknowledged_is_lost_and_everybody_is_told(own_postgres, tmp_path):
    with own_postgres.database() as url:
        services = build_services(Settings(data_dir=tmp_path, database_url=url))
        first, second, *_ = fill_queue(services.sessions, flagged(6))
        key = make_key(services)
        with (
            serving(tmp_path / "served", database_url=url, poll_seconds="0.2") as server,
            Visitor(server, "Ada") as ada,
        ):
            ask = f"{server.url}/v1alpha1/comments:analyze?key={key}"
            question = b'{"comment": {"text": "You idiot."}, "requestedAttributes": {"TOXICITY": {}}}'
            assert status(ask, question)[0] == 200
            kept = ada.decision(first)
            assert [answer["ok"] for answer in ada.report(kept)] == [True]

            own_postgres.pause()
            time.sleep(FRESH_SECONDS + 0.2)  # what was known of people is looked up anew after this
            lost = ada.decision(second)
            assert ada.report(lost) == []  # not confirmed: the browser keeps it
            assert "cannot be reached" in ada.card["trouble"]
            assert "cannot be reached" in ada.words
            assert "exception" not in ada.kinds
            assert ada.card["order"]  # the card stays up with what it has
            for page in ("metrics", "data", "browse", "admin"):
                with Visitor(server, "Bob", page) as bob:
                    assert "cannot be reached" in bob.words, page
                    assert "exception" not in bob.kinds, page
            time.sleep(0.3)  # what was known of keys is read anew after this
            code, said = status(ask, question)
            assert (code, "cannot be reached" in said) == (503, True)
            time.sleep(GONE)
            own_postgres.resume()

            wait_until(lambda: [answer["ok"] for answer in ada.report(lost)] == [True])
            assert ada.card["trouble"] is None
            assert ledger(services) == [(kept["id"], first), (lost["id"], second)]
            wait_until(lambda: status(ask, question)[0] == 200)
            add_comments(services.sessions, ["Thanks for this."])
            wait_until(lambda: not _waiting(services))
            log = server.log.read_text()
            assert "Traceback" not in log
            assert "OperationalError" not in log or "Thanks for this" not in log
        services.close()


def _waiting(services) -> bool:
    with services.sessions.read() as session:
        return session.scalar(select(PendingRow.comment_id)) is not None


@pytest.mark.slow
def test_frozen_the_pages_wait_and_go_on(own_postgres, tmp_path):
    with own_postgres.database() as url:
        services = build_services(Settings(data_dir=tmp_path, database_url=url))
        comment_id = fill_queue(services.sessions, flagged(2))[0]
        options = {"database_url": url, "embedded_worker": "false"}
        with serving(tmp_path / "served", **options) as server, Visitor(server, "Ada") as ada:
            children = _freeze(own_postgres.pid)
            pid = os.fork()
            if pid == 0:  # pragma: no cover - the child thaws it while the parent waits for the page
                time.sleep(min(GONE, 10))
                for number in children:
                    os.kill(number, signal.SIGCONT)
                os._exit(0)
            assert [answer["ok"] for answer in ada.report(ada.decision(comment_id))] == [True]
            os.waitpid(pid, 0)
        assert len(ledger(services)) == 1
        services.close()


def _freeze(pid: int) -> list[int]:
    import psutil

    family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    for number in family:
        os.kill(number, signal.SIGSTOP)
    return family


def test_a_start_without_a_database_says_so_in_one_line(tmp_path):
    from core.errors import DatabaseTrouble

    with pytest.raises(DatabaseTrouble, match="the server does not answer"):
        build_services(Settings(data_dir=tmp_path, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
