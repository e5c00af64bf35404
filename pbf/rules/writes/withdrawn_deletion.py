"""Whether a connector that is to be deleted was used since, which withdraws the deletion."""

from pbf.fivetran.models import Connector


def was_used(connector: Connector, *, paused_at: float, setup_state: str) -> bool:
    """Whether a connector was resumed, set up or synced since it was paused.

    `paused_at` is by Fivetran's clock, in whole seconds; `setup_state` is the state at that time.
    """
    if connector.paused is not True:
        return True
    if setup_state == "incomplete" and connector.is_set_up:
        return True
    succeeded_at = connector.succeeded_at
    return succeeded_at is not None and int(succeeded_at.timestamp()) > paused_at
