"""The sandbox's world: all its data, in memory, behind one lock."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from threading import RLock
from typing import Any, Protocol

from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.clock import Clock
from pbf.sandbox.core.errors import InvalidInput, NotFound, SandboxError
from pbf.sandbox.core.ids import IdMaker
from pbf.sandbox.core.rate_limits import Limits
from pbf.sandbox.core.records import (
    MASK,
    OWNER_ROLE,
    Connection,
    Destination,
    Group,
    Life,
    Member,
    Resource,
    Switches,
    SystemKey,
    Team,
    User,
)

API_KEY = "sbxKey4Tn7Rw2Qz8"
API_SECRET = "sbxSecret5Hm9Kd3Vx6Bq8Lw2Yt7Pn4J"  # noqa: S105 - valid for the sandbox only
GROUP_ID = "sandy_harbour"
ACCOUNT_ID = "candid_lagoon"
OWNER_ID = "brisk_heron"


class Observer(Protocol):
    """Receives what happens to connections."""

    def record(self, name: str, connection: Connection, **data: Any) -> None:
        """Record an event of a connection at the present time."""


class World:
    """One imitated account; the same seed, clock and requests give the same world."""

    observer: Observer

    def __init__(
        self,
        *,
        seed: int = 1,
        clock: Callable[[], datetime] | None = None,
        assumptions: Assumptions | None = None,
    ) -> None:
        """Create the account; set `observer`, then call `reset`, which creates its content."""
        self.api_key = API_KEY
        self.api_secret = API_SECRET
        self.group_id = GROUP_ID
        self.account_id = ACCOUNT_ID
        self.account_name = "Sandbox"
        self.owner_id = OWNER_ID
        self.assumptions = assumptions or Assumptions()
        self.clock = Clock(clock)
        self.lock = RLock()
        self.seed = seed
        self.limits = Limits()

    def reset(self, *, seed: int | None = None, populated: bool = True) -> None:
        """Start again at the clock's present time, with the same seed unless another is given.

        All state that requests change is created here and nowhere else.
        """
        with self.lock:
            self.seed = self.seed if seed is None else seed
            self.limits.clear()
            self.ids = IdMaker(self.seed)
            self.card_secret = sha256(f"card:{self.seed}".encode()).digest()
            self.groups: dict[str, Group] = {}
            self.destinations: dict[str, Destination] = {}
            self.users: dict[str, User] = {}
            self.members: dict[str, dict[str, Member]] = {}
            self.teams: dict[str, Team] = {}
            self.system_keys: dict[str, SystemKey] = {}
            self.switches = Switches(self.assumptions.plan, self.assumptions.previews)
            self.connections: dict[str, Connection] = {}
            self.collections: dict[str, dict[str, Resource]] = {}
            self._by_group: dict[str, dict[str, Connection]] = {}
            self._by_schema: dict[str, dict[str, list[Connection]]] = {}
            self.fill(populated=populated)

    def fill(self, *, populated: bool) -> None:
        """Add the content of the start; a bare world has none."""

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward."""
        self.clock.advance(seconds)

    def add_group(self, name: str, *, group_id: str | None = None) -> Group:
        """Create a group, with a connected destination that shares its id."""
        with self.lock:
            self._refuse_taken_name(name)
            group = Group(group_id or self.ids.make(self.groups), name, self.clock())
            self.groups[group.id] = group
            self.members[group.id] = {self.owner_id: Member(OWNER_ROLE, self.clock())}
            self._by_group[group.id] = {}
            self._by_schema[group.id] = {}
            if self.assumptions.destination_with_each_group:
                config = {"host": "sandbox.example.com", "port": "443", "database": name}
                config |= {"user": "fivetran_user", "password": MASK}
                self.destinations[group.id] = Destination(
                    group.id, group.id, config=config, made_with_group=True
                )
            return group

    def rename_group(self, group_id: str, name: str) -> Group:
        """Rename a group."""
        with self.lock:
            group = self.group(group_id)
            if group.name != name:
                self._refuse_taken_name(name)
            group.name = name
            return group

    def _refuse_taken_name(self, name: str) -> None:
        if any(group.name == name for group in self.groups.values()):
            raise InvalidInput(f"Group name '{name}' is already in use")

    def delete_group(self, group_id: str) -> None:
        """Delete an empty group, its destination, and what else belongs to it."""
        with self.lock:
            group = self.group(group_id)
            if self._by_group[group.id]:
                raise SandboxError(
                    "The group still has connections. Delete them first.",
                    code="Conflict",
                    status=self.assumptions.group_delete_with_connections_status,
                )
            del self.groups[group.id], self._by_group[group.id], self._by_schema[group.id]
            self.destinations.pop(group.id, None)
            del self.members[group.id]
            for name, resources in self.collections.items():
                self.collections[name] = {
                    key: resource
                    for key, resource in resources.items()
                    if resource.group_id != group.id
                }
            for team in self.teams.values():
                team.groups.pop(group_id, None)

    def group(self, group_id: str) -> Group:
        """Return one group."""
        if group_id not in self.groups:
            raise NotFound.of("Group", group_id)
        return self.groups[group_id]

    def connection(self, connection_id: str, *, noun: str = "Connection") -> Connection:
        """Return one connection."""
        if connection_id not in self.connections:
            raise NotFound.of(noun, connection_id)
        return self.connections[connection_id]

    def add(self, connection: Connection) -> Connection:
        """Add a new connection."""
        self.connections[connection.id] = connection
        self._by_group[connection.group_id][connection.id] = connection
        namesakes = self._by_schema[connection.group_id].setdefault(connection.schema, [])
        namesakes.append(connection)
        return connection

    def remove(self, connection: Connection) -> None:
        """Remove a connection."""
        self.observer.record("delete_connector", connection)
        self.discard(connection)

    def discard(self, connection: Connection) -> None:
        """Remove a connection as if it had never been there: without an event."""
        del self.connections[connection.id]
        holders: list[User | Team] = [*self.users.values(), *self.teams.values()]
        for holder in holders:
            holder.connections.pop(connection.id, None)
        del self._by_group[connection.group_id][connection.id]
        namesakes = self._by_schema[connection.group_id][connection.schema]
        namesakes.remove(connection)
        if not namesakes:
            del self._by_schema[connection.group_id][connection.schema]

    def schema_taken(self, group_id: str, schema: str) -> bool:
        """Return whether a connection of this name exists in the group."""
        return schema in self._by_schema[group_id]

    def new_connection(self, group_id: str, service: str, schema: str, **fields: Any) -> Connection:
        """Return a new connection, not yet added; each later sync of it takes 15 to 19 seconds."""
        connection_id = self.ids.make(self.connections)
        return Connection(
            id=connection_id,
            group_id=group_id,
            service=service,
            schema=schema,
            created_at=self.clock(),
            connected_by=self.owner_id,
            life=Life(later=15.0 + self.ids.number(f"later:{connection_id}", 5)),
            **fields,
        )

    def matching(self, group_id: str | None, schema: str | None) -> Collection[Connection]:
        """Return the connections of a group, a name, both or neither, in list order."""
        if schema is not None:
            groups = self._by_schema if group_id is None else [group_id]
            return [
                connection
                for group in groups
                for connection in self._by_schema.get(group, {}).get(schema, [])
            ]
        if group_id is not None:
            return self._by_group.get(group_id, {}).values()
        return self.connections.values()

    def pass_setup(self, connection_id: str) -> Connection:
        """Connect a connection, whether incomplete or broken, and start its sync."""
        with self.lock:
            connection = self.connection(connection_id)
            is_whole = connection.setup_state == "connected" and not connection.life.broken
            needs_sync = not is_whole or lifecycle.failing(connection)
            connection.setup_state = "connected"
            connection.authorised = True
            connection.tasks = []
            connection.reported = {}
            if needs_sync:
                now = self.clock()
                connection.life = replace(
                    lifecycle.stopped(connection, now), fails=False, failures=0, broken=False
                )
                if not connection.paused:
                    first = 20.0 if connection.life.historical else None
                    connection.life = lifecycle.started(connection, now, first=first)
            return connection

    def break_connection(self, connection_id: str) -> Connection:
        """Break a connection: its sync fails and its credentials must be entered again."""
        with self.lock:
            connection = self.connection(connection_id)
            lifecycle.lose_credentials(connection, self.clock())
            return connection
