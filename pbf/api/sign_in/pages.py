"""What the pages of signing in say, and where their links lead."""

from urllib.parse import urlencode

from flask import Response

from pbf.api.pages import Link, Page, page_response
from pbf.api.sign_in.sign_in import current_sign_in
from pbf.identity.claims import NoAccess
from pbf.identity.oidc.signed_state import unknown_sign_in
from pbf.paths import PREFIX

SIGN_IN = f"{PREFIX}/sign-in"
# Why a person is asked to sign in, by the `reason` in the address.
REASONS = {
    "ended": Page("Your session has ended", "Sign in again to continue where you were."),
    "unknown": Page("Sign in again", str(unknown_sign_in())),
}


def sign_in_url(next_page: str, provider: str = "", **options: str) -> str:
    """Return the address at which a person signs in and then goes on to a page."""
    query = {**({"next": next_page} if next_page != "/" else {}), **options}
    path = f"{SIGN_IN}/{provider}" if provider else SIGN_IN
    return f"{path}?{urlencode(query)}" if query else path


def choice(next_page: str, reason: Page | None) -> Page:
    """Return the page on which a person chooses a provider."""
    sign_in = current_sign_in()
    providers = sign_in.oidc.providers.values()
    heading = reason.heading if reason else "Sign in"
    if not providers:
        return Page(heading, "Open the dashboard again from the application that led you here.")
    only = len(providers) == 1
    verb = "Sign in with" if only else "Continue with"
    links = [
        Link(f"{verb} {provider.label}", sign_in_url(next_page, provider.id), primary=only)
        for provider in providers
    ]
    return Page(heading, reason.text if reason else "", links)


def no_access(result: NoAccess, provider: str, next_page: str) -> Page:
    """Return the page for a person whom nobody has given access."""
    sign_in = current_sign_in()
    product = sign_in.branding().product_name or "this dashboard"
    url = sign_in_url(next_page, provider, other="1")
    return Page(
        "You have no access yet",
        f"You are signed in as {result.account}, but this account has not been given access to "
        f"{product}. Ask your administrator.",
        [Link("Use another account", url)] if provider in sign_in.oidc.providers else [],
    )


def other_ways(next_page: str) -> list[Link]:
    """Return a link to the choice of providers, if there are several."""
    several = len(current_sign_in().oidc.providers) > 1
    url = sign_in_url(next_page, choose="1")
    return [Link("Sign in another way", url)] if several else []


def branded(page: Page, status: int = 200) -> Response:
    """Return a page with the vendor's branding."""
    return page_response(page, current_sign_in().branding(), status=status)
