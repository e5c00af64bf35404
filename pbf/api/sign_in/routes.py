"""Routes of signing in and out with OpenID Connect."""

import logging
from collections.abc import Mapping
from typing import cast

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from pbf.api.error_handlers import handle_error
from pbf.api.guard import mark_failed_sign_in
from pbf.api.pages import Link, Page, failure_page, page_response, too_many_page
from pbf.api.responses import no_store
from pbf.api.session_cookies import delete_session_cookie, set_session_cookie
from pbf.api.sign_in.pages import (
    REASONS,
    SIGN_IN,
    branded,
    choice,
    no_access,
    other_ways,
    sign_in_url,
)
from pbf.api.sign_in.sign_in import SignIn, current_sign_in
from pbf.api.sign_in.state_cookies import forget_state, keep_state, sent_state
from pbf.errors import (
    PbfError,
    SignInFailed,
    TooManyRequests,
    UnknownSignIn,
)
from pbf.identity.claims import Claims, Ended, NoAccess
from pbf.identity.external.proxies import TrustedProxy
from pbf.metrics.outages import log_level
from pbf.paths import LONGEST_ID, PREFIX, own_page
from pbf.rules.access.policy import Branding
from pbf.server.auth_middleware.cookies import FRAME_COOKIE

log = logging.getLogger(__name__)
routes = Blueprint("sign_in", __name__, url_prefix=PREFIX)

PROVIDER = f"<string(maxlength={LONGEST_ID}):provider>"

SIGNED_OUT = f"{PREFIX}/signed-out"


@routes.get("/sign-in")
def choose() -> ResponseReturnValue:
    """Send a person to the only provider, or let them choose one of several.

    A person whom a trusted proxy names is signed in at once.
    """
    sign_in, next_page = current_sign_in(), own_page(request.args.get("next", "/"))
    # The session that ended may have been replaced, for instance by a switch of tenant.
    if not sign_in.is_required or (request.args.get("reason") == "ended" and _is_signed_in()):
        return no_store(redirect(next_page, 303))
    if sign_in.proxy and (claims := _proxy_claims(sign_in.proxy)):
        return _enter(claims, next_page)
    providers = sign_in.oidc.providers
    reason = REASONS.get(request.args.get("reason", ""))
    if len(providers) == 1 and reason is None and "choose" not in request.args:
        return _start(next(iter(providers)), next_page)
    return branded(choice(next_page, reason))


@routes.get(f"/sign-in/{PROVIDER}")
def start(provider: str) -> ResponseReturnValue:
    """Send a person to a provider."""
    _check(provider)
    return _start(provider, own_page(request.args.get("next", "/")))


@routes.get(f"/signed-in/{PROVIDER}")
def finish(provider: str) -> ResponseReturnValue:
    """Start a session for a person who comes back from a provider."""
    _check(provider)
    sign_in = current_sign_in()
    finished = sign_in.oidc.finish(provider, request.args, sent_state())
    return forget_state(_enter(finished.claims, finished.next))


