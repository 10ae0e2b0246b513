"""What I see, and what I have seen: chosen on Preferences, held on every page that draws a text, and nobody else's."""

import json
from uuid import uuid4

import pytest

from core.accounts import local_person
from core.domain import Lane, Outcome
from core.labels import LABELS
from core.verdict import Verdict
from core.wellbeing.choices import NOT_TODAY, SEE, NotToday, Sight
from core.wellbeing.masking import Mask, Masking, Rule
from db.stores.audit import AuditStore, TrailFilter
from pages.shared.comment import covered_html
from tests.pages.test_queue import decide, report, told
from tests.support.queue import CLEAN, SEVERE, TOXIC, Waiting, fill_queue, flagged

ADA = local_person("Ada")


def html(app) -> str:
    return "".join(found.proto.body for found in app.get("html"))


def listed(app) -> list[dict]:
    cards = (found.proto for found in app.get("bidi_component"))
    return json.loads(next(card.json for card in cards if card.component_name == "comment_list"))["rows"]


def choose(services, **more) -> None:
    services.preferences.put(SEE, Sight(**more).to_json(), by=ADA)


def mask_for(label: str, mask: Mask, start=None, unscored=Mask.OPEN) -> Masking:
    return Masking(tuple(Rule(mask, start) if name == label else Rule() for name in LABELS), unscored)


@pytest.fixture
def fill(app_services):
    return lambda *waiting: fill_queue(app_services.sessions, waiting)


def reveals(services) -> list[list[int]]:
    services.reveals.flush()
    with services.sessions.read() as session:
        found = AuditStore(session).read(TrailFilter(kinds=frozenset({"text.revealed"})), limit=50)
    return [event.details["comments"] for event in found]


def test_the_card_gets_each_text_with_its_mask_and_the_words(app, app_services, fill):
    fill(Waiting("you idiot", Lane.AUDIT, SEVERE), Waiting("a moron", scores=SEVERE), Waiting("kind", scores=TOXIC))
    choose(app_services, masking=mask_for("insult", Mask.WORDS, unscored=Mask.WHOLE))
    app.run()
    got = {item["text"]: (item["mask"], item["words"], item["masked"]) for item in told(app)["items"]}
    assert got["you idiot"] == ("whole", [[4, 9]], False)  # blind: whole by Ada's choice for all of them
    assert got["a moron"] == ("words", [[2, 7]], True)
    assert got["kind"] == ("words", [], False)


def test_blind_masks_say_nothing_of_scores(app, app_services, fill):
    choose(app_services, masking=Masking(unscored=Mask.WORDS))
    fill(*(Waiting(f"text {k}", Lane.AUDIT, scores) for k, scores in enumerate((CLEAN, SEVERE, TOXIC))))
    app.run()
    assert {(item["mask"], item["masked"]) for item in told(app)["items"]} == {("words", False)}


def test_browse_masks_as_the_card_does_and_reveals_step_by_step(app, app_services, fill):
    (made,) = fill(Waiting("what a moron you are", scores=SEVERE))
    app.run()
    app.switch_page("browse.py").run()
    assert listed(app)[0]["masked"]
    app.session_state["browse_open"] = made
    app.run()
    assert "moron" not in html(app)
    assert "what a" not in html(app)
    assert reveals(app_services) == []
    app.button(key=f"words_shown_{made}").click().run()
    assert "what a" in html(app)
    assert "moron" not in html(app)
    app.button(key=f"reveal_{made}").click().run()
    assert "what a moron you are" in html(app)
    app.button(key=f"mask_shown_{made}").click().run()
    assert "what a" not in html(app)
    assert reveals(app_services) == [[made]]  # once, and from the first step on


def test_browse_follows_the_persons_own_rule(app, app_services, fill):
    fill(Waiting("what a moron you are", scores=TOXIC), Waiting("a severe one", scores=SEVERE))
    choose(app_services, masking=mask_for("insult", Mask.WORDS, 0.7))
    app.run()
    app.switch_page("browse.py").run()
    rows = {row["id"]: row for row in listed(app)}
    assert rows[1]["text"] == "what a ▇▇▇▇▇ you are"
    assert rows[2]["masked"]  # no word of it is known, so all of it is masked
    assert reveals(app_services) == []


def test_a_severe_text_that_is_open_by_choice_is_noted_as_shown(app, app_services, fill):
    made = fill(Waiting("a severe one", scores=SEVERE))
    choose(app_services, masking=mask_for("toxic", Mask.OPEN))
    app.run()
    app.switch_page("browse.py").run()
    app.run()
    assert listed(app)[0]["text"] == "a severe one"
    assert reveals(app_services) == [made]


def test_screen_readers_hear_of_masks_and_not_of_what_is_masked():
    made = covered_html(1, "what a moron", [(7, 12)])
    assert "moron" not in made
    assert '<span class="m-cover" aria-hidden="true">▇▇▇▇▇</span><span class="m-aloud">masked</span>' in made
    long = covered_html(1, "x" * 4_000 + "secret", [])
    assert "secret" not in long


def test_not_today_is_chosen_kept_until_midnight_and_taken_off(app, app_services, fill):
    made = fill(Waiting("a", scores=SEVERE), Waiting("b"), Waiting("c", Lane.AUDIT, SEVERE))
    app.run()
    assert len(told(app)["items"]) == 3
    app.switch_page("preferences.py").run()
    app.pills(key="not_today").set_value(["threat"]).run()
    kept = app_services.preferences.get(ADA, NOT_TODAY)
    assert kept["labels"] == ["threat"]
    app.switch_page("queue.py").run()
    assert [entry[0] for entry in told(app)["order"]] == [made[2], made[1]]
    assert told(app)["preferences"]["see"]["notToday"] == ["threat"]
    app.switch_page("preferences.py").run()
    app.pills(key="not_today").set_value([]).run()
    assert app_services.preferences.get(ADA, NOT_TODAY) is None
    app.switch_page("queue.py").run()
    assert len(told(app)["order"]) == 3


