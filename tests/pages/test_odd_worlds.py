"""The analyst's pages on ledgers as they seldom are: each page says something, none breaks."""

import re

import numpy as np
import pytest
from sqlalchemy import text

from tests.pages.test_metrics import page_html, words
from tests.support import ledger
from tests.support.ledger import model_row, seed, write_decisions
from tests.support.opinions import add_opinions

PAGES = ("metrics.py", "agreement.py", "drift.py", "label_errors.py")
NASTY = "<img src=x onerror=alert(1)> **m** :material/home: $a$ `c` [l](http://e.vil) " + "long" * 30


def empty(_services) -> None:
    """Nothing at all."""


def one_decision(services) -> None:
    world = seed(services, comments=50, days=1, decided=0.0)
    write_decisions(services, [{"id": 1, "comment_id": int(world.ids[0]), "labels": 1, "outcome": "remove"}])


def one_person(services) -> None:
    seed(services, comments=2_000, days=3)


def no_live_model(services) -> None:
    seed(services, comments=2_000, days=3)
    run(services, "UPDATE model_version SET stage = 'retired'")


def model_without_scores(services) -> None:
    seed(services, comments=500, days=3)
    model_row(services, "fresh", stage="live")


def names(services) -> None:
    world = seed(services, comments=3_000, days=3, model=NASTY)
    add_opinions(services, world, people=(NASTY, "<b>B</b>", "🙂 $x^2$ :red[hot]"), mean=0.5)


def no_audit(services) -> None:
    world = seed(services, comments=2_000, days=3, rates=(0.0,) * 5)
    add_opinions(services, world, mean=0.5)


def audit_undecided(services) -> None:
    seed(services, comments=2_000, days=3)
    run(services, "DELETE FROM decision WHERE lane = 'audit'")


def no_positives(services) -> None:
    world = seed(services, comments=3_000, days=3, threshold=0.999)
    world.truth[:] = False
    add_opinions(services, world, mean=0.5, error=0.0, alarm=0.0)


def all_positive(services) -> None:
    world = seed(services, comments=2_000, days=3)
    world.truth[:] = True
    add_opinions(services, world, mean=0.5, error=0.0, alarm=0.0)


def certain_scores(services) -> None:
    """A model that says 0 and 1 alone."""
    drawn = ledger._draw_in_parts

    def certain(rng, n, skill):
        truth, scores = drawn(rng, n, skill)
        return truth, np.where(scores > 0.5, 1 - 1e-7, 1e-30).astype(np.float32)

    ledger._draw_in_parts = certain
    try:
        add_opinions(services, seed(services, comments=2_000, days=3), mean=0.5)
    finally:
        ledger._draw_in_parts = drawn


def run(services, statement: str) -> None:
    with services.sessions.begin() as session:
        ledger.unlock(session)
        session.execute(text(statement))


WORLDS = (
    empty, one_decision, one_person, no_live_model, model_without_scores, names, no_audit, audit_undecided,
    no_positives, all_positive, certain_scores,
)  # fmt: skip


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.__name__)
def test_every_page_says_something(app, app_services, world):
    world(app_services)
    app.run()
    for page in PAGES:
        app.switch_page(page).run()
        assert not app.exception, page
        assert app.title, page
        assert not app.error, page
        if page == "metrics.py" and app.toggle:
            app.toggle(key="human_error").set_value(True).run()
            assert not app.exception
        if page == "agreement.py" and len(app.get("button_group")):
            app.segmented_control(key="of").set_value("All traffic").run()
            assert not app.exception
        shown = page_html(app) + words(app)
        assert not re.search(r"\b(nan|inf|None)\b", shown), page
        assert "<img src" not in shown, page
