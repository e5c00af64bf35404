"""Whom a page acts for."""

import hashlib
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, ParamSpec
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.access.client_address import Client
from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.identity.models import Identity
from pbf.logs import set_tenant
from pbf.metrics.instruments import FRAGMENT_SECONDS
from pbf.metrics.tracing.spans import span
from pbf.rules import time_zones
from pbf.rules.access.permissions import Permission, allows, refusal
from pbf.runtime import runtime
from pbf.show_api.access import COOKIE, ON, is_allowed
from pbf.show_api.exchanges import LISTENER

if TYPE_CHECKING:
    from pbf.show_api.calls import Calls

CALLS = "api_calls"
Parameters = ParamSpec("Parameters")


def identity() -> Identity:
    """Return who looks at this page; raise NotSignedIn once the session has ended."""
    # The authentication middleware puts the session's id into a header, which only it can set;
    # .streamlit/config.toml maps that to the user. st.user would search the disk for secrets files
    # at each access, and a run asks several times.
    context = get_script_run_ctx()
    session_id = context.user_info.get("session") if context else None
    return runtime().identity.authentication.of_page(
        session_id if isinstance(session_id, str) else None
    )


def act() -> Identity:
    """Act for the visitor in this thread, and return who that is; raise NotSignedIn.

    Each run of a page or fragment may use a new thread.
    """
    visitor = identity()
    # Streamlit gives no address for loopback.
    peer = st.context.ip_address or "127.0.0.1"
    client = Client(peer, st.context.headers.get("X-Forwarded-For", ""))
    actor = visitor.actor or "page"
    set_tenant(visitor.tenant_id)
    runs_dashboard = runtime().identity.authentication.runs_dashboard(visitor)
    CALLER.set(Caller(actor, visitor.role, client, visitor.services, visitor.name, runs_dashboard))
    shows = shows_api(visitor)
    LISTENER.set(partial(api_calls().record, visitor.tenant_id) if shows else None)
    return visitor


def shows_api(visitor: Identity) -> bool:
    """Return whether a visitor has switched Show API on, and may."""
    if st.context.cookies.get(COOKIE) != ON:
        return False
    return is_allowed(is_sandbox=runtime().settings.sandbox, is_operator=visitor.is_operator)


def api_calls() -> "Calls":
    """Return the calls of this session while Show API was on."""
    from pbf.show_api.calls import Calls  # only for those who have switched Show API on

    calls: Calls = st.session_state.setdefault(CALLS, Calls())
    return calls


def portal() -> Portal:
    """Return the portal of the visitor's tenant, and act for the visitor in this thread.

    Raises NotSignedIn or UnknownTenant.
    """
    return runtime().portals.of(act().tenant_id)


def acting(show: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Let a fragment or dialog act for the visitor.

    Each of its runs may use a new thread, and runs neither the menu nor the page.
    """

    @wraps(show)
    def run(*args: Parameters.args, **values: Parameters.kwargs) -> None:
        try:
            act()
        except PbfError:
            st.rerun()  # the page says why
        name = show.__name__
        with FRAGMENT_SECONDS.labels(name).time(), span(f"fragment {name}"):
            show(*args, **values)

    return run


def may(permission: Permission = Permission.CHANGE) -> bool:
    """Return whether the visitor may do something."""
    return allows(identity().role, permission)


def why_not(permission: Permission = Permission.CHANGE) -> str:
    """Return in a sentence why the visitor may not do something."""
    return refusal(identity().role, permission)


def time_zone() -> ZoneInfo:
    """Return the time zone of the visitor's browser; UTC if it names none that is known here."""
    return time_zones.time_zone(st.context.timezone)


def browser_owner() -> str:
    """Return a text that is the same for the visitor in one tenant, and tells neither."""
    return owner_of(identity())


def owner_of(visitor: Identity) -> str:
    """Return a text that is the same for one person in one tenant, and tells neither."""
    content = f"{visitor.tenant_id}\n{visitor.person_id}".encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()
