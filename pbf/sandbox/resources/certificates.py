"""The certificates and fingerprints that the account trusts for its databases."""

import base64
import hashlib
from typing import Any

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.records import Connection, Destination
from pbf.sandbox.core.world import World


def of_connection(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return the trusted certificate of a connected database, and its tunnel's fingerprint."""
    lists: dict[str, list[dict[str, Any]]] = {"certificates": [], "fingerprints": []}
    if services()[connection.service].type != "Database" or connection.setup_state == "incomplete":
        return lists
    host = str(connection.config.get("host") or f"{connection.service}.example.com")
    approved = {
        "validated_date": stamp(connection.created_at),
        "validated_by": connection.connected_by or "",
    }
    lists["certificates"].append({**_certificate(f"{connection.id}:{host}", host), **approved})
    methods = (
        connection.config.get("connection_type"),
        connection.settings.get("networking_method"),
    )
    if "SshTunnel" in methods:
        lists["fingerprints"].append({**_fingerprint(connection.id), **approved})
    return lists


def of_destination(world: World, destination: Destination) -> dict[str, list[dict[str, Any]]]:
    """Return the trusted certificate of a destination's host."""
    host = str(destination.config.get("host") or f"{destination.service}.example.com")
    group = world.groups[destination.group_id]
    approved = {"validated_date": stamp(group.created_at), "validated_by": world.owner_id}
    certificate = {**_certificate(f"{destination.id}:{host}", host), **approved}
    return {"certificates": [certificate], "fingerprints": []}


def _certificate(purpose: str, host: str) -> dict[str, str]:
    digest = hashlib.sha256(purpose.encode())
    return {
        "id": _encoded(digest.digest()),
        "name": f"CN={host}, O=Sandbox",
        "hash": base64.b64encode(digest.digest()).decode(),
        "type": "TLS",
        "sha1": hashlib.sha1(purpose.encode(), usedforsecurity=False).hexdigest(),
        "sha256": digest.hexdigest(),
        "public_key": f"RSA public key, 2048 bits, modulus: {int(digest.hexdigest(), 16)}",
    }


def _fingerprint(purpose: str) -> dict[str, str]:
    digest = hashlib.sha256(f"ssh:{purpose}".encode()).digest()
    return {
        "id": _encoded(digest),
        "hash": base64.b64encode(digest).decode(),
        "public_key": f"ssh-ed25519 {base64.b64encode(digest).decode()} sandbox",
    }


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
