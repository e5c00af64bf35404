"""The open sessions of a tenant, each with a way to end it."""

from pbf.identity.administration.sessions import OpenSession
from pbf.identity.models import Identity
from pbf.ui import page
from pbf.ui.lists.search import matching
from pbf.ui.people.actions import (
    administration,
    confirm,
    part,
    row,
    search,
    way,
)


def show(identity: Identity) -> None:
    """Show the open sessions, last used first."""
    sessions = administration().sessions.listed(identity, identity.tenant_id)
    if not sessions:
        page.quiet("Nobody is signed in here right now.")
        return
    typed = search("session-search", len(sessions), "A name, an address")
    rows = matching(sessions, typed, text=lambda session: f"{session.name} {session.email}")
    for session in part(list(rows), key="sessions-part"):
        _row(identity, session)


def _row(identity: Identity, session: OpenSession) -> None:
    is_own = session.id == identity.session_id
    line = row("session", session=session, way=way(session.method), is_own=is_own)
    if is_own or (session.is_operator and not identity.is_operator):
        return
    name, key = page.plain(session.title), f"end-{session.id[:16]}-{page.turn()}"
    if line.button("End", key=key, help=f"End this session of {name}"):
        confirm(
            "End this session?",
            f"**{name}** is signed out in that browser within seconds, and may sign in again. To "
            "keep somebody out, remove them from the members.",
            "End the session",
            lambda: administration().sessions.end(identity, identity.tenant_id, session.id),
            "The session is ended",
        )
