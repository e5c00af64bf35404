"""Routes of the link with which a colleague finishes the set-up of one connector.

The link can be opened again within its day, since programs that preview links open it too. It leads
to the Connect Card and ends on a plain page that shows only the result.
"""

from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, g, redirect, request
from flask.typing import ResponseReturnValue

from pbf.api.guard import current_runtime, public_url, signed_for
from pbf.api.pages import Page, page_response
from pbf.api.responses import no_store
from pbf.errors import NotAllowed, PbfError, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.paths import PREFIX
from pbf.rules.health import health

routes = Blueprint("invitations", __name__, url_prefix=PREFIX)

PAGES = {
    "expired": (
        404,
        "This link is no longer valid",
        "It may have expired or been copied only in part. Ask for a new one.",
    ),
    "off": (
        403,
        "Links like this one are not allowed",
        "Ask the person who sent it to finish the set-up.",
    ),
    "gone": (404, "There is nothing to set up", "The connector of this link has been deleted."),
    "finished": (
        200,
        "The set-up is finished",
        "You can close this page.",
    ),
    "unfinished": (
        200,
        "The set-up is not finished yet",
        "Open the link you were sent again to continue.",
    ),
    "broken": (
        200,
        "The connection does not work yet",
        "Fivetran may still be checking it. Open the link you were sent again to see its state, or "
        "to enter the credentials again.",
    ),
    "used": (
        200,
        "This page was already shown",
        "Open the link you were sent again to see the state of the set-up.",
    ),
    "unread": (
        503,
        "This does not work right now",
        "Nothing is lost. Open the link you were sent again in a few minutes.",
    ),
}


@routes.get("/invite/<string:invitation>")
def invite(invitation: str) -> ResponseReturnValue:
    """Redirect a colleague to the Connect Card of the link's connector."""
    try:
        portal = signed_for("invitation", invitation)
        connector_id = portal.cards.read_invitation(invitation) if portal else None
        if portal is None or connector_id is None:
            return _page("expired")
        connector = portal.connector(connector_id)
        if not needs_the_card(connector):
            return _page("finished")
        url = portal.cards.open_for_colleague(connector.id, public_url=public_url())
    except PbfError as error:
        return _error_page(error)
    return no_store(redirect(url, 303))


@routes.get("/invited")
def come_back() -> ResponseReturnValue:
    """Show a colleague who returns from the Connect Card the state of the set-up at Fivetran."""
    try:
        state = request.args.get("state", "")
        portal = signed_for("state", state)
        connector = portal.cards.returned(state) if portal else None
    except PbfError as error:
        return _error_page(error)
    if connector is None:
        return _page("used")
    if not needs_the_card(connector):
        return _page("finished")
    return _page("broken" if connector.is_broken else "unfinished")


def needs_the_card(connector: Connector) -> bool:
    """Return whether a person has to enter or renew credentials."""
    return not connector.is_set_up or health(connector, datetime.now(UTC)).action == "reconnect"


def _error_page(error: PbfError) -> Response:
    current_app.logger.warning("invitation not followed: %s", type(error).__name__)
    if isinstance(error, NotAllowed):
        return _page("off")
    return _page("gone" if isinstance(error, UnknownConnector) else "unread")


def _page(name: str) -> Response:
    status, heading, text = PAGES[name]
    branding = current_runtime().identity.branding(g.get("tenant_id", ""))
    return page_response(Page(heading, text), branding, status=status)
