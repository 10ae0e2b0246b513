"""The languages that people read Moderato in: each one's words, numbers and days. English is the words' own."""

import gettext
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from numbers import Number
from string import Formatter
from typing import Any, Final

from babel import Locale
from babel.dates import format_skeleton

from core.pseudo import PSEUDO, PseudoCatalogue, accented
from core.settings import ROOT

DOMAIN: Final = "moderato"
FOLDER: Final = ROOT / "locales"
ENGLISH: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {ENGLISH: "English", "de": "Deutsch"}
"""Those that one can choose, by code, each in its own words. Another needs a line here and a folder in locales/."""

_DAYS = {"%d %b %Y": "yMMMd", "%d %B %Y": "yMMMMd", "%B %Y": "yMMMM", "%d %b": "MMMd", "%b %Y": "yMMM"}
"""How a day is asked for in English, and what is looked up for it in another language."""
_DAY = re.compile("|".join(sorted(_DAYS, key=len, reverse=True)))


class Language:
    """One language. Made once a process: use `language(code)`."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._catalogue = PseudoCatalogue() if code == PSEUDO else _catalogue(code)

    def say(self, words: str) -> str:
        """The words in this language. Their {places} are filled by `format`: `say("{many} wait").format(many=3)`."""
        return self._filled_later(self._catalogue.gettext(words)) if words else ""  # "" is the catalogue's head

    def say_so_many(self, one: str, more: str, many: int) -> str:
        """The form of the words for so many."""
        return self._filled_later(self._catalogue.ngettext(one, more, many))

    def write(self, value: Any, spec: str = ",") -> str:
        """A number or a moment as this language writes it. `spec` is that of Python's `format`, in English."""
        if self._is_english or isinstance(value, str):
            return format(value, spec)
        if isinstance(value, date):
            return self._write_moment(value, spec)
        written = format(value, spec)
        return written.translate(self._marks) if isinstance(value, Number) and not isinstance(value, bool) else written

    def component(self, name: str) -> dict[str, Any]:
        """The words of a component's scripts by the English ones; those for so many by CLDR's kinds. English: none."""
        return {} if self.code == ENGLISH else _of_component(self.code, name)

    @cached_property
    def _is_english(self) -> bool:
        return self.code in (ENGLISH, PSEUDO)

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(self.code)

    @cached_property
    def _marks(self) -> dict[int, str]:
        """What stands for English's comma, point and per cent sign."""
        signs = self._locale.number_symbols["latn"]
        per_cent = self._locale.percent_formats[None].pattern.removeprefix("#,##0")
        return str.maketrans({",": signs["group"], ".": signs["decimal"], "%": per_cent})

    def _write_moment(self, moment: date, spec: str) -> str:
        def day(found: re.Match[str]) -> str:
            return format_skeleton(_DAYS[found[0]], moment, locale=self._locale).replace("%", "%%")

        return format(moment, _DAY.sub(day, spec))

    def _filled_later(self, words: str) -> str:
        return words if self._is_english or "{" not in words else _Words(words, self)


class _Words(str):
    """Words whose numbers and moments are written as the language does when they are filled in."""

    __slots__ = ("_language",)
    _language: Language

    def __new__(cls, words: str, language: Language) -> "_Words":
        made = super().__new__(cls, words)
        made._language = language
        return made

    def format(self, *given: Any, **named: Any) -> str:
        return _Filler(self._language).vformat(str(self), given, named)


class _Filler(Formatter):
    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        return self._language.write(value, format_spec)


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, FOLDER, [code], fallback=True)


@cache
def _of_component(code: str, name: str) -> dict[str, Any]:
    if code == PSEUDO:
        some = next(one for one in LANGUAGES if one != ENGLISH)
        return {words: accented(words) for words, said in _of_component(some, name).items() if isinstance(said, str)}
    path = FOLDER / code / "LC_MESSAGES" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


@cache
def _made(code: str) -> Language:
    return Language(code)


def language(asked: str | None) -> Language:
    """That of a code such as a browser sends: "de-AT" is "de". English if it is not known."""
    if asked == PSEUDO:
        return _made(PSEUDO)
    code = (asked or ENGLISH).replace("_", "-").split("-")[0].lower()
    return _made(code if code in LANGUAGES else ENGLISH)


def preferred(accepted: str) -> Language:
    """The first known one of an Accept-Language header, by its weights."""
    for asked in _by_weight(accepted[:1000]):
        if asked == PSEUDO or asked.split("-")[0].lower() in LANGUAGES:
            return language(asked)
    return _made(ENGLISH)


def _by_weight(accepted: str) -> Sequence[str]:
    weighed = []
    for at, part in enumerate(accepted.split(",")):
        code, _, weight = part.partition(";q=")
        try:
            weighed.append((-float(weight or 1), at, code.strip()))
        except ValueError:
            continue
    return [code for weight, _, code in sorted(weighed) if weight < 0]
