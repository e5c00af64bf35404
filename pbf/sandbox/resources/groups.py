"""Groups: their names, keys and service accounts."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.records import Group
from pbf.sandbox.core.validation import required
from pbf.sandbox.core.world import World

KEY_KIND = b"ssh-rsa"
EXPONENT = b"\x01\x00\x01"


def create(world: World, body: Mapping[str, Any]) -> Group:
    """Create a group."""
    return world.add_group(_name(world, body))


def rename(world: World, group_id: str, body: Mapping[str, Any]) -> Group:
    """Rename a group."""
    world.group(group_id)
    return world.rename_group(group_id, _name(world, body))


def _name(world: World, body: Mapping[str, Any]) -> str:
    name = required(body, "name")
    assumptions = world.assumptions
    matches = re.fullmatch(assumptions.group_name_pattern, name)
    if not matches or len(name) > assumptions.longest_name:
        raise InvalidInput(assumptions.invalid_group_name_message.format(name=name))
    return name


def public_key(world: World, group: Group) -> str:
    """Return a key of the right format and length; it has no private key."""
    blocks = (
        hashlib.sha256(f"{world.seed}:{group.id}:{number}".encode()).digest() for number in range(8)
    )
    modulus = b"\x00\xc5" + b"".join(blocks)[1:]
    parts = (KEY_KIND, EXPONENT, modulus)
    blob = b"".join(len(part).to_bytes(4) + part for part in parts)
    return f"ssh-rsa {base64.b64encode(blob).decode()} fivetran user key"


def service_account(group: Group) -> str:
    """Return the name of the group's Google service account, in Fivetran's format."""
    name = f"g-{group.id}".replace("_", "-")
    return f"{name}@fivetran-production.iam.gserviceaccount.com"
