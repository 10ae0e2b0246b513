"""Making text safe to store, and telling whether two texts are the same."""

import hashlib
import re
import unicodedata

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with NUL and lone surrogates as U+FFFD: no database, file or log takes those two. Length is kept."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def text_hash(text: str) -> str:
    """128-bit BLAKE2b, as 32 hex digits, of the text after NFKC, case folding and collapsing of white space.

    Two comments with the same hash are "identical" in the sense of grouping and of splits.
    """
    folded = " ".join(unicodedata.normalize("NFKC", storable(text)).casefold().split())
    return hashlib.blake2b(folded.encode(), digest_size=16).hexdigest()


def fold_of(digest: str, folds: int) -> int:
    """The fold, 0 to folds - 1, of a `text_hash`. By content: duplicates never cross."""
    return int(digest[:8], 16) % folds


FROZEN_TEST_SHARE = 0.1
"""Share of all contents that no training may ever see."""


def in_frozen_test(digest: str) -> bool:
    """Whether a content belongs to the frozen test part. Uses other bits than `fold_of`."""
    return int(digest[8:16], 16) / 0xFFFFFFFF < FROZEN_TEST_SHARE
