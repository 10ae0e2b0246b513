"""The Privacy page: nothing is erased by a slip; what is typed is erased, kept for so long, or named by pseudonym."""

import pytest
from sqlalchemy import select

from core.domain import NewComment
from core.privacy.service import Retention
from db.models import CommentRow


@pytest.fixture
def page(app, app_services):
    app_services.intake.add([NewComment(f"text {n}", "site", str(n), author="Jane") for n in range(3)])
    app_services.intake.add([NewComment("other", "site", "o", author="Joe")])
    app.run()
    app.switch_page("privacy.py").run()
    assert not app.exception
    return app


def body(page) -> str:
    return " ".join(str(html.proto.body) for html in page.get("html"))


def texts(services) -> list[str]:
    while services.privacy.eraser.work():
        pass
    with services.sessions.read() as session:
        return list(session.scalars(select(CommentRow.text).order_by(CommentRow.id)))


def test_an_author_is_erased_after_the_word_is_typed(page, app_services):
    page.text_input(key="privacy_author").set_value("Jane").run()
    assert [metric.value for metric in page.metric][:1] == ["3"]
    page.button(key="erase_author").click().run()
    assert "type “erase” first" in body(page)
    assert texts(app_services) == ["text 0", "text 1", "text 2", "other"]
    page.text_input(key="confirm_author").set_value("Erase")
    page.button(key="erase_author").click().run()
    assert "Erasure 1 has begun" in body(page)
    assert texts(app_services) == ["", "", "", "other"]
    page.run()
    assert not page.exception
    assert page.dataframe[-1].value["Comments"].tolist() == [3]


def test_one_comment_is_erased_by_its_number(page, app_services):
    page.number_input(key="privacy_comment").set_value(77).run()
    assert "no comment 77" in body(page)
    page.number_input(key="privacy_comment").set_value(4).run()
    page.text_input(key="confirm_comment").set_value("erase")
    page.button(key="erase_comment").click().run()
    assert texts(app_services)[3] == ""


def test_how_long_texts_are_kept_is_saved(page, app_services):
    page.number_input(key="retention_days").set_value(30).run()
    page.checkbox(key="retention_golden").uncheck().run()
    page.button(key="retention_save").click().run()
    assert not page.exception
    assert app_services.privacy.retention() == Retention(30, {}, spare_golden=False)


def test_authors_by_pseudonym(page, app_services):
    page.button(key="pseudonyms_on").click().run()
    assert not page.exception
    assert app_services.privacy.pseudonyms()
    page.button(key="pseudonyms_off").click().run()
    assert not app_services.privacy.pseudonyms()
