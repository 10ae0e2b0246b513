"""What people may do, by role. Without accounts, on loopback, whoever gives a name has every role."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.errors import BadInput, NotAllowed

MAX_NAME = 60
"""Longest name of a person, in code points."""
PROGRAM = "api:"
"""How the ledger names a program: this, then the name of its key."""


class Role(StrEnum):
    """What a person may do."""

    MODERATOR = "moderator"
    LEAD = "lead"
    ANALYST = "analyst"
    ADMIN = "admin"


class Action(StrEnum):
    """What somebody may want to do. Every page, route, command and component message names one."""

    KEEP_PREFERENCES = "keep_preferences"
    """Set things for oneself: what one sees, keys, language."""
    READ_GUIDELINES = "read_guidelines"
    """Read what each label means here, all versions."""
    WRITE_GUIDELINES = "write_guidelines"
    """Write what each label means, as a new version."""
    REVIEW = "review"
    """Claim, decide, undo, skip, hold and escalate comments."""
    SETTLE_RAIDS = "settle_raids"
    """Decide a whole cluster of waiting comments at once, having seen samples."""
    ANSWER_QUESTIONS = "answer_questions"
    """Answer what moderators ask about comments."""
    MIX_GOLDEN = "mix_golden"
    """Say how often comments with known answers are mixed into queues."""
    ADJUDICATE = "adjudicate"
    """Settle disagreements, and withdraw second opinions."""
    SEE_OTHERS = "see_others"
    """See what other people decided, by name."""
    SCORE = "score"
    """Try texts and files on the models."""
    BROWSE = "browse"
    """Find comments, and see the history of one."""
    IMPORT = "import"
    """Add files of comments."""
    EXPORT = "export"
    """Take decisions and comments out."""
    SEE_DATA = "see_data"
    """See what was imported and exported."""
    SET_LINKS = "set_links"
    """Say where the originals of a source's comments stand."""
    SEE_METRICS = "see_metrics"
    """See how good the models are."""
    SEE_AGREEMENT = "see_agreement"
    """See how far people agree."""
    SEE_REPORT = "see_report"
    """Make the transparency report of a period."""
    SEE_DRIFT = "see_drift"
    """See whether traffic is like it was."""
    JUDGE_DRIFT = "judge_drift"
    """Choose what drift is measured against."""
    FIND_LABEL_ERRORS = "find_label_errors"
    """Look for labels that are wrong."""
    SEE_POLICY = "see_policy"
    """See thresholds, audit rates and their price."""
    PROPOSE_POLICY = "propose_policy"
    """Propose another policy, which holds only when somebody puts it in force."""
    SET_POLICY = "set_policy"
    """Put a policy in force: thresholds, audit rates and what is removed without review."""
    SEE_MODELS = "see_models"
    """See the versions of the model."""
    MANAGE_MODELS = "manage_models"
    """Train, compare, promote, roll back and shadow."""
    MANAGE_KEYS = "manage_keys"
    """Make and revoke programs' keys."""
    MANAGE_WEBHOOKS = "manage_webhooks"
    """Say where decisions are delivered, and send failed messages again."""
    BACK_UP = "back_up"
    """Make backups, and restore them."""
    SEE_AUDIT_TRAIL = "see_audit_trail"
    """Search the audit trail and take it out. It tells of everybody's sign-ins, so it is for administrators alone."""
    ERASE = "erase"
    """Erase texts for good."""
    MANAGE_PRIVACY = "manage_privacy"
    """Set how long texts are kept and how authors are named; take out what is held on one."""
    MOVE_DATABASE = "move_database"
    """Move everything to another database."""
    MANAGE_PEOPLE = "manage_people"
    """Invite people, give and take roles, disable accounts, sign browsers out."""
    REASSIGN = "reassign"
    """See what anybody has or holds, give it back to the queue, or to somebody else."""
    MANAGE_SLICES = "manage_slices"
    """Name slices of the queue, and say who works on which."""


