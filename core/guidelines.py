"""Guidelines: what each label means here, written by leads, in versions that are never changed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now
from core.errors import BadInput, Conflict, NotFound
from core.guideline_shipped import SHIPPED
from core.labels import LABEL_TITLES, LABELS
from core.text import storable
from db.session import Sessions
from db.stores.guidelines import Guideline, GuidelineStore

GENERAL: Final = "general"
"""The topic of what holds for every label."""
TOPICS: Final = (GENERAL, *LABELS)
TOPIC_TITLES: Final[Mapping[str, str]] = {GENERAL: "General", **LABEL_TITLES}
MOST_LINE: Final = 160
"""Longest line for the card, in code points."""
MOST_TEXT: Final = 8_000
"""Longest guideline, in code points: more is not read."""
MOST_REASON: Final = 500
_KEPT_SECONDS: Final = 2.0
"""For so long a process may show the version before: the queue asks many times a second."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wrote, and which version was before them when they did."""

    topic: str
    line: str
    text: str
    reason: str
    on: int
    """The version that it is to follow."""


class Guidelines:
    """The guidelines of one database."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._kept: tuple[float, dict[str, Guideline]] | None = None

    def ensure_shipped(self) -> None:
        """Make what ships version 1 of the topics that have none. At every start, by any number of processes."""
        with self._sessions.read() as session:
            if len(GuidelineStore(session).newest()) >= len(TOPICS):
                return
        with self._sessions.begin() as session:
            store = GuidelineStore(session)
            store.wait_for_turn()
            known = store.newest()
            for topic in (topic for topic in TOPICS if topic not in known):
                line, text = SHIPPED[topic]
                store.add(Guideline(topic, 1, line, text, "Shipped with Moderato.", None, self._clock()))

    def in_force(self, *, by: Person) -> dict[str, Guideline]:
        """The version in force of each topic, in the order of TOPICS; up to two seconds old."""
        check_may(by, Action.READ_GUIDELINES)
        kept = self._kept  # another thread may save meanwhile
        if kept is None or time.monotonic() > kept[0]:
            with self._sessions.read() as session:
                store = GuidelineStore(session)
                found = {one.topic: one for one in store.get_many(list(store.newest().items()))}
            self._kept = kept = time.monotonic() + _KEPT_SECONDS, {t: found[t] for t in TOPICS if t in found}
        return kept[1]

    def list_of(self, topic: str, *, by: Person) -> list[Guideline]:
        """Every version of a topic, newest first. Raises NotFound."""
        check_may(by, Action.READ_GUIDELINES)
        _check_topic(topic)
        with self._sessions.read() as session:
            return GuidelineStore(session).list_of(topic)

    def save(self, draft: Draft, *, by: Person) -> Guideline:
        """Make the draft the version in force. Raises BadInput, and Conflict if somebody saved another meanwhile."""
        check_may(by, Action.WRITE_GUIDELINES)
        return self._add(_checked(draft), by, None)

    def restore(self, topic: str, version: int, *, on: int, by: Person) -> Guideline:
        """Make an old version's words the newest version. Raises NotFound and Conflict, as `save` does."""
        check_may(by, Action.WRITE_GUIDELINES)
        _check_topic(topic)
        with self._sessions.read() as session:
            old = next(iter(GuidelineStore(session).get_many([(topic, version)])), None)
        if old is None:
            raise NotFound(
                "The guideline on {topic} has no version {version}.", topic=TOPIC_TITLES[topic], version=version
            )
        reason = f"Version {version} again."
        return self._add(Draft(topic, old.line, old.text, reason, on), by, version)

    def _add(self, draft: Draft, by: Person, restored: int | None) -> Guideline:
        with self._sessions.begin() as session:
            store = GuidelineStore(session)
            store.wait_for_turn()
            newest = store.newest().get(draft.topic, 0)
            before = next(iter(store.get_many([(draft.topic, newest)])), None)
            if newest != draft.on:
                raise _overtaken(before, draft)
            if before and (before.line, before.text) == (draft.line, draft.text):
                raise BadInput("That is what version {version} says already: nothing was saved.", version=newest)
            made = Guideline(
                draft.topic, newest + 1, draft.line, draft.text, draft.reason, by.name, self._clock(), restored
            )
            store.add(made)
            told = {"version": made.version} | ({"restored": restored} if restored else {})
            record(session, by, What.GUIDELINE_SAVED, draft.topic, **told)
        self._kept = None
        return made


def _checked(draft: Draft) -> Draft:
    """The draft as it is kept: trimmed and storable. Raises BadInput."""
    _check_topic(draft.topic)
    line, reason = (" ".join(storable(words).split()) for words in (draft.line, draft.reason))
    text = storable(draft.text).replace("\r\n", "\n").strip()
    if not line:
        raise BadInput("The line for the card is missing. Say in one sentence what counts.")
    if not text:
        raise BadInput("The guideline is empty. Write what counts, what does not, and an example.")
    if not reason:
        raise BadInput("Say why it changes: whoever reads the versions later will ask.")
    for words, most in ((line, MOST_LINE), (text, MOST_TEXT), (reason, MOST_REASON)):
        if len(words) > most:
            raise BadInput(
                "One of the fields has {many:,} characters, and {most:,} is the most there. Shorten it.",
                many=len(words),
                most=most,
            )
    return Draft(draft.topic, line, text, reason, draft.on)


def _check_topic(topic: str) -> None:
    if topic not in TOPICS:
        raise NotFound(
            "There is no guideline on {topic!r}; there are {topics}.", topic=topic[:40], topics=", ".join(TOPICS)
        )


def _overtaken(newest: Guideline | None, draft: Draft) -> Conflict:
    who, version = (newest.person or "Moderato", newest.version) if newest else ("nobody", 0)
    return Conflict(
        "{who} saved version {version} of this guideline while you wrote on version {on}. Nothing was saved, and what "
        "you wrote is still here: compare, then save yours on top or take theirs.",
        who=who,
        version=version,
        on=draft.on,
    )
