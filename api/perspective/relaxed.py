"""JSON as Google's servers read it: also with bare names and single quotes, as in the old quick start."""

import json
import re
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"""\s+|(?P<double>"(?:[^"\\]|\\.)*")|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<name>[A-Za-z_$][\w$]*)(?=\s*:)|"""
    r"""(?P<other>[{}\[\],:]|[^\s{}\[\],:"']+)""",
    re.DOTALL,
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_object(body: bytes) -> dict[str, Any]:
    """The object that a body holds; lone surrogates become U+FFFD. Raises ValueError, which quotes nothing."""
    try:
        text = body.decode("utf-8-sig")
        found = _load(text)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return _mended(found) if "\\u" in text else found


def _load(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        return json.loads(_strict(text), parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _strict(text: str) -> str:
    """The same with every name and string in double quotes. Raises ValueError where it is not JSON even so."""
    made, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("no token")
        made.append(_written(match))
        at = match.end()
    return "".join(made)


def _written(match: re.Match[str]) -> str:
    if name := match["name"]:
        return json.dumps(name)
    if (single := match["single"]) is not None:
        return '"' + re.sub(r"""\\'|\\.|\"""", _requoted, single, flags=re.DOTALL) + '"'
    return match.group()


def _requoted(match: re.Match[str]) -> str:
    return {"\\'": "'", '"': '\\"'}.get(match.group(), match.group())


def _mended(value: Any) -> Any:
    """Strings cut by a client within a character: JavaScript counts in halves of one."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value
