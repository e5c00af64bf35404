"""What people do at the identity providers, and what they then see."""

import re
from urllib.parse import quote

from playwright.sync_api import Page, expect

from pbf.sandbox.core.records import Connection

ENDED = "Your session has ended"


def sign_in_at_provider(page: Page, user: str) -> None:
    """Fill in the forms of oidc-provider."""
    page.get_by_placeholder("Enter any login").fill(user)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def sign_in_at_partner(page: Page, user: str) -> None:
    """Fill in the form of oidc-provider-mock."""
    page.get_by_placeholder("sub").fill(user)
    page.get_by_role("button", name="Authorize").click()


def path_of(connection: Connection) -> str:
    """Return the path of a connector's page."""
    return f"/connector?id={quote(connection.id)}"


def sees(page: Page, connection: Connection) -> None:
    """Wait until a page shows a connector's heading."""
    expect(page.get_by_role("heading", name=connection.schema)).to_be_visible()


def sees_the_end(page: Page) -> None:
    """Wait until a page says that the session has ended."""
    expect(page.get_by_role("heading", name=ENDED)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Sign in"))).to_be_visible()
