"""System keys: create, read, update, rotate, delete, and find the one of a request.

https://fivetran.com/docs/rest-api/system-keys-management
"""

import base64
import hmac
import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from pbf.sandbox.core.errors import InvalidInput, NotFound
from pbf.sandbox.core.records import Permission, SystemKey
from pbf.sandbox.core.validation import checked_fields, required
from pbf.sandbox.core.world import World
from pbf.sandbox.resources.access.rights import CONNECTOR, DESTINATION, KINDS, TRANSFORMATION

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MONTHS = {"ONE_MONTH": 1, "THREE_MONTHS": 3, "SIX_MONTHS": 6}
PERIODS = ("ONE_WEEK", *MONTHS, "INFINITE")
LEVELS = ("NONE", "READ", "MANAGE")
FILTERS = {"ids": (DESTINATION, CONNECTOR), "group_ids": (CONNECTOR, TRANSFORMATION)}
"""The kinds of resources that a permission may limit to some ids or groups."""


def get(world: World, key_id: str) -> SystemKey:
    """Return one system key."""
    if key_id not in world.system_keys:
        raise NotFound.of("SystemKey", key_id)
    return world.system_keys[key_id]


def create(world: World, body: Mapping[str, Any]) -> tuple[SystemKey, str]:
    """Create a system key; return it and its secret, which is not stored."""
    name = _name(body)
    if body.get("permissions") is None:
        raise InvalidInput("Field 'permissions' is required")
    permissions, period = _permissions(body), _period(body)
    with world.lock:
        key_id, now = world.ids.make(world.system_keys), world.clock()
        key = SystemKey(key_id, name, _derived(world, f"key:{key_id}")[:16], permissions, now)
        world.system_keys[key_id] = key
        return key, _renewed(world, key, period)


def update(world: World, key: SystemKey, body: Mapping[str, Any]) -> None:
    """Rename a system key, or replace its permissions."""
    name = key.name if body.get("name") is None else _name(body)
    given = body.get("permissions") is not None
    permissions = _permissions(body) if given else key.permissions
    with world.lock:
        key.name, key.permissions, key.updated_at = name, permissions, world.clock()


def rotate(world: World, key: SystemKey, body: Mapping[str, Any]) -> str:
    """Replace the secret of a system key, from now on for a period; return the new one."""
    period = _period(body)
    with world.lock:
        key.updated_at = world.clock()
        return _renewed(world, key, period)


def delete(world: World, key_id: str) -> None:
    """Delete a system key."""
    with world.lock:
        del world.system_keys[get(world, key_id).id]


def of_pair(world: World, name: str, secret: str) -> SystemKey | None:
    """Return the system key with this key and secret, expired or not, if there is one."""
    for key in world.system_keys.values():
        if key.key == name and hmac.compare_digest(key.digest, _digest(secret)):
            return key
    return None


def _renewed(world: World, key: SystemKey, period: str) -> str:
    key.secrets_made += 1
    secret = _derived(world, f"secret:{key.id}:{key.secrets_made}")
    key.digest = _digest(secret)
    key.expired_at = _end(world.clock(), period)
    return secret


def _derived(world: World, purpose: str) -> str:
    """Return letters and digits that follow from the world's seed and a purpose."""
    digest = hmac.new(world.card_secret, f"system:{purpose}".encode(), sha256).digest()
    return base64.b64encode(digest, altchars=b"aZ").rstrip(b"=").decode()


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _end(now: float, period: str) -> float | None:
    """Return when a period ends; a month ends on the same day of the month, or on its last day."""
    if period == "INFINITE":
        return None
    start = datetime.fromtimestamp(now, UTC)
    if period == "ONE_WEEK":
        return (start + timedelta(weeks=1)).timestamp()
    years, month = divmod(start.month - 1 + MONTHS[period], 12)
    year, month = start.year + years, month + 1
    day = min(start.day, monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day).timestamp()


def _name(body: Mapping[str, Any]) -> str:
    name = required(body, "name")
    if not NAME.fullmatch(name):
        raise InvalidInput("Invalid 'name' value")
    return name


def _period(body: Mapping[str, Any]) -> str:
    given = {"expiration_period": body.get("expiration_period")}
    fields = checked_fields(given, {}, {"expiration_period": PERIODS})
    period: str = fields.get("expiration_period", "INFINITE")
    return period


def _permissions(body: Mapping[str, Any]) -> tuple[Permission, ...]:
    items = checked_fields(body, {"permissions": list})["permissions"]
    if not all(isinstance(item, dict) for item in items):
        raise InvalidInput("Invalid 'permissions' value")
    return tuple(_permission(item) for item in items)


def _permission(item: Mapping[str, Any]) -> Permission:
    kind, level = required(item, "resource_type"), required(item, "access_level")
    checked_fields(item, {}, {"resource_type": KINDS, "access_level": LEVELS})
    given = checked_fields(item, {"resource_filter": dict}).get("resource_filter", {})
    ids, group_ids = (_filter(given, name, kind) for name in FILTERS)
    return Permission(kind, level, ids, group_ids)


def _filter(given: Mapping[str, Any], name: str, kind: str) -> tuple[str, ...]:
    values = checked_fields(given, {name: list}).get(name, [])
    if not all(isinstance(value, str) for value in values):
        raise InvalidInput(f"Invalid '{name}' value")
    if values and kind not in FILTERS[name]:
        raise InvalidInput(f"The filter '{name}' is not allowed for the resource type {kind}")
    return tuple(values)
