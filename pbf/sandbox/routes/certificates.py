"""Certificates and fingerprints: list, approve, read and revoke those of a database."""

from collections.abc import Callable
from itertools import product
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.core.validation import checked_fields
from pbf.sandbox.resources import certificates, destinations
from pbf.sandbox.routes.connections import connection_of_path

routes = Blueprint("certificates", __name__, url_prefix="/v1")
OWNERS, KINDS = ("connections", "destinations"), ("certificates", "fingerprints")
REVOKED = {
    ("connections", "certificates"): "Certificate '{}' has been revoked for connection '{}'",
    ("connections", "fingerprints"): "Fingerprint with hash '{}' has been revoked for connection "
    "with id '{}'",
    ("destinations", "certificates"): "Certificate '{}' has been revoked for destination '{}'",
    ("destinations", "fingerprints"): "Fingerprint with hash = '{}' has been revoked for "
    "destination id = '{}'",
}


def owner_of_path(owner: str, owner_id: str) -> certificates.Owner:
    """Return the connection or the destination of a path."""
    if owner == "connections":
        return connection_of_path(owner_id)
    return destinations.get(world(), owner_id)


def list_trusted(owner: str, owner_id: str, kind: str) -> ResponseReturnValue:
    """Return the trusted certificates or fingerprints of a connection or destination."""
    with world().lock:
        entries = certificates.trusted(world(), owner_of_path(owner, owner_id), kind)
    message = f"{_word(owner)} {kind} retrieved successfully"
    return answer(requested_page(entries.values(), dict), message=message)


def approve(owner: str, owner_id: str, kind: str) -> ResponseReturnValue:
    """Trust a certificate or fingerprint."""
    entry = certificates.approve(world(), owner_of_path(owner, owner_id), kind, body())
    return answer(entry, message=_approval(kind), status=201)


def get_trusted(owner: str, owner_id: str, kind: str, digest: str) -> ResponseReturnValue:
    """Return one certificate or fingerprint."""
    with world().lock:
        entry = certificates.get(world(), owner_of_path(owner, owner_id), kind, digest)
    message = f"{_word(owner)} {kind[:-1]} details retrieved successfully"
    return answer(entry, message=message)


def revoke(owner: str, owner_id: str, kind: str, digest: str) -> ResponseReturnValue:
    """Stop trusting a certificate or fingerprint."""
    certificates.revoke(world(), owner_of_path(owner, owner_id), kind, digest)
    return answer(message=REVOKED[owner, kind].format(digest, owner_id))


def approve_for_any(kind: str) -> ResponseReturnValue:
    """Trust a certificate or fingerprint of the connection or destination that the body names.

    This is how it was done before connections and destinations had lists of their own.
    """
    names = {"connection_id": str, "connector_id": str, "destination_id": str}
    fields = checked_fields(body(), names)
    certificates.check(kind, fields)
    certificates.approve(world(), _named(fields), kind, fields)
    return answer(message=_approval(kind))


def _named(fields: dict[str, Any]) -> certificates.Owner:
    connection_id = fields.get("connection_id", fields.get("connector_id"))
    if connection_id is not None:
        return world().connection(connection_id)
    if "destination_id" not in fields:
        raise InvalidInput("Field 'connection_id' or 'destination_id' is required")
    return destinations.get(world(), fields["destination_id"])


def _word(owner: str) -> str:
    return owner.capitalize()[:-1]


def _approval(kind: str) -> str:
    return f"The {kind[:-1]} has been approved."


def _add_rule(path: str, method: str, function: Callable[..., ResponseReturnValue]) -> None:
    """Add a route for each kind of owner, if the path has one, and both kinds of entries."""
    owners = OWNERS if "{owner}" in path else ("",)
    for owner, kind in product(owners, KINDS):
        rule = path.format(owner=owner, kind=kind)
        values = {"owner": owner, "kind": kind} if owner else {"kind": kind}
        routes.add_url_rule(rule, f"{method} {rule}", function, methods=[method], defaults=values)


_add_rule("/{owner}/<owner_id>/{kind}", "GET", list_trusted)
_add_rule("/{owner}/<owner_id>/{kind}", "POST", approve)
_add_rule("/{owner}/<owner_id>/{kind}/<path:digest>", "GET", get_trusted)
_add_rule("/{owner}/<owner_id>/{kind}/<path:digest>", "DELETE", revoke)
_add_rule("/{kind}", "POST", approve_for_any)
