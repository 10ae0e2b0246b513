"""Finding comments, and the whole history of one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.accounts import Action, Person, check_may
from core.browse_filter import Filter, to_criteria
from core.domain import LabelFlags, Outcome, Stage, unpack_labels
from core.errors import NotAllowed, NotFound
from core.history import Event, Facts, SixScores, Standing, six, standing_of, tell
from core.source_links import links_of
from db.models import CommentRow, DecisionRow, RoutingRow
from db.session import Sessions
from db.stores.browse import BrowseStore
from db.stores.comments import comment_of
from db.stores.guidelines import GuidelineStore, Since
from db.stores.history import HistoryStore
from db.stores.policies import PolicyStore
from db.stores.registry import RegistryStore
from db.stores.search import SearchIndexStore

MANY = 1_000
"""Matches are counted up to here."""

_SAME_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Item:
    """A comment in a list of results."""

    id: int
    text: str
    source: str
    author: str | None
    added_at: datetime
    standing: Standing
    scores: SixScores | None
    """By the model of the search, else the latest; None if not scored, or hidden."""
    hidden: bool
    """Whether scores and labels are withheld, because the text waits for a blind decision."""
    labels: LabelFlags | None
    """What people decided; None if nobody did, or hidden."""
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Results:
    """One page of a search, newest first."""

    items: list[Item]
    older: int | None
    """Where the next page starts (`before`), None at the end."""
    newer: int | None
    """Where the page before starts (`after`), None at the beginning."""
    unfinished: bool = False
    """The time was up before the page was full: `older` goes on from where the search got to."""
    not_searchable: int = 0
    """How many of the newest comments the text search does not know yet."""


@dataclass(frozen=True, slots=True)
class History:
    """Everything about one comment."""

    comment: Item
    external_id: str
    thread: str | None
    parent: str | None
    events: list[Event]
    identical: list[Item]
    """Others with the same text; no more than 20."""
    link: str | None = None
    """Where the original stands (core.source_links); None while it waits for a blind decision."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by."""

    models: list[str]
    moderators: list[str]
    """Those whose decisions the person may see."""
    sources: list[str]
    sees_others: bool = True
    """Whether the person may filter by what others decided."""


class Browse:
    """Searches and histories. Reads only.

    Of other people's decisions a viewer without Action.SEE_OTHERS sees that there are some, but not whose nor which.
    """

    def __init__(self, sessions: Sessions, viewer: Person | None = None) -> None:
        self._sessions = sessions
        self._only = None if viewer is None or viewer.may(Action.SEE_OTHERS) else viewer.name

    def seen_by(self, viewer: Person) -> "Browse":
        """The same as the person may see it. Pages use nothing else."""
        return Browse(self._sessions, check_may(viewer, Action.BROWSE))

    def search(
        self, wanted: Filter, *, before: int | None = None, after: int | None = None, limit: int = 50,
        seconds: float = 0.4,
    ) -> Results:  # fmt: skip
        """The newest matches, or those older than `before` or newer than `after`. Any text is a query; none raises.

        Takes about `seconds`, also where nothing matches: then `unfinished` says that there is more to look through.
        """
        with self._sessions.read() as session:
            criteria = to_criteria(self._allowed(wanted), RegistryStore(session), PolicyStore(session))
            if criteria is None:
                return Results([], None, None)
            store = BrowseStore(session)
            newer = after is not None
            found = store.find(criteria, limit, start=after if newer else before, newer=newer, seconds=seconds)
            if newer and not found.unfinished and len(found.ids) < limit:  # the first page, and it is a full one
                newer, before = False, None
                found = store.find(criteria, limit, seconds=seconds)
            ids = found.ids[::-1] if newer else found.ids
            behind = SearchIndexStore(session).behind() if wanted.text.strip() else 0
            items = _items(HistoryStore(session), ids, criteria.model_id, self._only)
        start = after if newer else before
        older, newest = (ids[-1] if ids else after, found.next_start) if newer else (found.next_start, None)
        if not newer and start is not None:
            newest = ids[0] if ids else start - 1
        return Results(items, older, newest, found.unfinished, behind)

    def count(self, wanted: Filter, *, seconds: float = 0.2) -> tuple[int, bool]:
        """How many match, counted to MANY and for about `seconds`; and whether there may be more."""
        with self._sessions.read() as session:
            criteria = to_criteria(self._allowed(wanted), RegistryStore(session), PolicyStore(session))
            if criteria is None:
                return 0, False
            found = BrowseStore(session).find(criteria, MANY, seconds=seconds)
            return len(found.ids), found.next_start is not None

    def items(self, ids: Sequence[int]) -> list[Item]:
        """These comments as a list shows them, in this order, with scores by the live model, else the latest."""
        with self._sessions.read() as session:
            return _items(HistoryStore(session), ids, None, self._only)

    def choices(self) -> Choices:
        """Models, moderators and sources that there are."""
        with self._sessions.read() as session:
            store = HistoryStore(session)
            models = [version.name for version in RegistryStore(session).list_versions()]
            people = store.moderators() if self._only is None else [self._only]
            return Choices(models, people, store.sources(), self._only is None)

    def history(self, comment_id: int) -> History:
        """Everything about the comment; raises NotFound."""
        with self._sessions.read() as session:
            store = HistoryStore(session)
            comment = store.comments([comment_id]).get(comment_id)
            if comment is None:
                raise NotFound(f"There is no comment {comment_id}. Look for it on the Browse page.")
            same = store.identical(comment, _SAME_SHOWN)
            items = _items(store, [comment_id, *(row.id for row in same)], None, self._only)
            facts = _facts(store, PolicyStore(session), comment, GuidelineStore(session).since())
            link = None if items[0].hidden else links_of(session, [comment_of(comment)]).get(comment_id)
            if self._only is not None:  # a golden item may be mixed into their queue: its answer stays unknown
                facts = replace(facts, golden=None)
        events = tell(facts, blind=items[0].hidden)
        if self._only is not None:
            events = [_of_others(event, self._only) for event in events]
        return History(items[0], comment.external_id, comment.thread, comment.parent, events, items[1:], link)

    def _allowed(self, wanted: Filter) -> Filter:
        """What somebody who sees only their own decisions may look for."""
        if self._only is None:
            return wanted
        if wanted.moderator not in (None, self._only):
            raise NotAllowed("Only leads look for what other people decided.")
        return replace(wanted, decided_label=None)


