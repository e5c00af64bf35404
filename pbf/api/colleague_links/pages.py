"""Pages of the link with which a colleague finishes the set-up of one connector.

The first page changes nothing, since programs that preview links open it too. Its button leads to
the Connect Card, which ends on a plain page that shows only the result.
"""

from flask import Blueprint, Response, current_app, g, redirect, request
from flask.typing import ResponseReturnValue

from pbf.api.pages import Page, page_response
from pbf.api.request_context import current_runtime, public_url, signed_for
from pbf.api.responses import no_store
from pbf.clock import utc_now
from pbf.config.credentials import FIVETRAN_API_URL
from pbf.connectors.cards.colleague_links import ColleagueLink
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, NotAllowed, PbfError, UnknownConnector, UnknownLink
from pbf.fivetran.models import Connector
from pbf.metrics.outages import log_level
from pbf.paths import PREFIX, origin
from pbf.rules.health import needs_the_card
from pbf.rules.wording import exact
from pbf.signed_links import LONGEST_TOKEN

routes = Blueprint("invitations", __name__, url_prefix=PREFIX)

NOT_VALID = "This link is no longer valid"
PAGES = {
    "unknown": (
        404,
        NOT_VALID,
        "It may have expired or been copied only in part. Ask for a new one.",
    ),
    "expired": (404, NOT_VALID, "It has expired. Ask the person who sent it for a new one."),
    "revoked": (
        404,
        NOT_VALID,
        "It has been withdrawn. If the set-up is still yours to finish, ask for a new one.",
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


@routes.get(f"/invite/<string(maxlength={LONGEST_TOKEN}):invitation>")
def show(invitation: str) -> ResponseReturnValue:
    """Show a colleague who asks for what, and what happens next."""
    try:
        portal, link, connector = _follow(invitation)
        refusal = _refusal(link, connector)
        return refusal or page_response(
            _question(portal, link, connector), portal.policy().branding
        )
    except PbfError as error:
        return _error_page(error)


@routes.post(f"/invite/<string(maxlength={LONGEST_TOKEN}):invitation>")
def open_card(invitation: str) -> ResponseReturnValue:
    """Redirect a colleague to a new Connect Card of the link's connector."""
    try:
        portal, link, connector = _follow(invitation)
        if refusal := _refusal(link, connector):
            return refusal
        url = portal.links.open(link, public_url=public_url())
    except PbfError as error:
        return _error_page(error)
    return no_store(redirect(url, 303))


@routes.get("/invited")
def come_back() -> ResponseReturnValue:
    """Show a colleague who returns from the Connect Card the state of the set-up at Fivetran."""
    try:
        state = request.args.get("state", "")
        portal = signed_for("state", state)
        connector = portal.links.returned(state) if portal else None
    except PbfError as error:
        return _error_page(error)
    if connector is None:
        return _page("used")
    if not needs_the_card(connector, utc_now()):
        return _page("finished")
    return _page("broken" if connector.is_broken else "unfinished")


def _follow(invitation: str) -> tuple[Portal, ColleagueLink, Connector]:
    """Return whose link it is, the link and its connector; raise UnknownLink if not valid."""
    portal = signed_for("invitation", invitation)
    if portal is None:
        raise UnknownLink("This link is not valid. Ask for a new one.")
    return portal, *portal.links.follow(invitation)


def _refusal(link: ColleagueLink, connector: Connector) -> Response | None:
    """Return the page that says why a link leads no further, if it does not."""
    if not link.works:
        return _page(link.state)
    if not needs_the_card(connector, utc_now()):
        return _page("finished")
    return None


def _question(portal: Portal, link: ColleagueLink, connector: Connector) -> Page:
    service = _service_title(portal, connector)
    verb, task = "Connect", "finish the set-up of this connector"
    if not connector.is_incomplete:
        verb, task = "Reconnect", "enter the credentials of this connector again"
    organisation = portal.tenant.name or "The person who asks"
    return Page(
        f"{verb} {service}",
        f"{link.asker} asks you to {task}." if link.asker else f"You are asked to {task}.",
        note=link.note,
        details=[
            ("Service", service),
            ("Connector", connector.title),
            ("Valid until", exact(link.expires_at)),
        ],
        next_step=f"You enter the credentials on Fivetran's page; {organisation} never sees them. "
        "Then you come back here and see the result.",
        button="Continue to Fivetran",
        form_targets=_form_targets(),
    )


def _service_title(portal: Portal, connector: Connector) -> str:
    """Return the name of a connector's service; its id if the catalogue cannot be read."""
    try:
        services = portal.catalogue().items
    except ApiError:
        services = ()
    titles = (service.title for service in services if service.id == connector.service)
    return next(titles, connector.service)


def _form_targets() -> str:
    """Return where the form may lead: browsers check each redirect, and the card is Fivetran's."""
    api_url = current_runtime().settings.api_url
    own = () if api_url == FIVETRAN_API_URL else (origin(api_url),)
    return " ".join(("'self'", "https:", *own))


def _error_page(error: PbfError) -> Response:
    current_app.logger.log(log_level(error), "invitation not followed: %s", type(error).__name__)
    if isinstance(error, NotAllowed):
        return _page("off")
    if isinstance(error, UnknownLink):
        return _page("unknown")
    return _page("gone" if isinstance(error, UnknownConnector) else "unread")


def _page(name: str) -> Response:
    status, heading, text = PAGES[name]
    branding = current_runtime().identity.branding(g.get("tenant_id", ""))
    return page_response(Page(heading, text), branding, status=status)
