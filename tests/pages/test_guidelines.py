"""The Guidelines page: read by everybody, written by leads, nothing typed is lost, nothing in it is interpreted."""

import pytest

from core.accounts import Person, Role
from core.guidelines import Draft
from tests.support.databases import on_both

ATTACK = "![x](http://evil.test/x.png) <b>bold</b> :red[hello] \u202egnihton"


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("guidelines.py").run()


@pytest.fixture
def as_role(monkeypatch, page):
    """The page as somebody with this role alone."""

    def show(role):
        person = Person("Ada", frozenset({role}))
        monkeypatch.setattr("pages.shared.access.current_person", lambda: person)
        return page.run()

    return show


def html(page) -> str:
    return "".join(found.proto.body for found in page.get("html"))


def edit(page, topic="threat"):
    page.get("button_group")[0].set_value(topic)
    page.run()
    return page.button(key="guideline_edit").click().run()


def by_bob(services, on=1, words="Bob's line"):
    lead = Person("Bob", frozenset({Role.LEAD}))
    return services.guidelines.save(Draft("threat", words, f"{words}\n\n- his point", "his reason", on), by=lead)


@on_both
def test_a_lead_writes_a_version_and_everybody_reads_it(app_services, page):
    assert "shipped with Moderato" in html(page)
    edit(page)
    page.text_input(key="guideline_line_threat").set_value("A new line")
    page.text_area(key="guideline_text_threat").set_value("# Counts\n- this\n\n" + ATTACK)
    page.text_input(key="guideline_why_threat").set_value("It was unclear")
    page.button(key="guideline_save").click().run()
    assert not page.exception
    assert "Version 2 is in force now" in page.success[0].value
    shown = html(page)
    assert '<div class="line">A new line</div>' in shown
    assert "<ul><li>this</li></ul>" in shown
    assert "![x](http://evil.test/x.png) &lt;b&gt;bold&lt;/b&gt; :red[hello] <span" in shown
    assert "U+202E" in shown
    assert "Ada · " in shown
    assert "It was unclear" in shown
    assert app_services.guidelines.list_of("threat", by=Person("Ada", frozenset({Role.LEAD})))[0].line == "A new line"


def test_only_leads_are_offered_to_write(as_role):
    for role in (Role.MODERATOR, Role.ANALYST, Role.ADMIN):
        page = as_role(role)
        assert not page.exception
        assert "Version 1" in html(page)
        assert not [button for button in page.button if button.key == "guideline_edit"]
    assert [button for button in as_role(Role.LEAD).button if button.key == "guideline_edit"]


def test_what_is_wrong_is_said_and_what_was_typed_stays(page):
    edit(page)
    page.text_area(key="guideline_text_threat").set_value("My long work")
    page.button(key="guideline_save").click().run()
    assert "Say why it changes" in html(page)
    assert page.text_area(key="guideline_text_threat").value == "My long work"
    page.switch_page("browse.py").run()
    page.switch_page("guidelines.py").run()
    page.get("button_group")[0].set_value("threat")
    assert page.run().text_area(key="guideline_text_threat").value == "My long work"


def test_whoever_was_overtaken_compares_and_saves_on_top(app_services, page):
    edit(page)
    page.text_area(key="guideline_text_threat").set_value("My long work")
    page.text_input(key="guideline_why_threat").set_value("why")
    by_bob(app_services)
    page.button(key="guideline_save").click().run()
    assert "Bob saved version 2" in html(page)
    assert "Nothing was saved" in html(page)
    assert "<del>Bob&#x27;s" in html(page)
    assert page.text_area(key="guideline_text_threat").value == "My long work"
    page.button(key="guideline_on_top").click().run()
    assert not page.exception
    assert "Version 3 is in force now" in page.success[0].value
    newest = app_services.guidelines.list_of("threat", by=Person("Ada", frozenset({Role.LEAD})))[0]
    assert (newest.version, newest.person, newest.text) == (3, "Ada", "My long work")


def test_theirs_can_be_taken(app_services, page):
    edit(page)
    page.text_area(key="guideline_text_threat").set_value("My long work")
    by_bob(app_services)
    page.run().button(key="guideline_theirs").click().run()
    assert "<li>his point</li>" in html(page)
    page.button(key="guideline_edit").click().run()
    assert page.text_area(key="guideline_text_threat").value == "Bob's line\n\n- his point"


def test_versions_are_compared_and_put_in_force_again(app_services, page):
    by_bob(app_services)
    by_bob(app_services, 2, "Bob's second line")
    page.get("button_group")[0].set_value("threat")
    page.run()
    assert "<ins>second </ins>" in html(page), "the newest beside the one before it"
    page.selectbox(key="guideline_version_threat").set_value(1).run()
    page.button(key="guideline_restore").click().run()
    assert not page.exception
    assert "Version 4 is in force now" in page.success[0].value
    versions = app_services.guidelines.list_of("threat", by=Person("Ada", frozenset({Role.LEAD})))
    assert (versions[0].restored, versions[0].text) == (1, versions[-1].text)


def test_the_address_chooses_the_label(app):
    app.query_params["topic"] = "insult"
    app.run()
    page = app.switch_page("guidelines.py").run()
    assert "it attacks them, not what they said" in html(page)
