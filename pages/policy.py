"""Policy: from which score on comments are reviewed, how much is audited, what that costs, and who changed it."""

from dataclasses import asdict, replace

import streamlit as st

from core.accounts import Action
from core.capacity import cost
from core.domain import BANDS
from core.policies import OUTLOOK_DAYS, today_number
from pages.shared import state
from pages.shared.access import require
from pages.shared.drift_bar import drift_bar
from pages.shared.history_panel import draw_history
from pages.shared.policy_audit import draw_boosts, draw_design
from pages.shared.policy_beside import draw_beside
from pages.shared.policy_costs import draw_costs, draw_goals, draw_summary
from pages.shared.policy_parts import draw_rate, draw_threshold, draw_version
from pages.shared.policy_preview import draw_preview
from pages.shared.policy_proposals import draw_proposals
from pages.shared.policy_save import ask, draw_revert, draw_saved, save, use_again
from pages.shared.resources import services
from pages.shared.status import scoring_banner
from pages.shared.words import _

person = require(Action.SEE_POLICY)
may_set = person.may(Action.SET_POLICY)
policies, planner = services().policies, services().planner
active, site = policies.active(), planner.site()
previous = policies.before(active.id)
SHOWN = 10


def open_comment(comment_id: int | None) -> None:
    """Show a comment's history, or none."""
    state.keep("policy_open", comment_id)


@st.dialog(_("Comment"), width="medium", position="right", on_dismiss=lambda: open_comment(None))
def show_opened() -> None:
    """A comment of the preview. It runs by itself: the role is checked again."""
    browse = services().browse.seen_by(require(Action.BROWSE))
    draw_history(browse.history(state.kept("policy_open")), open_comment)


st.title(_("Policy"))
scoring_banner()
drift_bar()
draw_saved(previous if may_set else None)
st.write(
    _(
        "A comment whose score reaches a **threshold** is flagged for review. Besides, a random share of *all* "
        "comments is **audited** blind, so that the metrics also know what was let through."
    )
)
summary = st.container(horizontal=True)

st.subheader(_("Review thresholds"))
st.caption(
    _("Over each slider: the live model's scores of the last {outlook_days} days, on a logarithmic scale.").format(
        outlook_days=OUTLOOK_DAYS
    )
)
cells = [*st.columns(3), *st.columns(3)]
thresholds = []
for at, cell in enumerate(cells):
    with cell:
        thresholds.append(draw_threshold(at, active, site))
costs = st.container()
goals = st.expander(_("Find thresholds for a goal"), icon=":material/target:")

st.subheader(_("Audit rates"))
st.caption(
    _("In per cent of each band, by a comment's highest score. Each comment is drawn once, when it is first scored.")
)
rates = []
for band, column in enumerate(st.columns(BANDS)):
    with column:
        rates.append(draw_rate(band, active, site.traffic))
draw_boosts(policies.boosts(), rates)
design = st.expander(_("Propose rates from a budget"), icon=":material/calculate:")

st.subheader(_("Beside review"))
report = services().removals.report(today_number() - OUTLOOK_DAYS + 1, today_number())
beside = draw_beside(active, report, OUTLOOK_DAYS)

draft = replace(active, thresholds=tuple(thresholds), audit_rates=tuple(rates), **asdict(beside))
changed = draft != active
found = cost(site, draft)
with summary:
    draw_summary(site, (draft, found), (active, cost(site, active) if changed else found))
with costs:
    draw_costs(site, found)
with goals:
    draw_goals(site, draft, active)
with design:
    draw_design(site, active, draft)

draw_proposals(active, person)
st.subheader(_("Save") if may_set else _("Propose"))
if (
    st.toggle(
        _("Show what would change on the last {outlook_days} days").format(outlook_days=OUTLOOK_DAYS),
        key="preview",
        disabled=not changed,
    )
    and changed
):
    draw_preview(planner.preview(draft), services().browse, open_comment)
with st.form("save_policy", border=False):
    reason = st.text_input(_("Why"), key=f"reason_{active.id}", max_chars=500, placeholder=_("What should get better?"))
    act = _("Save as a new version") if may_set else _("Propose this policy")
    if st.form_submit_button(act, type="primary", key="save", disabled=not changed):
        save(draft, active, reason)

st.subheader(_("Versions"))
draw_revert(active, previous if may_set else None)
versions = policies.list_policies()
shown = (
    len(versions)
    if len(versions) <= SHOWN or st.toggle(_("Show all {versions}").format(versions=len(versions)), key="all_versions")
    else SHOWN
)
for policy, before in zip(versions[:shown], [*versions[1:], None], strict=False):
    draw_version(policy, before, active=policy.id == active.id, use_again=use_again if may_set else None)

if state.kept("policy_pending"):
    ask(active)
elif state.kept("policy_open"):
    show_opened()
