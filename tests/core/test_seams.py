"""All of review at once and at random: every lane, removal without review, new policies and models, shadows, undo."""

import random
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import func, select, update

from core.accounts import Role
from core.automatic import Beside
from core.domain import BANDS, BLIND_LANES, NO_DAY, OTHERS_LANES, Lane, Outcome, RoutingState, Stage, now
from core.errors import BadInput, Conflict, NotFound
from core.keys import Scope
from core.label_errors import Origin, Suspect
from core.labels import LABELS
from core.metrics.service import Days, Metrics, View
from core.registry import _make_live
from core.shadow_worker import ShadowWorker
from core.text import text_hash
from core.verdict import Verdict
from core.worker import ScoringWorker
from db.models import (
    ClaimRow,
    CommentRow,
    DecisionRow,
    GoldenRow,
    ModelVersionRow,
    RoutingRow,
    ScoreRow,
    StratumRow,
    TrafficRow,
)
from db.stores.datasets import DatasetStore, Filters
from db.stores.registry import RegistryStore
from db.stores.shadow import ShadowStore
from pages.shared.review_card.payload import item_json
from tests.support.programs import send
from tests.support.scoring import FakeModels, FakeScorer, add_comments

EVER = Days(0, 100_000)
MODELS = ("quick", "slow", "third")
STEPS = 250


class Column(FakeScorer):
    """Reads its own of the numbers that a text begins with."""

    def __init__(self, name, at):
        super().__init__(name)
        self.at = at

    def _read(self, text):
        return float(text.split()[self.at])


