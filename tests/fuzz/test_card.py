"""Whatever JSON a browser sends for the card and the lists: an answer in words, never an error of the page."""

import json
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts import local_person
from core.domain import Outcome
from pages.shared.review_card import log, payload
from tests.fuzz.profile import SEED
from tests.support.queue import fill_queue, flagged

ADA = local_person("Ada")
ODD = st.text(max_size=8) | st.sampled_from(["Ada", "decide", "undo", "\ud800", "\0", str(uuid4()), "remove"])
NUMBER = st.integers() | st.floats() | st.booleans() | st.sampled_from([0, 1, 2, 5, 6, -1, 2**63, 2**64, 1e400])
VALUE = st.recursive(
    st.none() | NUMBER | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=8,
)
STEP = st.fixed_dictionaries(
    {},
    optional={
        "id": st.uuids().map(str) | VALUE,
        "by": st.just("Ada") | VALUE,
        "kind": st.sampled_from(
            ["decide", "identical", "undo", "skip", "hold", "resume", "beat", "ask", "answer", "told"]
        )
        | VALUE,
        "comment": st.integers(1, 4) | VALUE,
        "outcome": st.sampled_from([str(one) for one in Outcome]) | VALUE,
        "labels": st.lists(st.integers(0, 5), max_size=6) | VALUE,
        "seconds": NUMBER | VALUE,
        "note": ODD | VALUE,
        "question": VALUE,
        "answer": VALUE,
        "questions": VALUE,
        "of": st.sampled_from(["skip", "hold", "decide", "ask", "answer"]) | VALUE,
        "target": st.uuids().map(str) | VALUE,
        "have": st.lists(NUMBER, max_size=4) | VALUE,
        "bare": VALUE,
        "awake": VALUE,
        "at": VALUE,
    },
)
STATE = VALUE | st.fixed_dictionaries({"log": VALUE | st.lists(STEP | VALUE, max_size=4)})


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    from core.services import build_services
    from core.settings import Settings

    services = build_services(Settings(data_dir=tmp_path_factory.mktemp("card")))
    fill_queue(services.sessions, flagged(4))
    yield services
    services.close()


@SEED
@given(state=STATE)
def test_any_state(ready, state, caplog):
    caplog.clear()
    steps = log.steps_of(state)
    answers = log.apply(ready.review, ADA, steps, log.Desk().of(ADA), ready.questions)
    beat = log.last_beat(steps)
    numbers = log.numbers(beat, "have") | log.numbers(beat, "bare")
    assert all(isinstance(number, int) for number in numbers)
    json.dumps(answers)
    ready.review.heartbeat(ADA, numbers)
    assert "a step of the review queue failed" not in caplog.text


@pytest.mark.parametrize(
    "odd",
    [{"outcome": ["remove"]}, {"outcome": {}}, {"seconds": 10**400}, {"comment": 2**64}, {"comment": True},
     {"labels": [[1]]}, {"kind": ["decide"]}, {"id": None}, {"note": "\ud800\0"}],
    ids=lambda odd: str(next(iter(odd))),
)  # fmt: skip
def test_odd_values_are_answered(ready, odd):
    step = {"id": str(uuid4()), "by": "Ada", "kind": "decide", "comment": 2, "outcome": "remove", "labels": [0]} | odd
    assert len(log.apply(ready.review, ADA, [step], log.Desk().of(ADA), ready.questions)) == 1


def test_numbers_that_no_database_takes_are_passed_over(ready):
    assert log.numbers({"have": [2**63, -1, True, 1.0, 3]}, "have") == {3}
    assert len(log.numbers({"have": list(range(10**5))}, "have")) <= 1000


@SEED
@given(offset=st.integers(-(10**9), 10**9) | st.none())
def test_any_clock_of_a_browser(offset):
    from core.domain import now

    payload.local_midnight(now(), offset)
