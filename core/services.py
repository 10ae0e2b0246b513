"""Wiring: one object that holds every use case, made once by whoever starts the process."""

from functools import cached_property

from core.browse import Browse
from core.datasets import Datasets
from core.evaluation import Evaluation
from core.heartbeat import Scoring, worker_name
from core.highlights import Highlights
from core.intake import Intake
from core.keys import Keys
from core.live_scoring import LiveScoring
from core.metrics.service import Metrics
from core.policies import Policies
from core.registry import Registry
from core.review import Review
from core.runs import Runs
from core.search_index import SearchIndex
from core.settings import Settings
from core.suggestions import Suggestions
from core.worker import RegistryModels, ScoringWorker
from db.migrate import migrate
from db.session import Sessions, build_engine


class Services:
    """Every use case on one database. Parts are made when first asked for, so that a command pays for what it uses."""

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self.settings = settings
        self.sessions = sessions

    @cached_property
    def intake(self) -> Intake:
        """Adding comments, from programs, pages and files."""
        return Intake(self.sessions, self.settings)

    @cached_property
    def registry(self) -> Registry:
        """Model versions: which is live, promotion, rollback."""
        return Registry(self.sessions, self.settings)

    @cached_property
    def metrics(self) -> Metrics:
        """What the models are worth, by the ledger."""
        return Metrics(self.sessions)

    @cached_property
    def datasets(self) -> Datasets:
        """Exports of what people decided, and their snapshots."""
        return Datasets(self.sessions, self.settings)

    @cached_property
    def browse(self) -> Browse:
        """Finding comments, and the history of one."""
        return Browse(self.sessions)

    @cached_property
    def search_index(self) -> SearchIndex:
        """Keeping SQLite's full-text index up with the comments."""
        return SearchIndex(self.sessions, poll_seconds=self.settings.poll_seconds)

    @cached_property
    def policies(self) -> Policies:
        """The policy: thresholds and audit rates, by version."""
        return Policies(self.sessions)

    @cached_property
    def scoring(self) -> Scoring:
        """Whether what waits is being scored."""
        return Scoring(self.sessions)

    def build_worker(self, kind: str = "worker") -> ScoringWorker:
        """A worker on this database with the registry's live model."""
        return ScoringWorker(self.sessions, self.settings, self.models, worker_name(kind))

    @cached_property
    def models(self) -> RegistryModels:
        """The live model, loaded once for the worker and for programs."""
        return RegistryModels(self.registry, threads=self.settings.worker_threads)

    @cached_property
    def keys(self) -> Keys:
        """Programs' keys."""
        return Keys(self.sessions)

    @cached_property
    def suggestions(self) -> Suggestions:
        """Corrections that programs send."""
        return Suggestions(self.sessions)

    @cached_property
    def live_scoring(self) -> LiveScoring:
        """Scores for programs."""
        return LiveScoring(self.models)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Audit and golden items, scored by the models that are to be compared."""
        return Evaluation(self.sessions)

    @cached_property
    def runs(self) -> Runs:
        """Training runs."""
        return Runs(self.sessions, self.settings)

    @cached_property
    def review(self) -> Review:
        """The review queue: claims, decisions, undo."""
        return Review(self.sessions, self.settings)

    @cached_property
    def highlights(self) -> Highlights:
        """Which words moved the scores, beside the queue."""
        return Highlights(self.registry)

    def close(self) -> None:
        """Give the database's connections back."""
        self.sessions.engine.dispose()


def build_services(settings: Settings | None = None) -> Services:
    """Open the database of the settings, bring it up to date, and wire the use cases."""
    settings = settings or Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = build_engine(settings.url)
    migrate(engine)
    services = Services(settings, Sessions(engine))
    services.registry.ensure_shipped()
    return services
