"""The catalogues: up to date with the sources, complete, and nothing that people read stands beside them."""

import ast
import json
import re
from pathlib import Path

import pytest

from core.accounts import Action, Role
from core.domain import Lane, Outcome, Stage
from core.gate import SET_TITLES
from core.history import Standing
from core.labels import LABEL_TITLES
from core.languages import ENGLISH, FOLDER, LANGUAGES
from core.practice_comments import EXAMPLES
from core.script import SCRIPTS
from core.settings import ROOT
from core.work_filter import LANE_TITLES
from locales import catalogue
from pages.shared import titles

OTHERS = [code for code in LANGUAGES if code != ENGLISH]
RUN = "Run `make words`."


@pytest.fixture(scope="module")
def gathered():
    return catalogue.gathered()


def keys(of) -> set:
    return {one.id if isinstance(one.id, str) else tuple(one.id) for one in of if one.id}


def test_the_template_has_the_words_of_the_sources(gathered):
    assert catalogue.written(gathered) == catalogue.TEMPLATE.read_bytes(), RUN


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_is_complete_and_compiled(code, gathered):
    path = FOLDER / code / "LC_MESSAGES" / "moderato.po"
    found = catalogue.read(path, code)
    assert keys(found) == keys(gathered), RUN
    assert catalogue.unsaid(found) == []
    assert path.with_suffix(".mo").read_bytes() == catalogue.compiled(found), RUN
    for name in catalogue.COMPONENTS:
        kept = json.loads(path.with_name(f"{name}.json").read_text("utf-8"))
        assert kept == catalogue.components(found, name), RUN


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_fills_in_what_the_english_does(code):
    for one in catalogue.read(FOLDER / code / "LC_MESSAGES" / "moderato.po", code):
        if not one.id:
            continue
        english = [one.id] if isinstance(one.id, str) else list(one.id)
        allowed = set().union(*map(places, english))
        for form in catalogue.forms(one):
            assert places(form) <= allowed, (english[0], form)
        assert places(list(catalogue.forms(one))[-1]) == places(english[-1]), english[-1]
        assert not re.search(r"(?<!\{)\{[^{}]*$", form), form


def places(words: str) -> set[str]:
    """What is filled in, with how it is written."""
    return set(re.findall(r"\{[^{}]*\}", words))


def test_the_catalogue_has_what_the_core_and_the_router_name(gathered):
    named = [*LABEL_TITLES.values(), *(title.lower() for title in LABEL_TITLES.values()), *SET_TITLES.values()]
    named += [standing.value for standing in Standing]
    named += [action.value.replace("_", " ") for action in Action]
    named += [*SCRIPTS.values(), *LANE_TITLES.values()]
    named += page_titles()
    assert [title for title in named if title not in keys(gathered)] == []


def test_the_catalogue_has_what_is_said_of_the_practice(gathered):
    said = {words for one in EXAMPLES for words in (one.why, *(words for _need, words in one.hints))}
    assert said - keys(gathered) == set()


def test_every_lane_outcome_role_and_stage_has_a_title():
    pairs = (
        (titles.LANES, Lane),
        (titles.OUTCOMES, Outcome),
        (titles.ROLES, Role),
        (titles.STAGES, Stage),
        (LANE_TITLES, Lane),
    )
    for named, kinds in pairs:
        assert set(named) == set(kinds)


def page_titles() -> list[str]:
    """Of the router's table: groups, and the second of each entry."""
    tree = ast.parse((ROOT / "pages" / "router.py").read_text("utf-8"))
    table = next(one.value for one in tree.body if isinstance(one, ast.Assign) and one.targets[0].id == "PAGES")
    entries = [entry for group in table.values for entry in group.elts]
    return [*(key.value for key in table.keys), *(entry.elts[1].value for entry in entries)]


DRAW = {
    "title", "header", "subheader", "write", "markdown", "caption", "text", "info", "warning", "error", "success",
    "button", "metric", "badge", "toast", "expander", "popover", "toggle", "checkbox", "selectbox", "multiselect",
    "text_input", "text_area", "number_input", "date_input", "slider", "radio", "pills", "segmented_control", "tabs",
    "form_submit_button", "download_button", "link_button", "spinner", "notice", "upload", "page_link",
}  # fmt: skip
SAID_AS = {"label", "help", "placeholder", "alt", "title", "x_title", "y_title", "caption"}
NAMES = {"Moderato", "AUC", "SHA-256", "CSV", "F1", "95 %"}
"""The same in every language."""


def bare_in(path: Path) -> list[str]:
    """English that is handed to something that draws it, without going through the catalogue."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [one.value for one in node.keywords if one.arg in SAID_AS]
        if name in DRAW and getattr(getattr(node.func, "value", None), "id", "") != "log":
            given += node.args[:1] if name != "page_link" else []
        found += [f"{path.name}:{node.lineno}: {text}" for one in given for text in texts(one)]
    return found


def texts(node: ast.AST) -> list[str]:
    """Words among what is written down there; what is looked up, computed or filled in is no concern of theirs."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if is_english(node.value) else []
    if isinstance(node, ast.JoinedStr):
        return [text for part in node.values if isinstance(part, ast.Constant) for text in texts(part)]
    if isinstance(node, ast.IfExp):
        return texts(node.body) + texts(node.orelse)
    if isinstance(node, ast.List | ast.Tuple):
        return [text for one in node.elts for text in texts(one)]
    if isinstance(node, ast.BinOp):
        return texts(node.left) + texts(node.right)
    return []


def is_english(text: str) -> bool:
    """Whether it has a word: not an icon, a colour, a unit, a tag, an address or a name."""
    rest = re.sub(r":material/\w+:|:[a-z]+\[|<[^<>]*>|`[^`]*`|https?://\S+|\bUTC\b|\bm-[\w-]+", "", text)
    return rest.strip() not in NAMES and bool(re.search("[A-Za-z]{2}", rest))


PAGES_FILES = sorted((ROOT / "pages").rglob("*.py"))


@pytest.mark.parametrize("path", PAGES_FILES, ids=lambda path: path.name)
def test_nothing_that_people_read_stands_beside_the_catalogue(path):
    assert bare_in(path) == []


def test_the_guard_finds_what_is_bare(tmp_path):
    (tmp_path / "page.py").write_text(
        'st.title("Queue")\nst.caption(f"{n} wait")\nst.metric(_("Fine"), f"{n:,}", help="Why")'
    )
    assert [line.split(": ")[1] for line in bare_in(tmp_path / "page.py")] == ["Queue", " wait", "Why"]
