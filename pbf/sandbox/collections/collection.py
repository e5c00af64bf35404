"""A collection: the resources of one kind, and the routes that all collections have.

The functions of a collection are called with the world locked.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import NotFound
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.core.records import Connection, Destination, Resource
from pbf.sandbox.core.world import World
from pbf.sandbox.resources.access.rights import Thing
from pbf.sandbox.routes.access.authorisation import KINDS, readable

Owner = TypeVar("Owner", Connection, Destination)
View = Callable[[World, Resource], dict[str, Any]]
# What a creation and an update do; they return the data of the answer.
Create = Callable[[World, Mapping[str, Any]], dict[str, Any]]
Update = Callable[[World, Resource, Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Messages:
    """The message of each success; `{id}` in that of a deletion is the resource's id."""

    listed: str
    read: str
    created: str = ""
    updated: str = ""
    deleted: str = ""


@dataclass(frozen=True)
class Collection:
    """The resources of one kind; operations without a function have no route.

    `view` shows one resource, `item_view` an item of a list where that differs. `matches` says
    whether the query of a list selects a resource.
    """

    path: str
    kind: str
    messages: Messages
    view: View
    create: Create | None = None
    update: Update | None = None
    check_deletion: Callable[[World, Resource], None] | None = None
    item_view: View | None = None
    created_code: str = "Success"
    matches: Callable[[World, Resource, Mapping[str, str]], bool] | None = None
    missing: Callable[[str], NotFound] | None = None

    @property
    def name(self) -> str:
        """Its name in the world and as a blueprint."""
        return self.path.removeprefix("/v1/").replace("/", "-")

    def thing(self, resource: Resource) -> Thing:
        """Return a resource as rights name it."""
        kind = KINDS[self.path.split("/")[2]]
        return Thing(kind, resource.id, resource.group_id)

    def all(self, account: World) -> Mapping[str, Resource]:
        """Return the resources by id, the oldest first."""
        return account.collections.get(self.name, {})

    def get(self, account: World, resource_id: str) -> Resource:
        """Return one resource."""
        resource = self.all(account).get(resource_id)
        if resource is None:
            raise (self.missing or self._missing)(resource_id)
        return resource

    def _missing(self, resource_id: str) -> NotFound:
        return NotFound.of(self.kind, resource_id)

    def add(
        self, account: World, fields: Mapping[str, Any], *, resource_id: str | None = None
    ) -> Resource:
        """Add a resource, with a new id unless one is given."""
        resources = account.collections.setdefault(self.name, {})
        now = account.clock()
        key = resource_id or account.ids.make(resources)
        resources[key] = Resource(key, now, account.owner_id, now, dict(fields))
        return resources[key]

    def delete(self, account: World, resource_id: str) -> Resource:
        """Delete a resource and return it."""
        with account.lock:
            resource = self.get(account, resource_id)
            if self.check_deletion:
                self.check_deletion(account, resource)
            return account.collections[self.name].pop(resource.id)


def change(account: World, resource: Resource, fields: Mapping[str, Any]) -> None:
    """Set fields of a resource."""
    resource.fields.update(fields)
    resource.updated_at = account.clock()


def new_secret(account: World, resource: Resource, purpose: str) -> str:
    """Return a secret that depends on the world's seed and on how many the resource has had."""
    number = resource.state["secrets"] = resource.state.get("secrets", 0) + 1
    text = f"{account.seed}:{resource.id}:{resource.created_at}:{purpose}:{number}"
    return hashlib.sha256(text.encode()).hexdigest()


def stamps(resource: Resource) -> dict[str, Any]:
    """Return when and by whom a resource was created."""
    return {"created_at": stamp(resource.created_at), "created_by": resource.created_by}


def with_setting(records: Mapping[str, Owner], setting: str, value: str) -> Iterator[Owner]:
    """Yield the connections or destinations with a setting."""
    return (record for record in records.values() if record.settings.get(setting) == value)


class Endpoints:
    """The operations that all collections have, as Flask's view functions."""

    def __init__(self, collection: Collection) -> None:
        """Serve a collection."""
        self._collection = collection

    def list(self) -> ResponseReturnValue:
        """Return the requested page of the resources."""
        collection, account = self._collection, world()
        show, matches = collection.item_view or collection.view, collection.matches
        with account.lock:
            page = requested_page(
                [
                    resource
                    for resource in readable(collection.all(account).values(), collection.thing)
                    if matches is None or matches(account, resource, request.args)
                ],
                lambda resource: show(account, resource),
            )
        return answer(page, message=collection.messages.listed)

    def create(self, make: Create) -> ResponseReturnValue:
        """Create a resource."""
        message, code = self._collection.messages.created, self._collection.created_code
        with world().lock:
            data = make(world(), body())
        return answer(data, message=message, status=201, code=code)

    def get(self, resource_id: str) -> ResponseReturnValue:
        """Return one resource."""
        collection, account = self._collection, world()
        with account.lock:
            data = collection.view(account, collection.get(account, resource_id))
        return answer(data, message=collection.messages.read)

    def update(self, apply: Update, resource_id: str) -> ResponseReturnValue:
        """Update a resource."""
        with world().lock:
            data = apply(world(), self._collection.get(world(), resource_id), body())
        return answer(data, message=self._collection.messages.updated)

    def delete(self, resource_id: str) -> ResponseReturnValue:
        """Delete a resource."""
        resource = self._collection.delete(world(), resource_id)
        return answer(message=self._collection.messages.deleted.format(id=resource.id))


def routes_of(collection: Collection, *, only: str | None = None) -> Blueprint:
    """Return a blueprint with the routes of a collection; its module adds those of its own.

    A collection that can have only one resource has no list; the id of that one is given.
    """
    endpoints = Endpoints(collection)
    routes = Blueprint(collection.name, __name__, url_prefix=collection.path)
    one, fixed = ("/<resource_id>", ()) if only is None else ("", (only,))

    def add(path: str, method: str, function: Callable[..., ResponseReturnValue]) -> None:
        routes.add_url_rule(path, f"{method} {path}", function, methods=[method])

    if only is None:
        add("", "GET", endpoints.list)
    add(one, "GET", partial(endpoints.get, *fixed))
    if collection.create:
        add("", "POST", partial(endpoints.create, collection.create))
    if collection.update:
        add(one, "PATCH", partial(endpoints.update, collection.update, *fixed))
    if collection.messages.deleted:
        add(one, "DELETE", partial(endpoints.delete, *fixed))
    return routes
