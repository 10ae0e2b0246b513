"""Hashes under this installation's own key: nobody without the database can find out what was hashed by guessing."""

import hmac
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from core.domain import now
from db.session import Session, Sessions
from db.stores.site_settings import SiteSettingStore

_SECRET: Final = "privacy"
_PSEUDONYM: Final = re.compile(r"anon:[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Keyed:
    """HMAC-SHA256 (RFC 2104) under one key, cut to 128 bits."""

    key: bytes

    def of(self, purpose: str, *parts: str) -> str:
        """32 hex digits for the parts; another purpose gives others."""
        said = json.dumps([purpose, *parts], ensure_ascii=True).encode()
        return hmac.new(self.key, said, sha256).hexdigest()[:32]

    def comment(self, source: str, external_id: str) -> str:
        """What an erased comment is known by when it comes again."""
        return self.of("comment", source, external_id)

    def pseudonym(self, author: str) -> str:
        """The author's pseudonym; a pseudonym is its own, so that nothing is converted twice."""
        return author if is_pseudonym(author) else f"anon:{self.of('author', author)}"

    def author(self, author: str) -> str:
        """What the audit trail calls the author."""
        return f"author {self.pseudonym(author).removeprefix('anon:')[:16]}"


def is_pseudonym(author: str) -> bool:
    """Whether the author's name is one that `Keyed.pseudonym` made."""
    return _PSEUDONYM.fullmatch(author) is not None


def keyed(session: Session) -> Keyed:
    """This installation's, made the first time; within a transaction that may write."""
    store = SiteSettingStore(session)
    return Keyed(store.get_secret(_SECRET) or store.make_secret(_SECRET, at=now()))


def load_keyed(sessions: Sessions) -> Keyed:
    """The same, in a transaction of its own where there is none yet."""
    with sessions.read() as session:
        found = SiteSettingStore(session).get_secret(_SECRET)
    if found is None:
        with sessions.begin() as session:
            return keyed(session)
    return Keyed(found)
