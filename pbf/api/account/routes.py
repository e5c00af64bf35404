"""Routes to which the account menu of the pages posts its forms.

Each answers 303, so that the browser loads the page anew: nothing of the page's earlier session
stays in it. With another tenant or person, the cookie is that of a new session.
"""

from collections.abc import Sequence

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from pbf.api.pages import Link, Page, page_response
from pbf.api.request_context import current_identity, current_runtime, public_url
from pbf.api.responses import no_store
from pbf.api.session_cookies import NAMES, session_cookie_name, set_session_cookie
from pbf.api.sign_in.pages import sign_in_url
from pbf.errors import NotPermitted, NotSignedIn
from pbf.identity.models import Identity
from pbf.identity.tenants import TenantEntry
from pbf.paths import PREFIX, own_page
from pbf.show_api.access import COOKIE, ON, is_allowed

routes = Blueprint("account", __name__, url_prefix=PREFIX)

NO_TENANT = Page(
    "You cannot open this tenant",
    "It does not exist, or you are not a member of it. If you expected it here, ask your "
    "administrator.",
    [Link("Back to the dashboard", "/", primary=True)],
)


@routes.post("/tenant")
def switch_tenant() -> ResponseReturnValue:
    """Enter another tenant, by its id or its name; operators leave theirs with an empty one."""
    identity, services = current_identity(), current_runtime().identity
    sought = request.form.get("tenant", "").strip()
    tenant_id = _find(sought, [tenant for tenant, _ in services.sign_in.tenants_of(identity)])
    name = _cookie_name(identity.session_id)  # as long as the session is open
    cookie = None if tenant_id is None else _enter(identity, tenant_id)
    if cookie is None:
        return page_response(NO_TENANT, services.branding(identity.tenant_id), status=404)
    return _reload(cookie, name)


@routes.post("/look-as")
def look_as() -> ResponseReturnValue:
    """Look at the sandbox as another person; there is no such route outside the demo."""
    services = current_runtime().identity
    if services.demo is None:
        raise NotFound
    cookie = services.demo.start(request.form.get("person", ""))
    if cookie is None:
        raise NotFound
    name = session_cookie_name(public_url())
    if earlier := request.cookies.get(name):
        services.sign_in.end(earlier)
    return _reload(cookie, name)


@routes.post("/show-api")
def show_api() -> ResponseReturnValue:
    """Switch Show API on or off; who may not see it is refused."""
    runtime, identity = current_runtime(), current_identity()
    if not is_allowed(is_sandbox=runtime.settings.sandbox, is_operator=identity.is_operator):
        raise NotPermitted("Show API is for operators.")
    response = no_store(redirect(own_page(request.form.get("next", "/")), 303))
    is_on = request.form.get("show") == ON
    response.set_cookie(
        COOKIE,
        ON if is_on else "",
        max_age=None if is_on else 0,
        path=f"{request.script_root}/",
        secure=public_url().startswith("https:"),
        httponly=True,
        samesite="Lax",
    )
    return response


@routes.errorhandler(NotSignedIn)
def sign_in_first(_error: NotSignedIn) -> ResponseReturnValue:
    """Lead people whose session has ended to the sign-in."""
    return no_store(redirect(sign_in_url("/", reason="ended"), 303))


def _find(sought: str, tenants: Sequence[TenantEntry]) -> str | None:
    """Return the id of the tenant that is sought by id, name, or both: "Name (id)"."""
    if not sought:
        return ""
    if any(tenant.id == sought for tenant in tenants):
        return sought
    text = sought.casefold()
    matches = [
        tenant.id
        for tenant in tenants
        if text in (tenant.name.casefold(), f"{tenant.name} ({tenant.id})".casefold())
    ]
    return matches[0] if len(matches) == 1 else None


def _enter(identity: Identity, tenant_id: str) -> str | None:
    """Return the cookie of a session in a tenant; its audit log has the entry of an operator."""
    runtime = current_runtime()
    if not (identity.is_operator and tenant_id):
        return runtime.identity.sign_in.enter(identity, tenant_id)
    with runtime.portals.of(tenant_id).audit_log.record("enter") as entry:
        cookie = runtime.identity.sign_in.enter(identity, tenant_id)
        entry.skipped = cookie is None
    return cookie


def _cookie_name(session_id: str) -> str:
    """Return the name of the cookie that holds a session."""
    find = current_runtime().identity.sessions.find
    for name in NAMES:
        identity = find(request.cookies.get(name, ""))
        if identity and identity.session_id == session_id:
            return name
    return session_cookie_name(public_url())


def _reload(cookie: str, name: str) -> Response:
    response = no_store(redirect(own_page(request.form.get("next", "/")), 303))
    set_session_cookie(response, name, cookie)
    return response
