"""Routes of signing in and out with OpenID Connect."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from pbf.api.error_handlers import handle_error
from pbf.api.guard import mark_failed_sign_in
from pbf.api.pages import Link, Page, page_response, too_many_page
from pbf.api.responses import no_store
from pbf.api.session_cookies import (
    delete_session_cookie,
    session_cookie_name,
    set_session_cookie,
)
from pbf.errors import (
    PbfError,
    ProviderUnavailable,
    SignInFailed,
    TooManyRequests,
    UnknownSignIn,
)
from pbf.identity.claims import Claims, Ended, NoAccess
from pbf.identity.external.proxies import TrustedProxy
from pbf.identity.oidc.flow import Oidc
from pbf.identity.oidc.state import STATE_LIFETIME, unknown_sign_in
from pbf.paths import PREFIX, own_page
from pbf.rules.access.policy import Branding
from pbf.runtime import Runtime
from pbf.server.auth_middleware.cookies import FRAME_COOKIE

log = logging.getLogger(__name__)
routes = Blueprint("sign_in", __name__, url_prefix=PREFIX)

SIGN_IN = f"{PREFIX}/sign-in"
SIGNED_OUT = f"{PREFIX}/signed-out"
# The cookie of each sign-in under way has its own name: restored tabs may all start one at once.
STATE_COOKIE = "pbf-sign-in-"
STATE_PATH = f"{PREFIX}/"
MOST_STATES = 5
# Why a person is asked to sign in, by the `reason` in the address.
REASONS = {
    "ended": Page("Your session has ended", "Sign in again to continue where you were."),
    "unknown": Page("Sign in again", str(unknown_sign_in())),
}


@dataclass(frozen=True)
class SignIn:
    """What these routes need: providers, sessions, branding, and the address people know us by.

    `complete` returns the cookie of a new session. `end` and `is_signed_in` take a session's
    cookie; `end_provider_session` takes issuer, subject and the provider's session id, of which one
    may be empty. `use_once` takes an id and the time until which to keep it, and returns whether
    the id is new.
    """

    oidc: Oidc
    complete: Callable[[Claims], str | NoAccess]
    is_signed_in: Callable[[str], bool]
    end: Callable[[str], Ended | None]
    end_provider_session: Callable[[str, str, str], None]
    use_once: Callable[[str, float], bool]
    branding: Callable[[], Branding]
    public_url: str
    proxy: TrustedProxy | None = None
    is_required: bool = True

    @property
    def is_secure(self) -> bool:
        """Whether people reach us by https."""
        return self.public_url.startswith("https:")

    @property
    def session_cookie(self) -> str:
        """The name of the session's cookie."""
        return session_cookie_name(self.public_url)


def current_sign_in() -> SignIn:
    """Return how this app signs people in."""
    return cast(SignIn, current_app.extensions["pbf_sign_in"]())


def sign_in_of(runtime: Runtime, public_url: str) -> SignIn:
    """Return how a runtime signs people in."""
    identity, service = runtime.identity, runtime.identity.sign_in
    return SignIn(
        oidc=identity.oidc,
        complete=service.complete,
        is_signed_in=service.is_signed_in,
        end=service.end,
        end_provider_session=service.end_provider_session,
        use_once=lambda text, _until: runtime.store.use_token(text),
        branding=identity.branding,
        public_url=public_url,
        proxy=identity.proxy,
        is_required=identity.authentication.is_required,
    )


@routes.get("/sign-in")
def choose() -> ResponseReturnValue:
    """Send a person to the only provider, or let them choose one of several.

    A person whom a trusted proxy names is signed in at once.
    """
    sign_in, next_page = current_sign_in(), own_page(request.args.get("next", "/"))
    if not sign_in.is_required or _has_another_session():
        return no_store(redirect(next_page, 303))
    if sign_in.proxy and (claims := _proxy_claims(sign_in.proxy)):
        return _enter(claims, next_page)
    providers = sign_in.oidc.providers
    reason = REASONS.get(request.args.get("reason", ""))
    if len(providers) == 1 and reason is None and "choose" not in request.args:
        return _start(next(iter(providers)), next_page)
    return _page(_choice(next_page, reason))


@routes.get("/sign-in/<string:provider>")
def start(provider: str) -> ResponseReturnValue:
    """Send a person to a provider."""
    _check(provider)
    return _start(provider, own_page(request.args.get("next", "/")))


@routes.get("/signed-in/<string:provider>")
def finish(provider: str) -> ResponseReturnValue:
    """Start a session for a person who comes back from a provider."""
    _check(provider)
    sign_in = current_sign_in()
    finished = sign_in.oidc.finish(provider, request.args, _state_cookie())
    return _forget_state(_enter(finished.claims, finished.next))


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
    response = _page(Page("Signing out", links=[Link("Continue", url)], refresh=url))
    for name in names:
        delete_session_cookie(response, name)
    # What the pages keep in the browser, such as the services that were opened recently.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@routes.get("/signed-out")
def signed_out() -> ResponseReturnValue:
    """Say that the session has ended."""
    text = "On a computer that others use, close the browser as well."
    return _page(Page("You are signed out", text, [Link("Sign in again", SIGN_IN, primary=True)]))


@routes.post("/backchannel-logout/<string:provider>")
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
    is_down = isinstance(error, ProviderUnavailable)
    if not is_down:
        mark_failed_sign_in()
    if request.endpoint == f"{routes.name}.{backchannel_logout.__name__}":
        return no_store(({"error": "invalid_request"}, 400))
    provider = (request.view_args or {}).get("provider", "")
    next_page = current_sign_in().oidc.next_page(_state_cookie())
    if next_page == "/":
        next_page = own_page(request.args.get("next", "/"))
    url = _sign_in_url(next_page, provider) if provider else _sign_in_url(next_page)
    links = [Link("Try again", url, primary=True), *_other_ways(next_page)]
    heading = "Sign-in does not work right now" if is_down else "You are not signed in"
    return _forget_state(_page(Page(heading, str(error), links), 503 if is_down else 403))


