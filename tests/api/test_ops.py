"""Health, readiness and figures, as a load balancer and Prometheus ask for them."""

import logging
import threading
import time
from uuid import uuid4

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from api import ops
from api.perspective.routes import build_routes
from api.programs import ProgramsAt
from api.request_log import RequestLog
from core.accounts import local_person
from core.domain import Lane, Outcome, now
from core.keys import Scope
from core.readiness import FilesWatch
from core.verdict import Verdict
from db.stores.workers import WorkerState, WorkerStore
from tests.support.programs import ANALYZE, make_key, question
from tests.support.queue import Waiting, fill_queue, flagged

CANARY = "canary you idiot"


def _verdict(comment_id: int) -> Verdict:
    return Verdict(uuid4(), comment_id, Outcome.APPROVE)


class Served:
    """A client of an application with the routes of programs and of operations."""

    def __init__(self, services) -> None:
        self.services = services
        programs = ProgramsAt(lambda: services)
        self.ops = ops.Ops(programs)
        self.app = Starlette(
            routes=[*build_routes(programs), *ops.build_routes(self.ops)],
            middleware=[Middleware(RequestLog, meter=self.ops.meter)],
        )

    def beat(self, problem: str | None = None, seen_at=None) -> None:
        """A worker's sign of life."""
        state = WorkerState("worker a:1", now(), seen_at or now(), "starter", 7, problem)
        with self.services.sessions.begin() as session:
            WorkerStore(session).put(state)

    def scrape(self, **headers: str) -> str:
        """The figures."""
        key = make_key(self.services, f"prometheus-{uuid4().hex[:6]}", [Scope.METRICS])
        answer = self.client.get("/metrics", headers={"Authorization": f"Bearer {key}", **headers})
        assert answer.status_code == 200, answer.text
        return answer.text

    def figures(self) -> dict[tuple[str, ...], float]:
        """Value by name and label values, in order of the labels' names."""
        self.ops._wired = None  # what was read before is not fresh enough for a test
        families = text_string_to_metric_families(self.scrape())
        return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


@pytest.fixture
def served(api_services):
    made = Served(api_services)
    with TestClient(made.app, base_url="http://moderato.test", client=("192.0.2.7", 5)) as client:
        made.client = client
        yield made


def test_alive_says_nothing_more(served):
    assert served.client.get("/healthz").json() == {"status": "ok"}


def test_ready_with_a_worker_and_not_without(served):
    gone = served.client.get("/readyz")
    assert gone.status_code == 503
    assert [gap["name"] for gap in gone.json()["not_ready"]] == ["worker"]
    assert "moderato worker" in gone.json()["not_ready"][0]["todo"]
    served.ops._ready_until = 0
    served.beat()
    assert served.client.get("/readyz").json() == {"ready": True, "not_ready": []}


def test_a_worker_that_cannot_score_is_not_ready_and_strangers_are_not_told_why(served):
    served.beat(problem="The model in /srv/secret/path is broken.")
    answer = served.client.get("/readyz")
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_a_corrupt_live_model_is_not_ready_until_it_is_put_back(served, monkeypatch, tmp_path):
    served.beat()
    monkeypatch.setattr(FilesWatch, "changed", _broken)
    assert [gap["name"] for gap in served.client.get("/readyz").json()["not_ready"]] == ["live model"]
    monkeypatch.undo()
    served.ops._ready_until = 0
    assert served.client.get("/readyz").status_code == 200


def _broken(_self, version):
    from core.scoring.files import check_files

    check_files(version.name, version.path, "0" * 64)


def test_a_database_that_is_away_or_hangs_is_not_ready_in_bounded_time(served, monkeypatch):
    served.beat()
    monkeypatch.setattr(ops, "PATIENCE", 0.2)
    hang, entered = threading.Event(), threading.Event()
    read = served.services.sessions.read

    def hanging():
        entered.set()
        hang.wait(20)
        return read()

    monkeypatch.setattr(served.services.sessions, "read", hanging)
    answers = [served.client.get("/readyz") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert answers[0].json()["not_ready"][0]["name"] == "database"
    assert entered.is_set()
    assert sum(thread.name == "bounded" for thread in threading.enumerate()) == 1, "only one waits for it"
    hang.set()
    monkeypatch.undo()
    assert _soon(lambda: served.client.get("/readyz").status_code == 200), "it comes back"


def _soon(what) -> bool:
    for _ in range(100):
        if what():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("header", "status"), [(None, 401), ("Bearer mod_nobody", 401), ("Bearer ", 401), ("Basic abc", 401)]
)
def test_figures_need_a_key(served, header, status):
    answer = served.client.get("/metrics", headers={"Authorization": header} if header else {})
    assert answer.status_code == status
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "moderato_" not in answer.text