@routes.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here, and lead the browser to where the provider ends its own.

    The page leads on by itself: our Content-Security-Policy allows forms to end here alone, and
    Chromium applies it to redirects as well.
    """
    sign_in = current_sign_in()
    names = [name for name in (sign_in.session_cookie, FRAME_COOKIE) if name in request.cookies]
    endings = [sign_in.end(request.cookies[name]) for name in names]
    ended = next((ending for ending in endings if ending), None)
    url = (_end_at_provider(sign_in, ended) if ended else "") or SIGNED_OUT
    response = branded(Page("Signing out", links=[Link("Continue", url)], refresh=url))
    for name in names:
        delete_session_cookie(response, name)
    # What the pages keep in the browser, such as the services that were opened recently.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@routes.get("/signed-out")
def signed_out() -> ResponseReturnValue:
    """Say that the session has ended."""
    text = "On a computer that others use, close the browser as well."
    return branded(Page("You are signed out", text, [Link("Sign in again", SIGN_IN, primary=True)]))


@routes.post(f"/backchannel-logout/{PROVIDER}")
def backchannel_logout(provider: str) -> ResponseReturnValue:
    """End the sessions of a person who signed out at a provider, which tells us so itself."""
    _check(provider)
    sign_in = current_sign_in()
    token = request.form.get("logout_token", "")
    logout = sign_in.oidc.read_logout_token(provider, token, use_once=sign_in.use_once)
    sign_in.end_provider_session(logout.issuer, logout.subject, logout.sid)
    return no_store(Response(status=200))


@routes.errorhandler(SignInFailed)
def report_failure(error: SignInFailed) -> ResponseReturnValue:
    """Say why sign-in failed, with a link to try again."""
    mark_failed_sign_in(error)
    if request.endpoint == f"{routes.name}.{backchannel_logout.__name__}":
        return no_store(({"error": "invalid_request"}, 400))
    provider = (request.view_args or {}).get("provider", "")
    sign_in = current_sign_in()
    next_page = sign_in.oidc.next_page(sent_state())
    if next_page == "/":
        next_page = own_page(request.args.get("next", "/"))
    again = Link("Try again", sign_in_url(next_page, provider), primary=True)
    links = [again, *other_ways(next_page)]
    return forget_state(failure_page(error, sign_in.branding(), links=links))


@routes.errorhandler(TooManyRequests)
def refuse_attempt(error: TooManyRequests) -> ResponseReturnValue:
    """Say when to try again."""
    if request.endpoint == f"{routes.name}.{backchannel_logout.__name__}":
        return no_store(handle_error(error))
    return too_many_page(error, Branding())


@routes.errorhandler(PbfError)
def report_error(error: PbfError) -> ResponseReturnValue:
    """Say that nobody can sign in, because of the settings or the database."""
    log.log(log_level(error), "nobody can sign in: %s: %s", type(error).__name__, error)
    # Not request.url: behind a proxy its scheme may be another one than the browser's.
    again = Link("Try again", request.full_path.rstrip("?"))
    page = Page("Sign-in does not work right now", str(error), [again])
    return page_response(page, Branding(), status=503)


@routes.errorhandler(UnknownSignIn)
def leave(_error: UnknownSignIn) -> ResponseReturnValue:
    """Send away a person whose sign-in is unknown, for instance after going back in the browser."""
    if _is_signed_in():
        return no_store(redirect("/", 303))
    # Not straight to the provider: without cookies, that would go round in circles.
    return no_store(redirect(sign_in_url("/", reason="unknown"), 303))


def _end_at_provider(sign_in: SignIn, ended: Ended) -> str:
    """Return where the provider ends its own session; empty if it is no longer configured.

    The policy file may have given its id to another provider, which must not get the ID token.
    """
    provider = sign_in.oidc.providers.get(ended.provider)
    if provider is None or ended.issuer not in provider.issuers():
        return ""
    return sign_in.oidc.end_session_url(ended.provider, ended.id_token)


def _is_signed_in() -> bool:
    sign_in = current_sign_in()
    cookie = request.cookies.get(sign_in.session_cookie, "")
    return bool(cookie) and sign_in.is_signed_in(cookie)


def _proxy_claims(proxy: TrustedProxy) -> Claims | None:
    return proxy.claims(cast(Mapping[str, str], request.headers))


def _enter(claims: Claims, next_page: str) -> Response:
    """Start a session for a person, who gets a new one in any case."""
    sign_in = current_sign_in()
    result = sign_in.complete(claims)
    if isinstance(result, NoAccess):
        return branded(no_access(result, claims.provider, next_page), 403)
    if earlier := request.cookies.get(sign_in.session_cookie):
        sign_in.end(earlier)
    response = no_store(redirect(next_page, 303))
    set_session_cookie(response, sign_in.session_cookie, result)
    return response


def _start(provider: str, next_page: str) -> Response:
    sign_in = current_sign_in()
    begun = sign_in.oidc.start(provider, next_page, other_account="other" in request.args)
    response = no_store(redirect(begun.url, 303))
    keep_state(response, begun, secure=sign_in.is_secure)
    return response


def _check(provider: str) -> None:
    if provider not in current_sign_in().oidc.providers:
        raise NotFound
