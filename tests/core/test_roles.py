"""Every action with every role and without any. What takes `by` and is not in this table fails: none is forgotten."""

import inspect
import sys
from functools import cached_property
from typing import get_type_hints
from unittest.mock import MagicMock

import pytest

from core import accounts
from core.accounts import MAY, Action, Person, Role
from core.errors import NotAllowed
from core.services import Services
from core.settings import ROOT

ASKS = {
    "author_exports": {"write": Action.MANAGE_PRIVACY},
    "contexts": dict.fromkeys(("show", "more"), Action.REVIEW),
    "datasets": dict.fromkeys(("export", "export_into"), Action.EXPORT),
    "exposure": dict.fromkeys(("days", "stretch"), Action.REVIEW),
    "drift": {"choose_reference": Action.JUDGE_DRIFT},
    "desks": {"keep": Action.KEEP_PREFERENCES},
    "focuses": dict.fromkeys(("choose", "waiting", "origins"), Action.REVIEW),
    "golden_mix": {"set": Action.MIX_GOLDEN},
    "gate_reports": {"add": Action.MANAGE_MODELS},
    "guidelines": dict.fromkeys(("in_force", "list_of"), Action.READ_GUIDELINES)
    | dict.fromkeys(("save", "restore"), Action.WRITE_GUIDELINES),
    "hand_over": {
        **dict.fromkeys(("colleagues", "give"), Action.REVIEW),
        **dict.fromkeys(("reassign", "kept"), Action.REASSIGN),
    },
    "intake": {"import_file": Action.IMPORT},
    "keys": dict.fromkeys(("create", "revoke"), Action.MANAGE_KEYS),
    "label_errors": {"review_again": Action.FIND_LABEL_ERRORS},
    "own_agreement": {"mine": Action.REVIEW, "team": Action.SEE_AGREEMENT},
    "own_history": dict.fromkeys(("page", "require", "has_begun", "undo", "days"), Action.REVIEW),
    "people": dict.fromkeys(
        ("create", "invite", "reset_password", "set_roles", "disable", "enable", "sign_out"), Action.MANAGE_PEOPLE
    ),
    "policies": dict.fromkeys(("save", "save_again"), Action.SET_POLICY),
    "preferences": {"put": Action.KEEP_PREFERENCES},
    "privacy": dict.fromkeys(("erase_comment", "erase_author", "apply_retention", "compact"), Action.ERASE)
    | dict.fromkeys(
        ("census_of_author", "set_retention", "preview_retention", "set_pseudonyms"), Action.MANAGE_PRIVACY
    ),
    "proposals": {"propose": Action.PROPOSE_POLICY, "accept": Action.SET_POLICY, "decline": Action.PROPOSE_POLICY},
    "questions": dict.fromkeys(("ask", "take_back", "mine", "news", "told", "seen"), Action.REVIEW)
    | dict.fromkeys(("answer", "take_answer_back"), Action.ANSWER_QUESTIONS),
    "raids": dict.fromkeys(("look", "look_beside", "around", "get", "show", "last_batch"), Action.REVIEW)
    | {"settle": Action.SETTLE_RAIDS},
    "reassign": {"release": Action.REASSIGN},
    "registry": dict.fromkeys(("promote", "register", "rollback", "set_metrics"), Action.MANAGE_MODELS),
    "removals": {"send_to_review": Action.REVIEW},
    "review": dict.fromkeys(
        ("claim", "take", "items", "heartbeat", "decide", "settle_identical", "skip", "hold", "resume", "undo",
         "counts", "elsewhere", "give_back"),
        Action.REVIEW,
    ),
    "runs": dict.fromkeys(("begin", "launch", "start", "stop"), Action.MANAGE_MODELS),
    "second_opinions": {"withdraw": Action.ADJUDICATE},
    "shadows": dict.fromkeys(("start", "stop"), Action.MANAGE_MODELS),
    "slices": dict.fromkeys(("reviewers", "overview", "outside", "save", "delete"), Action.MANAGE_SLICES),
    "source_links": {"put": Action.SET_LINKS},
    "trail": dict.fromkeys(("search", "people", "export"), Action.SEE_AUDIT_TRAIL),
    "transparency": {"report": Action.SEE_REPORT},
    "webhooks": dict.fromkeys(
        ("list_webhooks", "failures", "create", "change", "disable", "enable", "delete", "rotate", "resend", "test"),
        Action.MANAGE_WEBHOOKS,
    ),
}  # fmt: skip
"""By use case and method: what it asks for before anything else."""
NOT_ACTS = {
    ("golden_mix", "draw"),  # part of a claim: the queue has checked
    ("second_opinions", "judges"),  # who gives opinions: asked by the queue, which has checked
    ("site_settings", "put"),  # each setting belongs to an action of its own, which its service has checked
}
"""What takes `by` without asking for anything itself."""
NOBODY = Person("Nobody", frozenset())
PEOPLE = [*(Person(role.value, frozenset({role})) for role in Role), NOBODY, None]


class Passed(Exception):
    """The check let the person through."""


def parts() -> dict[str, type]:
    return {
        name: get_type_hints(made.func)["return"]
        for name, made in vars(Services).items()
        if isinstance(made, cached_property)
    }


def methods_with_by() -> set[tuple[str, str]]:
    found = set()
    for part, kind in parts().items():
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and "by" in inspect.signature(method).parameters:
                found.add((part, name))
    return found - NOT_ACTS


def test_every_method_that_takes_by_is_in_the_table():
    assert methods_with_by() == {(part, name) for part, asked in ASKS.items() for name in asked}


@pytest.fixture
def asked(monkeypatch):
    """What was asked for; whoever is let through goes no further."""
    seen = []

    def check(person, action):
        seen.append(action)
        accounts.check_may(person, action)
        raise Passed

    for name, module in list(sys.modules.items()):
        if name.startswith("core.") and module is not accounts and hasattr(module, "check_may"):
            monkeypatch.setattr(module, "check_may", check)
    return seen


@pytest.mark.parametrize(("part", "name"), sorted((part, name) for part, asked in ASKS.items() for name in asked))
def test_every_act_is_checked_for_every_role(part, name, asked, monkeypatch):
    kind = parts()[part]
    made = kind.__new__(kind)  # no database: nothing may be touched before the check
    if (part, name) == ("runs", "stop"):  # whose run it is says what stopping it needs
        monkeypatch.setattr(kind, "require", lambda *_: MagicMock(preset="starter"))
    needed = ASKS[part][name]
    wanted = [parameter for parameter in inspect.signature(getattr(kind, name)).parameters if parameter != "self"]
    for person in PEOPLE:
        arguments = {parameter: MagicMock() for parameter in wanted} | {"by": person}
        expected = Passed if person and needed in {a for role in person.roles for a in MAY[role]} else NotAllowed
        with pytest.raises(expected):
            getattr(made, name)(**arguments)
    assert set(asked) == {needed}


def test_the_documented_table_is_the_one_that_is_checked():
    text = (ROOT / "docs" / "people.md").read_text()
    for action in Action:
        cells = " | ".join("yes" if action in MAY[role] else "" for role in Role)
        assert f"| {action.value.replace('_', ' ')} | {cells} |" in text
