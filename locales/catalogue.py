"""Gather the words of the pages into the template, bring each language's catalogue up to date, compile it.

.venv/bin/python -m locales.catalogue        write all of it, and say what is left to translate
"""

import ast
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from gettext import c2py
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from core.languages import DOMAIN, ENGLISH, FOLDER, LANGUAGES
from core.settings import ROOT

TEMPLATE = FOLDER / f"{DOMAIN}.pot"
METHODS = {
    "pages": [
        ("shared/chart/vendor/**", "ignore"),
        ("**.py", "locales.catalogue:words_of_python"),
        ("**.js", "locales.catalogue:words_of_script"),
        ("**.html", "locales.catalogue:words_of_html"),
    ],
    "api": [("*.py", "locales.catalogue:words_of_python")],
    "db": [("trouble.py", "locales.catalogue:sentences_of_python")],
    "core": [
        *((f"{part}**", "ignore") for part in ("scoring", "moving", "restore", "reach", "readiness", "key_ring")),
        ("**.py", "locales.catalogue:words_of_python"),
    ],
}
"""Where words that people read stand, and how they are found there."""
COMPONENTS = {
    "review_card": ("review_card/",),
    "key_editor": ("key_editor/", "review_card/acts.js", "review_card/keys.js"),
    "chart": ("chart/",),
}
"""What draws in the browser and gets its words with its data, and which files of pages/shared it says words of."""
KEYWORDS: dict[str, Any] = {
    "_": None,
    "later": None,
    "ngettext": (1, 2),
    "t": None,
    "tn": (1, 2),
    **dict.fromkeys(
        (
            "Sentence", "ModeratoError", "BadInput", "NotAllowed", "NotFound", "Conflict", "DatabaseTrouble",
            "ModelUnavailable", "Throttled", "Refused", "Busy",
        ),
    ),
}  # fmt: skip
"""Calls whose first argument is words; of those for so many, the first two."""
Found = tuple[int, str, str | tuple[str, ...], list[str]]
_TEXT = r'("(?:[^"\\]|\\.)*")'
_IN_SCRIPTS = re.compile(rf"\btn\(\s*{_TEXT},\s*{_TEXT}|\b(?:t|later)\(\s*{_TEXT}|\bhelp: {_TEXT}")
_KEYS = re.compile("<kbd[^<]*</kbd>")
_IN_HTML = re.compile(r'>([^<>]+)<|\b(?:aria-label|title|placeholder)="([^"]+)"')


