"""Links to the originals: for each source a template of addresses, which leads set.

What cannot be said here cannot be opened: a template is an http or https origin, typed out, and a rest in which values
stand percent-encoded. No value of a comment ever reaches the scheme, the host or the structure of the address.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from core.accounts import Action, Person, check_may
from core.domain import Comment
from core.errors import BadInput
from core.site_settings import put_setting
from db.session import Session, Sessions
from db.stores.comments import CommentStore
from db.stores.site_settings import SiteSettingStore

PREFIX: Final = "source_link:"
"""Before the source, in the names of these settings."""
PLACEHOLDERS: Final = ("id", "thread", "parent", "author")
"""What may stand in braces: what the source calls the comment, its thread, what it answers, its author."""
MOST_CHARS: Final = 500
"""Longest template."""
EXAMPLE: Final = "https://forum.example.org/t/{thread}/c/{id}"
_HOLES = re.compile(r"\{([^{}]*)\}")
_ORIGIN = re.compile(r"https?://[^/?#{}\\@\s]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LinkTemplate:
    """A checked template: `origin` has no placeholder, so a scheme and a host are always what was typed."""

    origin: str
    """http:// or https:// and the host."""
    rest: str
    """Path, query and fragment; empty, or begins with one of / ? #."""

    @property
    def words(self) -> str:
        """As it was typed."""
        return self.origin + self.rest

    def link_of(self, comment: Comment) -> str | None:
        """The comment's address; None where it lacks a value, or one would step out of its place in the path."""
        if not comment.text:
            return None  # erased: its id went too
        known = {
            "id": comment.external_id, "thread": comment.thread, "parent": comment.parent, "author": comment.author,
        }  # fmt: skip
        values = {name: known[name] for name in _HOLES.findall(self.rest)}
        if any(value is None or value.strip() in ("", ".", "..") for value in values.values()):
            return None  # browsers take %2E%2E for two dots, so no encoding would help
        return self.origin + _HOLES.sub(lambda hole: quote(values[hole[1]] or "", safe=""), self.rest)


def parse_template(words: str) -> LinkTemplate:
    """The template that somebody typed. Raises BadInput with what is wrong and how to go on."""
    words = words.strip()
    if len(words) > MOST_CHARS:
        raise BadInput("A link has at most {many} characters. Shorten it.", many=MOST_CHARS)
    if not words.isprintable() or any(character in words for character in ' "<>\\^`|'):
        raise BadInput("A link has no blanks, quotes or backslashes. Write them percent-encoded, a blank as %20.")
    found = _ORIGIN.match(words)
    if found is None:
        raise BadInput(
            "A link begins with https:// or http:// and the name of the site, without placeholders: {example}",
            example=EXAMPLE,
        )
    origin, rest = found[0], words[found.end() :]
    _check_origin(origin, rest)
    _check_holes(rest)
    return LinkTemplate(origin, rest)


def links_of(session: Session, comments: Sequence[Comment]) -> dict[int, str]:
    """Addresses of those comments whose source has a template, by comment."""
    templates = _templates(session) if comments else {}
    pairs = ((c.id, templates[c.source].link_of(c)) for c in comments if c.source in templates)
    return {comment_id: link for comment_id, link in pairs if link}


class SourceLinks:
    """The templates, by source."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def all(self) -> dict[str, LinkTemplate]:
        """Those that are set."""
        with self._sessions.read() as session:
            return _templates(session)

    def example(self, source: str) -> str | None:
        """The address of the source's newest comment that has one."""
        with self._sessions.read() as session:
            newest = CommentStore(session).newest_of(source)
            return links_of(session, [newest]).get(newest.id) if newest else None

    def put(self, source: str, words: str, *, by: Person) -> LinkTemplate | None:
        """Set a source's template; empty words take it back. The audit trail has both. Raises BadInput."""
        check_may(by, Action.SET_LINKS)
        template = parse_template(words) if words.strip() else None
        with self._sessions.begin() as session:
            put_setting(session, PREFIX + source, template.words if template else None, by=by)
        return template


def _templates(session: Session) -> dict[str, LinkTemplate]:
    """Parsed anew: what cannot pass today's check is not used, wherever it came from."""
    found = {}
    for source, words in SiteSettingStore(session).beginning(PREFIX).items():
        try:
            found[source] = parse_template(words) if isinstance(words, str) else None
        except BadInput:
            continue
    return {source: template for source, template in found.items() if template}


def _check_origin(origin: str, rest: str) -> None:
    if rest and rest[0] not in "/?#":
        raise BadInput(
            "A placeholder stands behind the name of the site, never within it. The site is typed out: {example}",
            example=EXAMPLE,
        )
    try:
        parts = urlsplit(origin)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named:
        raise BadInput("There is no site called {origin}. Type it as in {example}", origin=origin, example=EXAMPLE)


def _check_holes(rest: str) -> None:
    names = _HOLES.findall(rest)
    for name in names:
        if name not in PLACEHOLDERS:
            raise BadInput(
                "There is no placeholder {name}. There are {known}.",
                name="{" + name[:40] + "}", known=", ".join("{" + one + "}" for one in PLACEHOLDERS),
            )  # fmt: skip
    if "{" in _HOLES.sub("", rest) or "}" in _HOLES.sub("", rest):
        raise BadInput("A brace is left open or closed twice. A placeholder is written {example}.", example="{id}")
    if not names:
        raise BadInput("Without a placeholder every comment has the same link. Put {example} where its number stands.",
                       example="{id}")  # fmt: skip
