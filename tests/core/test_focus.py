"""What somebody works on: filters, slices, and what blind comments never obey."""

from uuid import uuid4

import pytest

from core.accounts import Person, Role
from core.domain import Lane, Outcome
from core.errors import BadInput, Conflict
from core.focus import FOCUS, Chosen
from core.script import script_of
from core.trail import EVERYTHING as ALL
from core.verdict import Verdict
from core.work_filter import WorkFilter, parts_of
from db.models import CommentRow, RoutingRow
from tests.support.queue import CLEAN, TOXIC, Waiting, fill_queue

THREAT = (0.3, 0.1, 0.1, 0.8, 0.2, 0.1)
EVERYTHING = WorkFilter()


@pytest.fixture
def queue(services):
    """Toxic ones and a threat of one source, one of another in Cyrillic, blind ones of both."""
    made = fill_queue(services.sessions, [
        Waiting("rude", scores=TOXIC, priority=0.1),
        Waiting("I will find you", scores=THREAT, priority=0.2),
        Waiting("blind", lane=Lane.AUDIT, scores=CLEAN, priority=0.3),
    ])  # fmt: skip
    made += fill_queue(services.sessions, [
        Waiting("грубо", scores=TOXIC, priority=0.4),
        Waiting("blind too", lane=Lane.AUDIT, scores=CLEAN, priority=0.5),
    ], source="forum")  # fmt: skip
    with services.sessions.begin() as session:
        session.get(CommentRow, made[3]).script = script_of("грубо")
    return made


def focus_on(services, person, **chosen):
    return services.focuses.choose(Chosen(WorkFilter(**chosen)), by=person)


def taken(services, person, focus):
    return [claim.comment_id for claim in services.review.take(person, 40, within=focus.within)]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"labels": (3,)}, [2, 4, 1]),
        ({"labels": (0, 3), "sources": ("test",)}, [2, 0, 1]),
        ({"sources": ("forum",)}, [4, 3]),
        ({"scripts": ("cyrillic",)}, [3]),
        ({"scripts": ("latin",), "lanes": (Lane.FLAGGED,)}, [0, 1]),
        ({"lanes": (Lane.AUDIT,)}, [2, 4]),
        ({"score_label": 3, "low": 0.5, "high": 0.9, "lanes": (Lane.FLAGGED,)}, [1]),
        ({"low": 0.85, "lanes": (Lane.FLAGGED,)}, [0, 3]),
        ({"scripts": ("thai",)}, []),
    ],
)
def test_the_queue_gives_what_was_chosen_and_blind_ones_whatever_their_scores(services, ada, queue, chosen, expected):
    focus = focus_on(services, ada, **chosen)
    assert sorted(taken(services, ada, focus)) == sorted(queue[k] for k in expected)
    assert sum(services.focuses.waiting(focus, by=ada).values()) == len(expected)


def test_an_escalated_audit_comment_obeys_no_label_either(services, ada, queue):
    with services.sessions.begin() as session:
        row = session.get(RoutingRow, queue[2])
        row.lane = Lane.ESCALATED.value
    assert queue[2] in taken(services, ada, focus_on(services, ada, labels=(3,), lanes=(Lane.ESCALATED,)))


def test_a_choice_gives_back_what_is_outside_but_not_what_is_on_the_screen_or_held(services, ada, bob, queue):
    services.review.take(ada, 40)
    services.review.hold(ada, queue[0])
    focus = services.focuses.choose(Chosen(WorkFilter(sources=("forum",))), by=ada, keep=queue[1])
    mine = taken(services, ada, focus)
    assert set(mine) == {queue[0], queue[1], queue[3], queue[4]}
    assert taken(services, bob, services.focuses.of(bob, None)) == [queue[2]]
    services.focuses.choose(Chosen(), by=ada)
    services.review.skip(bob, queue[2])
    again = taken(services, ada, services.focuses.of(ada, services.preferences.get(ada, FOCUS)))
    assert queue[2] in again, "what a filter gave back was passed over by nobody"


def test_two_people_with_filters_never_get_the_same(services, ada, bob, queue):
    focus = focus_on(services, ada, labels=(0,), lanes=(Lane.FLAGGED,))
    assert taken(services, ada, focus) == [queue[0], queue[3]]
    assert taken(services, bob, focus) == []


def test_slices_are_what_their_people_get_until_they_go_beyond(services, ada, bob, queue):
    services.review.decide(Verdict(uuid4(), queue[1], Outcome.REMOVE), by=bob)
    made = services.slices.save("Forum", WorkFilter(sources=("forum",)), ["Bob"], by=ada, slice_id=None)
    focus = services.focuses.of(bob, None)
    assert [one.name for one in focus.slices] == ["Forum"]
    assert set(taken(services, bob, focus)) == {queue[3], queue[4]}
    narrow = focus_on(services, bob, lanes=(Lane.FLAGGED,))
    assert sum(services.focuses.waiting(narrow, by=bob).values()) == 1
    assert services.focuses.of(bob, Chosen(beyond=True).as_json()).within == ()
    services.slices.delete(made, by=ada)
    assert services.focuses.of(bob, None).within == (), "a deleted slice strands nobody"


