"""Whether a connector is the one that a call without an answer has created."""

from pbf.fivetran.models import Connector

# Fivetran answers within a minute or not at all; a call has no effect so many seconds later.
LATEST_EFFECT = 120.0


def was_created(connector: Connector, *, service: str, sent_at: float) -> bool:
    """Whether a connector was probably created by the call sent at that time.

    `sent_at` is by Fivetran's clock. A connector that is older, or was created long after the
    call, is somebody else's; so is one that was set up, since nobody had its Connect Card.
    """
    if connector.created_at is None or connector.service != service:
        return False
    unfinished = connector.is_incomplete and connector.succeeded_at is None
    return unfinished and 0 <= connector.created_at.timestamp() - sent_at <= LATEST_EFFECT
