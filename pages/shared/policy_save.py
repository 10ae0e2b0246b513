"""Saving a policy, going back to one, and the question asked before it may remove without review."""

from dataclasses import dataclass

import streamlit as st

from core.accounts import Action
from core.automatic import beside_of, newly_on
from core.domain import Policy
from core.errors import ModeratoError
from pages.shared import state
from pages.shared.access import require
from pages.shared.policy_beside import confirmation_words
from pages.shared.resources import services
from pages.shared.words import _, later, said

_GOES_BACK = later(
    "Makes a new version with the numbers of version {id}, with all that it removes or audits. Open flagged items "
    "follow; what was removed without review stays so."
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A version that removes without review where the one in force does not, and waits for a yes."""

    policy: Policy
    reason: str | None
    """None: an old version again."""
    proposal: int | None = None
    """The proposal that it was."""


def save(draft: Policy, active: Policy, reason: str) -> None:
    """Save the draft, or propose it, or ask first; draws the page anew unless something is wrong with it."""
    person = require(Action.PROPOSE_POLICY)
    if not person.may(Action.SET_POLICY):
        propose(draft, reason)
        return
    if newly_on(active.auto_remove, draft.auto_remove) and reason.strip():
        state.keep("policy_pending", Pending(draft, reason))
        st.rerun()
    try:
        save_now(Pending(draft, reason))
    except ModeratoError as error:
        st.error(said(error), icon=":material/error:")
    else:
        st.rerun()


def propose(draft: Policy, reason: str) -> None:
    """Leave the draft for somebody who may put it in force."""
    by = require(Action.PROPOSE_POLICY)
    try:
        made = services().proposals.propose(
            draft.thresholds, draft.audit_rates, by=by, reason=reason, beside=beside_of(draft)
        )
    except ModeratoError as error:
        st.error(said(error), icon=":material/error:")
    else:
        state.keep("policy_proposed", made.id)
        st.rerun()


def use_again(policy_id: int) -> None:
    """A callback: make a new version with an old one's numbers, or ask first."""
    require(Action.SET_POLICY)
    policies = services().policies
    try:
        old = policies.require(policy_id)
        pending = Pending(old, None)
        if newly_on(policies.active().auto_remove, old.auto_remove):
            state.keep("policy_pending", pending)
        else:
            save_now(pending)
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")


@st.dialog(_("Remove without review?"), on_dismiss=lambda: state.keep("policy_pending", None))
def ask(active: Policy) -> None:
    """The question. It runs by itself: the role is checked again."""
    require(Action.SET_POLICY)
    pending = state.kept("policy_pending")
    if pending is None:
        return
    beside = beside_of(pending.policy)
    st.markdown(confirmation_words(newly_on(active.auto_remove, beside.auto_remove), beside))
    sure = st.checkbox(_("This site may act without a human here"), key="sure")
    if st.button(_("Switch it on"), type="primary", key="switch_on", disabled=not sure):
        try:
            save_now(pending)
        except ModeratoError as error:
            st.error(said(error), icon=":material/error:")
        else:
            state.keep("policy_pending", None)
            st.rerun()


def draw_saved(previous: Policy | None) -> None:
    """Say that a version was saved, with the way back beside it."""
    if proposed := state.kept("policy_proposed"):
        st.success(
            _("Proposal {proposed} waits for a lead or an administrator.").format(proposed=proposed),
            icon=":material/check:",
        )
        state.keep("policy_proposed", None)
    saved = state.kept("policy_saved")
    if not saved:
        return
    st.toast(
        _("Version {saved} holds now.").format(saved=saved), icon=":material/check:"
    )  # whoever saved is at the page's other end
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(
            _("Version {saved} holds now. Open flagged items follow within seconds.").format(saved=saved),
            icon=":material/check:",
        )
        _draw_back(previous, "revert_saved")
    state.keep("policy_saved", None)


def draw_revert(active: Policy, previous: Policy | None) -> None:
    """The way back from the version in force, in one click."""
    if previous is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(_("Version {id} is in force.").format(id=active.id), width="content")
            _draw_back(previous, "revert")


def _draw_back(previous: Policy | None, key: str) -> None:
    if previous is not None:
        st.button(
            _("Go back to version {id}").format(id=previous.id), key=key, icon=":material/undo:", on_click=use_again,
            args=(previous.id,), help=_(_GOES_BACK).format(id=previous.id),
        )  # fmt: skip


def save_now(pending: Pending) -> None:
    """Put it in force: as a new version, an old one again, or a proposal. Raises what the services raise."""
    policies, by, policy = services().policies, require(Action.SET_POLICY), pending.policy
    if pending.proposal is not None:
        made = services().proposals.accept(pending.proposal, by=by)
    elif pending.reason is None:
        made = policies.save_again(policy.id, by=by)
    else:
        made = policies.save(
            policy.thresholds, policy.audit_rates, by=by, reason=pending.reason, beside=beside_of(policy)
        )
    state.keep("policy_saved", made.id)
