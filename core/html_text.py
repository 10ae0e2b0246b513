"""What a reader sees of an HTML comment, and where each character of that stands in the source.

Not the standard library's parser: that one needs seconds for 20 KB of broken tags, and does not say where entities end.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Final

_UNSEEN: Final = frozenset({"script", "style", "template", "noscript", "title"})
"""Elements that no reader sees, up to their end tag."""
_BREAKS: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure", "footer"),
        *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"),
        *("table", "td", "th", "tr", "ul"),
    }
)
_MARK: Final = re.compile(r"<(?=[a-zA-Z/!?])|&(?=[a-zA-Z#])")
_TAG: Final = re.compile(r"""</?([a-zA-Z][^\s/>]*)(?:[^>"']|"[^"]*"|'[^']*')*+>""")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,10}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{0,31});?")


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

    Takes time in proportion to the source, whatever it is. From a tag on that never ends, all is text: rather too much
    is read than too little.
    """
    reader, at = _Reader(source), 0
    while (mark := _MARK.search(source, at)) is not None:
        reader.keep(at, mark.start())
        at = reader.entity(mark.start()) if mark.group() == "&" else reader.markup(mark.start())
        if at < 0:
            at = mark.start()
            break
    reader.keep(at, len(source))
    return Shown("".join(reader.text), reader.starts, reader.ends)


@dataclass(slots=True)
class _Reader:
    """Collects text with its places. What begins with `<` or `&` is read by a method that says where it ends."""

    source: str
    text: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def keep(self, start: int, end: int) -> None:
        """A stretch that is text as it stands."""
        self.text.extend(self.source[start:end])
        self.starts.extend(range(start, end))
        self.ends.extend(range(start + 1, end + 1))

    def entity(self, at: int) -> int:
        """&amp; and its like; what is none stands for itself."""
        found = _ENTITY.match(self.source, at)
        end = found.end() if found else at + 1
        meant = unescape(self.source[at:end])
        self.text.extend(meant)
        self.starts.extend([at] * len(meant))
        self.ends.extend([end] * len(meant))
        return end

    def markup(self, at: int) -> int:
        """A tag, a comment or a declaration; -1 where it never ends."""
        if self.source.startswith("<!--", at):
            end = self.source.find("-->", at + 4)
            return end + 3 if end >= 0 else -1
        if (tag := _TAG.match(self.source, at)) is None:
            end = -1 if self.source[at + 1].isalpha() else self.source.find(">", at)
            return end + 1 if end >= 0 else -1
        name = tag.group(1).lower()
        if name in _BREAKS and self.text and self.text[-1] != "\n":
            self.text.append("\n")
            self.starts.append(at)
            self.ends.append(at)
        opens = self.source[at + 1] != "/" and not tag.group().endswith("/>")
        return self._skip(name, tag.end()) if opens and name in _UNSEEN else tag.end()

    def _skip(self, name: str, at: int) -> int:
        """Past an element that is not seen; one that never ends hides nothing."""
        end = re.compile(rf"</{name}[\s/>]", re.IGNORECASE).search(self.source, at)
        return end.start() if end else -1
