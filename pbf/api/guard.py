"""What every request passes first: identity, origin check and request id."""

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import cast

from flask import Response, current_app, g, request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wsgi import get_host

from pbf.api.error_handlers import InvalidJson, error_response
from pbf.api.session_cookies import sent_session_cookies
from pbf.connectors.access.caller import CALLER, Caller, Client
from pbf.connectors.access.changes_at_once import ChangesAtOnce
from pbf.connectors.access.sign_in_limits import Attempt
from pbf.connectors.portal import Portal
from pbf.errors import InvalidToken, UnknownTenant
from pbf.identity.models import Identity
from pbf.logs import begin_request, set_tenant
from pbf.paths import origin
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.signed_links import Purpose

log = logging.getLogger(__name__)

# The routes that people open in a browser, with the actor if they need no identity: a signed link
# or state says whose connector is meant. Every other route is for programs as well.
BROWSER_ROUTES = {
    "connect_card.go": "page",
    "connect_card.come_back": "page",
    "invitations.open_card": "link",
    "invitations.come_back": "link",
}
# What anybody may request: nothing there belongs to a tenant.
PUBLIC = frozenset(
    {
        "connect_card.come_back",
        "invitations.show",
        "invitations.open_card",
        "invitations.come_back",
        "administration.get_health",
        "docs.get_description",
        "docs.show_docs",
        "docs.get_file",
        "sign_in.choose",
        "sign_in.start",
        "sign_in.finish",
        "sign_in.sign_out",
        "sign_in.signed_out",
        "sign_in.backchannel_logout",
        "sso.follow",
        "sso.enter",
        "sso.post",
        # It exists in the demo alone, where anybody may use it.
        "account.look_as",
    }
)
# Forms that come from other sites, and prove themselves by a signed token.
FOREIGN_FORMS = frozenset({"sign_in.backchannel_logout", "sso.post"})
# What browsers and providers send as a form.
FORMS = FOREIGN_FORMS | {
    "sign_in.sign_out",
    "account.switch_tenant",
    "account.look_as",
    "invitations.open_card",
}
# What counts as an attempt to sign in; so does every invalid bearer token.
ATTEMPTS = {
    "sign_in.choose": Attempt.SIGN_IN,
    "sign_in.start": Attempt.SIGN_IN,
    "sign_in.finish": Attempt.SIGN_IN,
    "sign_in.backchannel_logout": Attempt.LOGOUT,
    "sso.create_sign_in_link": Attempt.LINK,
    "sso.follow": Attempt.SIGN_IN,
    "sso.enter": Attempt.SIGN_IN,
    "sso.post": Attempt.SIGN_IN,
}
# Each of these makes a Connect Card or uses up a signed state. A page of another site can make any
# browser send a GET, for instance for an image. A proxy that signs people in may lead a click on
# `go` over another site, so links that a person follows are allowed.
LINKED = frozenset(BROWSER_ROUTES) - FORMS
ACTING_GETS = LINKED | {"routes.get_form"}
FOREIGN_ORIGIN = (
    403,
    "foreign_origin",
    "Pages of other origins may not change anything here. Add the page's origin to "
    "PBF_ALLOWED_ORIGINS, or set PBF_PUBLIC_URL if it is this dashboard's own.",
)
# By it, programs with a token of the operators name the tenant that a request is for.
TENANT_HEADER = "X-Tenant"
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def current_runtime() -> Runtime:
    """Return the runtime that this app serves."""
    runtime: Runtime = current_app.extensions["pbf"]()
    return runtime


def current_identity() -> Identity:
    """Return who asks; raise NotSignedIn, InvalidToken, UnknownTenant or TooManyRequests."""
    if "identity" not in g:
        runtime = current_runtime()
        try:
            g.identity = _in_named_tenant(
                runtime.identity.authentication.of_request(
                    sent_session_cookies(runtime.settings.public_url),
                    cast(Mapping[str, str], request.headers),
                )
            )
        except InvalidToken:
            # Only now: a valid token is never refused because of the others behind its address.
            runtime.sign_in_limits.admit(Attempt.TOKEN, _client())
            runtime.sign_in_limits.count_failure(Attempt.TOKEN, _client())
            raise
    identity: Identity = g.identity
    return identity


def current_portal() -> Portal:
    """Return the portal of the caller's tenant; raise UnknownTenant if there is none."""
    return current_runtime().portals.of(current_identity().tenant_id)


def signed_for(purpose: Purpose, text: str) -> Portal | None:
    """Return the portal that a link, invitation or state is signed for; None if it is not valid."""
    runtime = current_runtime()
    g.tenant_id = tenant_id = runtime.signer.tenant_of(purpose, text)
    set_tenant(tenant_id)
    try:
        return runtime.portals.of(tenant_id)
    except UnknownTenant:
        return None


def is_for_another_tenant(portal: Portal) -> bool:
    """Return whether somebody is signed in here, but to another tenant than a portal's."""
    runtime = current_runtime()
    if runtime.identity.authentication.is_required or runtime.identity.is_demo:
        headers = cast(Mapping[str, str], request.headers)
        cookies = sent_session_cookies(runtime.settings.public_url)
        identity = runtime.identity.authentication.of_cookies(cookies, headers)
        return identity is not None and identity.tenant_id != portal.tenant.id
    return False


