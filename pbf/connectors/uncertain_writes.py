"""Writes whose answer may be lost.

After a timeout or a 5xx on a write, read the connector again and raise only if the change is
missing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from pbf.errors import (
    ApiError,
    ApiRejected,
    BadAnswer,
    NotApplied,
    NotFound,
    ServerFailed,
    Unreachable,
)
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.rules.parsed_schedule import in_words
from pbf.rules.writes import outcomes

Result = TypeVar("Result")
State = TypeVar("State")

# After these a write may have happened all the same.
UNCERTAIN = (Unreachable, ServerFailed, BadAnswer)


def confirm(
    write: Callable[[], Result],
    *,
    read: Callable[[], State | None],
    shows: Callable[[State], bool],
) -> Result | State:
    """Return the answer of a write; if that is lost, the state read then, if it `shows` the change.

    Raises the error of the write if the change is missing or the state cannot be read.
    """
    try:
        return write()
    except UNCERTAIN:
        state = attempt(read)
        if state is None or not shows(state):
            raise
        return state


def attempt(read: Callable[[], State | None]) -> State | None:
    """Return what is read, or None if Fivetran does not say."""
    try:
        return read()
    except ApiError:
        return None


def change(client: ApiClient, connector_id: str, **fields: Any) -> None:
    """Change a connector, as ApiClient.update_connector does.

    Raises NotApplied if Fivetran answers with other values than were sent.
    """
    connector = confirm(
        # Fivetran times out after a minute on a pause that takes effect all the same.
        lambda: client.update_connector(connector_id, **fields),
        read=lambda: client.get_connector(connector_id),
        shows=lambda connector: outcomes.matches(connector, fields),
    )
    _refuse_unchanged(connector, fields)


def delete(client: ApiClient, connector_id: str) -> bool:
    """Delete a connector; return False if it was gone already."""
    try:
        confirm(
            lambda: client.delete_connector(connector_id),
            read=lambda: _is_gone(client, connector_id),
            shows=bool,
        )
    except NotFound:
        return False
    return True


@contextmanager
def invalidating(forget: Callable[[], None]) -> Iterator[None]:
    """Call `forget` after a write, also after an error that may have changed something.

    A refusal changes nothing; a missing connector shows that the cached list is outdated.
    """
    try:
        yield
    except NotFound:
        forget()
        raise
    except ApiRejected:
        raise
    except BaseException:
        forget()
        raise
    forget()


def _refuse_unchanged(connector: Connector, fields: Mapping[str, Any]) -> None:
    kept = outcomes.ignored_fields(connector, fields)
    if "paused" in kept:
        state = "paused" if connector.paused else "not paused"
        raise NotApplied(f"Fivetran answered, but the connector is still {state}. Try again.")
    if kept:
        raise NotApplied(
            f"Fivetran answered, but kept another schedule: {in_words(connector)}. Choose another "
            "schedule, or set it in Fivetran's dashboard."
        )


def _is_gone(client: ApiClient, connector_id: str) -> bool:
    try:
        client.get_connector(connector_id)
    except NotFound:
        return True
    return False
