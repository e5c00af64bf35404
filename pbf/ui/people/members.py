"""The members of a tenant, each with a way to change their role or to remove them."""

import streamlit as st

from pbf.identity.administration.members import Member
from pbf.identity.models import Identity
from pbf.ui import page, session
from pbf.ui.lists.search import matching
from pbf.ui.people.actions import (
    administration,
    choose_role,
    confirm,
    part,
    row,
    run_and_close,
    search,
)

SOURCES = {
    "rule": "role from the policy file",
    "invitation": "invited",
    "sso": "role from your application",
}


def show(identity: Identity) -> None:
    """Show the members, or say how people become members."""
    members = administration().members.listed(identity, identity.tenant_id)
    if not members:
        st.info("Nobody is a member yet. Invite people, or name them in the policy file.")
        return
    typed = search("people-search", len(members), "A name, an address, a role")
    rows = list(matching(members, typed, text=_text))
    if not rows:
        page.quiet(f"No matches among {len(members):,} members.")
    for member in part(rows, key="people-part"):
        _row(identity, member)
    if any(member.is_fixed for member in members):
        page.quiet("Roles from the policy file are given anew at each sign-in. Change them there.")


def _row(identity: Identity, member: Member) -> None:
    is_self = member.id == identity.person_id
    line = row("member", member=member, source=SOURCES.get(member.source, ""), is_self=is_self)
    is_own = is_self and not identity.is_operator
    if member.is_fixed or is_own or member.role.rank > identity.role.rank:
        return
    name, key = page.plain(member.title), f"{member.id}-{page.turn()}"
    if line.button("Change role", key=f"role-{key}", help=f"Change the role of {name}"):
        change_role(identity, member)
    if line.button("Remove", key=f"remove-{key}", help=f"Remove {name}"):
        ask_removal(identity, member)


@st.dialog("Change role")
@session.acting
def change_role(identity: Identity, member: Member) -> None:
    """Ask for the role that a member shall have."""
    name = page.plain(member.title)
    st.markdown(f"**{name}** is {member.role} now.")
    role = choose_role(identity, member.role, key="role-chosen")
    page.quiet("Their open sessions end; they sign in again with the new role.")
    key = f"role-save-{page.turn()}"
    if st.button("Save", type="primary", disabled=role == member.role, key=key):
        run_and_close(
            lambda: administration().members.set_role(
                identity, identity.tenant_id, member.id, role
            ),
            f"{member.title} is {role} now",
        )


def ask_removal(identity: Identity, member: Member) -> None:
    """Ask before a member is removed."""
    returns = " Your application may bring them back at their next sign-in."
    confirm(
        "Remove this member?",
        f"**{page.plain(member.title)}** loses access, and their open sessions end. Connectors "
        f"stay as they are.{returns if member.source == 'sso' else ''}",
        "Remove",
        lambda: administration().members.remove(identity, identity.tenant_id, member.id),
        f"{member.title} is removed",
    )


def _text(member: Member) -> str:
    return f"{member.name} {member.email} {member.role}"