class Site:
    """A site with three people, three models, and one worker of each kind; `step` does something at random."""

    def __init__(self, services, people, seed):
        self.services, self.people, self.random = services, people, random.Random(seed)
        self.lead = people[0]
        self.acts = []  # (person, client id) of key presses, to undo
        self.cards = {}  # by person and comment: what was last on a screen
        self.numbers = 0
        self.talk = []  # (what takes it back, person, client id) of questions and answers
        scopes = {"bot": Scope.SUGGEST, "forum": Scope.TRUSTED}
        self.keys = [services.keys.create(name, [scope], by=people[0])[0] for name, scope in scopes.items()]
        self._policy(remove=None)
        scorers = [Column(name, at) for at, name in enumerate(MODELS)]
        with services.sessions.begin() as session:
            session.execute(update(ModelVersionRow).values(stage=Stage.RETIRED))
            for name in MODELS:
                session.add(
                    ModelVersionRow(
                        name=name, kind="fake", path="nowhere", sha256="", stage=Stage.CHALLENGER, metrics={},
                        created_at=now(),
                    )
                )  # fmt: skip
        self._live("quick")
        models = FakeModels(services.sessions, *scorers)
        self.workers = [ScoringWorker(services.sessions, services.settings, models, f"w{at}") for at in range(2)]
        by_name = {scorer.name: scorer for scorer in scorers}
        self.shadow_worker = ShadowWorker(services.sessions, services.settings, lambda v: by_name[v.name], "s")
        self.shadow()
        for act in (self.comments, self.score, self.shadow_score) * 2:
            act()

    def step(self):
        weights = {
            "comments": 4, "score": 6, "shadow_score": 6, "decide": 30, "decide_late": 6, "identical": 4, "undo": 6,
            "skip": 2, "hold": 1, "recheck": 2, "send": 2, "policy": 1, "model": 1, "shadow": 2, "withdraw": 0.3,
            "suggest": 3, "ask": 2, "answer": 3, "unsay": 1,
        }  # fmt: skip
        (name,) = self.random.choices(list(weights), list(weights.values()))
        with suppress(Conflict, NotFound):  # said to the person; nothing may have changed
            getattr(self, name)()
        return name

    def comments(self):
        for _ in range(3):
            self._add()

    def _add(self):
        numbers = [self.random.choice(("0.01", "0.1", "0.3", "0.6", "0.9", "0.97")) for _ in range(3)]
        if self.random.random() < 0.6:  # models mostly agree
            numbers = [numbers[0]] * 3
        self.numbers += 1
        text = " ".join([*numbers, f"number {self.numbers}"])
        copies = self.random.choice((1, 1, 1, 4))
        add_comments(self.services.sessions, [text] * copies, golden=self.random.random() < 0.05)

    def score(self):
        while self.random.choice(self.workers).score_waiting():
            pass
        after = 0
        while after is not None:
            after = self.services.policies.reroute_open(after=after)

    def shadow_score(self):
        while self.shadow_worker.score_some():
            pass

    def decide(self):
        person, items = self._items()
        if items:
            item = self.random.choice(items)
            outcome = self.random.choices(list(Outcome), (5, 4, 1))[0]
            self._press(person, self.services.review.decide, self._verdict(item, outcome))

    def decide_late(self):
        """From a card that has stood on a screen for long."""
        if self.cards:
            (person, _), item = self.random.choice(list(self.cards.items())[-60:])
            verdict = self._verdict(item, Outcome.APPROVE)
            made = self.services.review.decide(verdict, by=person)
            self.acts.append((person, verdict.client_id))
            assert item.blind or not made.blind, f"{item.comment.id}: scores were shown, and it counts as blind"

    def identical(self):
        person, items = self._items()
        if items:
            item = self.random.choice(items)
            try:
                self._press(person, self.services.review.settle_identical, self._verdict(item, Outcome.REMOVE))
            except BadInput:
                assert item.blind

    def undo(self):
        person, target = self.random.choice(self.acts[-20:] or [(self.lead, None)])
        self.services.review.undo(person, uuid4(), self.random.choice((target, None)))

    def skip(self):
        person, items = self._items()
        if items:
            self.services.review.skip(person, self.random.choice(items).comment.id)

    def hold(self):
        person, items = self._items()
        if items:
            self.services.review.hold(person, self.random.choice(items).comment.id)

    def recheck(self):
        found = self.services.label_errors.decided()
        picked = self.random.sample(found, min(2, len(found)))
        items = [Suspect(Origin.LEDGER, d.comment_id, "", text_hash(d.text), d.labels, 0, 0.9) for d in picked]
        self.numbers += 1
        body = f"0.5 0.5 0.5 base row {self.numbers}"
        items.append(Suspect(Origin.BASE, 0, body, text_hash(body), 1, 0, 0.8))
        self.services.label_errors.review_again(items, by=self.lead)

    def ask(self):
        """A moderator asks the lead; nobody else could answer what the lead asked."""
        person, items = self._items()
        if items and person != self.lead:
            client_id = uuid4()
            with suppress(BadInput):  # where one's own judgement is what is wanted
                item = self.random.choice(items)
                self.services.questions.ask(item.comment.id, "Is this one?", by=person, client_id=client_id)
                self.talk.append((self.services.questions.take_back, person, client_id))

    def answer(self):
        client_id = uuid4()
        for item in self.services.review.claim(self.lead, want=4, lanes=[Lane.ASKED]):
            with suppress(BadInput):  # a blind one is decided by the lead
                self.services.questions.answer(item.comment.id, "It is.", by=self.lead, client_id=client_id)
                self.talk.append((self.services.questions.take_answer_back, self.lead, client_id))
                return

    def unsay(self):
        if self.talk:
            unsay, person, client_id = self.talk.pop()
            unsay(client_id, by=person)

    def suggest(self):
        """A program says what a comment is: one that is here, or a new one."""
        texts = [row.text for row in self.rows(CommentRow)]
        self.numbers += 1
        text = self.random.choice((self.random.choice(texts), f"0.6 0.6 0.6 suggested {self.numbers}"))
        send(self.services, self.random.choice(self.keys), text, toxic=self.random.random() < 0.5)

    def send(self):
        removed = self._ids(RoutingRow.state == RoutingState.REMOVED)
        if removed:
            person, client_id = self.random.choice(self.people), uuid4()
            self.services.removals.send_to_review(self.random.choice(removed), by=person, client_id=client_id)
            self.acts.append((person, client_id))

    def policy(self):
        self._policy(remove=self.random.choice((None, 0.95)))

    def model(self):
        self._live(self.random.choice(MODELS))

    def shadow(self):
        if self.services.shadows.running():
            self.services.shadows.stop(by=self.lead)
        live = self.services.registry.live().name
        name = self.random.choice([name for name in MODELS if name != live])
        self.services.shadows.start(name, by=self.lead, rate=0.9)

    def withdraw(self):
        self.services.second_opinions.withdraw(self.random.choice(sorted(OTHERS_LANES)), by=self.lead)

    def _items(self):
        person = self.random.choice(self.people)
        lanes = self.random.sample(list(Lane), len(Lane))
        items = self.services.review.claim(person, want=4, lanes=lanes)
        for item in items:
            self.cards.pop((person, item.comment.id), None)
            self.cards[person, item.comment.id] = item
        return person, items

    def _verdict(self, item, outcome):
        labels = tuple(self.random.random() < 0.3 for _ in LABELS) if self.random.random() < 0.3 else (True,) * 6
        return Verdict(uuid4(), item.comment.id, outcome, labels=labels, seconds=2.0)

    def _press(self, person, act, verdict):
        before = self._entries()
        made = act(verdict, by=person)
        again = act(verdict, by=person)  # the key press sent twice
        many = len(made) if isinstance(made, list) else 1
        assert self._entries() == before + many
        assert [one.client_id for one in np.ravel(again)] == [one.client_id for one in np.ravel(made)]
        self.acts.append((person, verdict.client_id))

    def _policy(self, remove):
        marks = (remove,) + (None,) * 5 if remove else None
        self.services.policies.save(
            (self.random.choice((0.2, 0.5, 0.8)),) * len(LABELS), (0.3,) * BANDS, by=self.lead, reason="a step",
            beside=Beside(0.5, marks, 0.5),
        )  # fmt: skip

    def _live(self, name):
        with self.services.sessions.begin() as session:
            store = RegistryStore(session)
            store.lock()
            live, version = store.get_live(), store.get(name)
            if live is None or live.id != version.id:
                _make_live(store, version, live, person="Ada", report={})
                ShadowStore(session).end(version.id, now())

    def _entries(self):
        with self.services.sessions.read() as session:
            return session.scalar(select(func.count()).select_from(DecisionRow))

    def _ids(self, *where):
        with self.services.sessions.read() as session:
            return list(session.scalars(select(RoutingRow.comment_id).where(*where).order_by(RoutingRow.comment_id)))

    def rows(self, row, *where):
        with self.services.sessions.read() as session:
            return list(session.scalars(select(row).where(*where)))


