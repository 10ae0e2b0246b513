"""Which words moved the scores: computed beside the queue, kept by comment and model, never waited for."""

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

from core.domain import ModelVersion
from core.errors import ModeratoError
from core.registry import CAREFUL, Registry
from core.scoring.load import find_loaded, load_scorer
from core.scoring.protocol import Scorer, Span

MOST_CHARS = 4_000
"""Code points that are looked at, from the start of a comment."""
_KEPT = 2_000
_PAUSE = 0.02
"""Seconds between two comments: whoever decides goes first."""
_CHEAP = frozenset({"starter", "onnx"})
"""Kinds that may be loaded once more for this. Another would need a second GPU's worth of memory: it explains where the
worker of this process has it loaded."""

log = logging.getLogger("moderato")


class Highlights:
    """Spans of comments by the live model. One thread explains, in the order of asking."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: OrderedDict[tuple[int, int], list[Span]] = OrderedDict()
        self._asked: set[tuple[int, int]] = set()
        self._work: queue.SimpleQueue[tuple[int, int, str]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loaded: tuple[int, Scorer | None] | None = None

    def ask(self, wanted: Sequence[tuple[int, int, str]]) -> None:
        """Begin to explain comments, given as (comment id, model id, text), that were not explained yet."""
        with self._lock:
            for comment_id, model_id, text in wanted:
                key = (comment_id, model_id)
                if key not in self._known and key not in self._asked:
                    self._asked.add(key)
                    self._work.put((comment_id, model_id, text[:MOST_CHARS]))
            if self._asked and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="highlights", daemon=True)
                self._thread.start()

    def known(self, keys: Sequence[tuple[int, int]]) -> dict[int, list[Span]]:
        """Spans by comment of those (comment id, model id) that are ready."""
        with self._lock:
            return {key[0]: self._known[key] for key in keys if key in self._known}

    def _run(self) -> None:
        while True:
            comment_id, model_id, text = self._work.get()
            time.sleep(_PAUSE)
            spans = self._explain(model_id, text)
            with self._lock:
                self._asked.discard((comment_id, model_id))
                self._known[comment_id, model_id] = spans
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)

    def _explain(self, model_id: int, text: str) -> list[Span]:
        scorer = self._scorer(model_id)
        try:
            return scorer.explain(text) if scorer else []
        except Exception as error:  # a comment without highlights is better than none with
            log.warning("model %s could not explain a comment: %s", model_id, type(error).__name__)
            return []

    def _scorer(self, model_id: int) -> Scorer | None:
        if self._loaded is None or self._loaded[0] != model_id:
            self._loaded = (model_id, self._load(model_id))
        return self._loaded[1]

    def _load(self, model_id: int) -> Scorer | None:
        try:
            version = self._registry.live()
            if version is None or version.id != model_id:
                return None
            return find_loaded(version) or (load_scorer(version, threads=1) if _is_cheap(version) else None)
        except ModeratoError as error:
            log.warning("no highlights: %s", error)
        except Exception as error:
            log.warning("no highlights: %s", type(error).__name__)
        return None


def _is_cheap(version: ModelVersion) -> bool:
    return version.kind in _CHEAP or version.path == CAREFUL
