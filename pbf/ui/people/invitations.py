"""Invitations to a tenant: a form, and those that are open."""

import streamlit as st

from pbf.components.copy_field import copy_field
from pbf.identity.administration.members import INVITATION_DAYS, LONGEST_EMAIL, Invitation
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.ui import page
from pbf.ui.people.actions import ROLES, administration, confirm, part, roles_up_to, row

# The address that was invited last, until the page is left.
INVITED = page.SessionValue("people_invited", "")
# The field's key, under which Streamlit keeps what was typed.
EMAIL = page.SessionValue("people_invite_email", "")
IS_DONE = page.SessionValue("people_invite_is_done", False)


def show(identity: Identity) -> None:
    """Show the form and the invitations."""
    _form(identity)
    invitations = administration().members.invitations(identity, identity.tenant_id)
    waiting = [invitation for invitation in invitations if invitation.used_at is None]
    if not waiting:
        page.quiet("No invitation is open.")
        return
    st.header("Invited", anchor=False)
    for invitation in part(waiting, key="invitations-part"):
        _row(identity, invitation)


def _form(identity: Identity) -> None:
    place, problem = st.container(), None
    if IS_DONE.pop():
        EMAIL.set("")
    with st.form("invite", width=680):
        email = st.text_input(
            "E-mail address",
            max_chars=LONGEST_EMAIL,
            placeholder="ada@example.com",
            key=EMAIL.key,
        )
        roles = roles_up_to(identity)
        role = st.selectbox("Role", roles, format_func=_described, key="invite-role")
        submitted = st.form_submit_button("Invite", type="primary", key=f"invite-{page.turn()}")
    if submitted:
        problem = page.once(lambda: _invite(identity, email, role), "Inviting…")
        if problem is None:
            st.rerun()
    with place:
        if problem:
            page.show_problem(problem)
        elif address := INVITED.get():
            _explain(address)


def _invite(identity: Identity, email: str, role: Role) -> None:
    invitation = administration().members.invite(identity, identity.tenant_id, email, role)
    INVITED.set(invitation.email)
    IS_DONE.set(True)


def _explain(address: str) -> None:
    """Say what the invited person has to do, since we send no mail."""
    st.success(
        f"**{page.plain(address)}** is invited for {INVITATION_DAYS} days. No e-mail is sent: tell "
        "them to open this address and sign in with that e-mail address.",
        icon=":material/mail:",
    )
    copy_field(page.public_url(), key="invite-address")


def _row(identity: Identity, invitation: Invitation) -> None:
    line = row("invitation", invitation=invitation)
    email, key = page.plain(invitation.email), f"withdraw-{invitation.id}-{page.turn()}"
    if line.button("Withdraw", key=key, help=f"Withdraw the invitation of {email}"):
        confirm(
            "Withdraw this invitation?",
            f"**{email}** can no longer become a member by this invitation.",
            "Withdraw",
            lambda: administration().members.withdraw(identity, identity.tenant_id, invitation.id),
            "The invitation is withdrawn",
        )


def _described(role: Role) -> str:
    return f"{str(role).capitalize()}: {ROLES[role]}"
