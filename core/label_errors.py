"""Items whose human labels look wrong: the kept lists of finding runs, and sending items back to review."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from core.accounts import Action, Person, check_may
from core.domain import BLIND_LANES, Lane, RoutingState, now
from core.errors import BadInput, ModelUnavailable
from core.policies import Policies
from core.settings import Settings
from core.text import storable, text_hash
from db.session import Session, Sessions
from db.stores.queue import QueueStore
from db.stores.recheck import BaseRow, Held, RecheckStore
from db.stores.scores import ScoreStore

BASE_SOURCE: Final = "base data"
"""Source of the comments that rows of base data become when they are reviewed again; their id is the content's hash."""
MOST_ROWS: Final = 200_000
"""Decided comments that a run looks at, the newest first: more would not fit into memory beside their n-grams."""
MOST_ITEMS: Final = 2_000
"""Items that a list keeps."""


class Origin(StrEnum):
    """Where an item's labels come from."""

    LEDGER = "ledger"
    BASE = "base"


class Status(StrEnum):
    """What became of an item since it was listed."""

    LISTED = "listed"
    WAITING = "waiting"
    """It waits to be decided blind, because it was sent back or for a second opinion: nobody may see its labels now."""
    CONFIRMED = "confirmed"
    """Somebody gave the same labels again, blind."""
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Suspect:
    """One item of a list."""

    origin: Origin
    comment_id: int
    """Of a ledger's item; 0 for a row of base data."""
    text: str
    """Of a row of base data; empty for a ledger's item, whose text is in the database."""
    digest: str
    """core.text.text_hash."""
    given: int
    """The labels that it has, as a bit mask."""
    suggested: int
    """The labels without those that look wrong, and with those that look missing."""
    sure: float
    """By how much the out-of-fold score is against the label most in doubt: 1 - P(given label), 0 to 1."""

    @property
    def key(self) -> str:
        """What tells it from the list's other items."""
        return self.digest if self.origin is Origin.BASE else str(self.comment_id)


