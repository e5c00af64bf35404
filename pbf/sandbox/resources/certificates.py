"""The certificates and fingerprints that the account trusts for its databases.

A database that is set up has its own; those that requests approve or revoke are in its `approvals`.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import NotFound
from pbf.sandbox.core.records import Connection, Destination
from pbf.sandbox.core.validation import required
from pbf.sandbox.core.world import World

Entry = dict[str, Any]
Owner = Connection | Destination
SINGULAR = {"certificates": "Certificate", "fingerprints": "Fingerprint"}
CONTENT = {"certificates": "encoded_cert", "fingerprints": "public_key"}


def trusted(world: World, owner: Owner, kind: str) -> dict[str, Entry]:
    """Return the certificates or fingerprints that are trusted for an owner, by their hash."""
    lists = _of_connection(owner) if isinstance(owner, Connection) else _of(world, owner)
    entries = {entry["hash"]: entry for entry in lists.get(kind, [])}
    entries.update(owner.approvals.get(kind, {}))
    return {digest: entry for digest, entry in entries.items() if entry is not None}


def get(world: World, owner: Owner, kind: str, digest: str) -> Entry:
    """Return one certificate or fingerprint."""
    entries = trusted(world, owner, kind)
    if digest not in entries:
        name = SINGULAR[kind]
        text = f"{name} with hash '{digest}' does not exist."
        raise NotFound(text, code=f"NotFound_{name}")
    return entries[digest]


def check(kind: str, body: Mapping[str, Any]) -> tuple[str, str]:
    """Return the hash and the content of a body; raise InvalidInput if one is missing."""
    return required(body, "hash"), required(body, CONTENT[kind])


def approve(world: World, owner: Owner, kind: str, body: Mapping[str, Any]) -> Entry:
    """Trust a certificate or fingerprint; any text is taken for one."""
    digest, content = check(kind, body)
    entry: Entry = {"id": _encoded(digest.encode()), "hash": digest}
    if kind == "certificates":
        entry = {**_certificate(content, _host(owner)), **entry}
    else:
        entry["public_key"] = content
    with world.lock:
        entry |= {"validated_date": stamp(world.clock()), "validated_by": world.owner_id}
        owner.approvals.setdefault(kind, {})[digest] = entry
    return entry


def revoke(world: World, owner: Owner, kind: str, digest: str) -> None:
    """Stop trusting a certificate or fingerprint."""
    with world.lock:
        get(world, owner, kind, digest)
        owner.approvals.setdefault(kind, {})[digest] = None


def _host(owner: Owner) -> str:
    return str(owner.config.get("host") or f"{owner.service}.example.com")


def _of_connection(connection: Connection) -> dict[str, list[Entry]]:
    """Return the trusted certificate of a connected database, and its tunnel's fingerprint."""
    if services()[connection.service].type != "Database" or connection.setup_state == "incomplete":
        return {}
    host = _host(connection)
    approved = {
        "validated_date": stamp(connection.created_at),
        "validated_by": connection.connected_by or "",
    }
    lists = {"certificates": [{**_certificate(f"{connection.id}:{host}", host), **approved}]}
    methods = (
        connection.config.get("connection_type"),
        connection.settings.get("networking_method"),
    )
    if "SshTunnel" in methods:
        lists["fingerprints"] = [{**_fingerprint(connection.id), **approved}]
    return lists


def _of(world: World, destination: Destination) -> dict[str, list[Entry]]:
    """Return the trusted certificate of a destination's host."""
    host, group = _host(destination), world.groups[destination.group_id]
    approved = {"validated_date": stamp(group.created_at), "validated_by": world.owner_id}
    return {"certificates": [{**_certificate(f"{destination.id}:{host}", host), **approved}]}


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
