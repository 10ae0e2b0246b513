"""What a reader sees of an HTML comment, and where each character of that stands in the source."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Final

_UNSEEN: Final = frozenset({"script", "style", "template", "noscript", "head", "title"})
_BREAKS: Final = frozenset(
    "address article aside blockquote br dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main "
    "nav ol p pre section table td th tr ul".split()
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A text with its place in a source."""

    text: str
    starts: Sequence[int]
    """For each code point, where what made it begins in the source."""
    ends: Sequence[int]
    """Where that ends."""

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source that shows code points start..end, end exclusive."""
        return (self.starts[start], self.ends[end - 1]) if start < end else (start, end)


def plain(text: str) -> Shown:
    """A plain text, which is its own source."""
    return Shown(text, range(len(text)), range(1, len(text) + 1))


def shown_text(source: str) -> Shown:
    """The text of an HTML source: no tags, comments, scripts; entities as what they mean; a line break for each block.

    Broken HTML is read as browsers do or, where the parser gives up, with what looks like a tag cut out.
    """
    reader = _Reader(source)
    try:
        reader.feed(source)
        reader.close()
    except (AssertionError, ValueError):  # the parser's words for a declaration that it cannot read
        return _cut(source)
    return reader.shown()


class _Reader(HTMLParser):
    """Collects text with its places. `getpos` counts lines and columns; the source's line starts make that an offset."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self._source = source
        self._lines = [0, *(match.end() for match in re.finditer("\n", source))]
        self._text: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._hidden: list[str] = []

    def shown(self) -> Shown:
        """What was collected."""
        return Shown("".join(self._text), self._starts, self._ends)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 (signature)
        """Hide what is never seen; break lines."""
        if tag in _UNSEEN:
            self._hidden.append(tag)
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 (signature)
        """<br/> and its like."""
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        """Show again what follows; break lines."""
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        self._break(tag)

    def handle_data(self, data: str) -> None:
        """Text as it stands."""
        at = self._at()
        self._add(data, range(at, at + len(data)), range(at + 1, at + len(data) + 1))

    def handle_entityref(self, name: str) -> None:
        """&amp; and its like."""
        self._refer(f"&{name}")

    def handle_charref(self, name: str) -> None:
        """&#65; and its like."""
        self._refer(f"&#{name}")

    def _refer(self, written: str) -> None:
        at = self._at()
        if self._source.startswith(written + ";", at):
            written += ";"
        meant = unescape(written)
        self._add(meant, [at] * len(meant), [at + len(written)] * len(meant))

    def _break(self, tag: str) -> None:
        if tag in _BREAKS and self._text and self._text[-1] != "\n":
            self._add("\n", [self._at()], [self._at()])

    def _add(self, text: str, starts: Sequence[int], ends: Sequence[int]) -> None:
        if not self._hidden and text:
            self._text.extend(text)
            self._starts.extend(starts)
            self._ends.extend(ends)

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def _cut(source: str) -> Shown:
    tags = [(match.start(), match.end()) for match in re.finditer(r"<[^<>]*>", source)]
    begins = [start for start, _ in tags]
    kept = []
    for at in range(len(source)):
        tag = bisect_right(begins, at) - 1
        if tag < 0 or at >= tags[tag][1]:
            kept.append(at)
    return Shown("".join(source[at] for at in kept), kept, [at + 1 for at in kept])
