"""Every action with every role and without any: whatever takes `by` is in this table, and asks for what it says."""

import inspect
from functools import cached_property
from itertools import combinations
from unittest.mock import MagicMock

import pytest

from core import accounts
from core.accounts import MAY, Action, Person, Role
from core.errors import NotAllowed
from core.services import Services

ASKS = {
    "agreement": {},
    "datasets": {"export": Action.EXPORT, "export_into": Action.EXPORT},
    "drift": {"choose_reference": Action.JUDGE_DRIFT},
    "gate_reports": {"add": Action.MANAGE_MODELS},
    "intake": {"import_file": Action.IMPORT},
    "keys": {"create": Action.MANAGE_KEYS, "revoke": Action.MANAGE_KEYS},
    "label_errors": {},
    "people": dict.fromkeys(
        ("create", "invite", "reset_password", "set_roles", "disable", "enable", "sign_out"), Action.MANAGE_PEOPLE
    ),
    "policies": {"save": Action.SET_POLICY, "save_again": Action.SET_POLICY},
    "proposals": {"propose": Action.PROPOSE_POLICY, "accept": Action.SET_POLICY, "decline": Action.PROPOSE_POLICY},
    "reassign": {"release": Action.REASSIGN},
    "registry": {},
    "removals": {"send_to_review": Action.REVIEW},
    "review": dict.fromkeys(
        ("claim", "take", "items", "heartbeat", "decide", "settle_identical", "skip", "hold", "resume", "undo"),
        Action.REVIEW,
    ),
    "runs": {},
    "second_opinions": {"withdraw": Action.ADJUDICATE},
    "shadows": {},
}
"""By use case and method: what it asks for first. A method that takes `by` and is not here fails the test."""