@pytest.fixture
def people(ada):
    """A lead and two moderators."""
    return [ada, *(replace(ada, name=name, roles=frozenset({Role.MODERATOR})) for name in ("Bob", "Cyd"))]


def test_whatever_happens(services, people, monkeypatch):
    monkeypatch.setattr("core.metrics.service._PROBE_SECONDS", 1e-9)
    site = Site(services, people, seed=3)
    kept = Metrics(services.sessions)
    for at in range(STEPS):
        name = site.step()
        if at % 20 == 19:
            check(site, name)
        if at % 100 == 99:
            check_metrics(site, kept)
    site.score()
    check(site, "the end")
    assert {row.lane for row in site.rows(DecisionRow)} == {lane.value for lane in Lane}  # all of it was tried
    empty(site)
    check(site, "emptied")
    check_metrics(site, kept)


def check(site, after):
    rows = site.rows(RoutingRow)
    for row in rows:
        assert row.state != RoutingState.OPEN or row.lane, f"{row.comment_id} waits nowhere after {after}"
        assert row.state != RoutingState.REMOVED or (row.automatic and not row.audit)
        assert (row.day > NO_DAY) == (0 < row.rate <= 1)
    check_strata(site, rows)
    check_traffic(site, rows)
    check_exports(site, rows)
    check_cards(site)
    check_ledger(site, rows)


def check_strata(site, rows):
    """Every routed comment of a day counts once."""
    counted = {(s.day, s.band, s.rate): s.count for s in site.rows(StratumRow)}
    routed = {}
    for row in rows:
        if row.day > NO_DAY:
            key = row.day, row.band, row.rate
            routed[key] = routed.get(key, 0) + 1
    assert counted == routed


