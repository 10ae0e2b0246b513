"""The documents name what there is, and what they link to is there."""

import re

import pytest

import cli
from core.settings import ROOT, Settings

OPERATING = (ROOT / "docs" / "operating.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem not in {"__init__", "router"})
COMMANDS = [command.name or command.callback.__name__ for command in cli.app.registered_commands]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name):
    assert f"`MODERATO_{name.upper()}`" in OPERATING


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_documented(page):
    assert f"*{page.replace('_', ' ').capitalize()}*" in OPERATING


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command):
    assert f"`moderato {command}" in OPERATING


@pytest.mark.parametrize("folder", ["pages", "api", "core", "db", "training", "models"])
def test_every_layer_is_documented(folder):
    assert f"\n{folder}/ " in ARCHITECTURE


@pytest.mark.parametrize("document", ["README.md", "docs/operating.md", "docs/architecture.md", "docs/security.md"])
def test_links_and_named_files_exist(document):
    text = (ROOT / document).read_text()
    folder = (ROOT / document).parent
    targets = [folder / link for link in re.findall(r"\]\(([^)#:]+)\)", text)]
    targets += [
        ROOT / name
        for name in re.findall(r"`((?:api|benchmarks|core|db|pages|tests|docs)/[a-z_/.]+\.(?:py|md))`", text)
    ]
    assert [str(target) for target in targets if not target.exists()] == []
