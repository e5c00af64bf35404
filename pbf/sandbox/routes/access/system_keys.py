"""System keys: list, create, read, update, rotate, delete."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core import views
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.core.records import SystemKey
from pbf.sandbox.resources.access import system_keys

routes = Blueprint("system_keys", __name__, url_prefix="/v1/system-keys")


def _view(key: SystemKey) -> dict[str, object]:
    return views.system_key(key, show_key=world().assumptions.system_keys_show_key)


def _item(key: SystemKey) -> dict[str, object]:
    return {name: value for name, value in _view(key).items() if name != "permissions"}


@routes.get("")
def list_keys() -> ResponseReturnValue:
    """Return the account's system keys, without their permissions."""
    with world().lock:
        page = requested_page(world().system_keys.values(), _item)
    return answer(page, message="System keys retrieved successfully")


@routes.post("")
def create_key() -> ResponseReturnValue:
    """Create a system key; only this response and that to a rotation show the secret."""
    key, secret = system_keys.create(world(), body())
    data = {**views.system_key(key), "secret": secret}
    return answer(data, message="System key has been created", status=201)


@routes.get("/<key_id>")
def get_key(key_id: str) -> ResponseReturnValue:
    """Return one system key."""
    key = system_keys.get(world(), key_id)
    return answer(_view(key), message="System key details retrieved successfully")


@routes.patch("/<key_id>")
def update_key(key_id: str) -> ResponseReturnValue:
    """Rename a system key, or replace its permissions."""
    key = system_keys.get(world(), key_id)
    system_keys.update(world(), key, body())
    return answer(_view(key), message="System key has been updated")


@routes.post("/<key_id>/rotate")
def rotate_key(key_id: str) -> ResponseReturnValue:
    """Replace the secret of a system key."""
    key = system_keys.get(world(), key_id)
    secret = system_keys.rotate(world(), key, body())
    data = {**views.system_key(key), "secret": secret}
    return answer(data, message=f"System key with id '{key_id}' has been rotated")


@routes.delete("/<key_id>")
def delete_key(key_id: str) -> ResponseReturnValue:
    """Delete a system key."""
    system_keys.delete(world(), key_id)
    return answer(message=f"System key with id '{key_id}' has been deleted")
