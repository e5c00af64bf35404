"""Plain pages of the routes, for people outside the dashboard: sign-in and invitations.

They have no script, and their style is allowed by its digest alone.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from flask import Response, request
from jinja2 import Environment, PackageLoader, StrictUndefined

from pbf.api.responses import no_store
from pbf.errors import ProviderUnavailable, SignInFailed, TooManyRequests
from pbf.paths import with_prefix
from pbf.rules.access.policy import Branding, Logo
from pbf.server.security_headers import digest_source, policy


@dataclass(frozen=True)
class Link:
    """A link that looks like a button."""

    label: str
    url: str
    primary: bool = False


@dataclass(frozen=True)
class Page:
    """What a page says; the browser goes on to `refresh` at once if it is set.

    `note` is what a person wrote, `details` are terms with what they mean, and `next_step` says
    what the button leads to. The button sends an empty form to the page's own address, which may
    redirect to `form_targets`, sources of a Content-Security-Policy.
    """

    heading: str
    text: str = ""
    links: Sequence[Link] = ()
    refresh: str = ""
    note: str = ""
    details: Sequence[tuple[str, str]] = ()
    next_step: str = ""
    button: str = ""
    form_targets: str = "'none'"


def page_response(page: Page, branding: Branding, *, status: int = 200) -> Response:
    """Return a page with the vendor's branding; nobody may cache it."""
    response = rendered_page("page", branding, form_targets=page.form_targets, page=page)
    response.status_code = status
    response = no_store(response)
    if page.button:
        # With no-referrer, a browser would send the form with the Origin of nobody.
        response.headers["Referrer-Policy"] = "same-origin"
    return response


def rendered_page(
    name: str, branding: Branding, *, form_targets: str = "'none'", **values: object
) -> Response:
    """Return a template with its own style and the vendor's branding as a page."""
    style = _templates().get_template(f"{name}.css").render(accent=branding.accent)
    logo = _data_url(branding.logo) if branding.logo else ""
    template = _templates().get_template(f"{name}.html")
    root = request.script_root
    body = template.render(branding=branding, style=style, logo=logo, root=root, **values)
    response = Response(body, content_type="text/html; charset=utf-8")
    # The logo is part of the page, so that a route without a session need not serve it.
    response.headers["Content-Security-Policy"] = policy(
        style_src=digest_source(style.encode()), img_src="data:", form_action=form_targets
    )
    return response


def too_many_page(error: TooManyRequests, branding: Branding) -> Response:
    """Return a page that says when to try again."""
    response = page_response(Page("Too many attempts", str(error)), branding, status=429)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def failure_page(
    error: SignInFailed, branding: Branding, *, links: Sequence[Link] = ()
) -> Response:
    """Return a page that says why a person was not signed in."""
    is_down = isinstance(error, ProviderUnavailable)
    heading = "Sign-in does not work right now" if is_down else "You are not signed in"
    page = Page(heading, str(error), links)
    return page_response(page, branding, status=503 if is_down else 403)


def _data_url(logo: Logo) -> str:
    return f"data:{logo.content_type};base64,{b64encode(logo.content).decode()}"


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("pbf.api"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    templates.filters["with_prefix"] = with_prefix
    return templates
