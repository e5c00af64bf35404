"""Routes that take a browser to the Connect Card and back."""

import logging
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from pbf.api.request_context import (
    current_portal,
    current_runtime,
    is_for_another_tenant,
    public_url,
    signed_for,
)
from pbf.api.responses import no_store
from pbf.api.sign_in.pages import sign_in_url
from pbf.errors import NotSignedIn, PbfError, TooManyRequests, UnknownConnector
from pbf.metrics.outages import log_level
from pbf.paths import PREFIX
from pbf.signed_links import LONGEST_TOKEN

log = logging.getLogger(__name__)
routes = Blueprint("connect_card", __name__, url_prefix=PREFIX)


@routes.get(f"/go/<string(maxlength={LONGEST_TOKEN}):link>")
def go(link: str) -> ResponseReturnValue:
    """Redirect a browser from one of our pages to a new Connect Card."""
    portal = current_portal()
    cards, owner = portal.cards, current_runtime().signer.tenant_of("link", link)
    if owner not in ("", portal.tenant.id):
        return _to_connectors(note="elsewhere")
    connector_id = cards.read_link(link)
    if connector_id is None:
        return _to_connectors(note="expired")
    try:
        url = cards.open(connector_id, public_url=public_url())
    except PbfError as error:
        log.log(log_level(error), "no Connect Card: %s: %s", type(error).__name__, error)
        return _to_connectors(note=_note(error, "no-card"))
    return no_store(redirect(url, 303))


@routes.errorhandler(NotSignedIn)
def sign_in_first(_error: NotSignedIn) -> ResponseReturnValue:
    """Let a person whose session has ended sign in, and then go on at the connector's page."""
    signer, link = current_runtime().signer, (request.view_args or {}).get("link", "")
    connector_id = signer.read_link(link, signer.tenant_of("link", link))
    page = f"/connector?{urlencode({'id': connector_id})}" if connector_id else "/connectors"
    return no_store(redirect(sign_in_url(page, reason="ended"), 303))


@routes.get("/return")
def come_back() -> ResponseReturnValue:
    """Redirect a browser from the Connect Card back to our pages.

    The parameters of the redirect are not trusted; the connector is read from Fivetran again.
    """
    try:
        state = request.args.get("state", "")
        portal = signed_for("state", state)
        if portal and is_for_another_tenant(portal):
            return _to_connectors(note="elsewhere")
        connector = portal.cards.returned(state) if portal else None
    except PbfError as error:
        log.log(
            log_level(error), "connector not read on return: %s: %s", type(error).__name__, error
        )
        return _to_connectors(note=_note(error, "unread"))
    if connector is None:
        return _to_connectors(note="used")
    return _to_connectors(returned=connector.id)


def _note(error: PbfError, default: str) -> str:
    """Return the note that the page of connectors shows for an error."""
    if isinstance(error, UnknownConnector):
        return "gone"
    return "too-many" if isinstance(error, TooManyRequests) else default


def _to_connectors(**query: str) -> Response:
    return no_store(redirect(f"{public_url()}/connectors?{urlencode(query)}", 303))
