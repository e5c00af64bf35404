"""The operations on a connection: create, update, sync, test."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pbf.sandbox.catalogue.services import Service, services
from pbf.sandbox.core import lifecycle, schedules, validation
from pbf.sandbox.core.errors import Conflict, InvalidInput, NotConnected, SandboxError
from pbf.sandbox.core.records import Connection
from pbf.sandbox.core.world import World
from pbf.sandbox.resources import schemas, setup_tests
from pbf.sandbox.resources.access import plans


def create(
    world: World, body: Mapping[str, Any], *, connected_by: str | None
) -> tuple[Connection, list[dict[str, Any]]]:
    """Create a connection; return it and the results of its setup tests, if they ran.

    It belongs to a user, or to nobody if a system key created it.
    """
    fields = validation.checked(body)
    plans.refuse_beyond_plan(world, fields)
    group_id = validation.required(fields, "group_id")
    service_id = validation.required(fields, "service")
    service = services().get(service_id)
    if service is None or not service.api_configurable:
        raise InvalidInput(f"Unsupported connector service '{service_id}'")
    tested = fields.get("run_setup_tests", True)
    if tested and validation.card_config(fields) is not None:
        raise InvalidInput("Field 'run_setup_tests' must be false with 'connect_card_config'")
    schema = validation.schema_of(service, fields.get("config", {}), world.assumptions)
    with world.lock:
        world.group(group_id)
        _refuse_duplicate(world, group_id, schema)
        connection = world.add(_new_connection(world, service, group_id, schema, fields))
        connection.connected_by = connected_by
        world.observer.record("create_connector", connection)
        return connection, run_tests(world, connection) if tested else []


def _new_connection(
    world: World, service: Service, group_id: str, schema: str, fields: Mapping[str, Any]
) -> Connection:
    config = validation.config_of(service, fields.get("config", {}))
    return world.new_connection(
        group_id,
        service.id,
        schema,
        config=_cleared({**validation.defaults(service), **config}),
        paused=fields.get("paused", False),
        sync_frequency=fields.get("sync_frequency", 360),
        schedule_type=fields.get("schedule_type", "auto"),
        authorised=bool(fields.get("auth")),
        settings={name: fields[name] for name in validation.STORED if name in fields},
        card=validation.card_config(fields) or {},
    )


def _cleared(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config without the fields that a null has cleared."""
    return {name: value for name, value in config.items() if value is not None}


def _refuse_duplicate(world: World, group_id: str, schema: str) -> None:
    if world.schema_taken(group_id, schema):
        assumptions = world.assumptions
        raise SandboxError(
            assumptions.duplicate_name_message.format(schema=schema),
            code=assumptions.duplicate_name_code,
            status=assumptions.duplicate_name_status,
        )


def run_tests(world: World, connection: Connection) -> list[dict[str, Any]]:
    """Run a connection's setup tests and return their results."""
    service = services()[connection.service]
    with world.lock:
        passed = connection.setup_state != "broken" and _has_credentials(connection, service)
        if passed:
            world.pass_setup(connection.id)
        record_tests(world, connection, passed=passed)
    return setup_tests.results(service, passed=passed)


def record_tests(world: World, connection: Connection, *, passed: bool) -> None:
    """Record the result of a connection's setup tests."""
    event = "connection_successful" if passed else "connection_failure"
    world.observer.record(event, connection)


def _has_credentials(connection: Connection, service: Service) -> bool:
    if connection.authorised:
        return True
    credentials = [field for field in service.fields if field.secret]
    if not credentials and not service.auth:
        credentials = [field for field in service.fields if field.type == "string"]
    return any(connection.config.get(field.name) for field in credentials)


