"""Who may import whom. The arrows of docs/architecture.md, checked."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "pages": {"pages", "core", "training"},
    "api": {"api", "core"},
    "core": {"core", "db"},
    "db": {"db", "core.domain", "core.errors"},
    "training": {"training", "core"},
}
ONLY_IN = {"streamlit": {"app.py", "pages"}, "sqlalchemy": {"db", "core/services.py"}}
LAZY = {"torch", "transformers", "peft", "bitsandbytes", "trl", "datasets"}
HEAVY = {"training.sft_trainer"}
"""Modules that subclass a heavy library's classes, so they import it at once: they are themselves as heavy."""
FILES = [path for top in ALLOWED for path in sorted((ROOT / top).rglob("*.py")) if "migrations" not in path.parts]


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_within(module: str, parents: set[str]) -> bool:
    return any(module == parent or module.startswith(parent + ".") for parent in parents)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_arrows_point_down(path):
    folder = path.relative_to(ROOT).parts[0]
    ours = {name for name in imports(path) if name.split(".")[0] in {*ALLOWED, "app", "cli", "tests", "benchmarks"}}
    # `from core import domain` reads as core and core.domain: the longer name is the one that counts
    ours = {name for name in ours if not any(other.startswith(name + ".") for other in ours)} or ours
    bad = {name for name in ours if not is_within(name, ALLOWED[folder])}
    assert not bad, f"{folder} may import {sorted(ALLOWED[folder])}, not {sorted(bad)}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_libraries_stay_where_they_belong(path):
    name = str(path.relative_to(ROOT))
    for library, places in ONLY_IN.items():
        if library in {module.split(".")[0] for module in imports(path)}:
            assert any(name.startswith(place) for place in places), f"{library} belongs in {sorted(places)}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_torch_is_imported_inside_functions_only(path):
    if str(path.relative_to(ROOT)).removesuffix(".py").replace("/", ".") in HEAVY:
        return
    found = imports(path, top_level=True)
    heavy = ({module.split(".")[0] for module in found} & LAZY) | (found & HEAVY)
    assert not heavy, f"import {sorted(heavy)} where it is used: the dashboard starts without it"
