"""Comments that programs had scored and that are to be kept: gathered, and added some at a time beside the answers."""

import asyncio
import logging
from typing import Final

from core.domain import NewComment
from core.errors import BadInput
from core.intake import MOST_SOURCE, Intake
from core.log_text import whereabouts
from core.text import storable, text_hash

log = logging.getLogger("moderato.api")

_GATHER: Final = 0.5
"""Seconds of gathering before a transaction."""
_MOST: Final = 20_000
"""Comments that wait at most; more are told to come back."""
_TOKEN: Final = 200


class ApiIntake:
    """Keeps comments. Lives on one event loop."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._waiting: list[NewComment] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether no more can be taken at the moment."""
        return len(self._waiting) >= _MOST

    def add(self, text: str, source: str, client_token: str | None) -> None:
        """Keep a comment; the same text with the same token from the same source is the same comment."""
        self._waiting.append(NewComment(text, source, comment_id_of(text, client_token)))
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Add what waits."""
        if self._task:
            self._task.cancel()
        await self._flush()

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER)
            await asyncio.shield(self._flush())
        self._task = None

    async def _flush(self) -> None:
        some, self._waiting = self._waiting, []
        try:
            if some:
                await asyncio.to_thread(self._add, some)
        except Exception as error:  # such as a database that is away: it may be back next time
            log.warning("%d comments of programs are not kept yet: %s", len(some), whereabouts(error))
            self._waiting = some + self._waiting

    def _add(self, comments: list[NewComment]) -> None:
        try:
            self._intake.add(comments)
        except BadInput as error:
            if len(comments) == 1:
                log.warning("a comment of a program is not kept: %s", error)  # its words quote no text
                return
            for comment in comments:  # one of them is too long for this installation; the others are not
                self._add([comment])


def comment_id_of(text: str, client_token: str | None) -> str:
    """The id under which a program's comment is kept."""
    digest = text_hash(text)
    return f"{storable(client_token)[:_TOKEN]}:{digest}" if client_token else digest


def source_of(community: str | None, key_name: str) -> str:
    """Where a program's comment comes from: the community that it names, else the key's name."""
    plain = "".join(c for c in storable(community or "").strip() if c.isprintable())[:MOST_SOURCE].strip()
    return plain or key_name
