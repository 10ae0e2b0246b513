"""The Data page: upload, mapping, import in the background, report."""

import time

import pytest

from core.accounts import local_person
from core.domain import NewComment
from pages.shared import uploads
from tests.support.databases import on_both


@pytest.fixture
def data(app):
    app.run()
    return app.switch_page("data.py").run()


def give(page, content, name="site.csv"):
    page.file_uploader(key="import_file").upload(name, content, "text/csv").run()
    return page


def html(page):
    return "\n".join(element.proto.body for element in page.get("html"))


def finish(page):
    page.button(key="import_start").click().run()
    assert page.session_state["import_job"].wait(20)
    time.sleep(0.05)
    return page.run()


@on_both
def test_a_file_is_previewed_and_imported(data, app_services):
    give(data, b"id,text,author\n1,hello,x\n2,,y\n3,thanks,z\n")
    assert list(data.dataframe[0].value.columns) == ["id", "text", "author"]
    page = finish(data)
    assert "2 added, 0 known before, 1 left out" in html(page)
    assert page.get("download_button")
    run = app_services.intake.list_imports()[0]
    assert (run.source, run.person, run.added) == ("site.csv", "Ada", 2)
    assert page.dataframe[-1].value["Added"].tolist() == [2]


def test_columns_are_mapped_by_hand(data, app_services):
    give(data, b"nr,tweet,author\n1,hello,x\n")
    assert data.button(key="import_start").disabled
    names = {box.label: box for box in data.selectbox}
    assert names["Author"].value == "author"
    names["Text"].set_value("tweet").run()
    {box.label: box for box in data.selectbox}["Id"].set_value("nr").run()
    finish(data)
    assert app_services.intake.list_imports()[0].added == 1


def test_golden_items_need_labels(data, app_services):
    give(data, b"text,toxic\nhello,1\n")
    assert data.toggle(key="import_golden").disabled
    labels = b"toxic,severe_toxic,obscene,threat,insult,identity_hate"
    give(data, b"text," + labels + b"\nhello,1,0,0,0,0,0\n", "gold.csv")
    data.toggle(key="import_golden").set_value(True).run()
    finish(data)
    assert app_services.intake.list_imports()[0].added == 1


def test_a_file_that_is_no_table_is_refused_in_words(data):
    for content, says in ((b"PK\x03\x04", "zip"), (b"", "empty")):
        assert says in html(give(data, content, f"{says}.csv"))
    assert not [button for button in data.button if button.key == "import_start"]


def test_names_in_a_file_are_never_interpreted(data):
    give(data, b"![x](http://evil.test/a.png),<script>,text\na,b,c\n", "<b>.csv")
    page = finish(data)
    assert "&lt;b&gt;.csv" in html(page)
    assert not any("evil.test" in element.value for element in page.markdown)


def test_an_upload_over_the_limit_is_refused_by_the_server_too(app, monkeypatch):
    monkeypatch.setenv("MODERATO_MAX_UPLOAD_MB", "1")
    app.run()
    page = give(app.switch_page("data.py").run(), b"text\n" + b"x" * (1 << 20))
    assert "at most 1 MB" in html(page)


def test_old_uploads_are_removed(data, app_services, monkeypatch):
    give(data, b"text\na\n")
    folder = app_services.settings.data_dir / "uploads"
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(uploads, "_KEPT_SECONDS", -1)
    give(data, b"text\nb\n", "b.csv")
    assert len(list(folder.iterdir())) == 1


def test_an_interrupted_import_says_so(data, app_services, monkeypatch):
    monkeypatch.setattr("pages.shared.import_panel._SILENT_SECONDS", -1)
    app_services.intake.add([NewComment("a", "s", "1")])
    app_services.intake._start("half.csv", "half.csv", local_person("Bob"))
    assert data.run().dataframe[-1].value["State"].tolist() == ["interrupted at 0%: import it again"]
