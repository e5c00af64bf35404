"""Clean-up: deletes connectors that were created here days ago and never finished.

Connectors that were created elsewhere are never touched.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from pbf.clock import utc_now
from pbf.connectors.portal import Portal
from pbf.errors import BadAnswer, NotFound, PbfError
from pbf.fivetran.models import Connector
from pbf.rules.wording import ago
from pbf.runtime import Runtime

# Whether all went well, and a line of the report.
Line = tuple[bool, str]


def unfinished_connectors(
    connectors: Iterable[Connector], created: Collection[tuple[str, str]], *, before: datetime
) -> list[Connector]:
    """Return the connectors that we created before a time and that nobody finished (pure).

    `created` has the ids and permanent names of those that we created.
    """
    return [
        connector
        for connector in connectors
        if (connector.id, connector.schema_name) in created
        and _is_unfinished(connector)
        and connector.created_at is not None
        and connector.created_at < before
    ]


def clean_up_connectors(
    open_runtime: Callable[[], Runtime], *, days: int, delete: bool, now: bool = False
) -> Iterator[Line]:
    """Yield a line for each unfinished connector of all tenants; delete them if `delete` is set.

    With `now`, deletions are permanent; otherwise they can be undone like any other. Abandoned
    creations are settled first.
    """
    time = utc_now()
    try:
        runtime = open_runtime()
        portals = list(runtime.portals.all())
        unfinished = {portal: _settled(runtime, portal, days=days) for portal in portals}
    except PbfError as error:
        yield False, f"Nothing was deleted. {error}"
        return
    found = [connector for connectors in unfinished.values() for connector in connectors]
    if not found:
        yield True, f"No connector has been unfinished for {days} days."
    elif delete:
        for portal, connectors in unfinished.items():
            yield from _delete_all(runtime, portal, connectors, time, now=now)
    else:
        for connector in found:
            yield True, f"would delete  {_describe(connector, time)}"
        command = f"python -m pbf sweep --days {days} --delete"
        yield True, f"{len(found)} in total, none deleted. To delete them: {command}"


def _settled(runtime: Runtime, portal: Portal, *, days: int) -> list[Connector]:
    """Settle a tenant's abandoned creations, and return the connectors that nobody finished.

    They are older than so many days by Fivetran's clock and by ours.
    """
    portal.settle_abandoned()
    connectors = portal.connectors()
    if connectors.problem:
        raise connectors.problem
    now = runtime.client.confirmed_time()
    if now is None:
        raise BadAnswer("Fivetran does not say what time it is, so no connector's age is known.")
    before = datetime.fromtimestamp(now, UTC) - timedelta(days=days)
    return unfinished_connectors(connectors.items, runtime.store.names(), before=before)


def _delete_all(
    runtime: Runtime,
    portal: Portal,
    connectors: Iterable[Connector],
    time: datetime,
    *,
    now: bool,
) -> Iterator[Line]:
    """Delete one connector of a tenant after the other; an error does not stop the next."""
    with portal.operations.together() as operations:
        for connector in connectors:
            description = _describe(connector, time)
            try:
                if _was_finished(runtime, connector):
                    yield True, f"kept          {description}"
                elif deletion := operations.delete(connector.id, now=now):
                    until = f"deleted permanently after {deletion.final_at:%Y-%m-%d %H:%M} UTC"
                    yield True, f"hidden        {description}, {until}"
                else:
                    yield True, f"deleted       {description}"
            except PbfError as error:
                yield False, f"NOT deleted   {description}: {error}"


def _was_finished(runtime: Runtime, connector: Connector) -> bool:
    """Return whether somebody has finished a connector, or another one has its id now."""
    try:
        current = runtime.client.get_connector(connector.id)
    except NotFound:
        return False
    return current.schema_name != connector.schema_name or not _is_unfinished(current)


def _is_unfinished(connector: Connector) -> bool:
    return connector.is_incomplete and connector.succeeded_at is None


def _describe(connector: Connector, time: datetime) -> str:
    created = ago(connector.created_at or time, time)
    return f"{connector.schema_name} ({connector.service}, {connector.id}), created {created}"
