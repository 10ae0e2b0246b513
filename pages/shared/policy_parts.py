"""What the Policy page is made of: a threshold on its histogram, an audit rate on its band, a version."""

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from core.domain import Policy
from core.labels import LABEL_TITLES, LABELS
from core.policies import Traffic
from core.routing import LOWEST_BAND_RATE, RATE_RANGE, THRESHOLD_RANGE, band_titles
from pages.shared.comment import plain

_BARS = 64
_LOW, _HIGH = 64, 192
"""Bins that are drawn: logits of -8 to 8, probabilities of 0.0003 to 0.9997."""

_MARKS = ("0.0003", "0.02", "0.5", "0.98", "0.9997")
"""Probabilities at equal steps of the logit from end to end."""

CSS = """<style>
.m-hist{display:block;width:100%;height:64px}
.m-hist rect{fill:currentColor;opacity:.28}
.m-hist rect.on{fill:#d97706;opacity:.9}
.m-hist line{stroke:currentColor;stroke-width:1.5;stroke-dasharray:3 2;vector-effect:non-scaling-stroke}
.m-axis{display:flex;justify-content:space-between;font-size:.7rem;opacity:.6;font-variant-numeric:tabular-nums}
.m-version{line-height:1.5}
.m-version .why{overflow-wrap:anywhere}
.m-version .who{font-size:.8rem;opacity:.65}
.m-numbers{display:flex;flex-wrap:wrap;gap:.15rem .9rem;font-size:.8rem;margin-top:.25rem;
 font-variant-numeric:tabular-nums}
.m-numbers span{opacity:.75}
.m-numbers span.new{opacity:1;font-weight:600;box-shadow:inset 0 -2px #d97706}
.m-tag{font-size:.75rem;font-weight:600;border:1px solid currentColor;border-radius:1rem;padding:0 .5rem;
 margin-left:.4rem}
</style>"""


def draw_threshold(at: int, policy: Policy, traffic: Traffic) -> float:
    """One label: its traffic, the slider, and what it would flag. Returns the threshold chosen."""
    label = LABELS[at]
    with st.container(border=True):
        picture = st.empty()
        chosen = st.slider(
            LABEL_TITLES[label],
            THRESHOLD_RANGE[0],
            0.99,
            float(min(policy.thresholds[at], 0.99)),
            0.01,
            key=f"threshold_{label}_{policy.id}",
            help="A comment is flagged for review when this label's probability is at or above it.",
        )
        share = traffic.flagged_share(at, chosen)
        picture.html(CSS + histogram(traffic.histograms[at], chosen))
        st.caption(
            f"Flags **{share:.1%}** · {share * traffic.comments_a_day:,.0f} a day" if traffic.bands.any() else "–"
        )
    return round(chosen, 6) if chosen < 0.99 else max(0.99, policy.thresholds[at])


def histogram(counts: np.ndarray, threshold: float) -> str:
    """SVG of the counts, [256], by logit on a logarithmic scale; what the threshold flags stands out."""
    inner = np.concatenate([[counts[: _LOW + 1].sum()], counts[_LOW + 1 : _HIGH - 1], [counts[_HIGH - 1 :].sum()]])
    bars = inner.reshape(_BARS, -1).sum(axis=1)
    heights = np.log1p(bars) / max(np.log1p(bars.max()), 1) * 60
    x = (np.log(threshold / (1 - threshold)) + 8) / 16 * _BARS
    drawn = "".join(
        f'<rect class="{"on" if i + 0.5 >= x else ""}" x="{i + 0.1:.1f}" y="{62 - h:.1f}" width=".8" height="{h:.1f}"/>'
        for i, h in enumerate(heights.tolist())
    )
    return (
        f'<svg class="m-hist" viewBox="0 0 {_BARS} 62" preserveAspectRatio="none" role="img" '
        f'aria-label="How often each score occurs; the line is the threshold">{drawn}'
        f'<line x1="{x:.2f}" x2="{x:.2f}" y1="0" y2="62"/></svg>'
        f'<div class="m-axis">{"".join(f"<span>{mark}</span>" for mark in _MARKS)}</div>'
    )


def draw_rate(band: int, policy: Policy, traffic: Traffic) -> float:
    """One band: how many comments it holds and the share to audit. Returns the rate chosen, 0 to 1."""
    highest = LOWEST_BAND_RATE if band == 0 else RATE_RANGE[1]
    chosen = st.number_input(
        f"Score {band_titles()[band]}",
        RATE_RANGE[0] * 100,
        highest * 100,
        round(policy.audit_rates[band] * 100, 3),
        0.5,
        format="%.3g",
        key=f"rate_{band}_{policy.id}",
        icon=":material/percent:",
    )
    a_day = float(traffic.bands[band]) / traffic.days
    st.caption(f"{a_day:,.0f} a day → **{a_day * chosen / 100:,.1f}** audited")
    return round(chosen / 100, 6)


def draw_version(policy: Policy, before: Policy | None, *, active: bool, use_again: Callable[[int], None]) -> None:
    """One version: who, when, why, and its numbers; those that differ from the version before stand out."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(CSS + _version_html(policy, before, active=active), width="stretch")
        if not active:
            st.button(
                "Use again",
                key=f"use_again_{policy.id}",
                on_click=use_again,
                args=(policy.id,),
                help="Make a new version with these numbers",
            )


def _version_html(policy: Policy, before: Policy | None, *, active: bool) -> str:
    tag = '<span class="m-tag">in force</span>' if active else ""
    old = before or policy
    thresholds = zip(LABEL_TITLES.values(), policy.thresholds, old.thresholds, strict=True)
    rates = zip(band_titles(), policy.audit_rates, old.audit_rates, strict=True)
    numbers = [_number(f"{title} {new:g}", new != was) for title, new, was in thresholds]
    audits = [_number(f"{title}: {new * 100:.3g} %", new != was) for title, new, was in rates]
    return (
        f'<div class="m-version"><b>Version {policy.id}</b>{tag}'
        f'<div class="why">{escape(plain(policy.reason, 500))}</div>'
        f'<div class="who">{escape(plain(policy.created_by))}, {policy.created_at:%Y-%m-%d %H:%M} UTC</div>'
        f'<div class="m-numbers">{"".join(numbers)}</div>'
        f'<div class="m-numbers"><span>Audit</span>{"".join(audits)}</div></div>'
    )


def _number(words: str, new: bool) -> str:
    return f'<span class="{"new" if new else ""}">{escape(words)}</span>'
