"""Wiring: one object that holds every use case, made once by whoever starts the process."""

from collections.abc import Sequence
from functools import cached_property

from core.agreement import AgreementReports
from core.browse import Browse
from core.context import Contexts
from core.datasets import Datasets
from core.desk import Desks
from core.domain import ModelVersion
from core.drift.service import Drift
from core.evaluation import Evaluation
from core.focus import Focuses
from core.gate_reports import GateReports
from core.golden_mix import GoldenMix
from core.guidelines import Guidelines
from core.hand_over import HandOver
from core.heartbeat import Scoring, worker_name
from core.highlights import Highlights
from core.intake import Intake
from core.keys import Keys
from core.label_errors import LabelErrors
from core.live_scoring import LiveScoring
from core.metrics.service import Metrics
from core.nearest import Nearest
from core.own_agreement import OwnAgreement
from core.own_history import OwnHistory
from core.people import People
from core.planning import Planner
from core.policies import Policies
from core.preferences import Preferences
from core.privacy.author_export import AuthorExports
from core.privacy.keeper import Keeper
from core.privacy.service import Privacy
from core.program_comments import ProgramComments
from core.program_reads import ProgramReads
from core.proposals import Proposals
from core.questions import Questions
from core.raids import Raids
from core.reassign import Reassign
from core.registry import Registry
from core.removals import Removals
from core.reveals import Reveals
from core.review import Review
from core.runs import Runs
from core.scoring.load import load_scorer
from core.scoring.protocol import Scorer
from core.search_index import SearchIndex
from core.second_opinions import SecondOpinions
from core.settings import Settings
from core.shadow import Shadows
from core.shadow_worker import ShadowWorker
from core.sign_ins import SignIns
from core.site_settings import SiteSettings
from core.slices import Slices
from core.source_links import SourceLinks
from core.suggestions import Suggestions
from core.trail import Trail
from core.transparency.service import TransparencyReports
from core.webhooks.addresses import networks_setting
from core.webhooks.delivery import Delivery
from core.webhooks.service import Webhooks
from core.wellbeing.exposure import Exposure
from core.worker import RegistryModels, ScoringWorker
from db.migrate import migrate
from db.session import Sessions, build_engine
from db.trouble import in_words


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
    def drift(self) -> Drift:
        """Whether traffic is like that of a reference span."""
        return Drift(self.sessions)

    @cached_property
    def label_errors(self) -> LabelErrors:
        """Items whose human labels look wrong."""
        return LabelErrors(self.sessions, self.settings)

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
    def proposals(self) -> Proposals:
        """Policies that wait for somebody to put them in force."""
        return Proposals(self.sessions)

    @cached_property
    def reassign(self) -> Reassign:
        """Taking comments from whoever has them."""
        return Reassign(self.sessions)

    @cached_property
    def planner(self) -> Planner:
        """What a policy would cost and miss."""
        return Planner(self.sessions, self.policies)

    @cached_property
    def removals(self) -> Removals:
        """What the policy removed without review."""
        return Removals(self.sessions)

    @cached_property
    def scoring(self) -> Scoring:
        """Whether what waits is being scored."""
        return Scoring(self.sessions)

    def build_worker(self, kind: str = "worker") -> ScoringWorker:
        """A worker on this database with the registry's live model."""
        name, shadow = worker_name(kind), None
        if self.settings.shadow_scoring:
            shadow = ShadowWorker(self.sessions, self.settings, self._load_apart, name)
        return ScoringWorker(self.sessions, self.settings, self.models, name, beside=shadow)

    def _load_apart(self, version: ModelVersion) -> Scorer:
        """A model beside the live one; whoever asks holds it."""
        return load_scorer(version, threads=self.settings.worker_threads)

    @cached_property
    def models(self) -> RegistryModels:
        """The live model, loaded once for the worker and for programs."""
        return RegistryModels(self.registry, threads=self.settings.worker_threads)

    @cached_property
    def keys(self) -> Keys:
        """Programs' keys."""
        return Keys(self.sessions)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Where decisions are delivered."""
        return Webhooks(self.sessions, networks_setting(self.settings.webhook_private))

    @cached_property
    def webhook_delivery(self) -> Delivery:
        """Delivering them from this process."""
        allowed = networks_setting(self.settings.webhook_private)
        return Delivery(self.sessions, allowed, poll_seconds=self.settings.poll_seconds, name=worker_name("webhooks"))

    @cached_property
    def privacy(self) -> Privacy:
        """Erasing texts, how long they are kept, how authors are named."""
        return Privacy(self.sessions, self.settings)

    @cached_property
    def author_exports(self) -> AuthorExports:
        """What is held on an author, to hand over."""
        return AuthorExports(self.sessions)

    @cached_property
    def reveals(self) -> Reveals:
        """Who had masked texts shown."""
        return Reveals(self.sessions)

    @cached_property
    def keeper(self) -> Keeper:
        """Goes on with erasures in a thread."""
        return Keeper(self.privacy, self.settings.data_dir)

    @cached_property
    def site_settings(self) -> SiteSettings:
        """What people set on pages."""
        return SiteSettings(self.sessions)

    @cached_property
    def own_history(self) -> OwnHistory:
        """What each person decided, for their own eyes."""
        return OwnHistory(self.sessions, self.browse, self.review, self.settings)

    @cached_property
    def preferences(self) -> Preferences:
        """What each person set for themselves."""
        return Preferences(self.sessions)

    @cached_property
    def exposure(self) -> Exposure:
        """What each moderator has seen, for themselves."""
        return Exposure(self.sessions)

    @cached_property
    def guidelines(self) -> Guidelines:
        """What each label means here, in versions."""
        return Guidelines(self.sessions)

    @cached_property
    def trail(self) -> Trail:
        """The audit trail: searched, taken out, verified."""
        return Trail(self.sessions, self.settings)

    @cached_property
    def sign_ins(self) -> SignIns:
        """Who is signed in."""
        return SignIns(self.sessions, self.settings)

    @cached_property
    def people(self) -> People:
        """Accounts and their roles."""
        return People(self.sessions, self.settings, on_change=self.sign_ins.forget)

    @cached_property
    def suggestions(self) -> Suggestions:
        """Corrections that programs send."""
        return Suggestions(self.sessions)

    @cached_property
    def program_comments(self) -> ProgramComments:
        """Comments that programs send in."""
        return ProgramComments(self.sessions, self.settings)

    @cached_property
    def program_reads(self) -> ProgramReads:
        """Where comments stand and what was decided, for programs."""
        return ProgramReads(self.sessions)

    @cached_property
    def live_scoring(self) -> LiveScoring:
        """Scores for programs."""
        return LiveScoring(self.models)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Audit and golden items, scored by the models that are to be compared."""
        return Evaluation(self.sessions)

    @cached_property
    def gate_reports(self) -> GateReports:
        """Every run of the gate."""
        return GateReports(self.sessions)

    @cached_property
    def shadows(self) -> Shadows:
        """A challenger that scores all traffic without routing it."""
        return Shadows(self.sessions)

    @cached_property
    def runs(self) -> Runs:
        """Training runs."""
        return Runs(self.sessions, self.settings)

    @cached_property
    def review(self) -> Review:
        """The review queue: claims, decisions, undo."""
        return Review(self.sessions, self.settings)

    @cached_property
    def questions(self) -> Questions:
        """What moderators ask leads about comments."""
        return Questions(self.sessions, self.settings)

    @cached_property
    def golden_mix(self) -> GoldenMix:
        """How often comments with known answers are mixed into queues."""
        return GoldenMix(self.sessions)

    @cached_property
    def desks(self) -> Desks:
        """Where people stopped."""
        return Desks(self.sessions)

    @cached_property
    def focuses(self) -> Focuses:
        """Who works on what."""
        return Focuses(self.sessions, self.preferences)

    @cached_property
    def slices(self) -> Slices:
        """Parts of the queue, and who works on them."""
        return Slices(self.sessions)

    @cached_property
    def hand_over(self) -> HandOver:
        """Giving a comment to somebody else."""
        return HandOver(self.sessions, self.settings)

    @cached_property
    def raids(self) -> Raids:
        """Clusters of waiting comments, settled many at once."""
        return Raids(self.sessions)

    @cached_property
    def contexts(self) -> Contexts:
        """What stands around claimed comments."""
        return Contexts(self.sessions)

    @cached_property
    def source_links(self) -> SourceLinks:
        """Where the originals of a source's comments stand."""
        return SourceLinks(self.sessions)

    @cached_property
    def agreement(self) -> AgreementReports:
        """How far people agree with each other, from second opinions."""
        return AgreementReports(self.sessions)

    @cached_property
    def own_agreement(self) -> OwnAgreement:
        """How far a person agrees with known answers and second opinions, for their own eyes."""
        return OwnAgreement(self.sessions)

    @cached_property
    def transparency(self) -> TransparencyReports:
        """The transparency report of a period."""
        return TransparencyReports(self.sessions)

    @cached_property
    def second_opinions(self) -> SecondOpinions:
        """What waits for a second opinion, and taking that back."""
        return SecondOpinions(self.sessions)

    @cached_property
    def highlights(self) -> Highlights:
        """Which words moved the scores, beside the queue."""
        return Highlights(self.registry)

    @cached_property
    def nearest(self) -> Nearest:
        """The nearest decided comments, beside the queue."""
        return Nearest(self.sessions, most=self.settings.nearest_texts, poll_seconds=self.settings.poll_seconds)

    def start_beside(self) -> None:
        """Start what every server and worker does in threads: search index, webhooks, erasures and retention."""
        for part in self._beside():
            part.start()

    def stop_beside(self) -> None:
        """End these threads."""
        for part in self._beside():
            part.stop()

    def _beside(self) -> Sequence[SearchIndex | Delivery | Keeper]:
        delivery = [self.webhook_delivery] if self.settings.webhook_delivery else []
        return self.search_index, *delivery, self.keeper

    def close(self) -> None:
        """Write what is left to write, and give the database's connections back."""
        if "nearest" in self.__dict__:
            self.nearest.stop()
        if "reveals" in self.__dict__:
            self.reveals.close()
        self.sessions.engine.dispose()


def build_services(settings: Settings | None = None) -> Services:
    """Open the database of the settings, bring it up to date, and wire the use cases."""
    settings = settings or Settings()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is in it is for nobody else
    engine = build_engine(settings.url)
    with in_words():
        migrate(engine)
    services = Services(settings, Sessions(engine))
    services.registry.ensure_shipped()
    services.guidelines.ensure_shipped()
    return services