def _of_others(event: Event, only: str) -> Event:
    """What somebody who sees only their own decisions is told of one."""
    if event.person in (None, only) or event.to == only:
        return event
    what = {"decided": "Decided", "undone": "Took a decision back", "claimed": "Taken from the queue"}
    return replace(event, person="Somebody else", what=what.get(event.kind, event.what), note=None)


def _items(store: HistoryStore, ids: Sequence[int], model_id: int | None, only: str | None = None) -> list[Item]:
    comments, routings, golden = store.comments(ids), store.routings(ids), store.golden(ids)
    decided = {i: row for i, row in store.latest_decisions(ids).items() if only is None or row.person == only}
    blind = store.blind_texts({row.text_hash for row in comments.values()})
    scores = _pick_scores(store, ids, model_id)
    return [
        _item(
            comment,
            routings.get(i),
            scores.get(i),
            decided.get(i),
            golden=i in golden,
            hidden=comment.text_hash in blind,
        )
        for i in ids
        if (comment := comments.get(i))
    ]


def _pick_scores(store: HistoryStore, ids: Sequence[int], model_id: int | None) -> dict[int, SixScores]:
    """Of each comment the scores by the model, else the latest, the live model's first."""
    picked: dict[int, tuple[bool, SixScores]] = {}
    for row, _, stage in store.scores(ids):
        best = row.model_id == model_id if model_id is not None else stage == Stage.LIVE
        if best or row.comment_id not in picked or not picked[row.comment_id][0]:
            picked[row.comment_id] = best, six(row)
    return {comment_id: scores for comment_id, (_, scores) in picked.items()}


def _item(
    comment: CommentRow, routing: RoutingRow | None, scores: SixScores | None, decision: DecisionRow | None, *,
    golden: bool, hidden: bool,
) -> Item:  # fmt: skip
    decision = None if hidden else decision
    return Item(
        id=comment.id,
        text=comment.text,
        source=comment.source,
        author=comment.author,
        added_at=comment.added_at,
        standing=standing_of(routing, scored=scores is not None, golden=golden) if comment.text else Standing.ERASED,
        scores=None if hidden else scores,
        hidden=hidden,
        labels=unpack_labels(decision.labels) if decision else None,
        outcome=Outcome(decision.outcome) if decision else None,
    )


def _facts(store: HistoryStore, policies: PolicyStore, comment: CommentRow, guidelines: Sequence[Since]) -> Facts:
    ids = [comment.id]
    routing = store.routings(ids).get(comment.id)
    policy = policies.get(routing.policy_id) if routing and routing.automatic else None
    return Facts(
        comment=comment,
        golden=store.golden(ids).get(comment.id),
        scores=store.scores(ids),
        routing=routing,
        claims=store.claims(comment.id),
        ledger=store.ledger(comment.id),
        questions=store.questions(comment.id),
        auto_remove=(policy.auto_remove or ()) if policy else (),
        guidelines=guidelines,
    )
