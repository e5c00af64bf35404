"""What the services of one group share, and the way in which each of them changes a connector."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pbf.connectors.access.caller import require
from pbf.connectors.audit import AuditLog
from pbf.connectors.connector_list import ConnectorList
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.rules.access.permissions import Permission
from pbf.rules.access.policy import Policy, no_policy
from pbf.store.store import Store


@dataclass(frozen=True)
class Context:
    """What the services of one group work with; `policy` returns what the tenant may do now."""

    group_id: str
    client: ApiClient
    store: Store
    connectors: ConnectorList
    audit_log: AuditLog
    policy: Callable[[], Policy] = no_policy

    @contextmanager
    def changing(self, action: str, connector_id: str, *, details: str = "") -> Iterator[Connector]:
        """Yield a connector that the caller may change, and record the outcome.

        Raises UnknownConnector, NotPermitted or an ApiError.
        """
        with self.audit_log.record(action, connector_id, details=details) as entry:
            connector = entry.about(self.connectors.connector(connector_id))
            require(Permission.CHANGE)
            yield connector
