"""Links to the originals: what a template may be, and that nothing but a page of the typed site can come of it."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts import Person, Role
from core.domain import Comment, Lane, now
from core.errors import BadInput, NotAllowed
from core.source_links import PREFIX, parse_template
from core.trail import TrailFilter
from tests.support.queue import Waiting, fill_queue

GOOD = "https://forum.example.org/t/{thread}/c/{id}"
LEAD = Person("Lea", frozenset({Role.LEAD}))


def comment(**values) -> Comment:
    known = {"external_id": "c 1/2", "thread": "t?x=1#y", "parent": None, "author": "Æ&b"} | values
    return Comment(1, "text", "0", "site", added_at=now(), **known)


def test_values_stand_percent_encoded_where_the_braces_were():
    template = parse_template(GOOD + "?by={author}")
    assert template.link_of(comment()) == "https://forum.example.org/t/t%3Fx%3D1%23y/c/c%201%2F2?by=%C3%86%26b"


@pytest.mark.parametrize("missing", [{"thread": None}, {"thread": ""}, {"external_id": ".."}, {"thread": "."}])
def test_without_a_value_there_is_no_link(missing):
    assert parse_template(GOOD).link_of(comment(**missing)) is None


def test_an_erased_comment_has_none():
    gone = Comment(1, "", "0", "site", "hash", now(), thread="t")
    assert parse_template(GOOD).link_of(gone) is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("javascript:alert({id})", "begins with https"),
        ("JaVaScRiPt://example.org/%0aalert(1)//{id}", "begins with https"),
        ("data:text/html,{id}", "begins with https"),
        ("vbscript:x{id}", "begins with https"),
        ("//example.org/{id}", "begins with https"),
        ("{id}", "begins with https"),
        ("{id}://example.org/", "begins with https"),
        ("ftp://example.org/{id}", "begins with https"),
        ("https://{author}.example.org/{id}", "begins with https"),
        ("https://example.org{id}", "never within it"),
        ("https://example.org:{id}/", "never within it"),
        ("https://somebody@example.org/{id}", "never within it"),
        ("https://:80/{id}", "no site called"),
        ("https://example.org:port/{id}", "no site called"),
        ("https://example.org/{ID}", "There is no placeholder {ID}"),
        ("https://example.org/{id}/{user.name}", "There is no placeholder {user.name}"),
        ("https://example.org/{id", "A brace is left open"),
        ("https://example.org/{{id}}", "A brace is left open"),
        ("https://example.org/", "every comment has the same link"),
        ("https://example.org/a b/{id}", "no blanks"),
        ("https://example.org/\\{id}", "no blanks"),
        ('https://example.org/"onclick=x/{id}', "no blanks"),
        ("https://example.org/\u202e{id}", "no blanks"),
        ("https://example.org/" + "x" * 500 + "{id}", "at most 500"),
    ],
)
def test_what_is_no_link_to_a_comment_is_refused_with_the_reason(words, why):
    with pytest.raises(BadInput) as refused:
        parse_template(words)
    assert why in str(refused.value)


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_words_and_no_values_make_anything_but_a_page_of_the_typed_site(words, value):
    values = {"external_id": value, "thread": value, "parent": value, "author": value}
    for typed in (words, f"https://example.org/{words}{{id}}", f"https://example.org{words}?{{author}}"):
        try:
            template = parse_template(typed)
        except BadInput:
            continue
        link = template.link_of(comment(**values))
        if link is None:
            continue
        assert urlsplit(link).scheme in ("http", "https")
        assert urlsplit(link).netloc == urlsplit(template.origin).netloc
        assert template.origin.lower() == typed.strip()[: len(template.origin)].lower()


def test_a_lead_sets_it_and_the_audit_trail_has_it(services, ada):
    fill_queue(services.sessions, [Waiting("a", thread="5")])
    services.source_links.put("test", GOOD, by=LEAD)
    services.source_links.put("other % _", GOOD, by=LEAD)
    assert {source: one.words for source, one in services.source_links.all().items()} == {
        "test": GOOD, "other % _": GOOD
    }  # fmt: skip
    assert services.source_links.example("test") == "https://forum.example.org/t/5/c/c1"
    (item,) = services.review.claim(ada)
    assert item.link == services.browse.history(item.comment.id).link == "https://forum.example.org/t/5/c/c1"
    services.source_links.put("test", "  ", by=LEAD)
    assert set(services.source_links.all()) == {"other % _"}
    events = [one for one in services.trail.search(TrailFilter(), by=ada) if one.subject == PREFIX + "test"]
    assert [one.details["now"] for one in events] == [None, GOOD]


def test_whoever_may_not_is_refused_and_bad_words_change_nothing(sqlite_services):
    with pytest.raises(NotAllowed):
        sqlite_services.source_links.put("test", GOOD, by=Person("Mo", frozenset({Role.MODERATOR})))
    with pytest.raises(BadInput):
        sqlite_services.source_links.put("test", "javascript:alert(1)", by=LEAD)
    assert sqlite_services.source_links.all() == {}


@pytest.mark.parametrize("kept", ["javascript:alert({id})", 7, ["x"], None])
def test_what_stands_in_the_database_is_checked_as_well(sqlite_services, kept):
    sqlite_services.site_settings.put(PREFIX + "test", kept, by=LEAD)
    (made,) = fill_queue(sqlite_services.sessions, [Waiting("a")])
    assert sqlite_services.source_links.all() == {}
    assert sqlite_services.browse.history(made).link is None


def test_while_a_text_waits_blind_its_history_has_no_link(sqlite_services):
    sqlite_services.source_links.put("test", "https://example.org/{id}", by=LEAD)
    made = fill_queue(sqlite_services.sessions, [Waiting("same", Lane.AUDIT), Waiting("same"), Waiting("other")])
    assert [bool(sqlite_services.browse.history(i).link) for i in made] == [False, False, True]
