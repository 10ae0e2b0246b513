"""Training runs: started as processes of their own, followed from any page, stopped, and recognised when dead."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NoReturn

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import RunState, TrainingRun, now
from core.errors import Conflict, ModeratoError, NotFound
from core.log_text import one_line
from core.readings import Reading, ReadingsFile, read_readings
from core.run_process import AS_IT_IS, RunOptions, end_process, is_training, spawn
from core.settings import Settings
from db.session import Sessions
from db.stores.runs import RunStore

BEAT_SECONDS: Final = 3.0
"""How often a running one shows a sign of life."""
SILENT_SECONDS: Final = 30.0
"""Without one for so long it counts as dead: killed, out of memory, or its machine went down."""
LABEL_ERRORS: Final = "label-errors"
"""Preset of a run that trains nothing to keep: it looks for labels that are wrong."""
_LOG_SECONDS: Final = 30.0
"""Readings go into the log at this pace."""

Say = Callable[[str | Reading, float], None]
"""Hears what a run does now, in words or as a reading, and how far it is, 0 to 1."""


def action_of(preset: str) -> Action:
    """What starting and stopping such a run is."""
    return Action.FIND_LABEL_ERRORS if preset == LABEL_ERRORS else Action.MANAGE_MODELS


class Runs:
    """Training runs of one database."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings

    def list_runs(self, limit: int = 20) -> list[TrainingRun]:
        """The latest runs, newest first; dead ones have become failed ones."""
        self._bury_dead()
        with self._sessions.read() as session:
            return RunStore(session).list_newest(limit)

    def require(self, run_id: int) -> TrainingRun:
        """The run; raises NotFound."""
        with self._sessions.read() as session:
            found = RunStore(session).get(run_id)
        if found is None:
            raise NotFound("There is no training run {run_id}.", run_id=run_id)
        return found

    def begin(self, preset: str, *, by: Person) -> TrainingRun:
        """Note that a run starts. Raises Conflict while another one runs: two would fight for the same cores."""
        check_may(by, action_of(preset))
        self._bury_dead()
        at = now()
        values: dict[str, Any] = {"preset": preset, "person": by.name, "state": RunState.RUNNING, "pid": None}
        values |= {"step": "Starting", "share": 0.0, "log": "", "snapshot_id": None, "model_id": None, "problem": None}
        with self._sessions.begin() as session:
            store = RunStore(session)
            store.lock()
            if running := store.list_running():
                raise Conflict(
                    "Training run {id} has not ended. Wait for it, or stop it on the Models page.",
                    id=running[0].id,
                )
            run = store.add(values | {"started_at": at, "seen_at": at})
            log = f"logs/training-{run.id}.log"
            store.update(run.id, {"log": log})
            record(session, by, What.TRAINING_STARTED, f"run {run.id}", preset=preset)
        self.log_path(run.id).parent.mkdir(parents=True, exist_ok=True)
        return self.require(run.id)

    def start(self, preset: str, *, by: Person, options: RunOptions = AS_IT_IS) -> TrainingRun:
        """Retrain in a process of its own, which outlives this one. Raises Conflict, BadInput."""
        return self.launch(preset, options.to_arguments(preset), by=by)

    def launch(self, preset: str, arguments: list[str], *, by: Person) -> TrainingRun:
        """Run `moderato` with the arguments as a run of that name, in a process of its own. Raises as `start`."""
        run = self.begin(preset, by=by)
        try:
            pid = spawn([*arguments, "--run", str(run.id)], log=self.log_path(run.id), settings=self._settings)
        except ModeratoError as error:
            self.update(run.id, state=RunState.FAILED, problem=str(error))
            raise
        self.update(run.id, pid=pid)
        return self.require(run.id)

    def stop(self, run_id: int, *, by: Person) -> None:
        """End a run: asked first, killed after a few seconds. Nothing that it wrote is registered."""
        run = self.require(run_id)
        check_may(by, action_of(run.preset))
        if run.state is not RunState.RUNNING:
            raise Conflict("Training run {run_id} has ended already.", run_id=run_id)
        if run.pid and run.pid != os.getpid() and is_training(run.pid):
            end_process(run.pid)
        with self._sessions.begin() as session:
            values = {"seen_at": now(), "state": RunState.STOPPED, "step": f"Stopped by {by.name}"}
            RunStore(session).update(run_id, values)
            record(session, by, What.TRAINING_STOPPED, f"run {run_id}", preset=run.preset)

    def update(self, run_id: int, **values: Any) -> bool:
        """Note a sign of life and what changed; False if the run was stopped or buried meanwhile."""
        with self._sessions.begin() as session:
            return RunStore(session).update(run_id, {"seen_at": now(), **values})

    @contextmanager
    def following(self, run: TrainingRun, *, say: Say | None = None) -> Iterator["Following"]:
        """Within the block the run shows signs of life; at its end it is done, failed or stopped."""
        self.update(run.id, pid=os.getpid())
        following = Following(self, run.id, say)
        following.start()
        try:
            yield following
        except ModeratoError as error:
            self.update(run.id, state=RunState.FAILED, problem=str(error))
            following.log(str(error))
            raise
        except KeyboardInterrupt:
            self.update(run.id, state=RunState.STOPPED, step="Stopped")
            raise
        except BaseException as error:
            problem = f"{type(error).__name__}: see the log for what happened."
            self.update(run.id, state=RunState.FAILED, problem=problem)
            raise
        else:
            self.update(run.id, state=RunState.DONE, share=1.0, step="Done")
        finally:
            following.stop()

    def log_path(self, run_id: int) -> Path:
        """Where the run's log is."""
        return self._settings.data_dir / "logs" / f"training-{run_id}.log"

    def readings_path(self, run_id: int) -> Path:
        """Where the run's readings are, if it takes any."""
        return self.log_path(run_id).with_suffix(".jsonl")

    def list_readings(self, run_id: int) -> list[Reading]:
        """What the run read off step by step, oldest first; none for a kind of training that takes no readings."""
        return read_readings(self.readings_path(run_id))

    def log_tail(self, run_id: int, lines: int = 15) -> str:
        """The last lines of the run's log; empty if there is none."""
        try:
            with self.log_path(run_id).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 200 * lines))
                return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _bury_dead(self) -> None:
        with self._sessions.read() as session:
            running = RunStore(session).list_running()
        silent = now() - timedelta(seconds=SILENT_SECONDS)
        for run in running:
            if run.seen_at < silent:
                problem = "It ended without a word: killed, out of memory, or its machine went down. Start it again."
                self.update(run.id, state=RunState.FAILED, problem=problem, seen_at=run.seen_at)


