"""Scoring for programs: the live model, as it is at the moment, shared with the worker of this process."""

import logging
import time
from collections.abc import Sequence
from typing import Final

from core.domain import ModelVersion
from core.errors import ModelUnavailable, ModeratoError
from core.log_text import whereabouts
from core.recording import score_each
from core.scoring.protocol import Scores
from core.worker import Models

log = logging.getLogger("moderato.api")

_LOOK_EVERY: Final = 0.1
"""Seconds for which the live model is taken to be the one that was seen."""
_TRY_AGAIN: Final = 5.0
"""Seconds for which a model that cannot be loaded is not tried again: checking its files may take long."""


class LiveScoring:
    """Scores texts with whatever model is live."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._failed: tuple[int, float, ModelUnavailable] | None = None
        self._live: tuple[float, ModelVersion | None] = (0.0, None)

    def score(self, texts: Sequence[str]) -> tuple[ModelVersion, Scores]:
        """The live version and its scores [n, 6]; NaN for a text that it fails on. Raises ModelUnavailable."""
        version = self._version()
        if version is None:
            raise ModelUnavailable("No model is live. Promote one on the Models page, or with `moderato promote NAME`.")
        try:
            scorer = self._models.load(self._unless_it_failed(version))
            return version, score_each(scorer, texts)
        except ModelUnavailable as error:
            self._failed = version.id, time.monotonic() + _TRY_AGAIN, error
            raise
        except ModeratoError:
            raise
        except Exception as error:  # whatever a model may raise; its words may hold the text
            log.warning("model %s fails: %s", version.name, whereabouts(error))
            raise ModelUnavailable(f"Model {version.name} fails. Look into the log, or promote another one.") from None

    def _version(self) -> ModelVersion | None:
        until, version = self._live
        if version is None or time.monotonic() >= until:
            version = self._models.live()
            self._live = time.monotonic() + _LOOK_EVERY, version
        return version

    def _unless_it_failed(self, version: ModelVersion) -> ModelVersion:
        if self._failed and self._failed[0] == version.id and time.monotonic() < self._failed[1]:
            raise self._failed[2]
        return version
