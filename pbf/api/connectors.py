"""Routes for one connector: show, change, sync, test, delete and restore it.

After each action the connector is read again. The response shows what Fivetran then reports, or,
if Fivetran takes long, the cached connector with its age.
"""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.api.openapi.operations import (
    CHANGES_CONNECTOR,
    DELETES,
    NOW,
    READS_BODY,
    READS_CONNECTOR,
    READS_FIVETRAN,
    Operation,
)
from pbf.api.request_context import current_portal, json_body
from pbf.api.requests import Change, read, read_flag
from pbf.api.responses import detailed_connector, json_response, whole_list, with_age
from pbf.api.schemas import ConnectorDetail, DeletedConnector, Deletion, SetupTest, SetupTestResults
from pbf.paths import LONGEST_ID, PREFIX

# A longer id matches no route and is not read.
CONNECTOR = f"/connectors/<string(maxlength={LONGEST_ID}):connector_id>"

routes = Blueprint("connectors", __name__, url_prefix=PREFIX)


@routes.get("/deletions")
@Operation(tag="Connectors", response=DeletedConnector, many=True, errors=READS_FIVETRAN)
def list_deletions() -> ResponseReturnValue:
    """List the deleted connectors that can still be restored."""
    portal = current_portal()
    return whole_list(portal.tenant.id, portal.deleted(), DeletedConnector)


@routes.get(CONNECTOR)
@Operation(response=ConnectorDetail, errors=READS_CONNECTOR)
def get_connector(connector_id: str) -> ResponseReturnValue:
    """Get a connector with its health and actions."""
    return _current_state(connector_id)


@routes.patch(CONNECTOR)
@Operation(
    response=ConnectorDetail, body=Change, errors=CHANGES_CONNECTOR | READS_BODY | {"not_now"}
)
def change_connector(connector_id: str) -> ResponseReturnValue:
    """Pause or resume a connector, or change its schedule."""
    change = read(Change, json_body())
    operations = current_portal().operations
    operations.change(connector_id, paused=change.paused, timing=change.timing)
    return _current_state(connector_id)


@routes.post(f"{CONNECTOR}/sync")
@Operation(response=ConnectorDetail, errors=CHANGES_CONNECTOR | {"not_now"})
def sync_connector(connector_id: str) -> ResponseReturnValue:
    """Start a sync now."""
    current_portal().operations.sync(connector_id)
    return _current_state(connector_id)


@routes.post(f"{CONNECTOR}/resync")
@Operation(response=ConnectorDetail, errors=CHANGES_CONNECTOR)
def resync_connector(connector_id: str) -> ResponseReturnValue:
    """Sync all historical data again."""
    current_portal().operations.resync(connector_id)
    return _current_state(connector_id)


@routes.post(f"{CONNECTOR}/test")
@Operation(response=SetupTestResults, errors=CHANGES_CONNECTOR)
def test_connector(connector_id: str) -> ResponseReturnValue:
    """Run the setup tests."""
    portal = current_portal()
    results = portal.operations.test(connector_id)
    response = json_response(
        SetupTestResults(
            setup_tests=tuple(SetupTest.model_validate(result) for result in results),
            connector=detailed_connector(portal.connector(connector_id)),
        )
    )
    return with_age(response, portal.connectors())


@routes.delete(CONNECTOR)
@Operation(response=Deletion, query=NOW, errors=DELETES | {"invalid_request"})
def delete_connector(connector_id: str) -> ResponseReturnValue:
    """Delete a connector; its data stays in the destination."""
    now = read_flag("now", request.args.get("now", "false"))
    deletion = current_portal().operations.delete(connector_id, now=now)
    final_at = deletion.final_at if deletion else None
    return json_response(Deletion(id=connector_id, final_at=final_at))


@routes.post(f"{CONNECTOR}/restore")
@Operation(response=ConnectorDetail, errors=DELETES)
def restore_connector(connector_id: str) -> ResponseReturnValue:
    """Restore a deleted connector."""
    current_portal().operations.restore(connector_id)
    return _current_state(connector_id)


def _current_state(connector_id: str) -> ResponseReturnValue:
    portal = current_portal()
    response = json_response(detailed_connector(portal.connector(connector_id)))
    return with_age(response, portal.connectors())