@dataclass(frozen=True, slots=True)
class Decided:
    """A comment with the decision that holds for it."""

    comment_id: int
    text: str
    labels: int
    """Bit mask, core.domain.pack_labels."""
    lane: Lane


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of one run."""

    run: int
    """Of the run; it names the file too."""
    made_at: datetime
    person: str
    recipe: str
    """What gave the out-of-fold scores."""
    data_hash: str
    """Of the contents and labels looked at, as in a starter's config."""
    base_file: str | None
    ledger_rows: int
    base_rows: int
    skipped: tuple[str, ...]
    """Labels with too few cases to say anything."""
    total: int
    """Items whose labels look wrong, listed or not."""
    items: tuple[Suspect, ...]
    """The surest first."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """What sending items back did."""

    reopened: int
    already: int
    """Items that waited in the queue anyway."""


class LabelErrors:
    """Lists of one data folder, and the items of one database."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._folder = settings.data_dir / "label-errors"

    def latest(self) -> Found | None:
        """The newest list, or None."""
        files = sorted(self._folder.glob("run-*.json"), key=_number)
        return _read(files[-1]) if files else None

    def keep(self, found: Found) -> Path:
        """Write a list; it appears whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"run-{found.run}.json"
        part = path.with_suffix(".part")
        values = asdict(found) | {"made_at": found.made_at.isoformat()}
        part.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        part.replace(path)
        return path

    def decided(self) -> list[Decided]:
        """The newest decided comments with the decision that holds; audit items too, for nothing is trained here."""
        with self._sessions.read() as session:
            found = RecheckStore(session).newest_decided(MOST_ROWS)
        return [Decided(one.comment_id, one.text, one.labels, Lane(one.lane)) for one in found]

    def texts(self, items: Sequence[Suspect]) -> dict[str, str]:
        """The items' texts by key."""
        with self._sessions.read() as session:
            known = RecheckStore(session).texts([item.comment_id for item in items if item.origin is Origin.LEDGER])
        return {item.key: item.text or known.get(item.comment_id, "") for item in items}

    def statuses(self, items: Sequence[Suspect]) -> dict[str, Status]:
        """What became of the items, by key."""
        with self._sessions.read() as session:
            store = RecheckStore(session)
            ids = self._ids(store, items)
            held = store.held(list(ids.values()))
        return {item.key: _status(item, held.get(ids.get(item.key, 0))) for item in items}

    def audit_items(self, items: Sequence[Suspect]) -> set[str]:
        """Keys of those that are in the audit sample, which measures the models."""
        with self._sessions.read() as session:
            store = RecheckStore(session)
            held = store.held([item.comment_id for item in items if item.origin is Origin.LEDGER])
        return {item.key for item in items if item.comment_id in held and held[item.comment_id].audit}

    def review_again(self, items: Sequence[Suspect], *, by: Person) -> Reopened:
        """Let items wait in the recheck lane, the surest first; blind, and decided like any other.

        Rows of base data become comments of their own source: in no stratum, on no day of traffic, without scores.
        Doing it again changes nothing. Raises BadInput for no items, ModelUnavailable without a live model.
        """
        check_may(by, Action.FIND_LABEL_ERRORS)
        if not items:
            raise BadInput("Nothing is selected. Tick the items that should be reviewed again.")
        policy = Policies(self._sessions).active()  # on an empty database this makes one
        ranks = {item.key: float(rank) for rank, item in enumerate(sorted(items, key=lambda one: -one.sure))}
        with self._sessions.begin() as session:
            store, queue = RecheckStore(session), QueueStore(session)
            base = [BaseRow(storable(i.text), i.digest, ranks[i.key]) for i in items if i.origin is Origin.BASE]
            added = _bring_in(session, base, policy.id)
            ids = self._ids(store, items)
            places = queue.lock(list(ids.values()))
            settled = [i for i, place in places.items() if place.state not in (RoutingState.OPEN, RoutingState.ERASED)]
            by_id = {comment_id: key for key, comment_id in ids.items()}
            for comment_id in settled:
                queue.reopen([comment_id], Lane.RECHECK, priority=ranks[by_id[comment_id]])
        return Reopened(len(added) + len(settled), len(places) - len(added) - len(settled))

    def _ids(self, store: RecheckStore, items: Sequence[Suspect]) -> dict[str, int]:
        """Comment ids by key; rows of base data that were never sent to review have none."""
        base = store.base_ids(BASE_SOURCE, [item.digest for item in items if item.origin is Origin.BASE])
        ledger = {item.key: item.comment_id for item in items if item.origin is Origin.LEDGER}
        return ledger | base


def rechecked(decided: Collection[Decided]) -> set[str]:
    """Contents that somebody has reviewed again already: they are not listed a second time."""
    return {text_hash(one.text) for one in decided if one.lane is Lane.RECHECK}


def _bring_in(session: Session, rows: Sequence[BaseRow], policy_id: int) -> set[int]:
    """The ids of those rows of base data that are new; raises ModelUnavailable without a live model."""
    if not rows:
        return set()
    model_id = ScoreStore(session).live_model_id()
    if model_id is None:
        raise ModelUnavailable("No model is live. Promote one on the Models page, then send base data to review.")
    return RecheckStore(session).add_base(rows, BASE_SOURCE, model_id=model_id, policy_id=policy_id, at=now())


def _status(item: Suspect, held: Held | None) -> Status:
    if held is None:
        return Status.LISTED
    if held.state == RoutingState.OPEN.value and held.lane in BLIND_LANES:
        return Status.WAITING
    if held.decided_in != Lane.RECHECK.value:
        return Status.LISTED
    return Status.CONFIRMED if held.labels == item.given else Status.CHANGED


def _number(path: Path) -> int:
    digits = path.stem.removeprefix("run-")
    return int(digits) if digits.isdigit() else -1


def _read(path: Path) -> Found:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        items = tuple(Suspect(**{**item, "origin": Origin(item["origin"])}) for item in values.pop("items"))
        made_at = datetime.fromisoformat(values.pop("made_at"))
        return Found(items=items, made_at=made_at, skipped=tuple(values.pop("skipped")), **values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            "{path} is no list of label errors. Remove it, then run `moderato label-errors`.", path=path
        ) from error
