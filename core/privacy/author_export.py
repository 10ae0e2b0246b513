"""What is held on an author, as a ZIP to hand over: comments, scores, decisions, dates; no moderator's name."""

import json
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any

from core.accounts import PROGRAM, Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now, unpack_labels
from core.errors import NotFound
from core.labels import LABELS
from core.privacy.keyed import load_keyed
from core.privacy.service import names_of, not_held
from db.models import DecisionRow
from db.session import Sessions
from db.stores.held import Held, HeldStore

_README = """What this installation of Moderato holds on one author, as of {at}.

comments.jsonl has one comment a line: its text and where it came from, what each model estimated of the six labels
(probabilities, 0 to 1), how it was routed, and what was decided, with dates. Who decided is left out. Notes are
moderators' words and may name others: read the file before you hand it over.

Not in here: what trained models learnt (it cannot be told apart by author), backups, and exports made before.
"""


class AuthorExports:
    """Of one database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def write(self, file: IO[bytes], author: str, *, by: Person, source: str | None = None) -> int:
        """Write the ZIP; how many comments it has. Raises NotFound if nothing is held. The export is an event."""
        check_may(by, Action.MANAGE_PRIVACY)
        key, at = load_keyed(self._sessions), now()
        names, many = names_of(key, author), 0
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            with self._sessions.read() as session, packed.open("comments.jsonl", "w") as lines:
                for held in HeldStore(session).of_authors(names, source):
                    lines.write(json.dumps(_told(held), ensure_ascii=False).encode() + b"\n")
                    many += 1
            if not many:
                raise NotFound(not_held(source))
            packed.writestr("README.txt", _README.format(at=f"{at:%Y-%m-%d %H:%M} UTC"))
        with self._sessions.begin() as session:
            record(session, by, What.AUTHOR_EXPORTED, key.author(author), comments=many, source=source)
        return many


def _told(held: Held) -> dict[str, Any]:
    comment, routing = held.comment, held.routing
    return {
        "text": comment.text,
        "source": comment.source,
        "id": comment.external_id,
        "author": comment.author,
        "thread": comment.thread,
        "answers": comment.parent,
        "written_at": _moment(comment.created_at),
        "received_at": _moment(comment.added_at),
        "state": routing.state if routing else "not scored",
        "routed_at": _moment(routing.routed_at) if routing else None,
        "in_audit_sample": routing.audit if routing else False,
        "removed_without_review": routing.automatic if routing else False,
        "known_answers": None if held.golden is None else _labels(held.golden),
        "scores": [
            {"model": name, "at": _moment(row.scored_at)} | {label: round(getattr(row, label), 6) for label in LABELS}
            for name, row in held.scores
        ],
        "decisions": list(_decisions(held.decisions)),
        "suggestions": [{"at": _moment(one.sent_at), "labels": _labels(one.labels)} for one in held.suggestions],
    }


def _decisions(rows: Iterable[DecisionRow]) -> Iterable[dict[str, Any]]:
    for row in rows:
        yield {
            "at": _moment(row.decided_at),
            "by": "a program" if row.person.startswith(PROGRAM) else "a person",
            "what": "took a decision back" if row.revokes else row.outcome,
            "labels": _labels(row.labels),
            "note": row.note,
        }


def _labels(mask: int) -> list[str]:
    return [label for label, on in zip(LABELS, unpack_labels(mask), strict=True) if on]


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
