"""My work and the Agreement page: one's own questions and agreement, the team's, and how often golden items come."""

from uuid import uuid4

from core.accounts import Person, Role, local_person
from core.golden_mix import Mix
from core.wellbeing.choices import SEE, Sight
from core.wellbeing.masking import Mask, Masking, Rule
from tests.core.test_own_agreement import answer
from tests.core.test_review import remove
from tests.support.queue import fill_queue, flagged

ADA, LENA = local_person("Ada"), local_person("Lena")


def page_html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def words(app) -> str:
    return "\n".join(one.value for kind in ("markdown", "caption", "text", "success") for one in app.get(kind))


def test_my_work_shows_own_questions_and_takes_one_back(app, app_services):
    waits, done = fill_queue(app_services.sessions, flagged(2))
    app_services.review.claim(ADA)
    for number in (waits, done):
        app_services.questions.ask(number, f"Why <b>{number}</b>?", by=ADA, client_id=uuid4())
    app_services.review.take(LENA, 5)
    app_services.review.decide(remove(done, answer="An insult."), by=LENA)
    app.run()
    app.switch_page("my_work.py").run()
    assert not app.exception
    assert "1 question waits for an answer." in words(app)
    assert "Removed: Toxic" in words(app)
    assert "Lena answered:" in words(app)
    assert "Why &lt;b&gt;" in page_html(app)
    assert "Comment number 0" not in page_html(app), "as masked as the worst, while nobody has decided"
    next(one for one in app.button if one.key.startswith(f"reveal_{waits}_asked_")).click().run()
    assert "Comment number 0" in page_html(app)
    next(one for one in app.button if one.key.startswith("unask_")).click().run()
    assert not app.exception
    assert [one.taken_back for one in app_services.questions.mine(ADA) if one.comment_id == waits] == [True]


def test_my_work_shows_own_agreement_and_nobody_elses(app, app_services):
    answer(app_services, {"Ada": 25, "Bob": 20}, wrong=2)
    app_services.preferences.put(SEE, Sight(Masking((Rule(Mask.WHOLE),) * 6)).to_json(), by=ADA)
    app.run()
    app.switch_page("my_work.py").run()
    assert not app.exception
    assert "25 items." in words(app)
    assert "92.0%<small>" in page_html(app)
    assert page_html(app).count("Known answer: <b>Toxic</b>") == 2
    assert "Bob" not in page_html(app) + words(app)
    assert page_html(app).count("Masked comment") == 2, "the texts of those that differ are as masked as everywhere"


def test_a_lead_sets_the_rate_on_the_agreement_page(app, app_services):
    app.run()
    app.switch_page("agreement.py").run()
    assert "No number yet" in words(app)
    app.toggle(key="golden_on").set_value(True).run()
    app.number_input(key="golden_every").set_value(40).run()
    app.button(key="golden_save").click().run()
    assert not app.exception
    assert app_services.golden_mix.get() == Mix(every=40)
    assert "Saved." in words(app)


def test_the_teams_number_is_for_analysts_too_but_not_the_rate(app, app_services, monkeypatch):
    analyst = Person("Ana", frozenset({Role.ANALYST}))
    monkeypatch.setattr("pages.shared.access.current_person", lambda: analyst)
    answer(app_services, {"Ada": 20, "Bob": 20, "Cleo": 20})
    app.run()
    app.switch_page("agreement.py").run()
    assert not app.exception
    assert not [one for one in app.toggle if one.key == "golden_on"]
    assert not any(name in page_html(app) + words(app) for name in ("Ada", "Bob", "Cleo"))
