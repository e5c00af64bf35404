"""What can be done to a connection: create, change, sync, test, delete."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pbf.sandbox.catalogue.services import Service, services
from pbf.sandbox.core import lifecycle, schedules, validation
from pbf.sandbox.core.errors import Conflict, InvalidInput, NotConnected, SandboxError
from pbf.sandbox.core.records import Connection
from pbf.sandbox.core.world import World
from pbf.sandbox.resources import schemas, setup_tests


def create(world: World, body: Mapping[str, Any]) -> tuple[Connection, list[dict[str, Any]]]:
    """Create a connection; return it and the results of its setup tests, none if not run."""
    given = validation.checked(body)
    group_id, service_id = (
        validation.required(given, "group_id"),
        validation.required(given, "service"),
    )
    service = services().get(service_id)
    if service is None or not service.api_configurable:
        raise InvalidInput(f"Unsupported connector service '{service_id}'")
    card = validation.card_config(given)
    tested = given.get("run_setup_tests", True)
    if card is not None and tested:
        raise InvalidInput("Field 'run_setup_tests' must be false with 'connect_card_config'")
    config = given.get("config", {})
    schema = validation.schema_of(service, config, world.assumptions)
    with world.lock:
        world.group(group_id)
        _refuse_duplicate(world, group_id, schema)
        connection = world.add(_built(world, service, group_id, schema, given))
        world.observer.note("create_connector", connection)
        return connection, _tested(world, connection, service) if tested else []


def _built(
    world: World, service: Service, group_id: str, schema: str, given: Mapping[str, Any]
) -> Connection:
    config = validation.config_of(service, given.get("config", {}))
    connection_id = world.new_connection_id()
    return Connection(
        id=connection_id,
        group_id=group_id,
        service=service.id,
        schema=schema,
        created_at=world.clock(),
        connected_by=world.owner_id,
        config={**validation.defaults(service), **config},
        paused=given.get("paused", False),
        sync_frequency=given.get("sync_frequency", 360),
        schedule_type=given.get("schedule_type", "auto"),
        authorised=bool(given.get("auth")),
        life=world.new_life(connection_id),
        settings={name: given[name] for name in validation.KEPT if name in given},
        card=validation.card_config(given) or {},
    )


def _refuse_duplicate(world: World, group_id: str, schema: str) -> None:
    if world.schema_taken(group_id, schema):
        rules_ = world.assumptions
        raise SandboxError(
            rules_.duplicate_name_message.format(schema=schema),
            code=rules_.duplicate_name_code,
            status=rules_.duplicate_name_status,
        )


def test(world: World, connection: Connection) -> list[dict[str, Any]]:
    """Run a connection's setup tests and return their results."""
    with world.lock:
        return _tested(world, connection, services()[connection.service])


def _tested(world: World, connection: Connection, service: Service) -> list[dict[str, Any]]:
    passed = connection.setup_state != "broken" and _has_credentials(connection, service)
    if passed:
        world.pass_setup(connection.id)
    world.observer.note_setup(connection, passed=passed)
    return setup_tests.results(service, passed=passed)


def _has_credentials(connection: Connection, service: Service) -> bool:
    if connection.authorised:
        return True
    wanted = [field for field in service.fields if field.secret]
    if not wanted and not service.auth:
        wanted = [field for field in service.fields if field.type == "string"]
    return any(connection.config.get(field.name) for field in wanted)


