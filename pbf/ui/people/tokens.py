"""The API tokens of a tenant: made, shown once, listed and revoked."""

import streamlit as st

from pbf.components.copy_field import copy_field
from pbf.errors import PbfError
from pbf.identity.administration.tokens import CreatedToken, TokenEntry
from pbf.identity.api_tokens import DEFAULT_DAYS, LONGEST_NAME
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.ui import page, session
from pbf.ui.people.actions import administration, choose_role, confirm, part, row

LIFETIMES = (30, 90, 365)
DONE = "token-done"


def show(identity: Identity) -> None:
    """Show the tokens that are in force, and a way to make one."""
    tokens = administration().tokens.listed(identity, identity.tenant_id)
    page.quiet(
        "Programs use a token as “Authorization: Bearer …” to reach the JSON API of this tenant."
    )
    if st.button("Create a token", type="primary", icon=":material/key:", key="create-token"):
        create(identity)
    active = [token for token in tokens if token.is_active]
    if not active:
        page.quiet("There are no tokens yet.")
    for token in part(active, key="tokens-part"):
        _row(identity, token)


def _row(identity: Identity, token: TokenEntry) -> None:
    line = row("token", token=token)
    name, key = page.plain(token.name), f"revoke-{token.id}-{page.turn()}"
    if line.button("Revoke", key=key, help=f"Revoke {name}"):
        confirm(
            "Revoke this token?",
            f"Programs that use **{name}** are refused within seconds. This cannot be undone.",
            "Revoke",
            lambda: administration().tokens.revoke(identity, identity.tenant_id, token.id),
            f"{token.name} is revoked",
        )


@st.dialog("Create a token", on_dismiss="rerun")
@session.acting
def create(identity: Identity) -> None:
    """Ask for a token's name, role and lifetime, and show it once."""
    if st.session_state.get(DONE):
        st.rerun()
    problem = None
    if st.session_state.get(_save_key()):
        created = make(
            identity,
            st.session_state["token-name"],
            st.session_state["token-role"],
            st.session_state["token-days"],
        )
        if isinstance(created, CreatedToken):
            show_once(created)
            return
        problem = created
    _form(identity)
    if problem:
        page.show_problem(problem)


def _form(identity: Identity) -> None:
    st.text_input("Name", max_chars=LONGEST_NAME, placeholder="What it is for", key="token-name")
    choose_role(identity, Role.VIEWER, key="token-role")
    st.selectbox(
        "Expires after",
        LIFETIMES,
        LIFETIMES.index(DEFAULT_DAYS),
        format_func=lambda days: f"{days} days",
        key="token-days",
    )
    st.button("Create", type="primary", key=_save_key())


def make(identity: Identity, name: str, role: Role, days: int) -> CreatedToken | PbfError:
    """Make a token, once; return it, or why that failed."""
    tokens: list[CreatedToken] = []
    administer = administration().tokens
    error = page.once(
        lambda: tokens.append(
            administer.create(identity, identity.tenant_id, name, role=role, days=days)
        ),
        "Creating…",
    )
    return error or tokens[0]


def show_once(token: CreatedToken) -> None:
    """Show a token that was just made; it is kept nowhere, so that nothing can show it again."""
    st.success(
        f"**{page.plain(token.name)}** is ready. Copy the token now: it will not be shown again.",
        icon=":material/key:",
    )
    copy_field(token.text, key="new-token", label="Token")
    st.button("Done", key=DONE)


def _save_key() -> str:
    return f"token-save-{page.turn()}"
