"""Model versions: which one is live, and how that changes."""

import json
import logging
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import ModelVersion, Promotion, Stage, now
from core.errors import BadInput, Conflict, ModelUnavailable, NotFound
from core.gate import GateReport
from core.scoring.files import folder_digest, has_files, refuse_code, relative, resolve
from core.scoring.load import load_scorer, probe
from core.settings import Settings
from db.session import Sessions
from db.stores.registry import RegistryStore
from db.stores.shadow import ShadowStore

log = logging.getLogger(__name__)

SHIPPED: Final = "models/starter"
"""The model that comes with the repository and is live to begin with."""
CAREFUL: Final = "models/careful"
"""The second one: better and slower, a challenger until somebody promotes it."""
RESCORE_DAYS: Final = 7
"""A new live model scores again what is open or was routed in so many days."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SYSTEM: Final = "Moderato"
"""Who promotes the shipped model at start."""


class Registry:
    """Every model version of one database."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings

    def live(self) -> ModelVersion | None:
        """The version that scores, or None."""
        with self._sessions.read() as session:
            return RegistryStore(session).get_live()

    def require_live(self) -> ModelVersion:
        """The version that scores; raises ModelUnavailable that says how to get one."""
        if version := self.live():
            return version
        raise ModelUnavailable(
            "No model is live, so comments wait unscored. Put the shipped one back into {shipped} and start again, "
            "or train one (`moderato train starter --data FILE`) and promote it (`moderato promote NAME`).",
            shipped=SHIPPED,
        )

    def get(self, name: str) -> ModelVersion | None:
        """The version of that name, or None."""
        with self._sessions.read() as session:
            return RegistryStore(session).get(name)

    def require(self, name: str) -> ModelVersion:
        """The version of that name; raises NotFound."""
        if version := self.get(name):
            return version
        raise NotFound("There is no model {name!r}. `moderato models` lists the ones there are.", name=name[:80])

    def list_models(self) -> list[ModelVersion]:
        """All versions, newest first."""
        with self._sessions.read() as session:
            return RegistryStore(session).list_versions()

    def history(self) -> list[Promotion]:
        """Every change of the live model, newest first."""
        with self._sessions.read() as session:
            return RegistryStore(session).list_promotions()

    def register(
        self,
        name: str,
        folder: Path,
        *,
        by: Person,
        kind: str,
        base: str | None = None,
        snapshot_id: int | None = None,
        metrics: dict[str, Any] | None = None,
    ) -> ModelVersion:
        """Add a challenger. Raises BadInput for a bad name, Conflict if it is taken, ModelUnavailable for bad files."""
        check_may(by, Action.MANAGE_MODELS)
        _check_name(name)
        refuse_code(folder)
        values = _describe(name, folder, kind=kind, base=base, snapshot_id=snapshot_id, metrics=metrics)
        with self._sessions.begin() as session:
            store = RegistryStore(session)
            store.lock()
            if store.get(name):
                raise Conflict("There is a model {name} already. Give another name.", name=name)
            made = store.add(values)
            record(session, by, What.MODEL_REGISTERED, name, kind=kind, sha256=made.sha256, snapshot=snapshot_id)
            return made

    def check_name(self, name: str) -> None:
        """Raise BadInput for a name that cannot be a new version's, Conflict for one that is taken: before the work."""
        _check_name(name)
        if self.get(name):
            raise Conflict("There is a model {name} already. Give another name.", name=name)

    def promote(
        self, name: str, *, by: Person, report: GateReport, reason: str = "", override: bool = False
    ) -> ModelVersion:
        """Make the version live if the gate's report on it allows that, or against it with `override` and a reason.

        Its files are checked, loaded and tried first. Raises Conflict if the gate refuses, or if the live model changed
        since the comparison; ModelUnavailable for a broken version. Either way the live model stays as it is.
        """
        check_may(by, Action.MANAGE_MODELS)
        version = self.require(name)
        if version.stage is Stage.LIVE:
            raise Conflict("{name} is live already.", name=name)
        if report.challenger != name:
            raise BadInput(
                "This comparison is about {challenger}, not {name}. Compare {name} first.",
                challenger=report.challenger,
                name=name,
            )
        _check_gate(report, reason.strip(), override)
        probe(load_scorer(version, threads=self._settings.worker_threads))
        seen = report.to_json() | {"reason": reason.strip(), "overridden": not report.passed}
        return self._switch(version, expected=report.live, by=by, report=seen)

    def rollback(self, *, by: Person) -> ModelVersion:
        """Put back the version that was live before the latest promotion. Raises Conflict, ModelUnavailable."""
        check_may(by, Action.MANAGE_MODELS)
        live = self.require_live()
        former = self._former(live)
        probe(load_scorer(former, threads=self._settings.worker_threads))
        return self._switch(former, expected=live.name, by=by, report={"reason": "rollback"}, rollback=True)

    def set_metrics(self, version: ModelVersion, metrics: dict[str, Any], *, by: Person) -> None:
        """Replace what is known about a version's quality."""
        check_may(by, Action.MANAGE_MODELS)
        with self._sessions.begin() as session:
            RegistryStore(session).set_metrics(version.id, metrics)
            record(session, by, What.MODEL_MEASURED, version.name, measures=sorted(metrics))

    def former_live(self) -> ModelVersion | None:
        """The version that `rollback` would put back, or None."""
        live = self.live()
        try:
            return self._former(live) if live else None
        except Conflict:
            return None

    def _former(self, live: ModelVersion) -> ModelVersion:
        """What was live before the live model went live by promotion: a rollback is not undone by another."""
        with self._sessions.read() as session:
            store = RegistryStore(session)
            promotions = store.list_promotions()
            went_live = next((p for p in promotions if p.model == live.name and not p.rollback), None)
            former = store.get(went_live.previous) if went_live and went_live.previous else None
        overwritten = former is not None and former.path == live.path  # an older release of the shipped model
        if former is None or overwritten or former.stage is Stage.LIVE:
            raise Conflict(
                "There is none to put back: no other model was live before, or only an older release of this one."
            )
        return former

    def _switch(
        self, version: ModelVersion, *, expected: str | None, by: Person, report: dict[str, Any], rollback: bool = False
    ) -> ModelVersion:
        with self._sessions.begin() as session:
            store = RegistryStore(session)
            store.lock()
            live = store.get_live()
            if (live.name if live else None) != expected:
                now_live = f"{live.name} went live" if live else "no model is live any more"
                raise Conflict(
                    "Meanwhile {now_live}; you had seen {seen}. Look again, then decide.",
                    now_live=now_live,
                    seen=expected or "none",
                )
            _make_live(store, version, live, person=by.name, report=report, rollback=rollback)
            ShadowStore(session).end(version.id, now())  # from here on all traffic is its own
            what = What.MODEL_ROLLED_BACK if rollback else What.MODEL_PROMOTED
            told = {name: report[name] for name in ("passed", "overridden", "reason") if name in report}
            record(session, by, what, version.name, former=expected, sha256=version.sha256, **told)
            return replace(version, stage=Stage.LIVE)

    def ensure_shipped(self) -> None:
        """Register the shipped models if they are new; make the starter live if none is.

        A new release of a folder that is live goes live in its place. Called at every start, by any number of processes
        at once. Without the shipped files it does nothing. A live model that somebody promoted stays live: the release
        then waits as a challenger.
        """
        for path, kind in ((SHIPPED, "starter"), (CAREFUL, "blend")):
            try:
                digest = folder_digest(resolve(path)) if has_files(resolve(path)) else None
            except ModelUnavailable as error:
                log.warning("%s The shipped model is left out.", error)
                continue
            if digest and not self._is_settled(path, digest):
                self._settle(path, kind, digest)

    def _settle(self, path: str, kind: str, digest: str) -> None:
        with self._sessions.begin() as session:
            store = RegistryStore(session)
            store.lock()
            version = _find_shipped(store, path, digest) or _add_shipped(store, path, kind)
            live = store.get_live()
            if _takes_over(path, version, live):
                reason = {"reason": "The model that ships with this release of Moderato."}
                _make_live(store, version, live, person=_SYSTEM, report=reason)
                ShadowStore(session).end(version.id, now())
                if live:  # not the very first model: nobody had anything else
                    told = {"former": live.name, "sha256": version.sha256}
                    record(session, _SYSTEM, What.MODEL_PROMOTED, version.name, **told)

    def _is_settled(self, path: str, digest: str) -> bool:
        with self._sessions.read() as session:
            store = RegistryStore(session)
            live, version = store.get_live(), _find_shipped(store, path, digest)
        return version is not None and not _takes_over(path, version, live)