def update(world: World, connection: Connection, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Update a connection; return the results of its setup tests, if they ran."""
    fields = validation.checked(body)
    if not fields.keys() & validation.PERSISTENT:
        raise InvalidInput("At least one field to update is required")
    plans.refuse_beyond_plan(world, fields)
    service = services()[connection.service]
    config = fields.get("config", {})
    _refuse_renaming(world, service, connection, config)
    config = validation.config_of(service, config)
    with world.lock:
        connection.config = _cleared({**connection.config, **config})
        connection.authorised = connection.authorised or bool(fields.get("auth"))
        _record_update(world, connection, fields)
        _reschedule(world, connection, fields)
        connection.static_fields = None
        has_credentials = bool(config or fields.get("auth"))
        tested = fields.get("run_setup_tests", has_credentials)
        if tested and has_credentials and connection.setup_state == "broken":
            connection.setup_state = "incomplete"
        return run_tests(world, connection) if tested else []


def _record_update(world: World, connection: Connection, fields: Mapping[str, Any]) -> None:
    if fields.get("paused", connection.paused) != connection.paused:
        event = "pause_connector" if fields["paused"] else "resume_connector"
        world.observer.record(event, connection)
    changed = sorted(fields.keys() - validation.TRANSIENT - {"paused"})
    if changed:
        world.observer.record("edit_connector", connection, properties=changed)


def _refuse_renaming(
    world: World, service: Service, connection: Connection, config: Mapping[str, Any]
) -> None:
    present = dict(zip(service.naming_fields, connection.schema.split("."), strict=False))
    for name, value in config.items():
        if name in present and value is not None and value != present[name]:
            text = world.assumptions.immutable_field_message.format(field=name)
            raise InvalidInput(text)


def _reschedule(world: World, connection: Connection, fields: Mapping[str, Any]) -> None:
    now = world.clock()
    fields = schedules.renewed(connection.settings.get("schedule"), fields)
    if "schedule" in fields:
        connection.settings.pop("daily_sync_time", None)
    retimed = lifecycle.retimed(connection, now)
    connection.settings.update({key: fields[key] for key in validation.STORED if key in fields})
    if fields.keys() & {"sync_frequency", "schedule_type", "daily_sync_time"}:
        connection.sync_frequency = fields.get("sync_frequency", connection.sync_frequency)
        connection.schedule_type = fields.get("schedule_type", connection.schedule_type)
        connection.life = lifecycle.rephased(connection, retimed, now)
    paused = fields.get("paused", connection.paused)
    if paused and not connection.paused:
        connection.life = lifecycle.stopped(connection, now)
    resumed = connection.paused and not paused
    connection.paused = paused
    if fields.get("is_historical_sync"):
        start_sync(connection, now, historical=True)
    elif resumed:
        start_sync(connection, now)


def start_sync(
    connection: Connection,
    now: float,
    *,
    historical: bool | None = None,
    outcome: str = "RESCHEDULED",
) -> None:
    """End a running sync with an outcome and start another, of all data if historical.

    If the connection cannot sync now, `historical` applies to its next sync.
    """
    if connection.setup_state == "connected" and not connection.paused:
        connection.reported = {}
        if historical is None:
            historical = lifecycle.state_at(connection, now).is_historical
        first = 20.0 if historical else None
        connection.life = lifecycle.started(
            connection, now, historical=historical, first=first, outcome=outcome
        )
    elif historical is not None:
        stopped = lifecycle.stopped(connection, now)
        connection.life = replace(stopped, historical=historical)


def sync(world: World, connection: Connection, *, force: bool = False) -> None:
    """Start a sync now; a running one is restarted only if forced."""
    with world.lock:
        now = world.clock()
        if connection.setup_state != "connected":
            status = world.assumptions.sync_of_incomplete_status
            raise NotConnected(connection.setup_state, status=status)
        if connection.paused:
            if world.assumptions.sync_of_paused_status >= 400:
                status = world.assumptions.sync_of_paused_status
                text = f"Connection with id '{connection.id}' is paused"
                raise SandboxError(text, code="Conflict", status=status)
            return
        if force or lifecycle.state_at(connection, now).sync_state != "syncing":
            world.observer.record("force_update_connector", connection)
            start_sync(connection, now)


def checked_scope(scope: Any) -> dict[str, list[str]]:
    """Return a scope; raise InvalidInput unless it names at least one table of each schema."""
    valid = (
        isinstance(scope, dict)
        and scope
        and all(isinstance(tables, list) and tables for tables in scope.values())
        and all(isinstance(table, str) for tables in scope.values() for table in tables)
    )
    if not valid:
        raise InvalidInput("The 'scope' must name at least one table of each schema")
    return dict(scope)


def resync(world: World, connection: Connection, scope: Any) -> None:
    """Re-sync all data, or the tables in scope, now or when the connection resumes."""
    tables = None if scope is None else checked_scope(scope)
    with world.lock:
        if tables is not None:
            schemas.refuse_unknown_tables(connection, tables)
        now = world.clock()
        running = lifecycle.state_at(connection, now).sync_state == "syncing"
        if running and lifecycle.failing(connection):
            raise Conflict("A sync is in progress and cannot be completed. Try again later.")
        for schema, names in (tables or {}).items():
            for table in names:
                world.observer.record("resync_table", connection, schema=schema, table=table)
        if tables is None:
            world.observer.record("resync_connector", connection)
        historical = True if tables is None else None
        start_sync(connection, now, historical=historical, outcome="SUCCESSFUL")


def resync_tables(world: World, connection: Connection, tables: Any) -> None:
    """Re-sync some tables of a connected connection."""
    schemas.refuse_unconnected(connection)
    schemas.selection_of(world, connection)
    resync(world, connection, tables)
