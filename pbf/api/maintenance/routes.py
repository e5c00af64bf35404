"""Routes that plan, list and cancel pauses and resumptions of a connector."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.api.connectors import CONNECTOR
from pbf.api.maintenance.schemas import SENTENCES, NewPlannedChange, PlannedChange
from pbf.api.openapi.operations import (
    ANY_CHANGE,
    READS_BODY,
    READS_CONNECTOR,
    Operation,
)
from pbf.api.request_context import current_portal, json_body
from pbf.api.requests import read
from pbf.api.responses import filtered_list, json_response
from pbf.paths import LONGEST_ID, PREFIX

TAG = "Maintenance"
PLANNED_CHANGES = f"{CONNECTOR}/planned-changes"
STORES = READS_CONNECTOR | {"store_unavailable"}

routes = Blueprint("maintenance", __name__, url_prefix=PREFIX)


@routes.get(PLANNED_CHANGES)
@Operation(tag=TAG, response=PlannedChange, many=True, errors=STORES)
def list_planned_changes(connector_id: str) -> ResponseReturnValue:
    """List a connector's planned pauses and resumptions, the latest first."""
    return filtered_list(current_portal().maintenance.listed(connector_id), PlannedChange)


@routes.post(PLANNED_CHANGES)
@Operation(
    tag=TAG,
    response=PlannedChange,
    body=NewPlannedChange,
    errors=STORES | ANY_CHANGE | READS_BODY | {"limit_reached", "too_many"},
)
def plan_change(connector_id: str) -> ResponseReturnValue:
    """Plan to pause or resume a connector, or do so now, with a reason."""
    new = read(NewPlannedChange, json_body(), sentences=SENTENCES)
    maintenance = current_portal().maintenance
    change = maintenance.plan(connector_id, new.action, at=new.at, reason=new.reason)
    return json_response(PlannedChange.model_validate(change))


@routes.delete(f"{PLANNED_CHANGES}/<string(maxlength={LONGEST_ID}):change_id>")
@Operation(
    tag=TAG,
    response=PlannedChange,
    errors=STORES | ANY_CHANGE | {"unknown_item", "in_progress", "too_many"},
)
def cancel_planned_change(connector_id: str, change_id: str) -> ResponseReturnValue:
    """Cancel a planned change that is not carried out yet."""
    change = current_portal().maintenance.cancel(connector_id, change_id)
    return json_response(PlannedChange.model_validate(change))
