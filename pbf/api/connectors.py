"""The JSON door's powers over one connector: look at it, change, sync, test, delete, restore it.

After each action the connector is read anew: the answer is what Fivetran then says of it, or the
last that is known, with its age, where Fivetran takes long.
"""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.api.guard import json_body, opened
from pbf.api.requests import Change, read, read_flag
from pbf.api.responses import aged, detailed_connector, shown
from pbf.api.schemas import Deleted, SetupTest, SetupTestResults
from pbf.paths import PREFIX

routes = Blueprint("connector", __name__, url_prefix=f"{PREFIX}/connectors/<connector_id>")


@routes.get("")
def get_connector(connector_id: str) -> ResponseReturnValue:
    """Return one of the tenant's connectors, with its health and what can be done with it."""
    portal = opened().portal
    answer = shown(detailed_connector(portal.connector(connector_id)))
    return aged(answer, portal.connectors())


@routes.patch("")
def change_connector(connector_id: str) -> ResponseReturnValue:
    """Pause or resume a connector, and change its schedule."""
    wanted, portal = read(Change, json_body()), opened().portal
    portal.operations.change(connector_id, paused=wanted.paused, timing=wanted.timing)
    return _as_it_is(connector_id)


@routes.post("/sync")
def sync_connector(connector_id: str) -> ResponseReturnValue:
    """Start a sync now."""
    opened().portal.operations.sync(connector_id)
    return _as_it_is(connector_id)


@routes.post("/resync")
def resync_connector(connector_id: str) -> ResponseReturnValue:
    """Read all history again."""
    opened().portal.operations.resync(connector_id)
    return _as_it_is(connector_id)


@routes.post("/test")
def test_connector(connector_id: str) -> ResponseReturnValue:
    """Run the setup tests."""
    portal = opened().portal
    results = portal.operations.test(connector_id)
    answer = shown(
        SetupTestResults(
            setup_tests=tuple(SetupTest.model_validate(result) for result in results),
            connector=detailed_connector(portal.connector(connector_id)),
        )
    )
    return aged(answer, portal.connectors())


@routes.delete("")
def delete_connector(connector_id: str) -> ResponseReturnValue:
    """Delete a connector; its data stays in the destination."""
    now = read_flag("now", request.args.get("now", "false"))
    waits = opened().portal.operations.delete(connector_id, now=now)
    return shown(Deleted(id=connector_id, final_at=waits.final_at if waits else None))


@routes.post("/restore")
def restore_connector(connector_id: str) -> ResponseReturnValue:
    """Bring back a connector that was deleted."""
    opened().portal.operations.restore(connector_id)
    return _as_it_is(connector_id)


def _as_it_is(connector_id: str) -> ResponseReturnValue:
    portal = opened().portal
    answer = shown(detailed_connector(portal.connector(connector_id)))
    return aged(answer, portal.connectors())
