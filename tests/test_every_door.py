"""Every route, command and callback is known here with what lets somebody through: a new one fails until it is."""

import ast
from pathlib import Path

import pytest
import typer

import cli
from api import door
from core.accounts import MAY, Action
from core.settings import ROOT
from tests.support.routes import all_routes

OPEN = {
    "/sign-in", "/sign-in/company", "/sign-in/company/back", "/sign-out", "/session", "/setup", "/welcome",
    "/password", "/healthz", "/readyz", "/_stcore/health", "/_stcore/host-config", "/local/chart-a.js",
    "/api/v1", "/api/v1/docs", "/api/v1/openapi.json", "/api/v1/{rest:path}", "/v1alpha1/{rest:path}",
    "/$discovery/rest",
}  # fmt: skip
"""They check by themselves (a password, a link, a cookie) or say what anybody may read."""
KEYED = {
    "/v1alpha1/comments:analyze", "/v1alpha1/comments:suggestscore", "/api/v1/comments", "/api/v1/comments/{id}",
    "/api/v1/decisions", "/api/v1/score", "/api/v1/models", "/api/v1/policy", "/api/v1/metrics", "/metrics",
}  # fmt: skip
"""They ask for a program's key with the scope."""
BEHIND = {
    "/local/name", "/_stcore/metrics", "/media/{file_id:path}", "/_stcore/upload_file/{session_id}/{file_id}",
    "/component/{path:path}", "/_stcore/bidi-components/{path:path}", "/_stcore/stream", "/auth/login",
    "/auth/logout", "/oauth2callback", "/_stcore/agent/interact", "/_stcore/agent/openapi.json", "/_stcore/agent/mcp",
    "",
}  # fmt: skip
"""Once there are accounts, only for somebody who is signed in. "" is the mount of pages and the browser's files."""

COMMANDS = {
    "run": None, "worker": None, "import": Action.IMPORT, "score": None, "doctor": None, "export": Action.EXPORT,
    "models": None, "evaluate": None, "promote": Action.MANAGE_MODELS, "rollback": Action.MANAGE_MODELS,
    "retrain": Action.MANAGE_MODELS, "train": Action.MANAGE_MODELS, "compress": Action.MANAGE_MODELS,
    "blend": Action.MANAGE_MODELS, "cascade": Action.MANAGE_MODELS, "label-errors": Action.FIND_LABEL_ERRORS,
    "backup": Action.BACK_UP, "restore": Action.BACK_UP,
    "move": Action.MOVE_DATABASE, "report": Action.SEE_REPORT, "shadow start": Action.MANAGE_MODELS,
    "shadow stop": Action.MANAGE_MODELS, "shadow status": None,
    "keys list": None, "keys create": Action.MANAGE_KEYS, "keys revoke": Action.MANAGE_KEYS,
    **{f"users {name}": Action.MANAGE_PEOPLE
       for name in ("create", "invite", "reset-password", "roles", "disable", "enable", "sign-out")},
    "users list": None,
    **{f"webhooks {name}": Action.MANAGE_WEBHOOKS
       for name in ("list", "create", "change", "disable", "enable", "delete", "rotate", "failures", "resend", "test")},
    "privacy erase": Action.ERASE, "privacy retention": Action.MANAGE_PRIVACY, "privacy compact": Action.ERASE,
    "privacy export-author": Action.MANAGE_PRIVACY, "privacy pseudonyms": Action.MANAGE_PRIVACY,
    "trail verify": None, "trail export": Action.SEE_AUDIT_TRAIL,
}  # fmt: skip
"""By command: the action that its service asks for (tests/core/test_roles.py shows that it does). None: it starts a
process, or reads what whoever has the shell can read in the database's file."""


def settled(path: str) -> str:
    return "/local/chart-a.js" if path.startswith("/local/chart-") else path


def test_every_route_is_open_keyed_or_behind_the_door():
    assert {settled(path) for _, path in all_routes()} == OPEN | KEYED | BEHIND


@pytest.mark.parametrize("path", sorted(OPEN | KEYED | BEHIND))
def test_the_door_lets_strangers_through_where_the_table_says_so(path):
    made = path.replace("{", "").replace("}", "") or "/queue"
    assert door._is_open({"type": "http", "path": made, "headers": []}) == (path in (OPEN | KEYED) - {"/metrics"})
    assert not door._is_open({"type": "websocket", "path": made, "headers": []})


def test_figures_are_a_page_for_people_unless_a_key_comes_along():
    asked = {"type": "http", "path": "/metrics", "headers": [(b"authorization", b"Bearer x")]}
    assert door._is_open(asked)
    assert not door._is_open({**asked, "path": "/metrics/"})


def commands() -> set[str]:
    def walk(group: typer.Typer, above: str = ""):
        for command in group.registered_commands:
            yield above + (command.name or command.callback.__name__.strip("_").replace("_", "-"))
        for inner in group.registered_groups:
            yield from walk(inner.typer_instance, f"{above}{inner.name} ")

    return set(walk(cli.app))


def test_every_command_has_its_action():
    assert commands() == set(COMMANDS)
    assert {action for action in COMMANDS.values() if action} <= set().union(*MAY.values())


HANDLERS = ("on_click", "on_change", "on_select", "on_submit")
HARMLESS = {
    "sign_out": "forgets the name that this browser typed",
    "lambda: None": "the page reads the card's messages after it has checked",
    **dict.fromkeys(
        ("state.keep", "keep", "on_open", "open_comment", "_back", "_on", "_turn", "_reveal"),
        "what this browser session shows next: its page asks before it draws",
    ),
}


def callbacks() -> set[tuple[Path, str]]:
    """What widgets and components of pages call, by file and name."""
    found = set()
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            for given in call.keywords:
                name = given.arg or ""
                if name in HANDLERS or (name.startswith("on_") and name.endswith("_change")):
                    found |= set() if isinstance(given.value, ast.Constant) else {(path, ast.unparse(given.value))}
    return found


def asks(path: Path, name: str) -> bool:
    """Whether the function, or one of its file that it calls, requires an action."""
    made = {node.name: node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
    waiting, seen = [name], set()
    while waiting:
        now = waiting.pop()
        seen.add(now)
        for call in (node for node in ast.walk(made[now]) if isinstance(node, ast.Call)) if now in made else ():
            called = ast.unparse(call.func)
            if called in {"require", "access.require"}:
                return True
            waiting += [called] if called not in seen else []
    return False


def test_every_callback_asks_again_who_may():
    """A page that was drawn for somebody may be touched by another, or after a role is gone."""
    assert len(callbacks()) > 30
    silent = {(path.name, name) for path, name in callbacks() if name not in HARMLESS and not asks(path, name)}
    assert silent == {("policy_parts.py", "use_again")}, "a parameter: the page gives it policy_save's, which asks"
