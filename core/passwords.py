"""Passwords: what is accepted (NIST SP 800-63B: length first, no rules of composition), and Argon2id."""

import re
import threading
import unicodedata
from functools import cache, lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.accounts import fold_name
from core.errors import BadInput
from core.settings import ROOT

MIN_LENGTH: Final = 12
"""Shortest password, in code points."""
MAX_BYTES: Final = 1024
"""Longest password, in bytes of UTF-8: long enough for any sentence, too short to keep the hash busy."""
_AT_ONCE: Final = 2
"""Hashes at a time: each takes 64 MiB and four threads for some 50 ms."""

_hasher = PasswordHasher()  # RFC 9106's second recommendation: 64 MiB, 3 passes, 4 lanes
_turn = threading.BoundedSemaphore(_AT_ONCE)


def checked_password(password: str, name: str) -> str:
    """The password as it is hashed (NFKC); raises BadInput, saying what to do."""
    password = _normal(password)
    if len(password.encode("utf-8", "replace")) > MAX_BYTES:
        raise BadInput("The password is longer than {max_bytes:,} bytes. Take a shorter one.", max_bytes=MAX_BYTES)
    if len(password) < MIN_LENGTH:
        raise BadInput(
            "A password has at least {min_length} characters: four or five words do well.",
            min_length=MIN_LENGTH,
        )
    if _is_common(password):
        raise BadInput("That password is one of the first that anybody would try. Take four or five unrelated words.")
    if _holds_name(password, name):
        raise BadInput("That password is made of your name or of this site's. Take four or five unrelated words.")
    return password


def hash_password(password: str) -> str:
    """Argon2id with a fresh salt, in PHC form. Waits for its turn."""
    with _turn:
        return _hasher.hash(_normal(password))


def verify_password(known: str | None, password: str) -> bool:
    """Whether the password belongs to the hash. Without one it takes as long, and is wrong."""
    password = _normal(password)
    if len(password.encode("utf-8", "replace")) > MAX_BYTES:
        password, known = "", None
    with _turn:
        try:
            return _hasher.verify(known or _nobodys(), password) and known is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(known: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(known)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's password, so that unknown names take as long as known ones")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _is_common(password: str) -> bool:
    """In the list, in it but for digits and signs around, a run of neighbours, or short pieces said again."""
    folded = password.casefold()
    letters = re.sub(r"[\W\d_]+", "", folded)
    known = _common()
    if folded in known or letters in known or folded.strip("0123456789!?.,-_#*@$ ") in known:
        return True
    if len(set(folded)) < 5:
        return True
    if any(folded in run or folded[::-1] in run for run in _RUNS):
        return True
    whole = re.fullmatch(r"(.{1,11}?)\1+.{0,3}", folded)
    if whole is None:
        return False
    piece = whole[1]
    return len(set(piece)) < 5 or piece in known or re.sub(r"[\W\d_]+", "", piece) in known


def _holds_name(password: str, name: str) -> bool:
    rest = fold_name(password)
    for part in sorted({fold_name(name), *fold_name(name).split(), "moderato"}, key=len, reverse=True):
        if len(part) >= 3:
            rest = rest.replace(part, "")
    return len(re.sub(r"[\W\d_]+", "", rest)) < 4 and len(rest) < len(fold_name(password))


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    lines = (ROOT / "core" / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


_RUNS = tuple(
    run * 3
    for run in ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "qwertyuiopasdfghjklzxcvbnm",
                "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn")
)  # fmt: skip
