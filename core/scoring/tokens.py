"""Texts to token ids: special-token strings are text, long texts keep their head and their tail."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.errors import ModelUnavailable
from core.text import storable

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

TOKENIZER: Final = "tokenizer.json"
_CHARACTERS_A_TOKEN: Final = 32
"""Of a longer text only so many characters per kept token are read at either end: a megabyte costs what a page does."""


@dataclass(frozen=True, slots=True)
class TextTokens:
    """A text as the model sees it."""

    ids: list[int]
    """With what the tokenizer puts before and after a text."""
    spans: list[tuple[int, int]]
    """For each of `ids` its code points in the text; (0, 0) for what the tokenizer added."""


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """A tokenizer.json and how much of a text it lets through. Threads may share one."""

    backend: "Tokenizer"
    prefix: tuple[int, ...]
    """Put before every text, such as <s> or [CLS]."""
    suffix: tuple[int, ...]
    """Put after every text, such as [SEP]."""
    empty: int
    """Stands for a text without any token."""
    max_tokens: int
    """Longest row, prefix and suffix included."""
    digest: str
    """SHA-256, in hex, of tokenizer.json."""

    @classmethod
    def load(cls, folder: Path, *, max_tokens: int, causal: bool) -> "TextTokenizer":
        """Read the folder's tokenizer.json; raises ModelUnavailable that names what is wrong and the next step.

        A causal model gets no suffix: its last token is the text's own.
        """
        from tokenizers import Tokenizer

        path = folder / TOKENIZER
        if not path.is_file():
            raise ModelUnavailable(
                f"{folder} has no {TOKENIZER}, so no text can be read. Get the whole folder of the base, tokenizer "
                "included, or restore the model from a backup."
            )
        raw = path.read_bytes()
        try:
            backend = Tokenizer.from_str(raw.decode())
        except Exception as error:  # the library raises plain Exception
            raise ModelUnavailable(f"{path} is damaged. Restore it from a backup or get the base again.") from error
        backend.no_padding()
        backend.no_truncation()
        backend.encode_special_tokens = True  # "</s>" in a comment is four characters, not the end of the text
        prefix, suffix = _added(backend)
        suffix = () if causal else suffix
        if max_tokens < len(prefix) + len(suffix) + 2:
            raise ModelUnavailable(f"max_tokens is {max_tokens}, which leaves no room for a text. Train with more.")
        return cls(backend, prefix, suffix, _empty(backend), max_tokens, hashlib.sha256(raw).hexdigest())

    def bare(self) -> "TextTokenizer":
        """The same without what is put around a text: for comments that stand within a prompt."""
        return replace(self, prefix=(), suffix=())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of any texts, each at least one and at most `max_tokens`."""
        clipped = [clip(storable(text), self._reach) for text in texts]
        encodings = self.backend.encode_batch_fast(clipped, add_special_tokens=False)
        return [self._frame([encoding.ids[i] for i in self._kept(encoding)]) for encoding in encodings]

    def explain(self, text: str) -> TextTokens:
        """One text's ids and where each stands."""
        clipped = clip(storable(text), self._reach)
        (encoding,) = self.backend.encode_batch([clipped], add_special_tokens=False)
        kept = self._kept(encoding)
        middle, shift = len(clipped) // 2, len(text) - len(clipped)
        spans = [encoding.offsets[i] for i in kept]
        spans = [(a + shift, b + shift) if shift and a >= middle else (a, b) for a, b in spans]
        ids = self._frame([encoding.ids[i] for i in kept])
        after = len(ids) - len(self.prefix) - len(spans)
        return TextTokens(ids, [(0, 0)] * len(self.prefix) + spans + [(0, 0)] * after)

    @property
    def _room(self) -> int:
        return self.max_tokens - len(self.prefix) - len(self.suffix)

    @property
    def _reach(self) -> int:
        return self._room * _CHARACTERS_A_TOKEN

    def _kept(self, encoding: "Encoding") -> Sequence[int]:
        """Which tokens stay: all, or the first and the last half of the room, since an insult often comes last."""
        count, room = len(encoding.ids), self._room
        if count <= room:
            return range(count)
        head = (room + 1) // 2
        return [*range(head), *range(count - (room - head), count)]

    def _frame(self, ids: list[int]) -> list[int]:
        return [*self.prefix, *ids, *self.suffix] or [self.empty]


def clip(text: str, reach: int) -> str:
    """At most `reach` code points from either end."""
    return text if len(text) <= 2 * reach else text[:reach] + text[-reach:]


def _added(backend: "Tokenizer") -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the tokenizer puts before and after a text."""
    plain = backend.encode("a", add_special_tokens=False).ids
    framed = backend.encode("a", add_special_tokens=True).ids
    before = next((i for i in range(len(framed)) if framed[i : i + len(plain)] == plain), 0)
    return tuple(framed[:before]), tuple(framed[before + len(plain) :])


def _empty(backend: "Tokenizer") -> int:
    """A special token where there is one, else the first of the vocabulary."""
    return min((number for number, token in backend.get_added_tokens_decoder().items() if token.special), default=0)
