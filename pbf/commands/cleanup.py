"""The sweep: what was created here, never finished, and has lain there for days, is deleted.

A connector that was made elsewhere is left alone, whatever its state.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pbf.connectors.operations import Operations
from pbf.errors import NotFound, PbfError
from pbf.fivetran.models import Connector
from pbf.rules.wording import ago
from pbf.runtime import Runtime


@dataclass(frozen=True)
class Finding:
    """One line of the sweep's report."""

    good: bool
    text: str

    def __str__(self) -> str:
        """Return the line as it is printed."""
        return self.text


def left_behind(
    connectors: Iterable[Connector], created: Collection[tuple[str, str]], *, before: datetime
) -> list[Connector]:
    """Return what was begun before a time and never finished, of those that we created (pure).

    `created` names ours by id and permanent name.
    """
    return [
        connector
        for connector in connectors
        if (connector.id, connector.schema_name) in created
        and _is_unfinished(connector)
        and connector.created_at is not None
        and connector.created_at < before
    ]


def sweep(
    open_runtime: Callable[[], Runtime], *, days: int, really_delete: bool, at_once: bool = False
) -> Iterator[Finding]:
    """Yield a line for each connector to delete, deleted only if that is wanted, and the sum.

    Unless `at_once`, a deletion can be undone for as long as any other. First it is found out what
    became of creations that nobody is at work on any more.
    """
    now = datetime.now(UTC)
    try:
        runtime = open_runtime()
        runtime.portal.settle_abandoned()
        answer = runtime.portal.connectors()
        if answer.problem:
            raise answer.problem
        created = runtime.store.names()
    except PbfError as error:
        yield Finding(False, f"Nothing was swept. {error}")
        return
    found = left_behind(answer.items, created, before=now - timedelta(days=days))
    if not found:
        yield Finding(True, f"Nothing to sweep: none was left unfinished for {days} days.")
    elif really_delete:
        yield from _delete(runtime, found, now, at_once=at_once)
    else:
        yield from (Finding(True, f"would delete  {_told(one, now)}") for one in found)
        command = f"python -m pbf sweep --days {days} --delete"
        yield Finding(True, f"{len(found)} in all; nothing was deleted. To do it: {command}")


def _delete(
    runtime: Runtime, found: Iterable[Connector], now: datetime, *, at_once: bool
) -> Iterator[Finding]:
    """Delete one after the other; what fails for one does not stop the next."""
    with runtime.portal.operations.together() as operations:
        for connector in found:
            told = _told(connector, now)
            try:
                done = _delete_one(runtime, operations, connector, at_once=at_once)
            except PbfError as error:
                yield Finding(False, f"NOT deleted   {told}: {error}")
            else:
                yield Finding(True, f"{done[0]}  {told}{done[1]}")


def _delete_one(
    runtime: Runtime, operations: Operations, connector: Connector, *, at_once: bool
) -> tuple[str, str]:
    """Delete a connector, unless somebody has finished it; return what to say before and after."""
    with suppress(NotFound):
        now = runtime.client.get_connector(connector.id)
        if now.schema_name != connector.schema_name or not _is_unfinished(now):
            return "kept        ", ""
    waits = operations.delete(connector.id, now=at_once)
    if waits is None:
        return "deleted     ", ""
    return "hidden      ", f", deleted for good after {waits.final_at:%Y-%m-%d %H:%M} UTC"


def _is_unfinished(connector: Connector) -> bool:
    return connector.is_incomplete and connector.succeeded_at is None


def _told(connector: Connector, now: datetime) -> str:
    begun = ago(connector.created_at or now, now)
    return f"{connector.schema_name} ({connector.service}, {connector.id}), begun {begun}"
