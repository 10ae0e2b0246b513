"""Shadow mode: a challenger scores all new traffic and routes none of it; what its page says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import BANDS, RoutingState, Stage, now
from core.errors import BadInput, Conflict, NotFound
from core.labels import LABELS
from core.metrics.intervals import Estimate, intervals
from db.session import Sessions
from db.stores.disagreements import ANY, DIFFERS, FAILED, Answer, DisagreementStore
from db.stores.registry import RegistryStore
from db.stores.shadow import Shadow, ShadowStore

__all__ = ["Agreement", "BandCounts", "Judged", "Shadow", "ShadowReport", "Shadows"]

DEFAULT_RATE: Final = 0.05
RATE_RANGE: Final = (0.001, 1.0)
FEWEST_ANSWERS: Final = 10
"""Decided comments below which no share is shown."""
LATEST: Final = 300
"""Disagreements that the counts by band are of."""
_MOST_ANSWERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the two flag a label (or any label)."""

    neither: int
    only_live: int
    only_shadow: int
    both: int

    @property
    def total(self) -> int:
        """All comments."""
        return self.neither + self.only_live + self.only_shadow + self.both


@dataclass(frozen=True, slots=True)
class Judged:
    """What people said of the comments that one model alone flags with a label."""

    drawn: int
    decided: int
    deserved: Estimate | None
    """Share that deserved the label, weighted by 1 / rate, with its 95 % interval; None below FEWEST_ANSWERS."""


@dataclass(frozen=True, slots=True)
class BandCounts:
    """Of the latest disagreements those in one score band of the live model."""

    only_live: int
    """The live model flags more labels."""
    only_shadow: int
    mixed: int
    """Each flags a label that the other does not."""


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """How a shadow model does beside the live one."""

    shadow: Shadow
    scored: int
    failed: int
    waiting: int
    lag: timedelta | None
    """Since the first comment that waits was routed; None while none does."""
    differ: int
    """Comments that the two treat differently."""
    drawn: int
    labels: dict[str, Agreement]
    any_label: Agreement
    bands: tuple[BandCounts, ...]
    """Low to high, of the LATEST disagreements."""
    only_live: dict[str, Judged]
    only_shadow: dict[str, Judged]
    open_flagged: int
    """Drawn comments that wait in another lane than the blind ones, in its order."""


class Shadows:
    """Shadow mode of one database. One model at a time."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def running(self) -> Shadow | None:
        """The span that runs, or None."""
        with self._sessions.read() as session:
            return ShadowStore(session).get_running()

    def latest(self) -> Shadow | None:
        """The newest span, running or ended, or None."""
        with self._sessions.read() as session:
            return ShadowStore(session).latest()

    def start(self, name: str, *, by: Person, rate: float = DEFAULT_RATE) -> Shadow:
        """Let a challenger score all comments that are routed from now on; it routes none of them.

        Raises NotFound, BadInput for a rate out of range, Conflict if it is live or another one runs.
        """
        check_may(by, Action.MANAGE_MODELS)
        low, high = RATE_RANGE
        if not low <= rate <= high:
            raise BadInput(
                "The rate must lie between {low:g} and {high:g}, not at {rate:g}.",
                low=low,
                high=high,
                rate=rate,
            )
        with self._sessions.begin() as session:
            registry, store = RegistryStore(session), ShadowStore(session)
            registry.lock()
            version, running = registry.get(name), store.get_running()
            if version is None:
                raise NotFound(
                    "There is no model {name!r}. `moderato models` lists the ones there are.",
                    name=name[:80],
                )
            if version.stage is Stage.LIVE:
                raise Conflict("{name} is live: it scores all traffic already. Choose a challenger.", name=name)
            if running:
                raise Conflict(
                    "{model} runs in the shadow already. Stop it first: each worker holds one.",
                    model=running.model,
                )
            store.start(version.id, rate=rate, person=by.name, at=now())
            started = store.get_running()
            record(session, by, What.SHADOW_STARTED, name, rate=f"{rate:g}")
        if started is None:
            raise Conflict("The shadow ended while it was started. Look again.")
        return started

    def stop(self, *, by: Person) -> Shadow:
        """End the shadow that runs: what it has not scored is let go, what it found stays. Raises Conflict."""
        check_may(by, Action.MANAGE_MODELS)
        with self._sessions.begin() as session:
            RegistryStore(session).lock()
            store = ShadowStore(session)
            running = store.get_running()
            if running is None:
                raise Conflict("No model runs in the shadow.")
            store.end(running.model_id, now())
            record(session, by, What.SHADOW_STOPPED, running.model)
        return running

    def report(self, shadow: Shadow) -> ShadowReport:
        """Everything that is known of a span."""
        with self._sessions.read() as session:
            store, parts = ShadowStore(session), DisagreementStore(session)
            counts, answers = parts.counts(shadow.id), parts.answers(shadow.id, _MOST_ANSWERS)
            latest = parts.latest_by_band(shadow.id, LATEST)
            waiting, first = store.waiting(shadow.id)
        any_label = _agreement(counts, ANY)
        return ShadowReport(
            shadow=shadow,
            scored=any_label.total,
            failed=counts.get((FAILED, 0), 0),
            waiting=waiting,
            lag=now() - first if first else None,
            differ=counts.get((DIFFERS, 0), 0),
            drawn=counts.get((DIFFERS, 1), 0),
            labels={label: _agreement(counts, j) for j, label in enumerate(LABELS)},
            any_label=any_label,
            bands=_bands(latest),
            only_live={label: _judge(answers, j, shadow_alone=False) for j, label in enumerate(LABELS)},
            only_shadow={label: _judge(answers, j, shadow_alone=True) for j, label in enumerate(LABELS)},
            open_flagged=sum(one.state == RoutingState.OPEN and one.lane == "flagged" for one in answers),
        )


def _agreement(counts: dict[tuple[int, int], int], what: int) -> Agreement:
    return Agreement(*(counts.get((what, cell), 0) for cell in range(4)))


def _bands(latest: Sequence[tuple[int, int, int]]) -> tuple[BandCounts, ...]:
    made = np.zeros((BANDS, 3), int)
    for band, live, shadow in latest:
        more_live, more_shadow = live & ~shadow, shadow & ~live
        made[band, 2 if more_live and more_shadow else 1 if more_shadow else 0] += 1
    return tuple(BandCounts(*row) for row in made.tolist())


def _judge(answers: Sequence[Answer], label: int, *, shadow_alone: bool) -> Judged:
    """Of the drawn comments that one model alone flags with the label: Hájek's ratio estimator over the decided ones.

    The interval is that of an endless stream like these (linearised, on the logit scale, core.metrics.intervals).
    """
    bit = 1 << label
    flags = [(a.shadow_flags, a.live_flags) if shadow_alone else (a.live_flags, a.shadow_flags) for a in answers]
    drawn = [one for one, (its, others) in zip(answers, flags, strict=True) if its & bit and not others & bit]
    decided = [(one.labels & bit > 0, one.rate) for one in drawn if one.labels is not None]
    if len(decided) < FEWEST_ANSWERS:
        return Judged(len(drawn), len(decided), None)
    yes, weights = np.array([on for on, _ in decided], float), 1 / np.array([rate for _, rate in decided])
    total = weights.sum()
    share = float(weights @ yes / total)
    variance = float((weights**2 * (yes - share) ** 2).sum() / total**2)
    cases = float(total**2 / (weights**2).sum())
    (found,) = intervals(np.array(share), np.array(variance), np.array(cases))
    return Judged(len(drawn), len(decided), found)