def check_traffic(site, rows):
    """A model's traffic is the comments that it has scored, each once."""
    days = {row.comment_id for row in rows if row.day > NO_DAY}
    scored = {}
    for row in site.rows(ScoreRow):
        scored[row.model_id] = scored.get(row.model_id, 0) + (row.comment_id in days)
    counted = {}
    for row in site.rows(TrafficRow):
        counted[row.model_id] = counted.get(row.model_id, 0) + row.count
    assert {model: many / len(LABELS) for model, many in counted.items()} == {m: n for m, n in scored.items() if n}


def check_metrics(site, kept):
    """Promise 1."""
    model = next(choice.id for choice in kept.models())
    scratch = Metrics(site.services.sessions)
    for view in View:
        one, other = (made.overview(model, EVER, view) for made in (kept, scratch))
        assert (one.decided, one.covered, one.traffic) == (other.decided, other.covered, other.traffic)
        for a, b in zip(one.labels, other.labels, strict=True):
            assert (a.positives, a.negatives) == (b.positives, b.negatives)


def check_exports(site, rows):
    audited = {row.comment_id for row in rows if row.audit} | {row.comment_id for row in site.rows(GoldenRow)}
    texts = {row.id: row.text_hash for row in site.rows(CommentRow)}
    kept_out = {texts[i] for i in audited}
    ledger = site.rows(DecisionRow)
    revoked = {row.revokes for row in ledger}
    says = {}
    for row in sorted(ledger, key=lambda row: row.id):
        if row.revokes is None and row.id not in revoked and row.outcome != "escalate" and row.lane != Lane.SECOND:
            says[row.comment_id] = row
    with site.services.sessions.read() as session:
        store = DatasetStore(session)
        training = [one for part in store.stream(Filters(), training=True) for one in part]
        records = [one for part in store.stream(Filters(), training=False) for one in part]
    assert {one.comment_id: one.labels for one in records} == {i: row.labels for i, row in says.items()}
    assert {one.comment_id for one in training} == {i for i in says if texts[i] not in kept_out}


def check_cards(site):
    """Blind lanes never ship scores."""
    audited = set(site._ids(RoutingRow.audit))
    for person in site.people:
        claims = site.services.review.take(person, 0)
        for item in site.services.review.items(person, claims):
            card = item_json(item)
            if item.lane in BLIND_LANES or item.comment.id in audited:
                assert card["blind"]
                hidden = [card[name] for name in ("scores", "thresholds", "preset", "history", "masked")]
                assert hidden == [None, None, [], [], False]


def check_ledger(site, rows):
    """What holds for a settled comment is in the ledger; nobody gave an opinion on their own decision."""
    ledger = site.rows(DecisionRow)
    revoked = {row.revokes for row in ledger}
    standing = [row for row in ledger if row.revokes is None and row.id not in revoked]
    decided = {row.comment_id for row in standing if row.outcome != "escalate" and row.lane != Lane.SECOND}
    assert {row.comment_id for row in rows if row.state == RoutingState.SETTLED} <= decided
    for row in standing:
        if row.lane == Lane.SECOND:
            first = max((r for r in standing if r.comment_id == row.comment_id and r.id < row.id), key=lambda r: r.id)
            assert first.person != row.person
    live = [row.comment_id for row in site.rows(ClaimRow, ClaimRow.released_at.is_(None))]
    assert len(live) == len(set(live))


def empty(site):
    """Everything that is open can be had by somebody, and settled."""
    review = site.services.review
    with site.services.sessions.begin() as session:
        session.execute(update(ClaimRow).where(ClaimRow.released_at.is_(None)).values(released_at=now()))
    for _ in range(60):
        idle = True
        for person in site.people:
            for item in review.claim(person, want=40):
                idle = False
                review.decide(Verdict(uuid4(), item.comment.id, Outcome.REMOVE, (True,) * 6, 1.0), by=person)
        if idle:
            break
    assert not site._ids(RoutingRow.state == RoutingState.OPEN)