def _takes_over(path: str, version: ModelVersion, live: ModelVersion | None) -> bool:
    """Whether a shipped version goes live by itself."""
    return path == SHIPPED if live is None else live.path == path and live.id != version.id


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadInput(
            "{name!r} cannot be a model's name: use up to 64 of a-z, 0-9, `.`, `_` and `-`.",
            name=name[:80],
        )


def _check_gate(report: GateReport, reason: str, override: bool) -> None:
    if report.passed:
        return
    if not override:
        reasons = " ".join(report.reasons)
        raise Conflict(
            "The gate refuses {challenger}: {reasons} An administrator may override, with a reason.",
            challenger=report.challenger,
            reasons=reasons,
        )
    if not reason:
        raise BadInput("Give the reason for promoting against the gate; it is kept with the promotion.")


def _find_shipped(store: RegistryStore, path: str, digest: str) -> ModelVersion | None:
    shipped = (v for v in store.list_versions() if v.path == path and v.sha256 == digest)
    return next(shipped, None)


def _add_shipped(store: RegistryStore, path: str, kind: str) -> ModelVersion:
    folder = resolve(path)
    name = "starter" if path == SHIPPED else folder.name
    values = _describe(name, folder, kind=kind, metrics=_read_metrics(folder))
    if store.get(name):
        values["name"] = f"{name}-{values['sha256'][:8]}"
    return store.add(values)


def _describe(
    name: str,
    folder: Path,
    *,
    kind: str,
    base: str | None = None,
    snapshot_id: int | None = None,
    metrics: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "base": base,
        "path": relative(folder),
        "sha256": folder_digest(folder),
        "stage": Stage.CHALLENGER,
        "snapshot_id": snapshot_id,
        "metrics": metrics or {},
        "created_at": now(),
    }


def _read_metrics(folder: Path) -> dict[str, Any]:
    """What the model's own metrics.json says; nothing if there is none: figures are no reason not to start."""
    try:
        found = json.loads((folder / "metrics.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return {"test": found} if isinstance(found, dict) else {}


def _make_live(
    store: RegistryStore,
    version: ModelVersion,
    live: ModelVersion | None,
    *,
    person: str,
    report: dict[str, Any],
    rollback: bool = False,
) -> None:
    """Within one transaction: the old one retires, the new one goes live, and what matters now is scored again."""
    at = now()
    if live:
        store.set_stage(live.id, Stage.RETIRED)
    store.set_stage(version.id, Stage.LIVE)
    store.add_promotion(
        {
            "model_id": version.id,
            "previous_id": live.id if live else None,
            "person": person,
            "promoted_at": at,
            "rollback": rollback,
            "report": report,
        }
    )
    store.queue_rescoring(at - timedelta(days=RESCORE_DAYS))
