"""How people see labels, bands and the like, in the reader's language: the core has them in English."""

from itertools import pairwise

from core.accounts import Role
from core.domain import Lane, Outcome, RunState, Stage
from core.labels import LABEL_TITLES, LABELS
from core.routing import BAND_EDGES
from pages.shared.words import _, later

LANES = {
    Lane.ASKED: later("a lead was asked"),
    Lane.ESCALATED: later("escalated"),
    Lane.ADJUDICATION: later("two disagree"),
    Lane.AUDIT: later("audit"),
    Lane.SECOND: later("second opinion"),
    Lane.DISAGREEMENT: later("models disagree"),
    Lane.RECHECK: later("look again"),
    Lane.SUGGESTED: later("suggested"),
    Lane.FLAGGED: later("flagged"),
}
OUTCOMES = {Outcome.APPROVE: later("approved"), Outcome.REMOVE: later("removed"), Outcome.ESCALATE: later("escalated")}
STAGES = {Stage.LIVE: later("live"), Stage.CHALLENGER: later("challenger"), Stage.RETIRED: later("retired")}
RUN_STATES = {
    RunState.RUNNING: later("running"),
    RunState.DONE: later("done"),
    RunState.FAILED: later("failed"),
    RunState.STOPPED: later("stopped"),
}
ROLES = {
    Role.MODERATOR: later("moderator"),
    Role.LEAD: later("lead"),
    Role.ANALYST: later("analyst"),
    Role.ADMIN: later("admin"),
}

_OF_THE_CORE = (
    later("Toxic"), later("Severe"), later("Obscene"), later("Threat"), later("Insult"), later("Identity hate"),
    later("toxic"), later("severe"), later("obscene"), later("threat"), later("insult"), later("identity hate"),
    later("the audit sample (all traffic)"), later("golden items"), later("the frozen test part of the base data"),
    later("General"), later("not scored"), later("escalated"), later("adjudication"), later("audit"), later("second"),
    later("disagreement"), later("recheck"), later("suggested"), later("flagged"), later("allowed"), later("settled"),
    later("removed"), later("golden"), later("erased"),
    later("Review"), later("Measure"), later("Run"), later("Administer"), later("You"),
    later("Queue"), later("Raids"), later("Score"), later("Browse"), later("My work"), later("Metrics"),
    later("Agreement"), later("Drift"), later("Label errors"), later("Report"), later("Policy"), later("Models"),
    later("Data"), later("People"), later("Admin"), later("Webhooks"), later("Privacy"), later("Audit trail"),
    later("Preferences"),
    later("keep preferences"), later("review"), later("settle raids"), later("adjudicate"), later("see others"),
    later("score"), later("browse"), later("import"), later("export"), later("see data"), later("see metrics"),
    later("see agreement"), later("see report"), later("see drift"), later("judge drift"), later("find label errors"),
    later("see policy"), later("propose policy"), later("set policy"), later("see models"), later("manage models"),
    later("manage keys"), later("manage webhooks"), later("back up"), later("see audit trail"), later("erase"),
    later("manage privacy"), later("move database"), later("manage people"), later("reassign"),
    later("read guidelines"), later("write guidelines"), later("manage slices"), later("answer questions"),
    later("mix golden"), later("asked"), later("set links"), later("Practice"),
    later("decisions that hold"), later("decisions taken back"), later("removals by the policy"),
    later("Latin"), later("Cyrillic"), later("Arabic"), later("Chinese (Han)"), later("Japanese (kana)"),
    later("Korean (Hangul)"), later("Devanagari"), later("Bengali"), later("Greek"), later("Hebrew"), later("Thai"),
    later("Tamil"), later("Telugu"), later("Armenian"), later("Georgian"), later("Another script"), later("highest"),
    later("{score} {low:.2f} to {high:.2f}"),
)  # fmt: skip
"""Words that the core has as plain constants or values, or pages as parts: the catalogue finds them here. A test
looks whether all are."""


def label_title(label: str) -> str:
    """A label by itself: "Threat"."""
    return _(LABEL_TITLES[label])


def label_word(label: str) -> str:
    """A label within a sentence: "threat"."""
    return _(LABEL_TITLES[label].lower())


def label_titles() -> list[str]:
    """All six, in the order of LABELS."""
    return [label_title(label) for label in LABELS]


def band_names() -> list[str]:
    """The score bands, low to high."""
    edges = (0.0, *BAND_EDGES, 1.0)
    return [_("{low:g} to {high:g}").format(low=low, high=high) for low, high in pairwise(edges)]
