"""The Slices page: made, changed, deleted, and what people hold given away."""

from uuid import uuid4

import pytest

from core.accounts import local_person
from core.domain import Outcome
from core.verdict import Verdict
from core.work_filter import WorkFilter
from tests.support.queue import fill_queue, flagged

BOB = local_person("Bob")


@pytest.fixture
def ids(app_services, ada, bob):
    made = fill_queue(app_services.sessions, flagged(6))
    app_services.review.decide(Verdict(uuid4(), made[5], Outcome.REMOVE), by=bob)
    for held in made[:2]:
        app_services.review.hold(bob, held)
    return made


@pytest.fixture
def page(app, ids):
    app.run()
    return app.switch_page("slices.py").run()


def told(page) -> str:
    return "\n".join(part.value for part in page.text)


def test_a_slice_is_made_changed_and_deleted(page, app_services, bob, ids):
    assert "everybody works on everything" in page.info[0].value
    page.button(key="slice_new").click().run()
    page.text_input(key="slice_name_0").set_value("Threats")
    page.multiselect(key="slice_labels_0").set_value([3])
    page.multiselect(key="slice_people_0").set_value(["Bob"])
    page.button(key="slice_save_0").click().run()
    assert not page.exception
    assert "Threats\nlabels: Threat" in told(page)
    assert "Works here: Bob" in told(page)
    assert [one.name for one in app_services.focuses.of(bob, None).slices] == ["Threats"]
    (one,) = app_services.slices.overview(by=local_person("Ada"))
    page.button(key=f"slice_change_{one.id}").click().run()
    page.slider(key=f"slice_range_{one.id}").set_value((0.25, 1.0))
    page.multiselect(key=f"slice_people_{one.id}").set_value([])
    page.button(key=f"slice_save_{one.id}").click().run()
    assert "score: highest 0.25 to 1.00" in told(page)
    page.button(key=f"slice_delete_{one.id}").click().run()
    assert app_services.slices.overview(by=local_person("Ada")) == []


def test_a_refused_name_is_said_and_the_form_stays(page):
    page.button(key="slice_new").click().run()
    page.button(key="slice_save_0").click().run()
    assert any("A slice has a name" in part.proto.body for part in page.get("html"))
    assert page.text_input(key="slice_name_0")


def test_what_is_in_no_slice_is_shown_and_what_nobody_works_on(page, app_services, ada, ids):
    app_services.slices.save("None here", WorkFilter(sources=("elsewhere",)), [], by=ada, slice_id=None)
    app_services.slices.save("All", WorkFilter(labels=(3,)), [], by=ada, slice_id=None)
    page.run()
    (table,) = page.dataframe
    assert list(table.value["Waiting"]) == [5]
    app_services.slices.save("Rest", WorkFilter(sources=("test",)), [], by=ada, slice_id=None)
    page.run()
    assert [part.value for part in page.warning] == ["Nobody works here by assignment."]
    assert "the slices hold all that waits" in "\n".join(part.value for part in page.markdown)


def test_a_lead_gives_away_what_somebody_holds(page, app_services, ada, bob, ids):
    assert f"Comment {ids[0]} · Flagged · Bob holds it for 1 min, back in the queue in 24 h" in told(page)
    page.button(key=f"kept_give_{ids[0]}").click().run()
    page.selectbox(key=f"kept_to_{ids[0]}").set_value("Ada").run()
    page.button(key=f"kept_give_{ids[0]}").click().run()
    page.button(key=f"kept_back_{ids[1]}").click().run()
    assert not page.exception
    assert [one.comment_id for one in app_services.review.take(ada, 1) if one.handed_by] == [ids[0]]
    assert "Ada was handed it by Ada" in told(page)
    assert app_services.reassign.holder(ids[1]) is None
