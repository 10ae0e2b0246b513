"""What programs say a comment is: at once a decision if the key is trusted, else a lane that people look through."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

import numpy as np

from core.domain import (
    NO_DAY,
    Decision,
    LabelFlags,
    Lane,
    ModelVersion,
    Outcome,
    Policy,
    RoutingState,
    now,
    pack_labels,
)
from core.errors import ModelUnavailable
from core.keys import ApiKey, Scope
from core.labels import LABELS
from core.policies import Policies
from core.routing import route
from core.scoring.protocol import Scores
from core.script import script_of
from core.text import storable, text_hash
from db.models import to_micros
from db.session import Session, Sessions
from db.stores.claims import ClaimStore
from db.stores.comments import CommentStore, CommentValues
from db.stores.decisions import DecisionStore
from db.stores.queue import Place, QueueStore
from db.stores.routing import RoutingStore, Standing
from db.stores.scores import ScoreStore
from db.stores.suggestions import SuggestionStore


@dataclass(frozen=True, slots=True)
class Sent:
    """A suggestion as it came."""

    text: str
    source: str
    given: Mapping[str, bool]
    """The labels that it names, and whether they hold."""
    scores: Mapping[str, float]
    """As sent, by attribute."""
    client_token: str | None = None


class Suggestions:
    """Suggestions on one database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, sent: Sent, key: ApiKey, *, version: ModelVersion, scores: Scores) -> int:
        """Keep a suggestion with the live model's scores [1, 6] of its text; returns its id.

        The comment is the newest of that text and source that may be changed, else a new one, which is no traffic: it
        is neither counted nor audited. A trusted key's suggestion is entered in the ledger under the key's name; the
        same again changes nothing, another takes the former back. What people decided, and what they are to look at
        blind, stays. Others' suggestions wait in their lane for people.
        """
        policy = Policies(self._sessions).active()
        labels = complete(sent.given, scores[0].tolist(), policy.thresholds)
        with self._sessions.begin() as session:
            DecisionStore(session).lock()
            comment_id = _find_or_add(session, sent, scores, version, policy)
            entry = _settle(session, comment_id, labels, key) if Scope.TRUSTED in key.scopes else None
            if Scope.TRUSTED not in key.scopes:
                _let_wait(session, comment_id)
            values = {"comment_id": comment_id, "key_id": key.id, "labels": pack_labels(labels), "sent_at": now()}
            given = tuple(label in sent.given for label in LABELS)
            values |= {"given": sum(1 << j for j, named in enumerate(given) if named), "scores": dict(sent.scores)}
            return SuggestionStore(session).add(
                values | {"client_token": sent.client_token, "decision_id": entry.id if entry else None}
            )


def complete(given: Mapping[str, bool], scores: list[float], thresholds: tuple[float, ...]) -> LabelFlags:
    """All six labels of a suggestion that names some of them.

    "Not toxic" without any label that holds means none of the six. Else a label that is not named is what the review
    card would preset: whether the model's score reaches its threshold; a severe comment is a toxic one.
    """
    if given.get("toxic") is False and not any(given.values()):
        return (False,) * 6
    named = {"toxic": True, **given} if given.get("severe_toxic") else given
    preset = dict(zip(LABELS, (p >= t for p, t in zip(scores, thresholds, strict=True)), strict=True))
    a, b, c, d, e, f = (bool(named.get(label, preset[label])) for label in LABELS)
    return a, b, c, d, e, f


def _find_or_add(session: Session, sent: Sent, scores: Scores, version: ModelVersion, policy: Policy) -> int:
    text, store = storable(sent.text), SuggestionStore(session)
    digest = text_hash(text)
    if found := store.find_comment(digest, sent.source):
        return found
    at, external_id = now(), f"suggestion-{digest}"
    script = script_of(text)
    values = CommentValues(text, digest, sent.source, external_id, None, None, None, None, to_micros(at), script)
    new, _ = CommentStore(session).add_many([values])
    comment_id = store.find_added(sent.source, external_id)
    if comment_id is None:
        raise ModelUnavailable("The suggestion's comment could not be added. Send it again.")
    if new:
        _route(session, comment_id, scores, version, policy, at)
    return comment_id


def _route(
    session: Session, comment_id: int, scores: Scores, version: ModelVersion, policy: Policy, at: datetime
) -> None:
    ids = np.array([comment_id], np.int64)
    routed = route(scores, policy, ids)
    standing = Standing(
        comment_id,
        RoutingState.OPEN,
        bool(routed.flagged[0]),
        Lane.SUGGESTED,
        priority=0.0,
        band=int(routed.band[0]),
        audit=False,
        rate=0.0,  # no traffic: it stands for nothing but itself
        day=NO_DAY,
    )
    ScoreStore(session).put(ids, scores, version.id, at)
    RoutingStore(session).put([standing], policy_id=policy.id, model_id=version.id, at=at)
    if ScoreStore(session).live_model_id(lock=True) == version.id:  # else a worker scores it by the new live model
        SuggestionStore(session).is_scored(comment_id)


def _settle(session: Session, comment_id: int, labels: LabelFlags, key: ApiKey) -> Decision | None:
    """Enter a trusted key's decision; the entry that holds, None where people's word stands."""
    ledger, queue, at = DecisionStore(session), QueueStore(session), now()
    place, last = queue.lock([comment_id]).get(comment_id), ledger.get_standing(comment_id)
    if (
        place is None
        or place.blind
        or (last and last.person != key.person)
        or (place.state is RoutingState.SETTLED and last is None)
    ):
        return None
    if last and last.labels == labels:
        return last
    if last:
        ledger.append([replace(last, id=0, client_id=uuid4(), decided_at=at, revokes=last.id)])
    made = _decision(place, labels, key, at)
    ledger.append([made])
    ClaimStore(session).release([comment_id], at)
    queue.move([comment_id], RoutingState.SETTLED, Lane.SUGGESTED)
    return ledger.get_by_client_id(made.client_id)


def _let_wait(session: Session, comment_id: int) -> None:
    """Ask people about a comment that was let through or removed without them; one that waits or is settled stays."""
    queue = QueueStore(session)
    place = queue.lock([comment_id]).get(comment_id)
    if place and place.state in (RoutingState.ALLOWED, RoutingState.REMOVED):
        queue.reopen([comment_id], Lane.SUGGESTED)


def _decision(place: Place, labels: LabelFlags, key: ApiKey, at: datetime) -> Decision:
    return Decision(
        id=0,
        client_id=uuid4(),
        comment_id=place.comment_id,
        person=key.person,
        decided_at=at,
        labels=labels,
        outcome=Outcome.REMOVE if any(labels) else Outcome.APPROVE,
        lane=Lane.SUGGESTED,
        blind=False,
        seconds=None,
        note=None,
        model_id=place.model_id,
        policy_id=place.policy_id,
        revokes=None,
        batch=None,
    )
