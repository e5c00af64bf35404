"""The route that Fivetran's webhooks are sent to.

https://fivetran.com/docs/rest-api/webhooks
"""

from typing import Any, Literal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from pbf.api.error_handlers import InvalidJson
from pbf.api.openapi.operations import READS_SETTINGS, Operation
from pbf.api.request_context import current_runtime
from pbf.api.responses import json_response, no_store
from pbf.api.schemas import ResponseModel
from pbf.errors import InvalidSignature
from pbf.paths import PREFIX, WEBHOOK_PATH
from pbf.timeline.webhook_inbox import Receipt

routes = Blueprint("hooks", __name__, url_prefix=PREFIX)

SIGNATURE = "X-Fivetran-Signature-256"
HEADERS = {
    SIGNATURE: {
        "description": "HMAC-SHA256 of the body in hexadecimal digits, with PBF_WEBHOOK_SECRET.",
        "schema": {"type": "string"},
        "example": "9C5B2F...",
    }
}
FORGED = "The signature does not match the body. Check PBF_WEBHOOK_SECRET, here and at Fivetran."


class FivetranEvent(ResponseModel):
    """An event of one connector, as Fivetran sends it; other fields are accepted, too."""

    event: str = Field(examples=["sync_end"])
    created: str = Field(examples=["2026-11-20T12:00:20.000Z"])
    connector_id: str = Field(examples=["bubbly_lamp"])
    destination_group_id: str = Field(examples=["sandy_harbour"])
    sync_id: str = Field(examples=["5f0c7c1e-5d2b-4a55-9a0d-6f1f5d6a2b9e"])
    data: dict[str, Any] = Field(examples=[{"status": "SUCCESSFUL"}])


class Received(ResponseModel):
    """What became of an event that was delivered."""

    result: Literal[Receipt.ACCEPTED, Receipt.REPLAYED, Receipt.FOREIGN, Receipt.TEST] = Field(
        description="Stored; known already; of no tenant of this dashboard; or only a test.",
        examples=["accepted"],
    )


@routes.post(WEBHOOK_PATH)
@Operation(
    tag="Webhooks",
    response=Received,
    body=FivetranEvent,
    headers=HEADERS,
    errors=READS_SETTINGS
    | {"not_signed", "invalid_json", "too_large", "too_slow", "store_unavailable"},
)
def receive_webhook() -> ResponseReturnValue:
    """Receive a webhook of Fivetran's; it is stored here and worked off later."""
    body = request.get_data(cache=False)
    receipt = current_runtime().inbox.receive(body, request.headers.get(SIGNATURE, ""))
    if receipt is Receipt.FORGED:
        raise InvalidSignature(FORGED)
    if receipt is Receipt.INVALID:
        raise InvalidJson("The body is not an event as Fivetran sends it.")
    return no_store(json_response(Received(result=receipt)))
