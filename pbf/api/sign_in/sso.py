"""Routes by which the vendor's own application signs people in: sign-in links and SSO tokens."""

import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import Blueprint, Response, current_app, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from pbf.api.error_handlers import handle_error
from pbf.api.guard import mark_failed_sign_in
from pbf.api.openapi.operations import ANY_CHANGE, OF_TENANT, READS_BODY, Operation
from pbf.api.pages import Link, Page, failure_page, page_response, too_many_page
from pbf.api.request_context import current_identity, json_body
from pbf.api.responses import json_response, no_store
from pbf.api.schemas import ResponseModel
from pbf.api.session_cookies import session_cookie_name, set_session_cookie
from pbf.errors import SignInFailed, TooManyRequests, UntrustedToken
from pbf.identity.claims import is_other_person
from pbf.identity.external.entry import VendorSignIn
from pbf.identity.external.sign_in_links import NewSignInLink, SignInLinks
from pbf.identity.external.sso import SsoTokens
from pbf.identity.models import Identity
from pbf.paths import PREFIX
from pbf.rules.access.policy import Branding
from pbf.runtime import Runtime
from pbf.server.auth_middleware.cookies import FRAME_COOKIE

routes = Blueprint("sso", __name__, url_prefix=PREFIX)


class NewLink(ResponseModel):
    """A sign-in link that was just made."""

    url: str = Field(
        description="A secret that signs one person in, once, within 60 seconds.",
        examples=["https://connect.example.com/_/sso/..."],
    )
    expires_at: datetime = Field(examples=["2026-11-20T12:01:00Z"])


@dataclass(frozen=True)
class Sso:
    """What these routes need: links, SSO tokens if they are accepted, and sessions.

    `complete` starts a session and returns its cookie. `end` and `person_of` take a session's
    cookie; `person_of` returns issuer and subject of its person, None if the session has ended.
    `caller` returns whom a request acts for.
    """

    links: SignInLinks
    tokens: SsoTokens | None
    complete: Callable[[VendorSignIn], str]
    person_of: Callable[[str], tuple[str, str] | None]
    end: Callable[[str], object]
    caller: Callable[[], Identity]
    branding: Callable[[], Branding]
    allowed_origins: Collection[str]
    public_url: str


def current_sso() -> Sso:
    """Return how this app lets the vendor's application sign people in."""
    return cast(Sso, current_app.extensions["pbf_sso"]())


def sso_of(runtime: Runtime, public_url: str) -> Sso:
    """Return how the vendor's application signs people in to a runtime."""
    identity = runtime.identity
    return Sso(
        links=identity.links,
        tokens=identity.sso,
        complete=identity.sign_in.complete_vendor,
        person_of=identity.sign_in.person_of,
        end=identity.sign_in.end,
        caller=current_identity,
        branding=identity.branding,
        allowed_origins=runtime.settings.allowed_origins,
        public_url=public_url,
    )


@routes.post("/sign-in-links")
@Operation(
    tag="Sign-in",
    response=NewLink,
    body=NewSignInLink,
    status=201,
    errors=OF_TENANT | READS_BODY | ANY_CHANGE | {"invalid_redirect", "store_unavailable"},
)
def create_sign_in_link() -> ResponseReturnValue:
    """Create a link that signs one person in, once."""
    sso = current_sso()
    link = sso.links.create(json_body(), creator=sso.caller(), allowed_origins=sso.allowed_origins)
    expires_at = datetime.fromtimestamp(int(link.expires_at), UTC)
    url = f"{sso.public_url}{PREFIX}/sso/{link.code}"
    return no_store(json_response(NewLink(url=url, expires_at=expires_at))), 201


@routes.get("/sso/<string(maxlength=100):code>")
def follow(code: str) -> ResponseReturnValue:
    """Sign in the person of a link."""
    if request.method == "HEAD":
        # Programs that preview links must not use it up.
        return no_store(Response())
    return _enter(current_sso().links.redeem(code), confirmed=_is_confirmed(code))


