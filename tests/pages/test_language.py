"""Every page in a language that nobody speaks, where English that is left can be seen; and who reads which language."""

import json
import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1.element_tree import Block, Node

from core.accounts import local_person
from core.languages import language
from core.pseudo import PSEUDO
from core.settings import ROOT
from pages.shared import language_panel
from tests.support.ledger import seed
from tests.support.opinions import add_opinions
from training.start import list_presets, summarize

ADA = local_person("Ada")
FILES = sorted(path.name for path in (ROOT / "pages").glob("*.py") if path.stem not in {"__init__", "router"})
ICON, CODE = r":material/\w+:|:[a-z]+(?:-[a-z]+)?\[", r"`[^`]*`|https?://\S+|/setup\b|\bdocs/\w+\.md"
TAG = r"<style.*?</style>|<script.*?</script>|</?[a-z][^<>]*>|&\w+;"
KEPT = re.compile(f"{ICON}|{CODE}|{TAG}", re.DOTALL)
SHOWN = (
    "label",
    "body",
    "help",
    "placeholder",
    "options",
    "content",
    "markdown",
    "title",
    "caption",
    "delta",
    "text",
    "alt",
)
"""Fields of Streamlit's messages that people read."""
DATA = [*(summarize(preset) for preset in list_presets()), "The policy to begin with", "starter", "seed"]
"""What files and rows say of themselves."""
IN_CHARTS = ("title", "alt", "name", "detail", "note_name", "diagonal")
SAME = {
    "Ada", "Ben", "Cleo", "Moderato", "AUC", "CSV", "JSONL", "TSV", "Parquet", "SHA", "UTC", "Deutsch", "English",
    "world",     "ROC", "PSI", "moderato", "Prometheus", "YYYY", "csv", "jsonl",
}  # fmt: skip
"""Names, and terms that are the same in every language."""


@pytest.fixture
def pseudo(monkeypatch):
    """Everybody reads the language that nobody speaks. Patched, for AppTest formats options outside of a session."""
    monkeypatch.setattr("pages.shared.words.reader", lambda: language(PSEUDO))


def test_no_english_is_left_on_a_page_full_of_data(app, app_services, pseudo):
    add_opinions(app_services, seed(app_services, comments=2_000, days=3), mean=0.5)
    assert "\n".join(left_on_pages(app)) == ""


def test_no_english_is_left_on_a_page_without_any(app, pseudo):
    assert "\n".join(left_on_pages(app)) == ""


def left_on_pages(app) -> list[str]:
    """English that is still drawn, by page."""
    app.run()
    found = []
    for file in FILES:
        app.switch_page(file).run()
        assert not app.exception, file
        found += [f"{file}: {words}" for words in sorted(set(left(app)))]
    return found


def left(app) -> Iterator[str]:
    for text in (text for root in (app.main, app.sidebar) for node in nodes(root) for text in texts(node)):
        if 'class="m-rep"' in text or 'class="m-guide' in text:  # the report and the guidelines: documents
            continue
        for kept in DATA:
            text = text.replace(kept, "")
        text = re.sub(r"comment number \d+", "", text)  # what the made-up world's people write
        bare = re.sub(r"⟦[^⟦⟧]*⟧", " ", KEPT.sub(" ", text))
        while "⟦" in bare and "⟧" in bare and bare != (bare := re.sub(r"⟦[^⟦⟧]*⟧", " ", bare)):
            pass  # words that were filled in
        if any(word not in SAME for word in re.findall(r"[A-Za-z]{3,}", bare)):
            yield " ".join(bare.split())[:120]


def nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Block):
        for child in node.children.values():
            yield from nodes(child)


def texts(node: Node) -> Iterator[str]:
    """What people read of it."""
    proto = getattr(node, "proto", None)
    if proto is None or not hasattr(proto, "DESCRIPTOR"):
        return
    if node.type == "bidi_component":
        yield from in_chart(json.loads(proto.json or "{}"))
        return
    for name in SHOWN:
        value = getattr(proto, name, None)
        if isinstance(value, str):
            yield value
        elif value is not None and not isinstance(value, bool | int | float) and hasattr(value, "__iter__"):
            yield from (one if isinstance(one, str) else getattr(one, "content", "") for one in value)


def in_chart(data) -> Iterator[str]:
    """The words of a component's data."""
    if isinstance(data, list):
        for one in data:
            yield from in_chart(one)
    elif isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, str) and name in IN_CHARTS:
                yield value
            elif name != "words":
                yield from in_chart(value)


def test_german_is_read_by_who_chose_it(app, app_services):
    app_services.preferences.put("language", "de", by=ADA)
    app.run()
    app.switch_page("metrics.py").run()
    assert (app.title[0].value, app.subheader[0].value) == ("Kennzahlen", "Noch nichts zu messen")


def test_the_choice_on_preferences_holds_at_once_and_on_every_device(app, app_services):
    app.run()
    app.switch_page("preferences.py").run()
    assert app.title[0].value == "Preferences"
    app.selectbox(key="language_choice").set_value("de").run()
    assert app.title[0].value == "Einstellungen"
    assert app_services.preferences.get(ADA, "language") == "de"


def test_the_browsers_language_is_spoken_to_who_did_not_choose(app):
    app.context = {"locale": "de-CH"}
    app.run()
    app.switch_page("people.py").run()
    assert app.title[0].value == "Personen"


@pytest.mark.parametrize("kept", ["xx", "", 7, None, ["de"], "../../etc", PSEUDO])
def test_whatever_else_is_kept_follows_the_browser(kept):
    assert language_panel.parse(kept) is None


def test_who_has_no_name_yet_is_asked_in_their_language(stranger):
    stranger.context = {"locale": "de"}
    assert stranger.run().button(key="start").label == "Starten"