def words_of_python(fileobj: Any, keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:  # noqa: ARG001
    """For Babel, whose own takes the last piece of a text in parts that are filled in at once: such a text is none."""
    for node in ast.walk(ast.parse(fileobj.read())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in keywords:
            continue
        words = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        many = KEYWORDS[node.func.id] or (1,)
        if len(words) >= len(many) and isinstance(node.args[0], ast.Constant):
            yield node.lineno, node.func.id, tuple(words[: len(many)]) if len(many) > 1 else words[0], []


def sentences_of_python(fileobj: Any, keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:  # noqa: ARG001
    """For Babel: whole sentences that stand as constants, for what knows nothing of catalogues."""
    tree = ast.parse(fileobj.read())
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        words = node.value if isinstance(node, ast.Constant) and id(node) not in apart else None
        if isinstance(words, str) and words.endswith(".") and " " in words:
            yield node.lineno, "_", words, []


def words_of_script(fileobj: Any, keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:  # noqa: ARG001
    """For Babel, whose own does not look into template literals: t("…"), tn("…", "…"), later("…"), help: "…"."""
    text = fileobj.read().decode()
    for found in _IN_SCRIPTS.finditer(text):
        one, *more = (json.loads(words) for words in found.groups() if words)
        yield text.count("\n", 0, found.start()) + 1, "tn" if more else "t", (one, *more) if more else one, []


def words_of_html(fileobj: Any, keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:  # noqa: ARG001
    """For Babel: texts of a component's HTML, but for keys, and what its attributes say."""
    text = fileobj.read().decode()
    for found in _IN_HTML.finditer(_KEYS.sub("<>", text)):
        words = (found[1] or found[2]).strip()
        if re.search("[A-Za-z]{2}", words):
            yield text[: found.start()].count("\n") + 1, "_", words, []


def gathered() -> Catalog:
    """All words as they stand in the sources, each with the files that have it."""
    catalogue = Catalog(project="Moderato", charset="utf-8", fuzzy=False, header_comment="# The words of Moderato.")
    for folder, methods in METHODS.items():
        found = extract_from_dir(ROOT / folder, method_map=methods, keywords=KEYWORDS)
        for name, _line, words, _comments, _context in found:
            if re.search("[A-Za-z]", words if isinstance(words, str) else words[0]):
                catalogue.add(words, locations=[(f"{folder}/{Path(name).as_posix()}", None)])
    return catalogue


def read(path: Path, code: str | None = None) -> Catalog:
    """A catalogue's file."""
    with path.open("rb") as file:
        return read_po(file, locale=code, domain=DOMAIN)


def written(catalogue: Catalog) -> bytes:
    """The catalogue's file: sorted, without dates and line numbers, so that merges seldom meet."""
    made = io.BytesIO()
    write_po(
        made, catalogue, width=120, sort_output=True, omit_header=False, include_lineno=False, ignore_obsolete=True
    )
    return re.sub(
        rb'"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team)[^\n]*\n',
        b"",
        made.getvalue(),
    )


def compiled(catalogue: Catalog) -> bytes:
    """What gettext reads. Without the time: the same words make the same file."""
    catalogue.creation_date = catalogue.revision_date = datetime(1970, 1, 1, tzinfo=UTC)
    made = io.BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


def components(catalogue: Catalog, name: str) -> dict[str, str | dict[str, str]]:
    """The words of a component in the browser, for its scripts; those for so many by CLDR's kinds of number."""
    files = tuple(f"pages/shared/{part}" for part in COMPONENTS[name])
    return {
        english(one): one.string if isinstance(one.id, str) else by_kind(catalogue, one)
        for one in catalogue
        if one.id and any(place.startswith(files) and not place.endswith(".py") for place, _line in one.locations)
    }


def by_kind(catalogue: Catalog, message: Message) -> dict[str, str]:
    """The forms of a message for "one", "few", "other" and so on, of which gettext knows the numbers alone."""
    place = c2py(catalogue.plural_expr)
    kinds = catalogue.locale.plural_form
    said = list(forms(message))
    return {kinds(many): said[place(many)] for many in range(200, -1, -1) if place(many) < len(said)}


def english(message: Message) -> str:
    """The key, the first of two."""
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(message: Message) -> Iterable[str]:
    """The translation's forms; one where there is no plural."""
    return (message.string,) if isinstance(message.string, str) else message.string or ("",)


def unsaid(catalogue: Catalog) -> list[str]:
    """What has no translation, or one that is only a guess."""
    return [english(one) for one in catalogue if one.id and (one.fuzzy or not all(forms(one)))]


def main() -> int:
    """Write everything; 1 if something is left to translate."""
    template = gathered()
    TEMPLATE.write_bytes(written(template))
    left = 0
    for code in LANGUAGES:
        if code == ENGLISH:
            continue
        path = FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = read(path, code) if path.exists() else Catalog(code, DOMAIN, charset="utf-8", fuzzy=False)
        catalogue.update(template, no_fuzzy_matching=True)
        path.write_bytes(written(catalogue))
        catalogue = read(path, code)
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        for name in COMPONENTS:
            found = components(catalogue, name)
            text = json.dumps(found, ensure_ascii=False, indent=0, sort_keys=True)
            path.with_name(f"{name}.json").write_text(text + "\n", encoding="utf-8")
        missing = unsaid(catalogue)
        left += len(missing)
        print(f"{code}: {len(catalogue):,} words, {len(missing):,} to translate")
        for words in missing[:20]:
            print(f"    {words}")
    return min(left, 1)


if __name__ == "__main__":
    sys.exit(main())
