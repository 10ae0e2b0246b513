"""Audit rates: which bands are raised, and rates proposed from a budget."""

from datetime import date, timedelta
from html import escape

import numpy as np
import streamlit as st

from core.accounts import Action
from core.audit_design import Bands, Design, describe, evaluate, propose
from core.capacity import Site
from core.domain import Policy
from core.errors import ModeratoError
from core.labels import LABELS
from core.metrics.intervals import Estimate
from core.planning import EVIDENCE_DAYS
from core.policies import Boost
from core.routing import band_rates
from pages.shared import state
from pages.shared.access import require
from pages.shared.figures import WIDE, heads, table
from pages.shared.policy_parts import rate_key
from pages.shared.titles import band_names, label_title
from pages.shared.words import _, said, written


def draw_boosts(boosts: list[Boost], rates: list[float]) -> None:
    """Which bands are audited more than the policy says, and why."""
    if not boosts:
        return
    factors = np.ones(len(rates))
    for boost in boosts:
        factors[boost.band] = boost.factor
    held = band_rates(rates, factors)
    lines = [
        _(
            "Scores {band} drift since {day:%Y-%m-%d} (index {value:.2f}, limit {limit:.2f}): audited at "
            "{held:.2%} instead of {rate:.2%} until that ends."
        ).format(
            band=band_names()[boost.band],
            day=date(1970, 1, 1) + timedelta(boost.day),
            value=boost.value,
            limit=boost.limit,
            held=held[boost.band],
            rate=rates[boost.band],
        )
        for boost in boosts
    ]
    st.warning("  \n".join(lines), icon=":material/trending_up:")


def draw_design(site: Site, active: Policy, draft: Policy) -> None:
    """A budget, labels, and the rates that make recall as certain as the budget allows."""
    now = round(float(site.traffic.audits_a_day(active.audit_rates).sum()))
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    budget = left.number_input(_("Audits a day"), 1, 1_000_000, max(now, 20), 10, key=f"audit_budget_{active.id}")
    chosen = right.pills(
        _("for the recall of"), list(LABELS), selection_mode="multi", default=list(LABELS), key="audit_labels",
        format_func=label_title,
    )  # fmt: skip
    if not site.traffic.bands.any():
        st.info(_("No traffic yet: rates are proposed once comments were scored."), icon=":material/info:")
        return
    bands = describe(site.traffic.bands / site.traffic.days, site.traffic.latest, site.items, draft.thresholds)
    present = evaluate(bands, active.audit_rates, days=EVIDENCE_DAYS)
    try:
        design = propose(bands, budget, [float(label in (chosen or ())) for label in LABELS], days=EVIDENCE_DAYS)
    except ModeratoError as error:
        st.warning(said(error), icon=":material/info:")
        return
    _draw_tables(bands, present, design)
    st.button(_("Use these rates"), key="use_rates", on_click=_use_rates, args=(design.rates, active))


def _draw_tables(bands: Bands, present: Design, design: Design) -> None:
    rows = [
        f"<tr><td>{escape(title)}</td><td class=wide>{written(a_day, ',.0f')}</td>"
        f"<td>{written(old, '.2%')}</td><td>{written(new, '.2%')}</td>"
        f"<td>{written(audits, ',.1f')}</td></tr>"
        for title, a_day, old, new, audits in zip(
            band_names(), bands.a_day, present.rates, design.rates, design.a_day, strict=True
        )
    ]
    head = heads(_("Scores"), WIDE + _("Comments a day"), _("Rate now"), _("Proposed"), _("Audits a day"))
    st.html(
        table(
            _("{then:,.0f} audits a day, {now:,.0f} now").format(then=design.a_day.sum(), now=present.a_day.sum()),
            head,
            rows,
        )
    )
    rows = [
        f"<tr><td>{escape(label_title(label))}</td><td>{written(design.recall[at].value, '.2f')}</td>"
        f"<td>± {written(_half(present.recall[at]), '.3f')}</td><td>± {written(_half(design.recall[at]), '.3f')}</td>"
        f"<td class=wide>± {written(_half(design.prevalence[at]), '.3%')}</td></tr>"
        for at, label in enumerate(LABELS)
    ]
    head = heads(_("Label"), _("Recall"), _("Now"), _("Proposed"), WIDE + _("Share of positives"))
    st.html(
        table(
            _("How sure {days} days of decided audits make recall (95 %)").format(days=EVIDENCE_DAYS),
            head,
            rows,
        )
    )
    st.caption(
        _(
            "Expected, at the thresholds above. Where a band has few decided positives, the model's own expectation "
            "stands in for ten comments: good enough to plan with, and replaced by what people say as they say it."
        )
    )


def _half(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / 2


def _use_rates(rates: tuple[float, ...], active: Policy) -> None:
    require(Action.PROPOSE_POLICY)
    for band, rate in enumerate(rates):
        state.keep(rate_key(band, active), round(rate * 100, 4))