_EVERYBODY: Final = frozenset(
    {Action.KEEP_PREFERENCES, Action.READ_GUIDELINES, Action.SEE_METRICS, Action.SEE_MODELS, Action.SEE_DATA}
)
_MODERATOR: Final = _EVERYBODY | {Action.REVIEW, Action.SETTLE_RAIDS, Action.SCORE, Action.BROWSE}
MAY: Final[Mapping[Role, frozenset[Action]]] = {
    Role.MODERATOR: _MODERATOR,
    Role.LEAD: _MODERATOR
    | {
        Action.ANSWER_QUESTIONS,
        Action.MIX_GOLDEN,
        Action.ADJUDICATE,
        Action.WRITE_GUIDELINES,
        Action.SEE_OTHERS,
        Action.REASSIGN,
        Action.MANAGE_SLICES,
        Action.IMPORT,
        Action.SET_LINKS,
        Action.SEE_AGREEMENT,
        Action.SEE_REPORT,
        Action.SEE_POLICY,
        Action.PROPOSE_POLICY,
        Action.SET_POLICY,
    },
    Role.ANALYST: _EVERYBODY
    | {
        Action.SCORE,
        Action.EXPORT,
        Action.SEE_AGREEMENT,
        Action.SEE_REPORT,
        Action.SEE_DRIFT,
        Action.JUDGE_DRIFT,
        Action.FIND_LABEL_ERRORS,
        Action.SEE_POLICY,
        Action.PROPOSE_POLICY,
    },
    Role.ADMIN: _EVERYBODY
    | {
        Action.MANAGE_MODELS,
        Action.MANAGE_KEYS,
        Action.MANAGE_PEOPLE,
        Action.MANAGE_WEBHOOKS,
        Action.MANAGE_PRIVACY,
        Action.SET_LINKS,
        Action.ERASE,
        Action.SEE_AUDIT_TRAIL,
        Action.SEE_REPORT,
        Action.BACK_UP,
        Action.MOVE_DATABASE,
        Action.SEE_POLICY,
        Action.PROPOSE_POLICY,
        Action.SET_POLICY,
    },
}
"""The one table of who may do what. A person may have several roles, and may then do what any of them may."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts. The name is what the ledger records."""

    name: str
    roles: frozenset[Role]

    def may(self, action: Action) -> bool:
        """Whether one of their roles allows it."""
        return any(action in MAY[role] for role in self.roles)


def local_person(name: str) -> Person:
    """A person of the local mode: any printable name of 1 to 60 characters, every role. Raises BadInput."""
    return Person(checked_name(name), frozenset(Role))


def checked_name(name: str) -> str:
    """A person's name with single spaces; raises BadInput."""
    name = " ".join(name.split())
    if name.casefold().startswith(PROGRAM):
        raise BadInput(f"Names that begin with {PROGRAM} belong to programs. Type the one that your decisions carry.")
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadInput(f"A name has 1 to {MAX_NAME} printable characters. Type the one that your decisions carry.")
    return name


def fold_name(name: str) -> str:
    """What two names have in common that read alike: case, width and other compatibility forms do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", " ".join(name.split())).casefold())


def parse_roles(names: Iterable[str]) -> frozenset[Role]:
    """Roles by name; raises BadInput for one that there is not."""
    known = {role.value: role for role in Role}
    for name in (chosen := list(names)):
        if name not in known:
            raise BadInput(f"There is no role {name[:40]!r}; there are {', '.join(known)}.")
    return frozenset(known[name] for name in chosen)


def check_may(person: Person | None, action: Action) -> Person:
    """The person, if signed in and allowed the action; raises NotAllowed."""
    if person is None:
        raise NotAllowed("You are not signed in. Open the dashboard's first page.")
    if not person.may(action):
        who = " or ".join(role.value for role, actions in MAY.items() if action in actions)
        raise NotAllowed("This needs the role {who}. Ask an administrator for it.", who=who)
    return person
