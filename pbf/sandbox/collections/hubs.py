"""The hubs of HVR that are registered; the API has no other operation on them."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.collections.bodies import Body, Text
from pbf.sandbox.collections.collection import Collection, Messages, new_secret
from pbf.sandbox.core.http import answer, body, world

HUBS = Collection(
    path="/v1/hvr",
    kind="Hub",
    messages=Messages(listed="", read=""),
    view=lambda _account, resource: resource.fields,
)
routes = Blueprint(HUBS.name, __name__, url_prefix=HUBS.path)


class NewHub(Body):
    """The body of a registration."""

    fingerprint: Text
    hub_server_url: Text
    port: int = 4341


@routes.post("/register-hub")
def register_hub() -> ResponseReturnValue:
    """Register a hub, and return its access token once."""
    account, new = world(), NewHub.read(body())
    with account.lock:
        hub = HUBS.add(account, new.model_dump())
        token = new_secret(account, hub, "access token")
    data = {"registration_id": hub.id, "access_token": token}
    return answer(data, message="HVR hub has been registered")
