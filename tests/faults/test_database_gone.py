"""The database goes away and comes back, under a dashboard and a worker that are at work."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from core.services import build_services
from core.settings import Settings
from core.sign_ins import FRESH_SECONDS
from core.sign_ins import Visitor as Where
from db.models import DecisionRow, PendingRow
from tests.support.postgres import Postgres
from tests.support.programs import make_key
from tests.support.queue import fill_queue, flagged
from tests.support.scoring import add_comments
from tests.support.server import serving
from tests.support.visitor import Visitor

GOOD = "correct giraffe battery waffle"
WAYS = ["stopped", *(["frozen"] if "MODERATO_TEST_GONE_SECONDS" in os.environ else [])]
"""A frozen server is waited for five seconds at every door: 40 s, for the long version alone."""
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


@pytest.mark.slow
@pytest.mark.parametrize("how", WAYS)
def test_nobody_is_signed_out_and_no_stranger_comes_in(own_postgres, tmp_path, how):
    with own_postgres.database() as url:
        services = build_services(Settings(data_dir=tmp_path, database_url=url))
        services.people.create_first("Ada", GOOD)
        key = make_key(services)
        with serving(tmp_path / "served", database_url=url, embedded_worker="false") as server:
            cookie = f"moderato_session_{server.port}={services.sign_ins.sign_in('Ada', GOOD, Where('::1'))}"
            unseen = f"moderato_session_{server.port}={services.sign_ins.sign_in('Ada', GOOD, Where('::1'))}"
            assert ask(server, "/session", Cookie=cookie)[0] == 200
            assert ask(server, "/api/v1/policy", Authorization=f"Bearer {key}")[0] == 200
            assert ask(server, "/queue")[0] == 401

            with taken_away(own_postgres, how):
                time.sleep(2.2)  # what was known of cookies is looked up anew after this
                assert ask(server, "/session?used=1", Cookie=cookie)[0] == (200 if how == "stopped" else 503)
                assert ask(server, "/session?used=1", Cookie=unseen)[:2] == (503, "5")
                status, again, _, words = ask(server, "/queue", Cookie=unseen, Accept="text/html")
                assert (status, again, "database" in words) == (503, "5", True)
                assert ask(server, "/queue")[0] == 401
                made_up = f"moderato_session_{server.port}=made-up"
                assert ask(server, "/media/x", Cookie=made_up)[0] == 503
                if how == "stopped":
                    form = b"name=Ada&password=" + GOOD.encode().replace(b" ", b"+")
                    assert ask(server, "/sign-in", form, Origin=server.url)[0] == 503
                status, again, kind, words = ask(server, "/api/v1/policy", Authorization=f"Bearer {key}")
                assert (status, again, kind) == (503, "5", "application/problem+json")
                assert json.loads(words)["type"].endswith("#problem-no-database")
                question = b'{"comment": {"text": "You idiot."}, "requestedAttributes": {"TOXICITY": {}}}'
                assert ask(server, f"/v1alpha1/comments:analyze?key={key}", question)[0] == 503
                assert ask(server, "/readyz")[0] == 503
                assert ask(server, "/healthz")[0] == 200

            wait_until(lambda: ask(server, "/session", Cookie=cookie)[0] == 200)
            wait_until(lambda: ask(server, "/api/v1/policy", Authorization=f"Bearer {key}")[0] == 200)
            assert "Traceback" not in server.log.read_text()
        services.close()


@contextmanager
def taken_away(server: Postgres, how: str):
    """A server that was stopped, or that hangs: connections stand and nothing answers."""
    frozen = _freeze(server.pid) if how == "frozen" else []
    if not frozen:
        server.pause()
    try:
        yield
    finally:
        for number in frozen:
            os.kill(number, signal.SIGCONT)
        if not frozen:
            server.resume()


def ask(server, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str | None, str, str]:
    """(status, Retry-After, media type, text)."""
    request = urllib.request.Request(server.url + path, body, {"content-type": "application/json", **headers})
    try:
        answer = urllib.request.urlopen(request, timeout=15)
    except urllib.error.HTTPError as error:
        answer = error
    kind = answer.headers.get_content_type()
    return answer.status, answer.headers["retry-after"], kind, answer.read().decode()


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
