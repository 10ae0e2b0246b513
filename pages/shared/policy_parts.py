"""What the Policy page is made of: a threshold on its histogram, an audit rate on its band, a version."""

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from core.capacity import Site, label_costs
from core.domain import Policy
from core.labels import LABELS
from core.policies import Traffic
from core.routing import HIGHEST_RATES, RATE_RANGE, THRESHOLD_RANGE
from pages.shared import state
from pages.shared.comment import plain
from pages.shared.titles import band_names, label_title, label_titles
from pages.shared.words import _, written

_BARS = 48
_RANGE = (THRESHOLD_RANGE[0], 0.99)
"""What the sliders offer; a higher threshold that was saved otherwise stays."""

CSS = """<style>
.m-hist{display:flex;align-items:flex-end;gap:1px;height:56px;margin:0 5px -1rem}
.m-hist i{flex:1;min-height:1px;background:currentColor;opacity:.25;border-radius:1px 1px 0 0}
.m-hist i.on{background:#d97706;opacity:.9}
.m-version{line-height:1.5}
.m-version .why{overflow-wrap:anywhere}
.m-version .who{font-size:.8rem;opacity:.75}
.m-numbers{display:flex;flex-wrap:wrap;gap:.15rem .9rem;font-size:.8rem;margin-top:.25rem;
 font-variant-numeric:tabular-nums}
.m-numbers span{opacity:.75}
.m-numbers span.new{opacity:1;font-weight:600;box-shadow:inset 0 -2px #d97706}
.m-tag{font-size:.75rem;font-weight:600;border:1px solid currentColor;border-radius:1rem;padding:0 .5rem;
 margin-left:.4rem}
</style>"""


def threshold_key(at: int, policy: Policy) -> str:
    """Under which a label's slider keeps its value: a new version starts anew."""
    return f"threshold_{LABELS[at]}_{policy.id}"


def rate_key(band: int, policy: Policy) -> str:
    """The same of a band's audit rate, in per cent."""
    return f"rate_{band}_{policy.id}"


def draw_threshold(at: int, policy: Policy, site: Site) -> float:
    """One label: its traffic, the slider, and what it would flag. Returns the threshold chosen."""
    label = LABELS[at]
    with st.container(border=True):
        picture = st.empty()
        state.recall(threshold_key(at, policy), lambda: min(policy.thresholds[at], _RANGE[1]))
        chosen = st.slider(
            label_title(label),
            *_RANGE,
            step=0.01,
            key=threshold_key(at, policy),
            help=_("A comment is flagged for review when this label's probability is at or above it."),
        )
        share = site.traffic.flagged_share(at, chosen)
        picture.html(CSS + histogram(site.traffic, at, chosen))
        found = label_costs(site, at, [chosen])[0].recall
        st.caption(
            _("Flags **{share:.1%}** · {a_day:,.0f} a day").format(
                share=share, a_day=share * site.traffic.comments_a_day
            )
            + "  \n"
            + (
                _("Finds **{value:.0%}** ({low:.0%}–{high:.0%})").format(
                    value=found.value, low=found.low, high=found.high
                )
                if found
                else _("Finds: too few audits")
            )
            if site.traffic.bands.any()
            else "–"
        )
    return round(chosen, 6) if chosen < _RANGE[1] else max(chosen, policy.thresholds[at])


def histogram(traffic: Traffic, at: int, threshold: float) -> str:
    """Bars of one label's traffic over the slider's range, heights logarithmic; what the threshold flags stands out."""
    steps = np.linspace(*_RANGE, _BARS + 1)
    bars = traffic.counts_between(at, steps)
    heights = np.log1p(bars) / max(float(np.log1p(bars.max())), 1) * 100
    flagged = steps[:-1] + steps[1:] > 2 * threshold
    drawn = "".join(
        f'<i class="{"on" if on else ""}" style="height:{height:.0f}%"></i>'
        for on, height in zip(flagged.tolist(), heights.tolist(), strict=True)
    )
    return f'<div class="m-hist" role="img" aria-label="{escape(_("How often each score occurs"))}">{drawn}</div>'


def draw_rate(band: int, policy: Policy, traffic: Traffic) -> float:
    """One band: how many comments it holds and the share to audit. Returns the rate chosen, 0 to 1."""
    highest = HIGHEST_RATES[band]
    state.recall(rate_key(band, policy), lambda: round(policy.audit_rates[band] * 100, 4))
    chosen = st.number_input(
        _("Score {band}").format(band=band_names()[band]),
        RATE_RANGE[0] * 100,
        highest * 100,
        step=0.5,
        format="%.3g",
        key=rate_key(band, policy),
        icon=":material/percent:",
    )
    a_day = float(traffic.bands[band]) / traffic.days
    st.caption(_("{a_day:,.0f} a day → **{audited:,.1f}** audited").format(a_day=a_day, audited=a_day * chosen / 100))
    return round(chosen / 100, 6)


def draw_version(
    policy: Policy, before: Policy | None, *, active: bool, use_again: Callable[[int], None] | None
) -> None:
    """One version: who, when, why, and its numbers; those that differ from the version before stand out."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(CSS + _version_html(policy, before, active=active), width="stretch")
        if not active and use_again:
            st.button(
                _("Use again"),
                key=f"use_again_{policy.id}",
                on_click=use_again,
                args=(policy.id,),
                help=_("Make a new version with these numbers"),
            )


def draw_numbers(policy: Policy, before: Policy, name: str) -> None:
    """The same under another name, without a button."""
    st.html(CSS + _version_html(policy, before, active=False, name=name), width="stretch")


def _version_html(policy: Policy, before: Policy | None, *, active: bool, name: str = "") -> str:
    tag = f'<span class="m-tag">{_("in force")}</span>' if active else ""
    old = before or policy
    thresholds = zip(label_titles(), policy.thresholds, old.thresholds, strict=True)
    rates = zip(band_names(), policy.audit_rates, old.audit_rates, strict=True)
    numbers = [_number(f"{title} {written(new, 'g')}", new != was) for title, new, was in thresholds]
    second = _number(
        _("Second opinions {rate:.3g} %").format(rate=policy.second_rate * 100),
        policy.second_rate != old.second_rate,
    )
    removal = "".join(_number(words, policy.auto_remove != old.auto_remove) for words in _removal_words(policy))
    audits = [_number(f"{title}: {written(new * 100, '.3g')} %", new != was) for title, new, was in rates]
    return (
        f'<div class="m-version"><b>{name or _("Version {id}").format(id=policy.id)}</b>{tag}'
        f'<div class="why">{escape(plain(policy.reason, 500))}</div>'
        f'<div class="who">{escape(plain(policy.created_by))}, {written(policy.created_at, "%Y-%m-%d %H:%M")} UTC</div>'
        f'<div class="m-numbers">{"".join(numbers)}</div>'
        f'<div class="m-numbers"><span>{_("Audit")}</span>{"".join(audits)}{second}</div>'
        f'<div class="m-numbers">{removal}</div></div>'
    )


def _removal_words(policy: Policy) -> list[str]:
    if policy.auto_remove is None:
        return [_("Nothing is removed without review")]
    marks = zip(label_titles(), policy.auto_remove, strict=True)
    on = ", ".join(
        _("{label} from {mark:g}").format(label=title, mark=mark) for title, mark in marks if mark is not None
    )
    return [
        _("Removes without review: {on}; {rate:.3g} % of that audited").format(on=on, rate=policy.auto_audit_rate * 100)
    ]


def _number(words: str, new: bool) -> str:
    return f'<span class="{"new" if new else ""}">{escape(words)}</span>'