def test_leads_see_what_waits_where_and_what_lies_in_no_slice(services, ada, bob, queue):
    services.review.claim(bob, 1)
    services.slices.save("Threats", WorkFilter(labels=(3,), lanes=(Lane.FLAGGED,)), ["Bob"], by=ada, slice_id=None)
    services.slices.save("Forum", WorkFilter(sources=("forum",)), [], by=ada, slice_id=None)
    forum, threats = services.slices.overview(by=ada)
    assert (forum.waiting, forum.people, threats.waiting, threats.people) == (2, (), 1, ("Bob",))
    piles = services.slices.outside(by=ada)
    assert {(pile.lane, pile.source, pile.many) for pile in piles} == {
        (Lane.FLAGGED, "test", 1), (Lane.AUDIT, "test", 1)
    }  # fmt: skip
    services.slices.save("All", EVERYTHING, [], by=ada, slice_id=None)
    assert services.slices.outside(by=ada) == []


def test_slices_refuse_bad_names_and_strangers_and_are_in_the_audit_trail(services, ada, queue):
    with pytest.raises(BadInput):
        services.slices.save("  ", EVERYTHING, [], by=ada, slice_id=None)
    with pytest.raises(BadInput, match="may not review"):
        services.slices.save("S", EVERYTHING, ["Nobody"], by=ada, slice_id=None)
    made = services.slices.save("S", WorkFilter(low=0.5), [], by=ada, slice_id=None)
    with pytest.raises(Conflict):
        services.slices.save("S", EVERYTHING, [], by=ada, slice_id=None)
    services.slices.save("S", EVERYTHING, [], by=ada, slice_id=made)
    services.slices.delete(made, by=ada)
    found = [event.what for event in services.trail.search(ALL, by=ada)]
    assert found[:3] == ["slice.deleted", "slice.changed", "slice.created"]


def test_a_disabled_person_works_nowhere_and_holds_nothing(services, queue):
    root = services.people.create_first("Root", "a long enough password")
    admin = root.person
    services.people.create("Cleo", [Role.MODERATOR], by=admin)
    cleo = Person("Cleo", frozenset({Role.MODERATOR}))
    services.slices.save("Forum", WorkFilter(sources=("forum",)), ["Cleo"], by=admin, slice_id=None)
    services.review.claim(cleo)
    services.review.hold(cleo, queue[0])
    services.people.disable("Cleo", by=admin)
    (seen,) = services.slices.overview(by=admin)
    assert (seen.people, seen.gone) == ((), ("Cleo",))
    assert len(services.review.take(admin, 40)) == 5
    services.slices.save("Forum", seen.filter, ["Cleo"], by=admin, slice_id=seen.id)


@pytest.mark.parametrize("value", [None, 3, [], "x", {"own": 4}, {"own": {"lanes": "flagged", "labels": [1, None, "x"],
    "low": "a", "high": float("nan"), "score_label": 7, "sources": ["", 3, "a" * 500]}, "beyond": 1}])  # fmt: skip
def test_any_json_is_some_choice(value):
    assert Chosen.parse(value) == Chosen()


def test_a_choice_survives_being_kept():
    chosen = Chosen(WorkFilter((Lane.AUDIT,), (1, 3), ("a", "b"), ("latin", "thai"), 2, 0.25, 0.75), beyond=True)
    assert Chosen.parse(chosen.as_json()) == chosen
    assert parts_of(chosen.own)[-1] == ("score", "Obscene 0.25 to 0.75")


@pytest.mark.parametrize(
    ("text", "script"),
    [("plain", None), ("", None), ("1234 !?", None), ("Это грубо, you", "cyrillic"), ("naïve café", None),
     ("これは漢字です", "kana"), ("漢字漢字", "han"), ("안녕", "hangul"), ("مرحبا", "arabic"), ("𝕿𝖍𝖎𝖘", None),
     ("🙂🙂", None), ("ሰላም", "other")],
)  # fmt: skip
def test_the_script_of_a_text(text, script):
    assert script_of(text) == script


def test_imports_bring_the_script(services, tmp_path, ada):
    file = tmp_path / "some.csv"
    file.write_text("id,text\n1,hello\n2,Это грубо\n", encoding="utf-8")
    services.intake.import_file(file, source="s", by=ada)
    with services.sessions.read() as session:
        assert [row.script for row in session.query(CommentRow).order_by(CommentRow.id)] == [None, "cyrillic"]
