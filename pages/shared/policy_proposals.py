"""Policies that are proposed, on the Policy page: what waits, and putting one in force."""

import streamlit as st

from core.accounts import Action, Person
from core.automatic import beside_of, newly_on
from core.domain import Policy
from core.errors import ModeratoError
from pages.shared import state
from pages.shared.access import require
from pages.shared.policy_parts import draw_numbers
from pages.shared.policy_save import Pending, save_now
from pages.shared.resources import services
from pages.shared.words import _, said


def draw_proposals(active: Policy, person: Person) -> None:
    """Each that waits, with its numbers beside those in force."""
    waiting = services().proposals.list_open()
    if not waiting:
        return
    st.subheader(_("Proposed"))
    for proposal in waiting:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            draw_numbers(proposal, active, _("Proposal {id}").format(id=proposal.id))
            if person.may(Action.SET_POLICY):
                st.button(
                    _("Put in force"),
                    key=f"accept_{proposal.id}",
                    on_click=_accept,
                    args=(proposal.id,),
                    type="primary",
                )
            if person.may(Action.SET_POLICY) or proposal.created_by == person.name:
                label = _("Withdraw") if proposal.created_by == person.name else _("Decline")
                st.button(label, key=f"decline_{proposal.id}", on_click=_decline, args=(proposal.id,))


def _accept(proposal_id: int) -> None:
    require(Action.SET_POLICY)
    wired = services()
    proposal = next((each for each in wired.proposals.list_open() if each.id == proposal_id), None)
    if proposal is None:
        st.toast(
            _("Proposal {proposal_id} does not wait any more.").format(proposal_id=proposal_id), icon=":material/error:"
        )
        return
    pending = Pending(proposal, proposal.reason, proposal_id)
    if newly_on(wired.policies.active().auto_remove, beside_of(proposal).auto_remove):
        state.keep("policy_pending", pending)
        return
    try:
        save_now(pending)
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")


def _decline(proposal_id: int) -> None:
    try:
        services().proposals.decline(proposal_id, by=require(Action.PROPOSE_POLICY))
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")
