"""What every request passes first: identity, origin check and request id."""

import logging
import time
from collections.abc import Collection
from contextlib import ExitStack

from flask import Response, current_app, g, request
from werkzeug.exceptions import UnsupportedMediaType

from pbf.api.error_handlers import error_response
from pbf.api.request_context import (
    allowed_origins,
    current_client,
    current_identity,
    current_runtime,
    own_origins,
)
from pbf.concurrency import draining
from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.access.changes_at_once import ChangesAtOnce
from pbf.connectors.access.sign_in_limits import Attempt
from pbf.errors import ProviderUnavailable, SignInFailed
from pbf.logs import begin_request, set_tenant
from pbf.metrics.instruments import count_request
from pbf.paths import origin
from pbf.rules.access.permissions import Role

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
        "status.show",
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
        "hooks.receive_webhook",
    }
)
# What other systems send; a signature of the body proves who they are.
SIGNED = frozenset({"hooks.receive_webhook"})
# Forms that come from other sites, and prove themselves by a signed token.
FOREIGN_FORMS = frozenset({"sign_in.backchannel_logout", "sso.post"})
# What is sent by browsers and providers as a form, and by other systems as they like.
FORMS = (
    FOREIGN_FORMS
    | SIGNED
    | {
        "sign_in.sign_out",
        "account.switch_tenant",
        "account.look_as",
        "account.show_api",
        "invitations.open_card",
    }
)
# Where the origin of a page proves nothing.
PROVEN = FOREIGN_FORMS | SIGNED
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
# Each of these uses up a link or token. The vendor's application leads here, also in a frame.
ENTRIES = frozenset({"sso.follow", "sso.enter"})
ACTING_GETS = LINKED | ENTRIES | {"routes.get_form"}
FOREIGN_ORIGIN = (
    403,
    "foreign_origin",
    "Pages of other origins may not change anything here. Add the page's origin to "
    "PBF_ALLOWED_ORIGINS, or set PBF_PUBLIC_URL if it is this dashboard's own.",
)
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def guard() -> Response | None:
    """Refuse callers without identity, changes for foreign pages, and bodies that are not JSON."""
    g.started_at = time.monotonic()
    begin_request()
    if attempt := ATTEMPTS.get(request.endpoint or ""):
        current_runtime().sign_in_limits.admit(attempt, current_client())
    CALLER.set(_caller())
    reads = request.method in READ_METHODS
    if (not reads or request.endpoint in ACTING_GETS) and not _may_act():
        return error_response(*FOREIGN_ORIGIN)
    # Browsers send other content types across origins without a preflight request.
    is_json = request.is_json or not (request.mimetype or _has_body())
    if not reads and not is_json and request.endpoint not in FORMS:
        raise UnsupportedMediaType
    if not reads:
        _begin_change()
    return None


def _begin_change() -> None:
    """Count a change while it is under way.

    Raises ShuttingDown if the process is draining, TooManyRequests if the tenant has too many.
    """
    g.change = ExitStack()
    g.change.enter_context(draining.write())
    if "identity" in g and len(current_runtime().identity.tenants.all()) > 1:
        changes: ChangesAtOnce = current_app.extensions["pbf_changes"]
        changes.begin(g.identity.tenant_id)
        g.change.callback(changes.end, g.identity.tenant_id)


def end_change(_error: BaseException | None = None) -> None:
    """Count a change as done, also if it failed."""
    if (change := g.pop("change", None)) is not None:
        change.close()


def report(response: Response) -> Response:
    """Log each change that was made, and count a request by its route, whose path has no ids.

    An attempt to sign in that failed is counted for its address.
    """
    method, status, rule = request.method, response.status_code, request.url_rule
    count_request(rule.rule if rule else None, method, status, time.monotonic() - g.started_at)
    if method not in READ_METHODS and status < 400:
        log.info("%s %s: %d", method, request.path, status)
    if g.get("sign_in_failed") and (attempt := ATTEMPTS.get(request.endpoint or "")):
        current_runtime().sign_in_limits.count_failure(attempt, current_client())
    return response


def mark_failed_sign_in(error: SignInFailed) -> None:
    """Have this request counted as an attempt that failed, unless the provider is at fault."""
    g.sign_in_failed = not isinstance(error, ProviderUnavailable)


def _caller() -> Caller:
    """Return whom this request acts for; raise NotSignedIn, InvalidToken or TooManyRequests."""
    client, endpoint = current_client(), request.endpoint or ""
    authentication = current_runtime().identity.authentication
    actor = BROWSER_ROUTES.get(endpoint, "route")
    if not endpoint or endpoint in PUBLIC or request.method == "OPTIONS":
        role = Role.EDITOR if actor == "link" else None
        return Caller(actor, role, client, runs_dashboard=not authentication.is_required)
    identity = current_identity()
    set_tenant(identity.tenant_id)
    return Caller(
        identity.actor or actor,
        identity.role,
        client,
        identity.services,
        identity.name,
        authentication.runs_dashboard(identity),
    )


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _may_act() -> bool:
    """Return whether the sender is a program, one of our own pages, or a page that is allowed."""
    if request.method == "OPTIONS" or _is_followed_link() or request.endpoint in PROVEN:
        return True
    sender = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if "identity" in g and g.identity.session_id:
        # A cookie proves nothing about the page that sends it.
        return _is_among(sender, own_origins()) if sender else site == "same-origin"
    if sender is not None:
        return _is_among(sender, allowed_origins())
    return site in ("none", "same-origin")


def _is_followed_link() -> bool:
    """Return whether a person follows a link, for instance in a mail or on Fivetran's pages."""
    if request.headers.get("Sec-Fetch-Mode") != "navigate":
        return False
    destination = request.headers.get("Sec-Fetch-Dest")
    if request.endpoint in ENTRIES:
        return destination in ("document", "iframe")
    return request.endpoint in LINKED and destination == "document"


def _is_among(sender: str, origins: Collection[str]) -> bool:
    try:
        return origin(sender) in origins
    except ValueError:
        return False
