"""The row at the top of every page: the sandbox's banner, the vendor's brand, and who looks at it.

Its menu is HTML: forms that the browser posts to the routes, since only they set cookies. It opens
without a run of the page.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import streamlit as st
from markupsafe import Markup

from pbf.config.credentials import CREDENTIALS
from pbf.errors import StoreFailed
from pbf.identity.models import Identity
from pbf.identity.tenants import TenantEntry
from pbf.paths import PREFIX, from_page, is_loopback, path_of, without_prefix
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime, runtime
from pbf.show_api.access import is_allowed
from pbf.ui import html, session

if TYPE_CHECKING:
    from pbf.identity.demo.people import Choice

# From so many tenants on, people search instead of choosing from a list.
MOST_LISTED = 8
NO_TENANT = "No tenant"
# The pages that every tenant has; others are about one thing of one tenant.
KEPT_PAGES = ("/services", "/connectors", "/activity")


@dataclass(frozen=True)
class Option:
    """Something to choose: a tenant, or a person of the demo."""

    value: str
    label: str
    role: str = ""
    is_present: bool = False


@dataclass(frozen=True)
class Account:
    """What the menu says and offers; `many` are tenants to search instead of `choices`.

    `here` is the page to come back to in the same tenant.
    """

    name: str
    email: str
    place: str
    next: str
    choices: Sequence[Option] = ()
    many: Sequence[Option] = ()
    people: Sequence[Option] = ()
    can_leave: bool = False
    can_sign_out: bool = False
    can_show_api: bool = False
    shows_api: bool = False
    here: str = "/"


def show_branding(identity: Identity, title: str) -> None:
    """Give a page the vendor's product name and colour, as far as the visitor's policy has them.

    The colour is a style sheet: Streamlit's own themes are the same for all.
    """
    branding = runtime().identity.branding(identity.tenant_id)
    if branding.product_name:
        st.set_page_config(page_title=f"{title} · {branding.product_name}")
    accent, is_dark = branding.accent, st.context.theme.type == "dark"
    link = (accent.dark_link if is_dark else accent.link) if accent else ""
    if branding.logo or accent:
        st.html(html.render("branding", "style", branding=branding, link=link))


def show_top_row(identity: Identity | None) -> None:
    """Show the row, if there is anything to say; None is a visitor who is not signed in."""
    running = runtime()
    credentials = CREDENTIALS if running.settings.sandbox else ()
    account = _account(running, identity) if identity else None
    brand = _brand(running, identity) if identity else Markup()
    if credentials or account or brand:
        st.html(
            html.render("account", "row", account=account, credentials=credentials, brand=brand)
        )


def closed_top_row(running: Runtime, identity: Identity, url: str) -> Markup:
    """Return the row at an address as it looks before Streamlit has started: without its menu."""
    credentials = CREDENTIALS if running.settings.sandbox else ()
    brand, account = _brand(running, identity), None
    is_shown = identity.session_id or _may_show_api(running, identity)
    if is_shown or _people(running, identity, url):
        place = _place(running, identity)
        account = Account(identity.name, identity.email, place, next="")
    if not (credentials or account or brand):
        return Markup()
    return html.render(
        "first_screen", "top_row", account=account, credentials=credentials, brand=brand
    )


def _brand(running: Runtime, identity: Identity) -> Markup:
    if not identity.tenant_id:
        return Markup()
    branding = running.identity.branding(identity.tenant_id)
    return html.render("branding", "line", branding=branding, logo_url=from_page(f"{PREFIX}/logo"))


def tenant_options(entries: Sequence[tuple[TenantEntry, Role]], present: str = "") -> list[Option]:
    """Return tenants as options; those with the same name are told apart by their ids."""
    names = Counter(tenant.name for tenant, _ in entries)
    return [
        Option(
            tenant.id,
            tenant.name if names[tenant.name] == 1 else f"{tenant.name} ({tenant.id})",
            str(role),
            tenant.id == present,
        )
        for tenant, role in entries
    ]


def next_page() -> str:
    """Return the page to open in another tenant: this one, unless it is about one thing."""
    prefix = path_of(runtime().settings.public_url)
    path = without_prefix(urlsplit(st.context.url or "").path, prefix)
    return path if path in KEPT_PAGES else "/"


def _account(running: Runtime, identity: Identity) -> Account | None:
    """Return what the menu offers; None if nobody signs in here."""
    people = _people(running, identity, st.context.url or "")
    can_show_api = _may_show_api(running, identity)
    if not (identity.session_id or people or can_show_api):
        return None
    choices = _tenants(running, identity)
    return Account(
        name=identity.name,
        email=identity.email,
        place=_place(running, identity),
        next=next_page(),
        choices=choices if len(choices) <= MOST_LISTED else (),
        many=choices if len(choices) > MOST_LISTED else (),
        people=people,
        can_leave=identity.is_operator and bool(identity.tenant_id),
        can_sign_out=bool(identity.session_id),
        can_show_api=can_show_api,
        shows_api=can_show_api and session.shows_api(identity),
        here=this_page(),
    )


def _may_show_api(running: Runtime, identity: Identity) -> bool:
    return is_allowed(is_sandbox=running.settings.sandbox, is_operator=identity.is_operator)


def this_page() -> str:
    """Return the path of the page with its query."""
    path = urlsplit(st.context.url or "").path or "/"
    query = urlencode(st.query_params.to_dict(), doseq=True)
    return f"{path}?{query}" if query else path


def _place(running: Runtime, identity: Identity) -> str:
    entry = running.identity.tenants.get(identity.tenant_id)
    tenant = entry.name if entry else identity.tenant_id or NO_TENANT
    return f"{tenant} · {identity.role}"


def _tenants(running: Runtime, identity: Identity) -> list[Option]:
    """Return the tenants to switch to, of people with several; operators have a page for it."""
    if identity.is_operator:
        return []
    try:
        entries = running.identity.sign_in.tenants_of(identity)
    except StoreFailed:
        return []  # the page itself says so
    is_only = [tenant.id for tenant, _ in entries] in ([], [identity.tenant_id])
    return [] if is_only else tenant_options(entries, identity.tenant_id)


def people_to_look_as() -> "list[Choice]":
    """Return as whom visitors of this page may look at it; nobody outside the demo."""
    return _choices(runtime(), st.context.url or "")


def _choices(running: Runtime, url: str) -> "list[Choice]":
    demo = running.identity.demo
    return demo.choices() if demo and _keeps_cookies(running, url) else []


def _people(running: Runtime, identity: Identity, url: str) -> list[Option]:
    return [
        Option(
            choice.id,
            choice.tenant or "Operator",
            f"{choice.role}" if choice.tenant else "all tenants",
            (choice.tenant_id, choice.role) == (identity.tenant_id, identity.role),
        )
        for choice in _choices(running, url)
    ]


def _keeps_cookies(running: Runtime, url: str) -> bool:
    """Return whether a session's cookie counts here: with https, or on this machine alone."""
    parts = urlsplit(running.settings.public_url or url or "http://localhost")
    return parts.scheme == "https" or is_loopback(parts.hostname or "")
