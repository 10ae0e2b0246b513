"""Which waiting comments somebody works on, in the database's words.

Blind comments are drawn at random, so that what is decided of them speaks for all: scores never choose among them, or
they would tell the scores and bend the sample. Lane, source and script may.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true

from core.domain import BLIND_LANES, Lane
from db.models import CommentRow, RoutingRow, ScoreRow
from db.stores.browse_plan import LABEL_COLUMNS


@dataclass(frozen=True, slots=True)
class Terms:
    """One choice among what waits. Whatever is empty is "any"."""

    lanes: tuple[Lane, ...] = ()
    sources: tuple[str, ...] = ()
    scripts: tuple[str | None, ...] = ()
    """As comments have them: None is Latin."""
    least: tuple[tuple[int, float], ...] = ()
    """Indexes of labels with their thresholds: a comment has at least one of them."""
    within: tuple[int | None, float, float] | None = None
    """A label's index (None: the highest of the six), the least and the greatest probability."""


Within = tuple[tuple[Terms, ...], ...]
"""Of each group at least one choice holds. Empty: everything."""


def conditions(within: Within, lane: Lane) -> list[ColumnElement[bool]] | None:
    """Conditions on routing for a lane, to be ANDed; None where the lane is left out altogether."""
    return _all_of(within, lane, lambda terms: _of_one(terms, lane))


def as_if_flagged(within: Within, without: Mapping[str, float]) -> list[ColumnElement[bool]] | None:
    """The same for comments that are not routed, with their scores joined: would they be let through if flagged?

    Those at or over one of the limits `without` would not.
    """
    found = _all_of(within, Lane.FLAGGED, lambda terms: [*_origin(terms), *_scores(terms)])
    if found is None or not without:
        return found
    return [*found, *(getattr(ScoreRow, label) < limit for label, limit in without.items())]


def _all_of(
    within: Within, lane: Lane, of: Callable[[Terms], list[ColumnElement[bool]]]
) -> list[ColumnElement[bool]] | None:
    found = []
    for group in within:
        parts = [of(terms) for terms in group if not terms.lanes or lane in terms.lanes]
        if not parts:
            return None
        if all(parts):  # a choice that is content with anything makes the others say nothing
            found.append(or_(*(and_(*part) for part in parts)))
    return found


def in_none(choices: tuple[Terms, ...], lane: Lane) -> list[ColumnElement[bool]] | None:
    """Conditions on routing for what none of the choices has; None where they have all of the lane."""
    parts = [_of_one(terms, lane) for terms in choices if not terms.lanes or lane in terms.lanes]
    if not all(parts):
        return None
    return [not_(or_(*(and_(*part) for part in parts)))] if parts else [true()]


def _of_one(terms: Terms, lane: Lane) -> list[ColumnElement[bool]]:
    origin = _origin(terms)
    found = [_looked_up(and_(*origin), CommentRow.id == RoutingRow.comment_id)] if origin else []
    scores = [] if lane in BLIND_LANES else _scores(terms)
    if scores:
        mine = (ScoreRow.comment_id == RoutingRow.comment_id, ScoreRow.model_id == RoutingRow.model_id)
        found.append(or_(RoutingRow.audit, _looked_up(and_(*scores), *mine)))
    return found


def _origin(terms: Terms) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [CommentRow.source.in_(terms.sources)] if terms.sources else []
    if terms.scripts:
        told = [script for script in terms.scripts if script is not None]
        latin = [CommentRow.script.is_(None)] if None in terms.scripts else []
        wanted.append(or_(*latin, *([CommentRow.script.in_(told)] if told else [])))
    return wanted


def _looked_up(holds: ColumnElement[bool], *row: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether that holds of the one row with the key. False without the row.

    Not EXISTS, which PostgreSQL may turn into a look at every score or comment that there is: a scalar is looked up by
    key for each waiting comment, so the cost is bounded by what waits.
    """
    return func.coalesce(select(holds).where(*row).correlate(RoutingRow).scalar_subquery(), false())


def _scores(terms: Terms) -> list[ColumnElement[bool]]:
    columns = [getattr(ScoreRow, name) for name in LABEL_COLUMNS]
    found: list[ColumnElement[bool]] = []
    if terms.least:
        found.append(or_(*(columns[label] >= _stored(limit) for label, limit in terms.least)))
    if terms.within:
        label, low, high = terms.within
        among = columns if label is None else [columns[label]]
        found += [or_(*(column >= _stored(low) for column in among)), *(column <= _stored(high) for column in among)]
    return found


def _stored(value: float) -> float:
    """As the database has it: scores are float32, and one shown as 0.7 reaches a threshold of 0.7."""
    return float(np.float32(value))
