"""Folding the live model's ledger when the server starts, so that the first reader of the metrics need not wait."""

import logging
import threading

from core.domain import Stage
from core.metrics.service import Metrics

log = logging.getLogger("moderato.metrics")


class FoldAhead:
    """Folds once, part by part, in a thread. A failure is noted: whoever opens the page folds then, as before."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._fold, name="fold-ahead", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the part that is being folded."""
        self._stop.set()
        self._thread.join(10)

    def _fold(self) -> None:
        try:
            live = [model.id for model in self._metrics.models() if model.stage is Stage.LIVE]
            while live and not self._stop.is_set() and self._metrics.fold_part(live[0]):
                pass
        except Exception as error:  # the database may be away: the page says so itself
            log.warning("the ledger could not be folded ahead (%s)", type(error).__name__)
