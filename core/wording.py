"""A sentence of the core whose words and values stay apart, so that a page can say it in its reader's language."""


class Sentence:
    """English as text. `words` are a key of the catalogue, with {names} for the values, which may be sentences too."""

    def __init__(self, words: str, **values: object) -> None:
        self.words = words
        self.values = values

    def __str__(self) -> str:
        return self.words.format(**self.values) if self.values else self.words

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sentence) and (self.words, self.values) == (other.words, other.values)

    def __hash__(self) -> int:
        return hash(self.words)


def later(words: str) -> str:
    """Words that stand as a constant: they go into the catalogue, and whoever shows them says them."""
    return words