def update(world: World, connection: Connection, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Change a connection; return the results of its setup tests, none if not run."""
    given = validation.checked(body)
    if not given.keys() & validation.PERSISTENT:
        raise InvalidInput("At least one field to update is required")
    service = services()[connection.service]
    config = given.get("config", {})
    _refuse_renaming(world, service, connection, config)
    kept = validation.config_of(service, config)
    with world.lock:
        connection.config.update(kept)
        connection.authorised = connection.authorised or bool(given.get("auth"))
        world.observer.note_change(connection, given)
        _reschedule(world, connection, given)
        connection.face = None
        wanted = given.get("run_setup_tests", bool(kept or given.get("auth")))
        if wanted and (given.get("auth") or kept) and connection.setup_state == "broken":
            connection.setup_state = "incomplete"
        return _tested(world, connection, service) if wanted else []


def _refuse_renaming(
    world: World, service: Service, connection: Connection, config: Mapping[str, Any]
) -> None:
    present = dict(zip(service.naming_fields, connection.schema.split("."), strict=False))
    for name, value in config.items():
        if name in present and value is not None and value != present[name]:
            text = world.assumptions.immutable_field_message.format(field=name)
            raise InvalidInput(text)


def _reschedule(world: World, connection: Connection, given: Mapping[str, Any]) -> None:
    now = world.clock()
    given = schedules.renewed(connection.settings.get("schedule"), given)
    if "schedule" in given:
        connection.settings.pop("daily_sync_time", None)
    retimed = lifecycle.retimed(connection, now)
    connection.settings.update({key: given[key] for key in validation.KEPT if key in given})
    if given.keys() & {"sync_frequency", "schedule_type", "daily_sync_time"}:
        connection.sync_frequency = given.get("sync_frequency", connection.sync_frequency)
        connection.schedule_type = given.get("schedule_type", connection.schedule_type)
        connection.life = lifecycle.rephased(connection, retimed, now)
    paused = given.get("paused", connection.paused)
    if paused and not connection.paused:
        connection.life = lifecycle.stopped(connection, now)
    resumed = connection.paused and not paused
    connection.paused = paused
    if given.get("is_historical_sync"):
        begin(connection, now, historical=True)
    elif resumed:
        begin(connection, now)


def begin(
    connection: Connection,
    now: float,
    *,
    historical: bool | None = None,
    outcome: str = "RESCHEDULED",
) -> None:
    """Begin a sync, of everything if historical, once the one that goes on has its outcome.

    A connection that cannot sync now keeps in mind that everything is to be read.
    """
    if connection.setup_state == "connected" and not connection.paused:
        connection.reported = {}
        now_historical = lifecycle.moment(connection, now).is_historical
        again = now_historical if historical is None else historical
        first = 20.0 if again else None
        connection.life = lifecycle.started(
            connection, now, historical=again, first=first, outcome=outcome
        )
    elif historical is not None:
        stopped = lifecycle.stopped(connection, now)
        connection.life = replace(stopped, historical=historical)


def sync(world: World, connection: Connection, *, force: bool = False) -> None:
    """Start a sync now, unless one is running and the caller does not insist."""
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
        if force or lifecycle.moment(connection, now).sync_state != "syncing":
            world.observer.note("force_update_connector", connection)
            begin(connection, now)


def checked_scope(scope: Any) -> dict[str, list[str]]:
    """Return a scope, once it names at least one table of each of its schemas."""
    good = (
        isinstance(scope, dict)
        and scope
        and all(isinstance(tables, list) and tables for tables in scope.values())
        and all(isinstance(table, str) for tables in scope.values() for table in tables)
    )
    if not good:
        raise InvalidInput("The 'scope' must name at least one table of each schema")
    return dict(scope)


def resync(world: World, connection: Connection, scope: Any) -> None:
    """Read everything again, or the tables in scope; at once, or when the connection resumes."""
    wanted = None if scope is None else checked_scope(scope)
    with world.lock:
        if wanted is not None:
            schemas.refuse_unknown_tables(connection, wanted)
        now = world.clock()
        running = lifecycle.moment(connection, now).sync_state == "syncing"
        if running and lifecycle.failing(connection):
            raise Conflict("A sync is in progress and cannot be completed. Try again later.")
        world.observer.note_resync(connection, wanted or {})
        historical = True if wanted is None else None
        begin(connection, now, historical=historical, outcome="SUCCESSFUL")


def resync_tables(world: World, connection: Connection, tables: Any) -> None:
    """Read some tables of a connected connection again."""
    schemas.refuse_unconnected(connection)
    schemas.selection_of(world, connection)
    resync(world, connection, tables)
