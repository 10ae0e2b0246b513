"""The nearest decided comments: which texts like this one were decided, how and by whom.

An index in memory follows the ledger in a thread, so that undo and erasure take effect; each process has its own, and
nothing of it is ever written. What it finds is looked up again before it is told: the index says what is alike, the
database says what holds.
"""

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.accounts import PROGRAM, Action, Person
from core.domain import Decision
from core.review_items import scores_of
from core.text import text_hash
from core.wellbeing.masking import WHOLE, Cover, Masking, Scored
from db.session import Sessions
from db.stores.comments import CommentStore
from db.stores.erasures import ErasureStore
from db.stores.nearest import DecidedText, NearestStore

if TYPE_CHECKING:
    from core.nearest_vectors import Vectors

MOST_SHOWN: Final = 5
"""Texts that are told."""
LEAST_ALIKE: Final = 0.15
"""Cosine from which on two texts are called alike: below, chance finds as much."""
QUITE_ALIKE: Final = 0.3
NEARLY_SAME: Final = 0.6
SAME: Final = 0.995
"""From these on they are called quite alike, nearly the same, and the same."""
SHOWN_CHARS: Final = 600
"""Longest stretch of a text that is told."""
_LOOKED: Final = 20
"""Texts that are looked up: some may have been taken back, or be hidden."""
_STEP: Final = 250
"""Texts that are learnt at a time: about 20 ms."""
_PAUSE: Final = 0.002
"""Seconds between two such steps: whoever asks goes first."""
_READ: Final = 1_000
"""Decisions that are read at a time."""
_KEPT: Final = 1_000
"""Answers that are kept."""

log = logging.getLogger("moderato.nearest")


@dataclass(frozen=True, slots=True)
class Near:
    """A decided text that is like another."""

    comment_id: int
    text: str
    """Its beginning."""
    is_cut: bool
    scored: Scored | None
    """What masks it, as in the queue; without scores it is masked whole."""
    likeness: float
    """Cosine, LEAST_ALIKE to 1; 1 for the same text."""
    decision: Decision
    """The newest that holds."""
    many: int
    """Comments of this text that people decided."""
    alike: int
    """Those of them that were decided the same way."""

    def cover(self, masking: Masking) -> Cover:
        """How it begins for somebody."""
        return self.scored.cover(masking) if self.scored else WHOLE


@dataclass(frozen=True, slots=True)
class Found:
    """What is like one comment."""

    entry: int
    """The ledger's entry up to which this holds."""
    near: tuple[Near, ...]
    """The most alike first."""
    texts: int
    """Decided texts that were compared."""
    is_complete: bool
    """Whether those were all: after a start the older ones are still being read."""


