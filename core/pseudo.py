"""A language that nobody speaks: it shows which words are not in the catalogue, and where longer ones do not fit."""

import gettext
import re
from typing import Final

PSEUDO: Final = "en-XA"
"""Its code, the usual one for accented English. A browser set to it gets it; nobody is offered it."""

_ACCENTED = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýž",
)
_KEPT = re.compile(r"\{[^{}]*\}|<[^<>]*>|\]\([^()]*\)|`[^`]*`|:material/\w+:|:[a-z]+\[|&\w+;|\\n")
"""What is no word: places, tags, a link's address, code, Markdown's icons and colours."""
_LONGER: Final = 0.4
"""By so much of its length, as German and Finnish are."""


class PseudoCatalogue(gettext.NullTranslations):
    """Has all words, accented, longer, in brackets."""

    def gettext(self, message: str) -> str:
        """The words so."""
        return accented(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The form for so many so."""
        return accented(msgid1 if n == 1 else msgid2)


def accented(words: str) -> str:
    """The words with accents, 40 % longer, in brackets: what is cut off or put together is seen by those."""
    if not any(character.isalpha() for character in _KEPT.sub("", words)):
        return words
    parts, at = [], 0
    for kept in _KEPT.finditer(words):
        parts += [words[at : kept.start()].translate(_ACCENTED), kept[0]]
        at = kept.end()
    parts.append(words[at:].translate(_ACCENTED))
    made = "".join(parts)
    before, after = made[: len(made) - len(made.lstrip())], made[len(made.rstrip()) :]
    return f"{before}⟦{made.strip()}{_padding(words)}⟧{after}"


def _padding(words: str) -> str:
    """Dots in groups, so that lines break between them as they do between words."""
    letters = len(_KEPT.sub("", words).strip())
    return "".join(f" {'·' * min(7, letters - at)}" for at in range(0, max(1, round(letters * _LONGER)), 8))
