"""Full-text search: any string is a query, the index follows, and what is found is right on both databases."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from core.browse import Filter
from core.domain import NewComment
from db.stores.search import Term, parse

TEXTS = [
    "The quick brown fox",
    "A quick red fox jumps",
    "quick brown dogs sleep",
    "Ünïcode wörds with naïve café",
    "it's 100% rock'n'roll - isn't it? (yes) AND OR NOT NEAR",
]


@pytest.fixture
def found(services):
    """Texts that a query finds, newest first."""
    services.intake.add([NewComment(text, "t", str(i)) for i, text in enumerate(TEXTS)])
    services.search_index.catch_up()
    return lambda query: [item.text for item in services.browse.search(Filter(text=query)).items]


def test_words_phrases_beginnings_and_exclusions(found):
    assert found("quick fox") == [TEXTS[1], TEXTS[0]]
    assert found('"quick brown"') == [TEXTS[2], TEXTS[0]]
    assert found("qui* jump*") == [TEXTS[1]]
    assert found("quick -fox") == [TEXTS[2]]
    assert found('quick -"red fox" -dogs') == [TEXTS[0]]
    assert found("-quick") == [TEXTS[4], TEXTS[3]]
    assert found("QUICK Brown FOX") == [TEXTS[0]]
    assert found("wörds") == [TEXTS[3]]


@pytest.mark.parametrize("query", ["AND", "not near", '"rock n roll"', "text:it", "OR it's", "100%"])
def test_what_looks_like_syntax_is_words(found, query):
    assert found(query) == ([TEXTS[4]] if ":" not in query else [])


@pytest.mark.parametrize("query", ["!!!", '"', "-", "*", '""', "-*"])
def test_a_query_without_words_finds_nothing(found, query):
    assert found(query) == []


ODD = st.text(st.sampled_from("ab \"'*-():^{}+&|!<>\\%_\x00\ud800\u202eé漢²ª0~,;:"), max_size=30) | st.text(max_size=60)


@hypothesis(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(query=ODD)
def test_no_query_fails(found, query):
    assert set(found(query)) <= set(TEXTS)


def test_a_very_long_query_is_cut(found):
    assert found("quick " * 10_000) == TEXTS[:3][::-1]


@given(ODD)
def test_terms_hold_letters_and_digits_alone(query):
    for term in parse(query):
        assert term.words
        assert all(character.isalnum() for word in term.words for character in word)


def test_parse():
    assert parse('good "bad luck" -ugly hop*') == [
        Term(("good",)),
        Term(("bad", "luck")),
        Term(("ugly",), exclude=True),
        Term(("hop",), prefix=True),
    ]


def test_the_index_follows_in_steps(sqlite_services):
    sqlite_services.intake.add([NewComment(f"word{i}", "t", str(i)) for i in range(1200)])
    browse, index = sqlite_services.browse, sqlite_services.search_index
    assert index.behind() == 1200
    assert browse.search(Filter(text="word7")).not_searchable == 1200
    assert index.catch_up() == 1200
    assert index.catch_up() == 0
    assert [item.text for item in browse.search(Filter(text="word7")).items] == ["word7"]
    sqlite_services.intake.add([NewComment("later", "t", "later")])
    assert index.catch_up() == 1


def test_postgresql_is_never_behind(services):
    if services.search_index.is_needed:
        pytest.skip("SQLite follows in steps")
    services.intake.add([NewComment("word", "t", "1")])
    assert services.search_index.behind() == 0
    assert services.search_index.catch_up() == 0
