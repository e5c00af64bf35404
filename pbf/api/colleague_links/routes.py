"""Routes that make, list and revoke links for colleagues."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.api.connectors import CONNECTOR
from pbf.api.openapi.operations import (
    CHANGES_INVITATIONS,
    READS_BODY,
    READS_CONNECTOR,
    Operation,
)
from pbf.api.request_context import current_portal, json_body, public_url
from pbf.api.requests import NewInvitation, read
from pbf.api.responses import filtered_list, json_response, no_store
from pbf.api.schemas import CreatedInvitation, Invitation
from pbf.paths import LONGEST_ID, PREFIX

TAG = "Links for colleagues"
INVITATIONS = f"{CONNECTOR}/invitations"

routes = Blueprint("invitation_routes", __name__, url_prefix=PREFIX)


@routes.get(INVITATIONS)
@Operation(
    tag=TAG,
    response=Invitation,
    many=True,
    errors=READS_CONNECTOR | {"forbidden", "store_unavailable"},
)
def list_invitations(connector_id: str) -> ResponseReturnValue:
    """List a connector's links for colleagues, the newest first."""
    return filtered_list(current_portal().links.listed(connector_id), Invitation)


@routes.post(INVITATIONS)
@Operation(
    tag=TAG,
    response=CreatedInvitation,
    body=NewInvitation,
    errors=CHANGES_INVITATIONS | READS_BODY | {"limit_reached"},
)
def create_invitation(connector_id: str) -> ResponseReturnValue:
    """Make a link with which a colleague finishes or renews the set-up."""
    new = read(NewInvitation, json_body())
    made = current_portal().links.create(
        connector_id, public_url=public_url(), note=new.note, hours=new.hours
    )
    response = CreatedInvitation(id=made.link.id, url=made.url, expires_at=made.link.expires_at)
    return no_store(json_response(response))


@routes.delete(f"{INVITATIONS}/<string(maxlength={LONGEST_ID}):invitation_id>")
@Operation(tag=TAG, response=Invitation, errors=CHANGES_INVITATIONS | {"unknown_link"})
def revoke_invitation(connector_id: str, invitation_id: str) -> ResponseReturnValue:
    """Revoke a link."""
    link = current_portal().links.revoke(connector_id, invitation_id)
    return json_response(Invitation.model_validate(link))
