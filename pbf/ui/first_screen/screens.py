"""The first screen of the gallery and of the connectors, drawn before Streamlit has started.

Streamlit needs more than half a second before it draws anything. Until then the page shows what it
brings itself: the title, the search field and the first cards or rows of the visitor's tenant. All
of it comes from this process's memory. The component's script removes it in the frame that draws
the real one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from pbf.components.loader import PAGE_STYLE, joined
from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Permission, allows
from pbf.runtime import Runtime, opened
from pbf.ui import html, session
from pbf.ui.account.top_row import closed_top_row
from pbf.ui.first_screen import connectors, gallery


@dataclass(frozen=True)
class Page:
    """A page with a first screen: its title, and what draws the component without waiting.

    `draw` returns None if a list is not in memory. A page that `connects` has a button for it.
    """

    title: str
    style: str
    draw: Callable[[Portal], Markup | None]
    connects: bool = False


PAGES = {
    "/services": Page(
        "Connect a source", joined(PAGE_STYLE, gallery.HTML.with_suffix(".css")), gallery.draw
    ),
    "/connectors": Page(
        "Connectors",
        joined(PAGE_STYLE, connectors.HTML.with_suffix(".css")),
        connectors.draw,
        connects=True,
    ),
}


def load() -> None:
    """Compile the template, so that the first visitor does not wait for it."""
    _ = html.environment().get_template("first_screen.html").module


def first_screen(path: str, session_id: str | None, url: str) -> bytes | None:
    """Return the first screen of a page as HTML; None if it has none, or not now.

    `session_id` is the visitor's session as the authentication middleware found it, None without
    one. `url` is the requested address.
    """
    page, running = PAGES.get(path), opened()
    if page is None or running is None:
        return None
    before = CALLER.set(Caller("page"))
    try:
        return _drawn(page, running, session_id, url)
    except PbfError:
        return None  # the page itself says what is the matter
    finally:
        CALLER.reset(before)


def _drawn(page: Page, running: Runtime, session_id: str | None, url: str) -> bytes | None:
    visitor = running.identity.authentication.of_page(session_id)
    CALLER.set(Caller(visitor.actor or "page", visitor.role, services=visitor.services))
    portal = running.portals.of(visitor.tenant_id)
    if portal.throttling_notice or running.story_revision:
        return None  # there is more above the component
    if not (component := page.draw(portal)):
        return None
    return _screen(page, running, visitor, url, component).encode()


def _screen(page: Page, running: Runtime, visitor: Identity, url: str, component: Markup) -> Markup:
    branding = running.identity.branding(visitor.tenant_id)
    return html.render(
        "first_screen",
        "screen",
        top_row=closed_top_row(running, visitor, url),
        title=page.title,
        connects=page.connects and allows(visitor.role, Permission.CHANGE),
        owner=session.owner_of(visitor),
        branding=branding,
        style=Markup(page.style),  # noqa: S704 - our own files
        component=component,
    )
