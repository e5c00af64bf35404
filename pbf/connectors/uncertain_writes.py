"""Writes whose answers may be lost: what the API then says counts, not what we hoped."""

from collections.abc import Mapping
from typing import Any

from pbf.errors import ApiError, BadAnswer, NotApplied, NotFound, ServerFailed, Unreachable
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.rules import write_checks
from pbf.rules.timing import in_words

# After these a write may have happened all the same.
DOUBTFUL = (Unreachable, ServerFailed, BadAnswer)


def change(client: ApiClient, connector_id: str, **wanted: Any) -> None:
    """Change a connector, as ApiClient.update_connector does."""
    try:
        answer = client.update_connector(connector_id, **wanted)
    except DOUBTFUL:
        # Fivetran gives up after a minute on a pause that goes through all the same.
        now = connector_then(client, connector_id)
        if now is None or not write_checks.matches(now, wanted):
            raise
    else:
        refuse_unchanged(answer, wanted)


def refuse_unchanged(answer: Connector, wanted: Mapping[str, Any]) -> None:
    """Raise NotApplied if the answer to a change shows that it was not made."""
    kept = write_checks.ignored_fields(answer, wanted)
    if "paused" in kept:
        state = "paused" if answer.paused else "not paused"
        raise NotApplied(f"Fivetran answered, but the connector is still {state}. Try again.")
    if kept:
        raise NotApplied(
            f"Fivetran answered, but kept another schedule: {in_words(answer)}. Choose another "
            "schedule, or set it in Fivetran's dashboard."
        )


def delete(client: ApiClient, connector_id: str) -> bool:
    """Delete a connector; return False if it was gone already."""
    try:
        client.delete_connector(connector_id)
    except NotFound:
        return False
    except DOUBTFUL:
        if not _is_gone(client, connector_id):
            raise
    return True


def connector_then(client: ApiClient, connector_id: str) -> Connector | None:
    """Return a connector as it is after a write; None where nobody can tell."""
    try:
        return client.get_connector(connector_id)
    except ApiError:
        return None


def _is_gone(client: ApiClient, connector_id: str) -> bool:
    try:
        client.get_connector(connector_id)
    except NotFound:
        return True
    except ApiError:
        return False
    return False
