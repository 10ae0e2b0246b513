"""What the services say, as answers."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from api.rest.answers import (
    Band,
    CommentOut,
    Entry,
    ErrorAt,
    LabelMetrics,
    Labels,
    MetricsOut,
    ModelOut,
    Models,
    Number,
    PolicyOut,
    Probabilities,
    Received,
    Removal,
    Scored,
    ScoredText,
    Span,
    Taken,
    Thresholds,
    ViewMetrics,
)
from core.domain import BAND_EDGES, ModelVersion, Policy, Stage
from core.errors import ModelUnavailable, NotFound
from core.labels import LABELS
from core.metrics.estimate import FEW
from core.metrics.intervals import Estimate
from core.metrics.service import Days, LabelReport, Overview
from core.policies import today_number
from core.program_comments import Fate, Sent
from core.program_reads import Standings, Told
from core.routing import is_probability
from core.scoring.protocol import Scores
from core.services import Services
from core.text import storable

_FIRST_DAY: Final = date(1970, 1, 1)
_DIGITS: Final = 6


def received(
    source: str, sent: Sequence[Any], results: Sequence[Sent], errors: Mapping[int, list[ErrorAt]]
) -> Received:
    """What became of comments that were sent."""
    fates = [result.fate for result in results]
    return Received(
        source=source,
        new=fates.count(Fate.NEW),
        known=fates.count(Fate.KNOWN),
        refused=fates.count(Fate.REFUSED),
        erased=fates.count(Fate.ERASED),
        results=[
            Taken(
                external_id=_external_id(one),
                status=result.fate,
                id=result.id,
                text_differs=result.differs,
                errors=errors.get(at, []),
            )
            for at, (one, result) in enumerate(zip(sent, results, strict=True))
        ],
    )


def entry(found: Told) -> Entry:
    """One entry of the ledger."""
    decision = found.entry.decision
    return Entry(
        id=decision.id,
        kind=found.kind,
        comment_id=decision.comment_id,
        source=found.entry.source,
        external_id=found.entry.external_id,
        decided_at=decision.decided_at,
        outcome=decision.outcome,
        labels=Labels(**dict(zip(LABELS, decision.labels, strict=True))),
        lane=decision.lane,
        blind=decision.blind,
        seconds=decision.seconds,
        by="program" if found.program is not None else "person",
        program=found.program,
        model=found.entry.model,
        policy=decision.policy_id,
        revokes=decision.revokes,
        revoked=found.entry.revoked,
        held_out=found.held_out,
    )


def comment(found: Standings) -> CommentOut:
    """Where a comment stands."""
    row, scores = found.comment, found.scores
    return CommentOut(
        id=row.id,
        source=row.source,
        external_id=found.external_id,
        author=row.author,
        thread=row.thread,
        parent=row.parent,
        created_at=row.created_at,
        added_at=row.added_at,
        state=found.state,
        lane=found.lane,
        removed_by_policy=found.removed_by_policy,
        scores=Scored(model=scores[0], scored_at=scores[1], labels=_six(Probabilities, scores[2])) if scores else None,
        scores_withheld=found.withheld,
        decision=entry(found.decision) if found.decision else None,
        decisions=[entry(one) for one in found.entries],
        held_out=found.held_out,
    )


def probabilities(row: Scores) -> Probabilities | None:
    """Six scores; None where the model failed on the text."""
    return _six(Probabilities, row.tolist()) if is_probability(row[None]).all() else None


def scored_text(row: Scores, thresholds: Sequence[float], spans: list[Span] | None) -> ScoredText:
    """One text's scores."""
    labels = probabilities(row)
    over = [label for label, p, t in zip(LABELS, row.tolist(), thresholds, strict=True) if p >= t]
    return ScoredText(
        status="scored" if labels else "not_scored", labels=labels, flagged=over if labels else None, spans=spans
    )


def models(found: Sequence[ModelVersion]) -> Models:
    """All versions."""
    return Models(
        live=next((version.name for version in found if version.stage is Stage.LIVE), None),
        models=[
            ModelOut(
                name=version.name,
                kind=version.kind,
                base=version.base,
                stage=version.stage,
                sha256=version.sha256,
                created_at=version.created_at,
            )
            for version in found
        ],
    )


def policy(found: Policy) -> PolicyOut:
    """The policy."""
    edges = (0.0, *BAND_EDGES, 1.0)
    bands = zip(edges, edges[1:], found.audit_rates, strict=False)
    return PolicyOut(
        version=found.id,
        created_at=found.created_at,
        thresholds=Thresholds(**dict(zip(LABELS, found.thresholds, strict=True))),
        bands=[Band(low=low, high=high, audit_rate=rate) for low, high, rate in bands],
        second_opinion_rate=found.second_rate,
        auto_remove=Removal(**dict(zip(LABELS, found.auto_remove, strict=True))) if found.auto_remove else None,
        auto_audit_rate=found.auto_audit_rate,
    )


def metrics(services: Services, name: str | None, days: int) -> MetricsOut:
    """Both views of a model on the last so many days. Raises NotFound, ModelUnavailable."""
    known = services.metrics.models()
    if name is None and not (known and known[0].stage is Stage.LIVE):
        raise ModelUnavailable("No model is live. Name one: `model`.")
    model = next((model for model in known if name in (None, model.name)), None)
    if model is None:
        raise NotFound(f"There is no model {name!r}; /api/v1/models lists the ones there are.")
    span = Days(today_number() - days + 1, today_number())
    reviewed, traffic = services.metrics.overviews(model.id, span)
    return MetricsOut(
        model=model.name,
        stage=model.stage,
        first_day=_FIRST_DAY + timedelta(days=span.first),
        last_day=_FIRST_DAY + timedelta(days=span.last),
        traffic=traffic.traffic,
        pending_audits=services.metrics.pending_audits(span),
        few=FEW,
        as_reviewed=_view(reviewed, None),
        all_traffic=_view(traffic, traffic.covered),
    )


def _view(found: Overview, represents: int | None) -> ViewMetrics:
    return ViewMetrics(decided=found.decided, represents=represents, labels=[_label(one) for one in found.labels])


def _label(found: LabelReport) -> LabelMetrics:
    ranking, at = found.ranking, found.at
    return LabelMetrics(
        label=found.label,
        positives=found.positives,
        negatives=found.negatives,
        threshold=at.threshold,
        prevalence=_number(ranking.prevalence),
        auc=_number(ranking.auc),
        average_precision=_number(ranking.average_precision),
        precision=_number(at.precision),
        recall=_number(at.recall),
        f1=_number(at.f1),
        accuracy=_number(at.accuracy),
        false_positive_rate=_number(at.false_positive_rate),
    )


def _number(found: Estimate | None) -> Number | None:
    if found is None:
        return None
    value, low, high = (round(min(max(one, 0.0), 1.0), _DIGITS) for one in (found.value, found.low, found.high))
    return Number(value=value, low=low, high=high)


def _six(kind: type[Probabilities], scores: Sequence[float]) -> Probabilities:
    return kind(**{label: round(float(p), _DIGITS) for label, p in zip(LABELS, scores, strict=True)})


def _external_id(sent: Any) -> str | None:
    """As it was sent, where it is a string that can be sent back."""
    found = sent.get("external_id") if isinstance(sent, dict) else None
    return found[:1000] if isinstance(found, str) and storable(found) == found else None
