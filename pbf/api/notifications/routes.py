"""Routes for channels: list, add, remove, test, and the log of their messages."""

from dataclasses import asdict

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.api.admin.requests import read_admin
from pbf.api.admin.schemas import Removed
from pbf.api.notifications.requests import NewChannel
from pbf.api.notifications.schemas import Channel, CreatedChannel, Delivery, TestResult
from pbf.api.openapi.operations import (
    ANY_CHANGE,
    ASKS_FIVETRAN,
    OF_TENANT,
    READS_BODY,
    Operation,
)
from pbf.api.request_context import current_identity, current_portal, current_runtime, json_body
from pbf.api.responses import filtered_list, json_response, no_store
from pbf.paths import LONGEST_ID, PREFIX
from pbf.watch.notifications.channels import ChannelService

TAG = "Notifications"
CHANNEL = f"/channels/<string(maxlength={LONGEST_ID}):channel_id>"
READS = OF_TENANT | {"store_unavailable"}
READS_ONE = READS | {"unknown_channel"}
CHANGES = READS_ONE | ANY_CHANGE
ADDS = (
    READS
    | ANY_CHANGE
    | READS_BODY
    | ASKS_FIVETRAN
    | {"invalid_channel", "limit_reached", "not_now", "unknown_connector", "group_not_visible"}
)

routes = Blueprint("notifications", __name__, url_prefix=PREFIX)


@routes.get("/channels")
@Operation(tag=TAG, response=Channel, many=True, errors=READS)
def list_channels() -> ResponseReturnValue:
    """List the caller's channels, and for admins those of the tenant."""
    return filtered_list(_channels().listed(), Channel)


@routes.post("/channels")
@Operation(tag=TAG, response=CreatedChannel, body=NewChannel, status=201, errors=ADDS)
def add_channel() -> ResponseReturnValue:
    """Add a channel; the secret of a webhook is in this response alone."""
    new = read_admin(NewChannel, json_body())
    entry, secret = _channels().add(new.values, is_own=new.audience == "me")
    return no_store(json_response(CreatedChannel(**asdict(entry), secret=secret))), 201


@routes.delete(CHANNEL)
@Operation(tag=TAG, response=Removed, errors=CHANGES)
def remove_channel(channel_id: str) -> ResponseReturnValue:
    """Remove a channel with its log."""
    _channels().remove(channel_id)
    return json_response(Removed(id=channel_id))


@routes.post(f"{CHANNEL}/test")
@Operation(tag=TAG, response=TestResult, errors=CHANGES | {"not_now"})
def test_channel(channel_id: str) -> ResponseReturnValue:
    """Send a test now, and return whether the channel took it."""
    problem = _channels().send_test(channel_id)
    return json_response(TestResult(delivered=not problem, problem=problem))


@routes.get(f"{CHANNEL}/deliveries")
@Operation(tag=TAG, response=Delivery, many=True, errors=READS_ONE)
def list_deliveries(channel_id: str) -> ResponseReturnValue:
    """List the newest messages of a channel."""
    return filtered_list(_channels().deliveries(channel_id), Delivery)


@routes.post(f"{CHANNEL}/deliveries/<string(maxlength={LONGEST_ID}):delivery_id>")
@Operation(tag=TAG, response=Delivery, errors=CHANGES | {"not_now"})
def redeliver_message(channel_id: str, delivery_id: str) -> ResponseReturnValue:
    """Send a message again, with the same id, within a minute."""
    return json_response(Delivery.model_validate(_channels().send_again(channel_id, delivery_id)))


def _channels() -> ChannelService:
    return current_runtime().channels(current_portal(), current_identity().person_id)
