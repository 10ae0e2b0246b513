"""The doctor's look at the work: models, policy, what waits too long, what is stuck."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Final

from core.automatic import beside_of
from core.checkup import Check, fail, ok, warn
from core.domain import Lane, ModelVersion, RunState, Stage, now
from core.errors import ModelUnavailable, ModeratoError
from core.routing import check_policy
from core.scoring.files import check_files
from core.settings import Settings
from db.session import Sessions
from db.stores.imports import ImportStore
from db.stores.pending import PendingStore
from db.stores.policies import PolicyStore
from db.stores.registry import RegistryStore
from db.stores.runs import RunStore
from db.stores.search import SearchIndexStore
from db.stores.telemetry import TelemetryStore
from db.stores.webhooks import Counts, WebhookStore

_LIBRARY: Final = {
    "transformer": "torch",
    "onnx": "onnxruntime",
    "blend": "onnxruntime",
    "cascade": "onnxruntime",
    "starter": "onnxruntime",
}
"""By kind of model, what it is served with."""
_QUEUE_AGE: Final = timedelta(days=7)
_LAG: Final = timedelta(minutes=15)
_FAILING: Final = timedelta(hours=1)
_STUCK: Final = timedelta(minutes=10)
_INDEX_BEHIND: Final = 100_000


def check_library(sessions: Sessions) -> Iterator[Check]:
    """Whether what the live model is served with is installed."""
    with sessions.read() as session:
        live = RegistryStore(session).get_live()
    library = _LIBRARY.get(live.kind) if live else None
    if live and library and find_spec(library) is None:
        todo = "Run `make setup`." if library == "onnxruntime" else "See docs/models.md for what it needs."
        yield fail("libraries", f"{live.name} needs {library}, which is not installed", todo)
    elif library:
        yield ok("libraries", f"{library} is there for the live model")


def check_models(sessions: Sessions) -> Check:
    """Whether every registered version but the live one still has the files that it was registered with."""
    with sessions.read() as session:
        versions = [version for version in RegistryStore(session).list_versions() if version.stage is not Stage.LIVE]
    if broken := [version.name for version in versions if not _is_sound(version)]:
        todo = "Restore their folders from a backup. They cannot be promoted or rolled back to as they are."
        return warn("model files", f"missing or changed: {', '.join(broken[:5])}", todo)
    return ok("model files", f"{len(versions)} other versions are as registered")


def _is_sound(version: ModelVersion) -> bool:
    try:
        check_files(version.name, version.path, version.sha256)
    except ModelUnavailable:
        return False
    return True


def check_active_policy(sessions: Sessions) -> Check:
    """Whether the active policy is one that could be saved today."""
    with sessions.read() as session:
        policy = PolicyStore(session).active()
    if policy is None:
        return ok("policy", "none yet; the first start makes one")
    try:
        check_policy(policy.thresholds, policy.audit_rates, beside_of(policy))
    except ModeratoError as error:
        return fail("policy", f"version {policy.id} is not valid: {error}", "Save another one on the Policy page.")
    return ok("policy", f"version {policy.id}")


def check_queue(sessions: Sessions) -> Iterator[Check]:
    """What waits for people, and how long."""
    with sessions.read() as session:
        lanes = TelemetryStore(session).lanes()
    old = [lane for lane in lanes if _is_older(lane.oldest, _QUEUE_AGE)]
    for lane in old:
        days = (now() - (lane.oldest or now())).days
        why = "until then the metrics of all traffic stand on less" if lane.lane is Lane.AUDIT else "nobody decides it"
        todo = f"Let moderators open the queue, or raise the thresholds on the Policy page: {why}."
        yield warn(f"lane {lane.lane.value}", f"{lane.comments:,} wait, the oldest for {days} days", todo)
    if not old:
        yield ok("queue", f"{sum(lane.comments for lane in lanes):,} wait, none for more than {_QUEUE_AGE.days} days")


def check_scoring(sessions: Sessions) -> Check:
    """What waits for scores."""
    with sessions.read() as session:
        pending, oldest = PendingStore(session), TelemetryStore(session).oldest_unscored()
        waiting, failing = pending.count(), pending.count_set_aside()
    if failing:
        todo = "Look into the log, and promote another version if this one fails on many."
        return warn("scoring", f"the live model fails on {failing:,} comments", todo)
    if oldest and _is_older(oldest, _LAG):
        minutes = (now() - oldest).total_seconds() / 60
        todo = "Run more `moderato worker`, or a faster model."
        return warn("scoring", f"{waiting:,} wait, the oldest for {minutes:,.0f} minutes", todo)
    return ok("scoring", f"{waiting:,} wait")


def check_stuck(sessions: Sessions) -> Check:
    """Imports and trainings that say they run and have said nothing for long."""
    silent = now() - _STUCK
    with sessions.read() as session:
        imports = ImportStore(session).list_latest(100)
        runs = RunStore(session).list_running(silent_since=silent)
    stuck = [f"import {run.id}" for run in imports if run.state is RunState.RUNNING and run.seen_at < silent]
    stuck += [f"training {run.id}" for run in runs]
    if stuck:
        todo = "They were killed. Run the import again: nothing is added twice. The Models page clears a training."
        return warn("stuck runs", ", ".join(stuck[:5]), todo)
    return ok("stuck runs", "none")


def check_search(sessions: Sessions) -> Check:
    """How far the full-text index is."""
    with sessions.read() as session:
        behind = SearchIndexStore(session).behind()
    if behind > _INDEX_BEHIND:
        todo = "It follows while `moderato run` or a worker runs; until then Browse misses the newest."
        return warn("search index", f"{behind:,} comments behind", todo)
    return ok("search index", f"{behind:,} comments behind")


def check_webhooks(sessions: Sessions) -> Iterator[Check]:
    """Whether decisions are delivered."""
    with sessions.read() as session:
        hooks = WebhookStore(session).list_all()
        counts = WebhookStore(session).counts([hook.id for hook in hooks])
    for hook in hooks:
        name, many = f"webhook {hook.name}", counts.get(hook.id, Counts())
        found = f"{many.waiting:,} messages wait, {many.failed:,} were given up"
        if not hook.enabled:
            todo = f"Repair the receiver, then `moderato webhooks enable {hook.name}`; or delete it."
            yield warn(name, f"disabled: {hook.disabled_why or 'by a person'} {found}", todo)
        elif _is_older(hook.failing_since, _FAILING):
            todo = "Repair the receiver, or set its new address: what fails for a day is given up."
            yield warn(name, f"fails since {hook.failing_since:%Y-%m-%d %H:%M} UTC ({hook.problem}); {found}", todo)
        elif many.failed:
            yield warn(name, found, f"`moderato webhooks resend {hook.name}` sends them again.")
        else:
            yield ok(name, found)


def check_work(sessions: Sessions, _settings: Settings) -> Iterator[Check]:
    """All of this module's checks."""
    yield from check_library(sessions)
    yield check_models(sessions)
    yield check_active_policy(sessions)
    yield from check_queue(sessions)
    yield check_scoring(sessions)
    yield check_stuck(sessions)
    yield check_search(sessions)
    yield from check_webhooks(sessions)


def _is_older(moment: datetime | None, than: timedelta) -> bool:
    return moment is not None and now() - moment > than