@routes.errorhandler(TooManyRequests)
def refuse_attempt(error: TooManyRequests) -> ResponseReturnValue:
    """Say when to try again."""
    if request.endpoint == f"{routes.name}.{backchannel_logout.__name__}":
        return no_store(handle_error(error))
    return too_many_page(error, Branding())


@routes.errorhandler(PbfError)
def report_error(error: PbfError) -> ResponseReturnValue:
    """Say that nobody can sign in, because of the settings or the database."""
    log.warning("nobody can sign in: %s: %s", type(error).__name__, error)
    page = Page("Sign-in does not work right now", str(error), [Link("Try again", request.url)])
    return page_response(page, Branding(), status=503)


@routes.errorhandler(UnknownSignIn)
def leave(_error: UnknownSignIn) -> ResponseReturnValue:
    """Send away a person whose sign-in is unknown, for instance after going back in the browser."""
    sign_in = current_sign_in()
    cookie = request.cookies.get(sign_in.session_cookie)
    if cookie and sign_in.is_signed_in(cookie):
        return no_store(redirect("/", 303))
    # Not straight to the provider: without cookies, that would go round in circles.
    return no_store(redirect(f"{SIGN_IN}?reason=unknown", 303))


def _end_at_provider(sign_in: SignIn, ended: Ended) -> str:
    """Return where the provider ends its own session; empty if it is no longer configured.

    The policy file may have given its id to another provider, which must not get the ID token.
    """
    provider = sign_in.oidc.providers.get(ended.provider)
    if provider is None or ended.issuer not in provider.issuers():
        return ""
    return sign_in.oidc.end_session_url(ended.provider, ended.id_token)


def _has_another_session() -> bool:
    """Return whether the session that ended was replaced, for instance by a switch of tenant."""
    sign_in = current_sign_in()
    cookie = request.cookies.get(sign_in.session_cookie, "")
    return request.args.get("reason") == "ended" and bool(cookie) and sign_in.is_signed_in(cookie)


def _proxy_claims(proxy: TrustedProxy) -> Claims | None:
    return proxy.claims(cast(Mapping[str, str], request.headers))


def _enter(claims: Claims, next_page: str) -> Response:
    """Start a session for a person, who gets a new one in any case."""
    sign_in = current_sign_in()
    result = sign_in.complete(claims)
    if isinstance(result, NoAccess):
        return _page(_no_access(result, claims.provider, next_page), 403)
    if earlier := request.cookies.get(sign_in.session_cookie):
        sign_in.end(earlier)
    response = no_store(redirect(next_page, 303))
    set_session_cookie(response, sign_in.session_cookie, result)
    return response


def _start(provider: str, next_page: str) -> Response:
    sign_in = current_sign_in()
    begun = sign_in.oidc.start(provider, next_page, other_account="other" in request.args)
    response = no_store(redirect(begun.url, 303))
    states = [name for name in request.cookies if name.startswith(STATE_COOKIE)]
    for name in states[: max(0, len(states) - MOST_STATES + 1)]:
        response.delete_cookie(name, path=STATE_PATH)
    response.set_cookie(
        _state_name(begun.state),
        begun.cookie,
        max_age=STATE_LIFETIME,
        path=STATE_PATH,
        secure=sign_in.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _check(provider: str) -> None:
    if provider not in current_sign_in().oidc.providers:
        raise NotFound


def _state_name(state: str) -> str:
    return f"{STATE_COOKIE}{state[:8]}"


def _state_cookie() -> str:
    return request.cookies.get(_state_name(request.args.get("state", "")), "")


def _forget_state(response: Response) -> Response:
    name = _state_name(request.args.get("state", ""))
    if name in request.cookies:
        response.delete_cookie(name, path=STATE_PATH)
    return response


def _sign_in_url(next_page: str, provider: str = "", **options: str) -> str:
    query = {**({"next": next_page} if next_page != "/" else {}), **options}
    path = f"{SIGN_IN}/{provider}" if provider else SIGN_IN
    return f"{path}?{urlencode(query)}" if query else path


def _choice(next_page: str, reason: Page | None) -> Page:
    sign_in = current_sign_in()
    providers = sign_in.oidc.providers.values()
    heading = reason.heading if reason else "Sign in"
    if not providers:
        return Page(heading, "Open the dashboard again from the application that led you here.")
    only = len(providers) == 1
    verb = "Sign in with" if only else "Continue with"
    links = [
        Link(f"{verb} {provider.label}", _sign_in_url(next_page, provider.id), primary=only)
        for provider in providers
    ]
    return Page(heading, reason.text if reason else "", links)


def _no_access(result: NoAccess, provider: str, next_page: str) -> Page:
    sign_in = current_sign_in()
    product = sign_in.branding().product_name or "this dashboard"
    url = _sign_in_url(next_page, provider, other="1")
    return Page(
        "You have no access yet",
        f"You are signed in as {result.account}, but this account has not been given access to "
        f"{product}. Ask your administrator.",
        [Link("Use another account", url)] if provider in sign_in.oidc.providers else [],
    )


def _other_ways(next_page: str) -> list[Link]:
    several = len(current_sign_in().oidc.providers) > 1
    url = _sign_in_url(next_page, choose="1")
    return [Link("Sign in another way", url)] if several else []


def _page(page: Page, status: int = 200) -> Response:
    return page_response(page, current_sign_in().branding(), status=status)