def test_yesterdays_list_is_over(app, app_services, fill):
    fill(Waiting("a", scores=SEVERE))
    app_services.preferences.put(NOT_TODAY, NotToday(frozenset({"threat"}), 1_000.0).to_json(), by=ADA)
    app.run()
    assert len(told(app)["order"]) == 1
    app.switch_page("preferences.py").run()
    assert app.pills(key="not_today").value == []


def test_when_only_that_is_left_the_card_hears_it(app, app_services, fill):
    fill(Waiting("a", scores=SEVERE))
    far = NotToday(frozenset({"threat"}), 9e10)
    app_services.preferences.put(NOT_TODAY, far.to_json(), by=ADA)
    app.run()
    assert told(app)["elsewhere"]["unwished"]


def test_a_break_gives_the_claims_back_once_and_takes_none(app, app_services, fill):
    made = fill(*flagged(3))
    app.run()
    away = {"kind": "beat", "id": "b1", "have": [], "awake": True, "away": "first"}
    step = decide(made[0])
    data = report(app, step, away)
    assert data["answers"] == [{"id": step["id"], "ok": True}]
    assert (data["order"], data["items"], data["elsewhere"]) == ([], [], None)
    bob = local_person("Bob")
    assert [claim.comment_id for claim in app_services.review.take(bob, 1)] == [made[1]]
    report(app, away)
    back = report(app, {"kind": "beat", "id": "b2", "have": [], "awake": True})
    assert [entry[0] for entry in back["order"]] == [made[2]]


def test_choices_on_the_page_are_kept_and_taken_back(app, app_services):
    app.run()
    app.switch_page("preferences.py").run()
    app.selectbox(key="mask_insult_0").select(Mask.WORDS).run()
    app.number_input(key="mask_from_insult_0").set_value(0.7).run()
    app.selectbox(key="mask_unscored_0").select(Mask.WHOLE).run()
    app.number_input(key="break_minutes").set_value(25).run()
    app.toggle(key="mild_on").set_value(True).run()
    app.toggle(key="meter").set_value(True).run()
    assert not app.exception
    sight = Sight.parse(app_services.preferences.get(ADA, SEE))
    assert sight.masking.rules[4] == Rule(Mask.WORDS, 0.7)
    assert sight.masking.rules[0] == Rule(Mask.WHOLE, 0.98)
    assert (sight.masking.unscored, sight.breaks.minutes, sight.mild_after, sight.meter) == ("whole", 25, 3, True)
    app.button(key="mask_usual").click().run()
    sight = Sight.parse(app_services.preferences.get(ADA, SEE))
    assert (sight.masking, sight.breaks.minutes) == (Masking(), 25)
    assert app.selectbox(key="mask_insult_1").value is Mask.OPEN


def test_nothing_of_it_is_in_the_audit_trail(app, app_services):
    app.run()
    app.switch_page("preferences.py").run()
    app.pills(key="not_today").set_value(["threat"]).run()
    app.toggle(key="meter").set_value(True).run()
    with app_services.sessions.read() as session:
        assert AuditStore(session).read(TrailFilter(), limit=10) == []


def test_my_work_and_the_strip_tell_what_i_have_seen(app, app_services, fill):
    made = fill(*(Waiting(f"{k}", scores=SEVERE) for k in range(3)))
    app_services.review.take(ADA, 3)
    for comment_id in made[:2]:
        verdict = Verdict(uuid4(), comment_id, Outcome.REMOVE, (True,) * 6, seconds=90.0)
        app_services.review.decide(verdict, by=ADA)
    choose(app_services, meter=True)
    app.run()
    assert told(app)["seen"]["meter"] == {"severe": 2, "minutes": 3}
    assert told(app)["seen"]["severe"] == 2
    app.switch_page("my_work.py").run()
    assert not app.exception
    assert {one.label: one.value for one in app.metric}["Severe of them"] == "2"
    charts = [
        json.loads(found.proto.json) for found in app.get("bidi_component") if found.proto.component_name == "chart"
    ]
    assert all(chart["title"].endswith("?") for chart in charts)
    assert sum(chart["key"].startswith("exposure_") for chart in charts) == 3


def test_another_sees_their_own_and_nothing_of_mine(app, app_services, fill):
    made = fill(*flagged(1))
    app_services.review.take(ADA, 1)
    app_services.review.decide(Verdict(uuid4(), made[0], Outcome.REMOVE, (True,) * 6, seconds=9.0), by=ADA)
    app.session_state["person"] = "Lea"
    app.run()
    app.switch_page("my_work.py").run()
    assert "Nothing in the last seven days" in "".join(one.value for one in app.caption)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a.png ![x](https://example.org/b.png)",
        '<img src="https://example.org/c.png"><a href="https://example.org">x</a>',
        "[x](javascript:alert(1)) <iframe src=//example.org></iframe>",
    ],
)
def test_a_link_is_plain_text_and_nothing_of_it_is_fetched(app, fill, text):
    (made,) = fill(Waiting(text, scores=TOXIC))
    app.run()
    app.switch_page("browse.py").run()
    app.session_state["browse_open"] = made
    app.run()
    drawn = next(found.proto.body for found in app.get("html") if f'data-cid="{made}"' in found.proto.body)
    body = drawn.partition("</style>")[2]
    assert not any(f"<{tag}" in body for tag in ("img", "a ", "iframe", "link", "video", "script"))
    assert "example.org" in body or "javascript" in body  # as text