@routes.get("/sso")
def enter() -> ResponseReturnValue:
    """Sign in the person of an SSO token in the address."""
    if request.method == "HEAD":
        return no_store(Response())
    return _enter(_read_token(request.args.get("token", "")), confirmed=False)


@routes.post("/sso")
def post() -> ResponseReturnValue:
    """Sign in the person of an SSO token in a form.

    Browsers send no Lax cookies with a form of another site, but with the request that a redirect
    leads to; only there can be seen whether another person is signed in.
    """
    link = current_sso().links.hold(_read_token(request.form.get("token", "")))
    return no_store(redirect(f"{PREFIX}/sso/{link.code}", 303))


@routes.errorhandler(SignInFailed)
def report_failure(error: SignInFailed) -> ResponseReturnValue:
    """Say why a person was not signed in."""
    mark_failed_sign_in(error)
    return failure_page(error, current_sso().branding())


@routes.errorhandler(TooManyRequests)
def refuse_attempt(error: TooManyRequests) -> ResponseReturnValue:
    """Say when to try again: to the vendor's application as JSON, to people as a page."""
    if request.endpoint == f"{routes.name}.{create_sign_in_link.__name__}":
        return handle_error(error)
    return too_many_page(error, Branding())


def _read_token(token: str) -> VendorSignIn:
    tokens = current_sso().tokens
    if tokens is None:
        raise UntrustedToken(
            "This site does not accept SSO tokens. Set PBF_JWT_ISSUER to use them."
        )
    return tokens.sign_in(token)


def _enter(sign_in: VendorSignIn, *, confirmed: bool) -> Response:
    """Start a session, or ask first if another person is signed in.

    Otherwise any site could sign a person into an account of its own, unnoticed. In a frame it
    cannot: the cookie counts only within that site.
    """
    sso, earlier = current_sso(), request.cookies.get(_cookie_name(), "")
    person = sso.person_of(earlier) if earlier else None
    if person and not confirmed and not _is_framed():
        issuer, subject = person
        if is_other_person(sign_in.claims, issuer=issuer, subject=subject):
            return _ask(sign_in, earlier)
    cookie = sso.complete(sign_in)
    if earlier:
        sso.end(earlier)
    response = no_store(redirect(sign_in.page or "/", 303))
    set_session_cookie(response, _cookie_name(), cookie)
    return response


def _ask(sign_in: VendorSignIn, earlier: str) -> Response:
    """Ask whether to replace the session of another person."""
    code = current_sso().links.hold(sign_in).code
    claims = sign_in.claims
    url = f"{PREFIX}/sso/{code}?confirm={_confirmation(code, earlier)}"
    name = claims.name or claims.email or "another person"
    page = Page(
        "Sign in as another person?",
        f"You are signed in here already. Continue only if you want to sign in as {name}; your "
        "present session then ends.",
        [Link("Continue", url, primary=True), Link("Stay signed in", "/")],
    )
    return page_response(page, current_sso().branding())


def _is_confirmed(code: str) -> bool:
    """Return whether our own page led here: only it knows the session's cookie."""
    cookie = request.cookies.get(_cookie_name(), "")
    expected = _confirmation(code, cookie)
    return bool(cookie) and hmac.compare_digest(
        request.args.get("confirm", "").encode(), expected.encode()
    )


def _confirmation(code: str, cookie: str) -> str:
    return hmac.digest(cookie.encode(), f"confirm {code}".encode(), "sha256").hex()


def _is_framed() -> bool:
    return request.headers.get("Sec-Fetch-Dest") == "iframe"


def _cookie_name() -> str:
    # One of its own for frames: browsers keep it apart for each site that frames us.
    return FRAME_COOKIE if _is_framed() else session_cookie_name(current_sso().public_url)