class Nearest:
    """The index of one process. Made when first asked for; `start` builds it before somebody asks."""

    def __init__(self, sessions: Sessions, *, most: int, poll_seconds: float) -> None:
        """`most`: decided texts that are held, the newest ones; 0 switches it off."""
        self._sessions, self._most, self._poll = sessions, most, poll_seconds
        self._lock = threading.Lock()  # around what follows
        self._vectors: Vectors | None = None
        self._comments: dict[str, int] = {}  # by text_hash, a comment that it was read from
        self._front = self._back = 0  # what lies between these entries of the ledger is known
        self._erasures: tuple[int, int] | None = None
        self._known: OrderedDict[int, Found] = OrderedDict()
        self._asked: set[int] = set()
        self._work: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stop = threading.Event()

    @property
    def is_on(self) -> bool:
        """Whether decided texts are held at all."""
        return self._most > 0

    # -- asking -------------------------------------------------------------------------------------------------------

    def ask(self, comment_ids: Collection[int]) -> None:
        """Look for what is like these comments, in the background; nothing is done for answers that still hold."""
        if not self.is_on or not comment_ids:
            return
        self.start()
        for comment_id in comment_ids:
            if comment_id not in self._asked:
                self._asked.add(comment_id)
                self._work.put(comment_id)

    def known(self, comment_ids: Collection[int]) -> dict[int, Found]:
        """Answers that are there, by comment."""
        return {i: found for i in comment_ids if (found := self._known.get(i))}

    def find(self, comment_id: int) -> Found:
        """What is like the comment, now: some 20 ms with 100,000 texts. Nothing for one that waits blind or is gone."""
        with self._sessions.read() as session:
            hidden = NearestStore(session).is_hidden(comment_id)
            comment = CommentStore(session).get_many([comment_id]).get(comment_id)
        text = "" if hidden or comment is None else comment.text
        with self._lock:
            vectors, entry, complete = self._vectors, self._front, self._back == 0
            alike = vectors.nearest(text, _LOOKED, LEAST_ALIKE) if vectors and text else []
            texts = len(vectors) if vectors else 0
        near = self._look_up(comment_id, text, alike) if alike else ()
        return Found(entry, near, texts, complete and vectors is not None)

    def _look_up(self, comment_id: int, text: str, alike: Sequence[tuple[str, float]]) -> tuple[Near, ...]:
        own = text_hash(text)
        with self._sessions.read() as session:
            precedents = NearestStore(session).precedents([digest for digest, _ in alike], comment_id)
            chosen = [(digest, like) for digest, like in alike if digest in precedents][:MOST_SHOWN]
            ids = [precedents[digest].newest.comment_id for digest, _ in chosen]
            comments = CommentStore(session).get_many(ids)
            scored = scores_of(session, list(comments.values()))
        return tuple(
            Near(i, comments[i].text[:SHOWN_CHARS], len(comments[i].text) > SHOWN_CHARS, scored.get(i),
                 1.0 if digest == own else like, precedents[digest].newest, precedents[digest].many,
                 precedents[digest].alike)
            for (digest, like), i in zip(chosen, ids, strict=True)
            if i in comments and comments[i].text
        )  # fmt: skip

    # -- following ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow the ledger in a thread until `stop`."""
        with self._starting:
            if self.is_on and self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="nearest", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Stop after the step that runs."""
        self._stop.set()
        self._work.put(0)
        if self._thread:
            self._thread.join(10)

    def catch_up(self) -> None:
        """Read everything that is there now, at once."""
        while self.is_on and self._step():
            pass

    def _run(self) -> None:
        more = True
        while not self._stop.is_set():
            try:
                asked = self._next(0.0 if more else self._poll)
                started = time.monotonic()
                if asked is None:
                    more = self._step()
                    self._stop.wait(time.monotonic() - started if more else 0)  # whoever decides goes first
                    continue
                while self._follow():  # an answer knows what was decided before it was asked for
                    pass
                self._answer(asked)
            except Exception as error:  # the database may be away: try again later
                log.warning("similar comments cannot be looked for (%s); trying again", type(error).__name__)
                more = False
                self._stop.wait(self._poll)

    def _next(self, seconds: float) -> int | None:
        try:
            return self._work.get(timeout=seconds) if seconds else self._work.get_nowait()
        except queue.Empty:
            return None

    def _answer(self, comment_id: int) -> None:
        self._asked.discard(comment_id)  # first: what fails may be asked for again
        known = self._known.get(comment_id)
        if comment_id <= 0 or (known and known.entry == self._front and known.is_complete):
            return
        self._known[comment_id] = self.find(comment_id)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def _step(self) -> bool:
        """Whether there was anything to do."""
        return self._follow() or self._read_back() or self._drop_erased()

    def _begin(self) -> "Vectors":
        """The index; the first time it stands between what was decided and what will be."""
        if self._vectors is None:
            from core.nearest_vectors import Vectors  # scipy: not for commands that never ask

            with self._sessions.read() as session:
                last, erasures = NearestStore(session).last_entry(), ErasureStore(session).mark()
            with self._lock:
                self._front, self._back, self._erasures = last, last + 1 if last else 0, erasures
                self._vectors = Vectors(self._most)
        return self._vectors

    def _follow(self) -> bool:
        """Go on to newer entries; whether there were any."""
        self._begin()
        with self._sessions.read() as session:
            store = NearestStore(session)
            touched = store.touched_after(self._front, _STEP)
            digests = {digest for _, digest in touched}
            decided = store.decided(digests) if digests else []
        if not touched:
            return False
        self._settle(digests, decided, front=touched[-1][0])
        return True

    def _read_back(self) -> bool:
        """Go on to older entries, until all are known or there is no room; whether there were any."""
        vectors = self._begin()
        if not self._back:
            return False
        with self._sessions.read() as session:
            older = NearestStore(session).decided_before(self._back, _READ)
        self._settle((), older, back=older[-1].entry if older and not vectors.is_full else 0)
        return True

    def _drop_erased(self) -> bool:
        """Let texts go that were erased, unless a comment that was not has the same; whether any were."""
        with self._sessions.read() as session:
            mark = ErasureStore(session).mark()
            if mark == self._erasures:
                return False
            store = NearestStore(session)
            by_comment = {comment_id: digest for digest, comment_id in self._comments.items()}
            digests = {by_comment[i] for i in store.erased(sorted(by_comment))}
            decided = store.decided(digests) if digests else []
        self._erasures = mark
        self._settle(digests, decided)
        self._known.clear()
        return bool(digests)

    def _settle(
        self, touched: Collection[str], decided: Sequence[DecidedText], *, front: int | None = None,
        back: int | None = None,
    ) -> None:  # fmt: skip
        """Hold the decided texts; of those that were touched, let the others go."""
        vectors = self._begin()
        with self._lock:
            for digest in set(touched) - {one.digest for one in decided}:
                vectors.remove(digest)
                self._comments.pop(digest, None)
        for start in range(0, len(decided), _STEP):
            some = decided[start : start + _STEP]
            with self._lock:
                vectors.add([(one.digest, one.entry, one.text) for one in some])
                self._comments |= {one.digest: one.comment_id for one in some if one.digest in vectors}
            self._stop.wait(_PAUSE)
        with self._lock:
            if len(self._comments) > len(vectors):
                self._comments = {digest: i for digest, i in self._comments.items() if digest in vectors}
            self._front = self._front if front is None else front
            self._back = self._back if back is None else back


def person_shown(person: str, viewer: Person) -> str | None:
    """The name of who decided, as far as the viewer may know it: their own, or with Action.SEE_OTHERS; else None."""
    return person if person == viewer.name or viewer.may(Action.SEE_OTHERS) else None


def is_program(person: str) -> bool:
    """Whether a trusted program decided."""
    return person.startswith(PROGRAM)
