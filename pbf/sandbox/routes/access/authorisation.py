"""Authorisation of the requests to the API: the key, the rate limits, and the key's rights."""

import hmac
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeVar

from flask import g, request

from pbf.sandbox.core.errors import NotFound, SandboxError
from pbf.sandbox.core.http import DOWNLOAD, FILE, body, noun, world
from pbf.sandbox.core.rate_limits import kinds_of
from pbf.sandbox.core.records import Connection, SystemKey
from pbf.sandbox.core.world import World
from pbf.sandbox.resources.access import rights, system_keys
from pbf.sandbox.resources.access.rights import Rights, Thing

ACCEPTED = {"*/*", "application/*", "application/json"}
KINDS = {
    "connections": rights.CONNECTOR,
    "connectors": rights.CONNECTOR,
    "connector-sdk": rights.CONNECTOR,
    "certificates": rights.CONNECTOR,
    "groups": rights.DESTINATION,
    "destinations": rights.DESTINATION,
    "external-logging": rights.DESTINATION,
    "metadata": rights.ACCOUNT,
    "external-secrets-managers": rights.ACCOUNT,
    "external-secrets-managers-entities": rights.ACCOUNT,
    "hvr": rights.ACCOUNT,
    "users": "USER",
    "roles": "ROLES",
    "webhooks": "WEBHOOK",
    "teams": "TEAM",
    "private-links": "PRIVATE_LINK",
    "proxy": "PROXY",
    "hybrid-deployment-agents": "REMOTE_EXECUTION_AGENT",
    "transformations": rights.TRANSFORMATION,
    "transformation-projects": rights.TRANSFORMATION,
}
"""The kind of resource that each first segment below `/v1` belongs to.

No permission names the rest, such as system keys: it takes a user's key with every right.
"""
FOR_EVERY_KEY = "account"
NOUNS = {"groups": "Group", "destinations": "Destination"}

Record = TypeVar("Record")


class Caller(NamedTuple):
    """Whose key a request has: a user's or a system key, and what it may do."""

    rights: Rights
    user_id: str | None = None
    system_key: SystemKey | None = None


def caller() -> Caller:
    """Return who sends the request."""
    sender: Caller = g.caller
    return sender


def readable(records: Collection[Record], thing: Callable[[Record], Thing]) -> Collection[Record]:
    """Return the records that the caller may see, each being such a thing."""
    allowed = caller().rights
    if allowed.complete:
        return records
    return [record for record in records if allowed.allow(rights.READ, thing(record))]


def connection_thing(connection: Connection) -> Thing:
    """Return a connection as rights name it."""
    return Thing(rights.CONNECTOR, connection.id, connection.group_id)


def destination_thing(id: str) -> Thing:
    """Return a group or its destination as rights name it."""
    return Thing(rights.DESTINATION, id, id)


def authorise() -> None:
    """Refuse a request without a key, beyond a rate limit, or beyond the key's rights."""
    if not request.path.startswith("/v1/"):
        return
    account = world()
    with account.lock:
        g.caller = _caller(account)
    _count_request(account)
    accepted = {name.partition(";")[0].strip() for name in request.accept_mimetypes.values()}
    is_download = request.path.endswith(DOWNLOAD) and FILE in accepted
    if accepted and not accepted & ACCEPTED and not is_download:
        raise SandboxError(
            "The API answers application/json only", code="NotAcceptable", status=406
        )
    if request.url_rule is not None and not caller().rights.complete:
        with account.lock:
            _refuse_beyond_rights(account, caller().rights)


def _caller(account: World) -> Caller:
    header = request.authorization
    if not header or header.type != "basic":
        raise _unknown_key(account)
    name, secret = header.username or "", header.password or ""
    expected = f"{account.api_key}:{account.api_secret}"
    if hmac.compare_digest(f"{name}:{secret}".encode(), expected.encode()):
        return Caller(rights.of_user(account, account.users[account.owner_id]), account.owner_id)
    key = system_keys.of_pair(account, name, secret)
    if key is None:
        raise _unknown_key(account)
    if key.expired_at is not None and key.expired_at <= account.clock():
        raise _unknown_key(account, status=account.assumptions.expired_key_status)
    key.last_used_at = account.clock()
    return Caller(rights.of_key(key), system_key=key)


def _unknown_key(account: World, *, status: int = 401) -> SandboxError:
    return SandboxError(
        "Invalid authorization credentials",
        code=account.assumptions.auth_failed_code,
        status=status,
        headers={"WWW-Authenticate": 'Basic realm="Fivetran sandbox"'},
    )


def _refuse_beyond_rights(account: World, allowed: Rights) -> None:
    first, *rest = request.path.strip("/").split("/")[1:]
    if first == FOR_EVERY_KEY:
        return
    action, thing = _action(rest), _thing(account, first, rest)
    if _is_list(first, rest) and action == rights.READ:
        if allowed.allow_some(action, thing.kind):
            return
    elif allowed.allow(action, thing):
        return
    assumptions = account.assumptions
    sees_others = allowed.allow_some(rights.READ, thing.kind)
    is_hidden = rest and thing.id and sees_others and not allowed.allow(rights.READ, thing)
    if is_hidden and assumptions.hidden_entities_are_missing:
        raise NotFound.of(NOUNS.get(first) or noun(), rest[0])
    text = assumptions.no_permission_message.format(method=request.method, path=request.path)
    raise SandboxError(text, code=assumptions.no_permission_code, status=403)


def _is_list(first: str, rest: list[str]) -> bool:
    """Return whether the answer is a list of what the caller may see."""
    return not rest or (first == "groups" and rest[1:] == ["connections"])


def _action(rest: list[str]) -> str:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return rights.READ
    if request.method == "POST" and not rest:
        return rights.CREATE
    return rights.DELETE if request.method == "DELETE" and len(rest) == 1 else rights.CHANGE


def _thing(account: World, first: str, rest: list[str]) -> Thing:
    """Return what a request is about; a creation is about the group of its body."""
    kind = KINDS.get(first, "")
    if first == "groups" and rest[1:] == ["connections"]:
        return Thing(rights.CONNECTOR)
    if first in NOUNS and rest:
        return destination_thing(rest[0])
    if first in ("connections", "connectors") and rest:
        connection = account.connections.get(rest[0])
        return connection_thing(connection) if connection else Thing(kind, rest[0])
    resource = account.collections.get(first, {}).get(rest[0]) if rest else None
    if resource is not None:
        return Thing(kind, resource.id, resource.group_id)
    if kind in rights.WITHIN and request.method == "POST" and not rest:
        group_id = str(_tolerant_body().get("group_id") or "")
        return Thing(kind, group_id if kind == rights.DESTINATION else "", group_id)
    return Thing(kind)


def _count_request(account: World) -> None:
    kinds = kinds_of(request.method, request.path, _tolerant_body)
    with account.lock:
        verdict = account.limits.count(
            kinds,
            account.clock(),
            speed=account.clock.speed,
            count_refused=account.assumptions.refused_requests_count,
        )
    if verdict.limit is not None:
        g.rate_limit = {
            "X-Rate-Limit": str(verdict.limit),
            "X-Rate-Limit-Remaining": str(verdict.left),
        }
    if verdict.refused:
        bound = verdict.refused
        text = account.assumptions.rate_limit_message.format(
            most=bound.most, kind=bound.kind, period=bound.period
        )
        headers = {"Retry-After": str(verdict.wait)}
        raise SandboxError(text, code="TooManyRequests", status=429, headers=headers)


def _tolerant_body() -> dict[str, Any]:
    try:
        return body(optional=True)
    except SandboxError:
        return {}