class Following:
    """A running run's voice: a line for its log, a step for the page, readings, a heartbeat in between."""

    def __init__(self, runs: Runs, run_id: int, say: Say | None) -> None:
        self._runs, self._run_id, self._say = runs, run_id, say
        self._ended, self._busy = threading.Event(), threading.Lock()
        self._written, self._share = 0.0, 0.0
        self._logged: set[str] = set()
        self._readings = ReadingsFile(runs.readings_path(run_id))
        self._reading_logged = -_LOG_SECONDS

    def step(self, what: str | Reading, share: float) -> None:
        """Say what it does now and how far it is, 0 to 1; for any thread. Raises KeyboardInterrupt if stopped."""
        if _interrupted.is_set():
            raise KeyboardInterrupt
        with self._busy:
            self._share = max(self._share, share)
            fresh = self._take_down(what)
            due = fresh or time.monotonic() - self._written > 0.5
            if self._say and due:
                self._say(what, self._share)
            self._written = time.monotonic() if due else self._written
        words = what if isinstance(what, str) else f"Training: step {what.step:,} of {what.steps:,}"
        if due and not self._runs.update(self._run_id, step=words, share=self._share):
            raise KeyboardInterrupt

    def _take_down(self, what: str | Reading) -> bool:
        """Write what is new into the log or the readings; whether these words are said for the first time."""
        if isinstance(what, Reading):
            self._readings.add(what)
            at = time.monotonic()
            if at - self._reading_logged >= _LOG_SECONDS:
                self._reading_logged = at
                self.log(str(what))
            return False
        if what in self._logged:
            return False
        self._logged.add(what)
        self.log(what)
        return True

    def note(self, **values: Any) -> None:
        """Record the snapshot or the model of the run."""
        self._runs.update(self._run_id, **values)

    def start(self) -> None:
        """Begin to beat."""
        threading.Thread(target=self._beat, daemon=True).start()

    def stop(self) -> None:
        """Stop beating."""
        self._ended.set()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self._runs.update(self._run_id)

    def log(self, what: str) -> None:
        """Append a line to the log."""
        with self._runs.log_path(self._run_id).open("a", encoding="utf-8") as log:
            log.write(f"{now():%H:%M:%S} {one_line(what)}\n")


_interrupted = threading.Event()
"""This process was asked to end. Threads look here: only the main one gets the KeyboardInterrupt."""


def stop_on_signals() -> None:
    """Let SIGTERM end this process as Ctrl-C does, so that what is half done is cleaned up."""

    def interrupt(_signal: int, _frame: Any) -> NoReturn:
        _interrupted.set()
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
