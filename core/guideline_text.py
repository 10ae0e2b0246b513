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
    """The text's stretches: a line of `# ...` is a heading, one of `- ...` begins a point, any other a paragraph."""
    found: list[Block] = []
    goes_on = False
    for line in (line.strip() for line in text.splitlines()):
        marked = _marked(line)
        if marked:
            found.append(marked)
        elif line and goes_on:
            found[-1] = Block(found[-1].kind, f"{found[-1].text} {line}")
        elif line:
            found.append(Block(BlockKind.TEXT, line))
        goes_on = bool(line) and found[-1].kind is not BlockKind.HEADING
    return found


def written(stretches: Sequence[Block]) -> str:
    """The text that reads as these, each in one line."""
    marks = {BlockKind.HEADING: "# ", BlockKind.POINT: "- ", BlockKind.TEXT: ""}
    lines: list[str] = []
    for before, one in zip([None, *stretches], stretches, strict=False):
        follows_heading = before is None or before.kind is BlockKind.HEADING
        apart = before and (one.kind is BlockKind.HEADING or (one.kind is BlockKind.TEXT and not follows_heading))
        lines += ["", marks[one.kind] + one.text] if apart else [marks[one.kind] + one.text]
    return "\n".join(lines)


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