def test_figures_need_the_scope_and_an_unrevoked_key(served):
    other = make_key(served.services, "other", [Scope.READ])
    assert served.client.get("/metrics", headers={"Authorization": f"Bearer {other}"}).status_code == 403
    mine = make_key(served.services, "mine", [Scope.METRICS])
    header = {"Authorization": f"Bearer {mine}"}
    assert served.client.get("/metrics", headers=header).status_code == 200
    assert served.client.post(ANALYZE, json=question(), headers={"x-goog-api-key": mine}).status_code == 403
    served.services.keys.revoke("mine", by=local_person("Root"))
    assert served.client.get("/metrics", headers=header).status_code == 401


def test_a_browser_gets_the_page_of_that_name(served):
    assert served.client.get("/metrics", headers={"Accept": "text/html,*/*"}).status_code == 404, "no route of ours"


def test_figures_are_valid_and_say_what_is_there(served, ada):
    served.beat()
    waiting = [*flagged(3), Waiting("drawn", lane=Lane.AUDIT)]
    fill_queue(served.services.sessions, waiting)
    found = served.figures()
    assert found["moderato_queue_comments", "flagged"] == 3
    assert found["moderato_queue_comments", "audit"] == found["moderato_audit_backlog_comments",] == 1
    assert found["moderato_queue_comments", "escalated"] == 0
    assert found["moderato_queue_oldest_age_seconds", "flagged"] >= 0
    assert found["moderato_workers", "scoring"] == 1
    assert found["moderato_worker_scored_comments_total", "worker a:1"] == 7
    assert found["moderato_database_up",] == 1
    assert found["moderato_database_size_bytes",] > 0
    assert any(name[0] == "moderato_model_info" and "starter" in name for name in found)


def test_both_formats_parse_strictly(served):
    served.client.get("/healthz")
    text = served.scrape(Accept="application/openmetrics-text;version=1.0.0")
    assert text.endswith("# EOF\n")
    families = {family.name: family for family in open_metrics(text)}
    assert "moderato_http_request_duration_seconds" in families
    for family in families.values():
        assert family.documentation
        if family.type == "counter":
            assert not family.name.endswith("_total"), "the suffix is the format's"
    assert {"process_cpu_seconds", "process_resident_memory_bytes"} <= families.keys()


def test_decisions_are_counted_once_and_go_on_from_there(served, ada):
    first, second = fill_queue(served.services.sessions, flagged(2))
    review = served.services.review
    review.claim(ada)
    review.decide(_verdict(first), by=ada)
    before = served.figures()
    assert before["moderato_decisions_total", "flagged", "approve"] == 1
    review.decide(_verdict(second), by=ada)
    review.undo(ada, uuid4())
    after = served.figures()
    assert after["moderato_decisions_total", "flagged", "approve"] == 2
    assert sum(value for name, value in after.items() if name[0] == "moderato_decisions_revoked_total") == 1


def test_requests_are_measured_by_route_and_never_by_path(served):
    served.client.get(f"/v1alpha1/{CANARY}?key=secret")
    served.client.request("BREW", f"/{CANARY}")
    text = served.scrape()
    assert 'route="/v1alpha1/{rest:path}"' in text
    assert 'method="OTHER",route="none"' in text
    assert "canary" not in text
    assert "secret" not in text


def test_without_the_database_a_known_key_still_reads_what_the_process_knows(served, monkeypatch):
    key = make_key(served.services, "prometheus", [Scope.METRICS])
    header = {"Authorization": f"Bearer {key}"}
    assert served.client.get("/metrics", headers=header).status_code == 200

    def away():
        raise OSError("the database is away")

    monkeypatch.setattr(served.services.sessions, "read", away)
    served.ops._wired.ring._until = 0
    served.ops._wired = None
    answer = served.client.get("/metrics", headers=header)
    assert answer.status_code == 200
    assert "moderato_database_up 0.0" in answer.text
    assert "moderato_queue_comments" not in answer.text
    stranger = served.client.get("/metrics", headers={"Authorization": "Bearer mod_x"})
    assert stranger.status_code == 503


@pytest.mark.parametrize("given", ["good-1.x_Y", "a" * 64])
def test_a_request_id_is_echoed(served, given, caplog):
    caplog.set_level(logging.DEBUG, "moderato.requests")
    assert served.client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["a" * 65, "with space", "", 'quote"', "slash/"])
def test_an_odd_request_id_is_replaced(served, given):
    echoed = served.client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert echoed != given
    assert len(echoed) == 32


def test_a_request_line_has_route_status_and_key_and_nothing_of_the_request(served, caplog):
    caplog.set_level(logging.DEBUG)
    key = make_key(served.services, "forum")
    served.client.post(f"{ANALYZE}?key={key}&fields=*", json=question(CANARY))
    line = next(r for r in caplog.records if r.name == "moderato.requests")
    assert (line.method, line.route, line.status, line.key) == ("POST", ANALYZE, 200, "forum")
    ours = "\n".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records if not r.name.startswith("http"))
    assert key not in ours
    assert "canary" not in ours
