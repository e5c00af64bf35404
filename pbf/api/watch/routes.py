"""Routes for incidents and promises."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.api.openapi.operations import (
    ANY_CHANGE,
    OF_TENANT,
    READS_BODY,
    READS_CONNECTOR,
    Operation,
)
from pbf.api.request_context import current_portal, current_runtime, json_body
from pbf.api.requests import read, read_flag
from pbf.api.responses import filtered_list, json_response
from pbf.api.watch.schemas import SENTENCES, Incident, NewPromise, PromiseState, RemovedPromise
from pbf.paths import LONGEST_ID, PREFIX
from pbf.watch.promises import Promises

READS = OF_TENANT | {"store_unavailable"}
CHANGES = READS_CONNECTOR | ANY_CHANGE | READS_BODY | {"store_unavailable"}
OPEN: Mapping[str, Mapping[str, Any]] = {
    "open": {
        "description": "Only incidents that are open; otherwise those of the last 90 days too.",
        "schema": {"type": "boolean", "default": False},
        "example": True,
    }
}
PLACE: Mapping[str, Mapping[str, Any]] = {
    "scope": {
        "description": "tenant, service or connector.",
        "required": True,
        "schema": {"type": "string", "enum": ["tenant", "service", "connector"]},
        "example": "connector",
    },
    "target": {
        "description": "The id of the service or connector; empty for the tenant.",
        "schema": {"type": "string", "maxLength": LONGEST_ID},
        "example": "bubbly_lamp",
    },
}

routes = Blueprint("watch", __name__, url_prefix=PREFIX)


@routes.get("/incidents")
@Operation(
    tag="Incidents",
    response=Incident,
    many=True,
    query=OPEN,
    errors=READS | {"invalid_request"},
)
def list_incidents() -> ResponseReturnValue:
    """List the incidents, the newest first, each with its thread of events."""
    is_open = read_flag("open", request.args.get("open", "false"))
    incidents, group_id = current_runtime().watch.incidents, current_portal().tenant.group_id
    listed = incidents.open(group_id) if is_open else incidents.listed(group_id)
    return filtered_list(listed, Incident)


@routes.get(f"/incidents/<string(maxlength={LONGEST_ID}):incident_id>")
@Operation(tag="Incidents", response=Incident, errors=READS | {"unknown_item"})
def get_incident(incident_id: str) -> ResponseReturnValue:
    """Get one incident with its thread of events."""
    group_id = current_portal().tenant.group_id
    incident = current_runtime().watch.incidents.incident(group_id, incident_id)
    return json_response(Incident.model_validate(incident))


@routes.get("/promises")
@Operation(tag="Promises", response=PromiseState, many=True, errors=READS)
def list_promises() -> ResponseReturnValue:
    """List the promises about fresh data that people made."""
    return filtered_list(map(PromiseState.of, _promises().listed()), PromiseState)


@routes.put("/promises")
@Operation(tag="Promises", response=PromiseState, body=NewPromise, errors=CHANGES)
def put_promise() -> ResponseReturnValue:
    """Make or change a promise of the tenant, a service or a connector."""
    new = read(NewPromise, json_body(), sentences=SENTENCES)
    return json_response(PromiseState.of(_promises().put(new.scope, new.target, new.terms)))


@routes.delete("/promises")
@Operation(
    tag="Promises",
    response=RemovedPromise,
    query=PLACE,
    errors=READS | ANY_CHANGE | {"unknown_item"},
)
def remove_promise() -> ResponseReturnValue:
    """Remove a promise; what is more general, or the schedule, counts again."""
    scope, target = request.args.get("scope", ""), request.args.get("target", "")
    _promises().remove(scope[:LONGEST_ID], target[:LONGEST_ID])
    return json_response(RemovedPromise(scope=scope, target=target))


def _promises() -> Promises:
    return current_runtime().watch.promises(current_portal())
