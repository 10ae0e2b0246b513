"""Guidelines: versions that only grow, conflicts that lose nothing, and which version a decision was made under."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import exc, select, text

from core.accounts import Person, Role
from core.domain import Outcome, now
from core.errors import BadInput, Conflict, NotAllowed, NotFound
from core.guideline_text import Block, BlockKind, Change, blocks, compare, written
from core.guidelines import MOST_LINE, MOST_TEXT, TOPICS, Draft, Guidelines
from core.verdict import Verdict
from db.people_models import AuditEventRow
from tests.support.queue import fill_queue, flagged

LEAD = Person("Lea", frozenset({Role.LEAD}))
MODERATOR = Person("Mo", frozenset({Role.MODERATOR}))


def draft(on: int, words: str = "Only what is meant", topic: str = "threat") -> Draft:
    return Draft(topic, words, f"{words}.\n\n- A point", "It was unclear", on)


def test_each_topic_ships_a_first_version_that_nobody_wrote(services):
    shipped = services.guidelines.in_force(by=MODERATOR)
    assert tuple(shipped) == TOPICS
    for one in shipped.values():
        assert (one.version, one.person) == (1, None)
        assert 40 < len(one.line) <= MOST_LINE
        assert 400 < len(one.text) <= MOST_TEXT
        assert {block.kind for block in blocks(one.text)} >= {BlockKind.HEADING, BlockKind.POINT}
    Guidelines(services.sessions).ensure_shipped()
    assert [one.version for one in services.guidelines.list_of("threat", by=MODERATOR)] == [1]


def test_a_new_version_is_in_force_and_the_old_ones_stay(services):
    made = services.guidelines.save(draft(1), by=LEAD)
    assert (made.version, made.person, made.reason) == (2, "Lea", "It was unclear")
    assert services.guidelines.in_force(by=MODERATOR)["threat"].line == "Only what is meant"
    assert [one.version for one in services.guidelines.list_of("threat", by=MODERATOR)] == [2, 1]
    back = services.guidelines.restore("threat", 1, on=2, by=LEAD)
    first = services.guidelines.list_of("threat", by=LEAD)[-1]
    assert (back.version, back.restored, back.text, back.line) == (3, 1, first.text, first.line)
    with pytest.raises(exc.DBAPIError, match="append-only"), services.sessions.begin() as session:
        session.execute(text("UPDATE guideline SET text = 'other'"))


def test_who_was_overtaken_is_told_by_whom_and_nothing_is_saved(services):
    services.guidelines.save(draft(1), by=LEAD)
    with pytest.raises(Conflict, match=r"Lea saved version 2 .* on version 1. Nothing was saved"):
        services.guidelines.save(draft(1, "Another"), by=LEAD)
    with pytest.raises(Conflict):
        services.guidelines.restore("threat", 1, on=1, by=LEAD)
    assert services.guidelines.save(draft(2, "Another"), by=LEAD).version == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Draft("threat", " ", "text", "why", 1), "line for the card is missing"),
        (Draft("threat", "line", "\n", "why", 1), "guideline is empty"),
        (Draft("threat", "line", "text", "", 1), "Say why it changes"),
        (Draft("threat", "x" * (MOST_LINE + 1), "text", "why", 1), "161 characters, and 160 is the most"),
        (Draft("threat", "line", "x" * (MOST_TEXT + 1), "why", 1), "8,001 characters"),
    ],
)
def test_what_cannot_be_a_guideline_is_named(sqlite_services, wrong, words):
    with pytest.raises(BadInput, match=words):
        sqlite_services.guidelines.save(wrong, by=LEAD)


def test_what_is_not_there_or_changes_nothing(sqlite_services):
    guidelines = sqlite_services.guidelines
    with pytest.raises(NotFound, match="no guideline on 'other'"):
        guidelines.list_of("other", by=LEAD)
    with pytest.raises(NotFound, match="has no version 7"):
        guidelines.restore("threat", 7, on=1, by=LEAD)
    with pytest.raises(BadInput, match="what version 1 says already"):
        guidelines.restore("threat", 1, on=1, by=LEAD)
    with pytest.raises(NotAllowed):
        guidelines.save(draft(1), by=MODERATOR)


def test_the_trail_tells_who_and_which_version_but_no_words(services):
    services.guidelines.save(draft(1), by=LEAD)
    services.guidelines.restore("threat", 1, on=2, by=LEAD)
    with services.sessions.read() as session:
        found = select(AuditEventRow).where(AuditEventRow.what == "guideline.saved").order_by(AuditEventRow.id)
        told = [(row.person, row.subject, row.details) for row in session.scalars(found)]
    assert told == [("Lea", "threat", {"version": 2}), ("Lea", "threat", {"version": 3, "restored": 1})]


def test_odd_letters_are_kept_as_they_can_be(services):
    odd = Draft("threat", "a\0b\nc", "x\0y\r\nz\ud800", "why\nnot", 1)
    made = services.guidelines.save(odd, by=LEAD)
    kept = services.guidelines.list_of("threat", by=LEAD)[0]
    assert (kept.line, kept.text, kept.reason) == ("a\ufffdb c", "x\ufffdy\nz\ufffd", "why not")
    assert kept.version == made.version == 2


def test_a_decision_tells_which_versions_were_in_force(services, ada, bob):
    one, two = fill_queue(services.sessions, flagged(2))
    flags = (False, False, False, True, False, False)
    services.review.decide(Verdict(uuid4(), one, Outcome.REMOVE, flags), by=ada)
    services.guidelines.save(draft(1), by=LEAD)
    services.review.decide(Verdict(uuid4(), two, Outcome.REMOVE, flags), by=ada)

    def told(comment_id, person):
        events = services.browse.seen_by(person).history(comment_id).events
        return next(event.what for event in events if event.kind == "decided")

    assert told(one, ada).endswith("; guidelines in force: General 1, Threat 1")
    assert told(two, ada).endswith("; guidelines in force: General 1, Threat 2")
    assert told(two, MODERATOR) == "Decided", "labels of others, which the guidelines would tell, are not shown"


def test_before_there_were_guidelines_none_was_in_force(sqlite_services, ada):
    (one,) = fill_queue(sqlite_services.sessions, flagged(1))
    early = type(sqlite_services.review)(
        sqlite_services.sessions, sqlite_services.settings, clock=lambda: now() - timedelta(days=900)
    )
    early.decide(Verdict(uuid4(), one, Outcome.APPROVE), by=ada)
    what = [event.what for event in sqlite_services.browse.seen_by(ada).history(one).events if event.kind == "decided"]
    assert len(what) == 1
    assert "guideline" not in what[0]


def test_text_is_read_as_headings_points_and_paragraphs():
    text = "# Counts\n- one\n-two\nand more\n\n\n  last <b>*one*</b>  \r\n# "
    assert blocks(text) == [
        Block(BlockKind.HEADING, "Counts"), Block(BlockKind.POINT, "one -two and more"),
        Block(BlockKind.TEXT, "last <b>*one*</b> #"),
    ]  # fmt: skip
    assert written(blocks(text)) == "# Counts\n- one -two and more\n\nlast <b>*one*</b> #"
    assert blocks("") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("one two\nthree", "one 2\nthree\nfour"),
        ("", "x"),
        ("x", ""),
        ("same", "same"),
        ("a\n\nb", "b\n\na"),
        ("🙂", ""),
    ],
)
def test_the_pieces_of_a_comparison_make_both_texts(old, new):
    pieces = compare(old, new)
    assert "".join(piece.text for piece in pieces if piece.change is not Change.ADDED) == old
    assert "".join(piece.text for piece in pieces if piece.change is not Change.REMOVED) == new


def test_words_are_compared_within_a_line():
    changed = [piece for piece in compare("It is one thing", "It is another thing") if piece.change is not Change.SAME]
    assert [(piece.change, piece.text) for piece in changed] == [(Change.REMOVED, "one"), (Change.ADDED, "another")]
