"""Plain pages of the routes, for people outside the dashboard: sign-in and invitations.

They have no script, and their style is allowed by its digest alone.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from pbf.api.responses import no_store
from pbf.errors import TooManyRequests
from pbf.rules.access.policy import Branding, Logo
from pbf.server.security_headers import policy


@dataclass(frozen=True)
class Link:
    """A link that looks like a button."""

    label: str
    url: str
    primary: bool = False


@dataclass(frozen=True)
class Page:
    """What a page says; the browser goes on to `refresh` at once if it is set."""

    heading: str
    text: str = ""
    links: Sequence[Link] = ()
    refresh: str = ""


def page_response(page: Page, branding: Branding, *, status: int = 200) -> Response:
    """Return a page with the vendor's branding; nobody may cache it."""
    style = _templates().get_template("page.css").render(accent=branding.accent)
    logo = _data_url(branding.logo) if branding.logo else ""
    body = (
        _templates()
        .get_template("page.html")
        .render(page=page, branding=branding, style=style, logo=logo)
    )
    response = Response(body, status, content_type="text/html; charset=utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    # The logo is part of the page, so that a route without a session need not serve it.
    response.headers["Content-Security-Policy"] = policy(
        style_src=f"'sha256-{digest}'", img_src="data:"
    )
    return no_store(response)


def too_many_page(error: TooManyRequests, branding: Branding) -> Response:
    """Return a page that says when to try again."""
    response = page_response(Page("Too many attempts", str(error)), branding, status=429)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _data_url(logo: Logo) -> str:
    return f"data:{logo.content_type};base64,{b64encode(logo.content).decode()}"


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("pbf.api"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
