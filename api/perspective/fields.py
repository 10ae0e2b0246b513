"""The `fields` parameter: which parts of an answer are wanted, as in `attributeScores/TOXICITY/summaryScore(value)`."""

import re
from typing import Any, Final

from api.perspective.errors import Problem, refused

Mask = dict[str, Any]
"""Name -> mask of what is below it; an empty one means all of it. `*` is every name."""

_TOKEN: Final = re.compile(r"[\w.$*-]+|[(),/]")
_MOST: Final = 2_000
_DEEPEST: Final = 20
_SCORE: Final[Mask] = {"value": {}, "type": {}}
_SHAPE: Final[Mask] = {
    "attributeScores": {
        "*": {"summaryScore": _SCORE, "spanScores": {"begin": {}, "end": {}, "score": _SCORE}},
    },
    "languages": {},
    "detectedLanguages": {},
    "requestedLanguages": {},
    "clientToken": {},
}


def parse_fields(text: str) -> Mask:
    """The mask that a `fields` parameter means. Raises Problem for one that cannot be read or names what is not."""
    tokens = _TOKEN.findall(text)
    if len(text) > _MOST or "".join(tokens) != "".join(text.split()):
        raise _unreadable()
    mask = _Parser(tokens).parse()
    _check(mask, _SHAPE)
    return mask


def select(value: Any, mask: Mask) -> Any:
    """What of a value is wanted; in lists, of each element."""
    if not mask:
        return value
    if isinstance(value, list):
        return [select(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    every = mask.get("*")
    wanted: dict[str, Mask | None] = {name: mask.get(name, every) for name in value}
    return {name: select(value[name], below) for name, below in wanted.items() if below is not None}


class _Parser:
    """path ("," path)*, where a path is name ("/" name)* and may end with "(" paths ")"."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0

    def parse(self) -> Mask:
        mask = self._paths(0)
        if self._at != len(self._tokens) or not mask:
            raise _unreadable()
        return mask

    def _paths(self, depth: int) -> Mask:
        if depth > _DEEPEST:
            raise _unreadable()
        made: Mask = {}
        while True:
            self._path(made, depth)
            if not self._skip(","):
                return made

    def _path(self, into: Mask, depth: int) -> None:
        name = self._next()
        while self._skip("/"):
            into, name = into.setdefault(name, {}), self._next()
        below = into.setdefault(name, {})
        if self._skip("("):
            below.update(self._paths(depth + 1))
            if not self._skip(")"):
                raise _unreadable()

    def _next(self) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        if token in {"", "(", ")", ",", "/"}:
            raise _unreadable()
        self._at += 1
        return token

    def _skip(self, token: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == token
        self._at += found
        return found


def _check(mask: Mask, shape: Mask) -> None:
    for name, below in mask.items():
        if name == "*" and "*" not in shape and shape and not below:
            continue
        known = shape.get(name, shape.get("*"))
        if known is None or (below and not known):
            raise _unknown(name)
        _check(below, known)


def _unknown(name: str) -> Problem:
    return refused(f"Invalid field selection {name[:80]}")


def _unreadable() -> Problem:
    return refused("Invalid field selection")