def public_url() -> str:
    """Return the address under which callers reach us, without a slash at the end."""
    return current_runtime().settings.public_url or _requested_origin()


def allowed_origins() -> tuple[str, ...]:
    """Return our own origins and those that the settings allow."""
    return (*_own_origins(), *current_runtime().settings.allowed_origins)


def guard() -> Response | None:
    """Refuse callers without identity, changes for foreign pages, and bodies that are not JSON."""
    begin_request()
    if attempt := ATTEMPTS.get(request.endpoint or ""):
        current_runtime().sign_in_limits.admit(attempt, _client())
    CALLER.set(_caller())
    reads = request.method in READ_METHODS
    if (not reads or request.endpoint in ACTING_GETS) and not _may_act():
        return error_response(*FOREIGN_ORIGIN)
    # Browsers send other content types across origins without a preflight request.
    is_json = request.is_json or not (request.mimetype or _has_body())
    if not reads and not is_json and request.endpoint not in FORMS:
        raise UnsupportedMediaType
    return None


def begin_change() -> None:
    """Count a change while it is under way; raise TooManyRequests if its tenant has too many."""
    if request.method in READ_METHODS or "identity" not in g:
        return
    if len(current_runtime().identity.tenants.all()) > 1:
        changes: ChangesAtOnce = current_app.extensions["pbf_changes"]
        changes.begin(g.identity.tenant_id)
        g.changing = g.identity.tenant_id


def end_change(_error: BaseException | None = None) -> None:
    """Count a change as done, also if it failed."""
    if (tenant_id := g.pop("changing", None)) is not None:
        current_app.extensions["pbf_changes"].end(tenant_id)


def json_body() -> object:
    """Return the parsed body of the request; raise InvalidJson with the reason if it is invalid."""
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        return json.loads(request.get_data(), parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        # Only the position and the kind of the mistake: the body is not quoted.
        where = f"line {exc.lineno}, column {exc.colno}"
        raise InvalidJson(f"The body is not valid JSON: {exc.msg} at {where}.") from None
    except UnicodeDecodeError:
        raise InvalidJson("The body is not valid JSON: it is not UTF-8.") from None
    except RecursionError:
        raise InvalidJson("The body is not valid JSON: it is nested too deeply.") from None
    except ValueError:
        raise InvalidJson("The body is not valid JSON: it contains an invalid number.") from None


def _refuse_constant(_name: str) -> object:
    raise ValueError("JSON has no NaN and no Infinity")


def log_change(response: Response) -> Response:
    """Log each change that was made."""
    if request.method not in READ_METHODS and response.status_code < 400:
        log.info("%s %s: %d", request.method, request.path, response.status_code)
    return response


def mark_failed_sign_in() -> None:
    """Have this request counted as an attempt to sign in that failed."""
    g.sign_in_failed = True


def count_failed_sign_in(response: Response) -> Response:
    """Count an attempt to sign in that failed."""
    attempt = ATTEMPTS.get(request.endpoint or "")
    if attempt and g.get("sign_in_failed"):
        current_runtime().sign_in_limits.count_failure(attempt, _client())
    return response


def _client() -> Client:
    return Client(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))


def _in_named_tenant(identity: Identity) -> Identity:
    """Return a caller in the tenant that the request names, if it does; raise UnknownTenant."""
    tenant_id = request.headers.get(TENANT_HEADER, identity.tenant_id)
    if tenant_id == identity.tenant_id:
        return identity
    is_token = identity.is_operator and identity.method == "token"
    if not is_token or not current_runtime().identity.has_tenant(tenant_id):
        raise UnknownTenant("There is no such tenant, or it is not yours.")
    return replace(identity, tenant_id=tenant_id)


def _caller() -> Caller:
    """Return whom this request acts for; raise NotSignedIn, InvalidToken or TooManyRequests."""
    client, endpoint = _client(), request.endpoint or ""
    actor = BROWSER_ROUTES.get(endpoint, "route")
    if not endpoint or endpoint in PUBLIC or request.method == "OPTIONS":
        return Caller(actor, Role.EDITOR if actor == "link" else None, client)
    identity = current_identity()
    set_tenant(identity.tenant_id)
    return Caller(identity.actor or actor, identity.role, client, identity.services, identity.name)


def _own_origins() -> tuple[str, str]:
    """Return our origins; requests for other hosts than ours were refused before."""
    return (origin(public_url()), origin(_requested_origin()))


def _requested_origin() -> str:
    return f"{request.scheme}://{get_host(request.environ)}"


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _may_act() -> bool:
    """Return whether the sender is a program, one of our own pages, or a page that is allowed."""
    if request.method == "OPTIONS" or _is_followed_link() or request.endpoint in FOREIGN_FORMS:
        return True
    sender = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if "identity" in g and g.identity.session_id:
        # A cookie proves nothing about the page that sends it.
        return _is_among(sender, _own_origins()) if sender else site == "same-origin"
    if sender is not None:
        return _is_among(sender, allowed_origins())
    return site in ("none", "same-origin")


def _is_followed_link() -> bool:
    """Return whether a person follows a link, for instance in a mail or on Fivetran's pages."""
    fetch = (request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest"))
    return request.endpoint in LINKED and fetch == ("navigate", "document")


def _is_among(sender: str, origins: Collection[str]) -> bool:
    try:
        return origin(sender) in origins
    except ValueError:
        return False
