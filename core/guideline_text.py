"""What guidelines are written in: plain text, of which lines that begin with # or - are headings and points."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


class BlockKind(StrEnum):
    """How a stretch of a guideline is drawn."""

    HEADING = "heading"
    POINT = "point"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a guideline: to be drawn escaped."""

    kind: BlockKind
    text: str


class Change(StrEnum):
    """What became of a stretch between two versions."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one of two versions."""

    change: Change
    text: str


def blocks(text: str) -> list[Block]:
    """The text's stretches: a line of `# ...` is a heading, one of `- ...` a point, and lines together a paragraph."""
    found: list[Block] = []
    for paragraph in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        plain: list[str] = []
        for line in paragraph.splitlines():
            marked = _marked(line.strip())
            if marked is None:
                plain += [line.strip()] if line.strip() else []
                continue
            found += [*_paragraph(plain), marked]
            plain = []
        found += _paragraph(plain)
    return found


def compare(old: str, new: str) -> list[Piece]:
    """What changed, word by word within the lines that differ; neighbours of one kind are one piece."""
    pieces: list[Piece] = []
    for piece in _compare(old.splitlines(keepends=True), new.splitlines(keepends=True), by_words=True):
        if pieces and pieces[-1].change is piece.change:
            pieces[-1] = Piece(piece.change, pieces[-1].text + piece.text)
        elif piece.text:
            pieces.append(piece)
    return pieces


def _marked(line: str) -> Block | None:
    for mark, kind in (("# ", BlockKind.HEADING), ("- ", BlockKind.POINT)):
        if line.startswith(mark):
            return Block(kind, line.removeprefix(mark).strip())
    return None


def _paragraph(lines: Sequence[str]) -> list[Block]:
    return [Block(BlockKind.TEXT, " ".join(lines))] if lines else []


def _compare(old: Sequence[str], new: Sequence[str], *, by_words: bool) -> Iterator[Piece]:
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        before, after = "".join(old[a:b]), "".join(new[c:d])
        if what == "equal":
            yield Piece(Change.SAME, before)
        elif what == "replace" and by_words:
            yield from _compare(_TOKEN.findall(before), _TOKEN.findall(after), by_words=False)
        else:
            yield Piece(Change.REMOVED, before)
            yield Piece(Change.ADDED, after)
