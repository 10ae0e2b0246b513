"""Policy: from which score on a comment is reviewed, how much of all traffic is audited, and who changed that when."""

import streamlit as st

from core.accounts import Role
from core.domain import BANDS
from core.errors import ModeratoError
from core.policies import OUTLOOK_DAYS
from pages.shared import state
from pages.shared.access import require
from pages.shared.drift_bar import drift_bar
from pages.shared.policy_parts import draw_rate, draw_threshold, draw_version
from pages.shared.resources import services
from pages.shared.status import scoring_banner

person = require(Role.ANALYST)
policies = services().policies
active, traffic = policies.active(), policies.traffic()
SHOWN = 10


def use_again(policy_id: int) -> None:
    """Make a new version with an old one's numbers."""
    try:
        state.keep("policy_saved", policies.save_again(policy_id, by=require(Role.ANALYST)).id)
    except ModeratoError as error:
        st.toast(str(error), icon=":material/error:")


st.title("Policy")
scoring_banner()
drift_bar()
if saved := state.kept("policy_saved"):
    st.success(f"Version {saved} holds now. Open flagged items follow within seconds.", icon=":material/check:")
    state.keep("policy_saved", None)
st.write(
    "A comment whose score reaches a **threshold** is flagged for review. Besides, a random share of *all* comments is "
    "**audited** blind, so that the metrics also know what was let through."
)
summary = st.container(horizontal=True)

st.subheader("Review thresholds")
st.caption(f"Over each slider: the live model's scores of the last {OUTLOOK_DAYS} days, on a logarithmic scale.")
cells = [*st.columns(3), *st.columns(3)]
thresholds = []
for at, cell in enumerate(cells):
    with cell:
        thresholds.append(draw_threshold(at, active, traffic))

st.subheader("Audit rates")
st.caption(
    "In per cent of each band, by a comment's highest score. Each comment is drawn once, when it is first scored."
)
rates = []
for band, column in enumerate(st.columns(BANDS)):
    with column:
        rates.append(draw_rate(band, active, traffic))

changed = (*thresholds, *rates) != (*active.thresholds, *active.audit_rates)
share, share_now = traffic.any_flagged_share(thresholds), traffic.any_flagged_share(active.thresholds)
a_day, audits = traffic.comments_a_day, traffic.audits_a_day(rates).sum()
audits_now = traffic.audits_a_day(active.audit_rates).sum()
with summary:
    st.metric("Comments a day", f"{a_day:,.0f}", border=True, help=f"Mean of the last {traffic.days} days")
    st.metric(
        "Flagged a day",
        f"{share * a_day:,.0f}",
        f"{(share - share_now) * a_day:+,.0f}" if share != share_now else None,
        delta_color="off",
        border=True,
        help="By any label, from the latest 5,000 comments",
    )
    st.metric(
        "Audited a day",
        f"{audits:,.0f}",
        f"{audits - audits_now:+,.1f}" if changed and audits != audits_now else None,
        delta_color="off",
        border=True,
        help="Expected number, flagged or not",
    )
    st.metric("Flagged share", f"{share:.1%}", border=True)

with st.form("save_policy", border=False):
    reason = st.text_input("Why", key=f"reason_{active.id}", max_chars=500, placeholder="What should get better?")
    if st.form_submit_button("Save as a new version", type="primary", key="save", disabled=not changed):
        try:
            state.keep("policy_saved", policies.save(thresholds, rates, by=require(Role.ANALYST), reason=reason).id)
        except ModeratoError as error:
            st.error(str(error), icon=":material/error:")
        else:
            st.rerun()

st.subheader("Versions")
versions = policies.list_policies()
shown = len(versions) if len(versions) <= SHOWN or st.toggle(f"Show all {len(versions)}", key="all_versions") else SHOWN
for policy, before in zip(versions[:shown], [*versions[1:], None], strict=False):
    draw_version(policy, before, active=policy.id == active.id, use_again=use_again)
