"""Fivetran's REST API: `ApiClient` has one method per endpoint, `Request` sends them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel

from pbf.clock import current_time
from pbf.fivetran import naming_fields
from pbf.fivetran.account_connectors import AccountConnectors, account_connectors
from pbf.fivetran.addresses import connection, quoted
from pbf.fivetran.history import ErrorRecord, SyncRecord
from pbf.fivetran.http.transport import Request
from pbf.fivetran.models import (
    Account,
    ConnectCard,
    Connector,
    Destination,
    Group,
    Schedule,
    SchemaConfig,
    Service,
)
from pbf.fivetran.paging import LARGEST_PAGE, Pages
from pbf.fivetran.parsing import parse
from pbf.fivetran.webhook_subscriptions import Webhooks

__all__ = ["LARGEST_PAGE", "ApiClient", "Request"]

Model = TypeVar("Model", bound=BaseModel)

# A sync a minute for seven days is 11 pages.
MAX_SYNC_PAGES = 12


class ApiClient:
    """One method per endpoint, returning models; lists are generators over the cursor."""

    def __init__(self, request: Request) -> None:
        """Send everything through `request`."""
        self._request = request
        self.timeout = request.timeout
        self.latest = request.latest
        # By model and field: the unreadable fields, each of which is logged once.
        self._logged: set[tuple[str, str]] = set()
        self.webhooks = Webhooks(request, self._logged)

    def admitted_by(self, admit: Callable[[], None]) -> "ApiClient":
        """Return the same client, which sends a call only if `admit` raises nothing."""
        client = copy(self)
        client._request = self._request.admitted_by(admit)
        return client

    def now(self) -> float:
        """Return the time by Fivetran's clock, in whole seconds, as of its latest response."""
        return self.latest.date or float(int(current_time()))

    def confirmed_time(self) -> float | None:
        """Return a time that has passed by Fivetran's clock and by ours, in seconds since 1970.

        None before the first response. What is deleted for good because of its age has to be old
        by this time, so that no single clock that is wrong deletes anything.
        """
        date = self.latest.date
        return None if date is None else min(date, current_time())

    def get_account(self) -> Account:
        """Return the account that the key belongs to.

        GET /account/info
        """
        return parse(Account, self._request.send("GET", "/account/info"))

    def get_group(self, group_id: str) -> Group:
        """Return one group.

        GET /groups/{groupId}
        """
        return parse(Group, self._request.send("GET", f"/groups/{quoted(group_id)}"))

    def get_destination(self, destination_id: str) -> Destination:
        """Return one destination; it has the id of its group.

        GET /destinations/{destinationId}
        """
        path = f"/destinations/{quoted(destination_id)}"
        return parse(Destination, self._request.send("GET", path))

    def get_metadata(self) -> Iterator[Service]:
        """Yield every service.

        GET /metadata/connector-types
        """
        return self._pages(Service, "/metadata/connector-types", {})

    def get_service(self, service_id: str) -> Service:
        """Return one service, with the naming fields it requires.

        GET /metadata/connector-types/{service}
        """
        path = f"/metadata/connector-types/{quoted(service_id)}"
        return parse(Service, self._request.send("GET", path))

    def get_list_of_connectors_in_group(
        self, group_id: str, *, schema: str | None = None
    ) -> Iterator[Connector]:
        """Yield the group's connectors; with `schema`, only the one with that permanent name.

        GET /groups/{groupId}/connections
        """
        query = {} if schema is None else {"schema": schema}
        return self._pages(Connector, f"/groups/{quoted(group_id)}/connections", query)

    def get_connectors(self) -> Iterator[Connector]:
        """Yield every connector of the account.

        GET /connections
        """
        return self._pages(Connector, "/connections", {})

    def get_connectors_of_account(
        self, group_ids: Collection[str], *, max_pages: int
    ) -> AccountConnectors | None:
        """Return the connectors of some groups, or None if the account's list is too long.

        GET /connections
        """
        return account_connectors(self._request, group_ids, max_pages, self._logged)

    def get_connector(self, connector_id: str) -> Connector:
        """Return one connector.

        GET /connections/{connectionId}
        """
        return parse(Connector, self._request.send("GET", connection(connector_id)))

    def create_connector(
        self,
        service_id: str,
        group_id: str,
        name: str,
        *,
        required: tuple[str, ...] | None = None,
        redirect_uri: str | None = None,
        defaults: Mapping[str, Any] = MappingProxyType({}),
    ) -> Connector:
        """Create a connector without credentials; with `redirect_uri`, also its Connect Card.

        `name` is a valid permanent name. It is sent in the naming fields of the service: those in
        `required` or, if that is None, those in the metadata of the service. `defaults` are other
        fields of the request, such as `paused`.

        POST /connections
        """
        if required is None:
            required = self.get_service(service_id).required
        body: dict[str, Any] = {
            **defaults,
            "service": service_id,
            "group_id": group_id,
            "run_setup_tests": False,
            "destination_schema_names": "FIVETRAN_NAMING",
            "config": dict.fromkeys(naming_fields.fields(service_id, required), name),
        }
        if redirect_uri is not None:
            body["connect_card_config"] = {"redirect_uri": redirect_uri}
        return parse(Connector, self._request.send("POST", "/connections", body=body))

    def update_connector(
        self,
        connector_id: str,
        *,
        paused: bool | None = None,
        sync_frequency: int | None = None,
        schedule_type: str | None = None,
        daily_sync_time: str | None = None,
        schedule: Schedule | None = None,
    ) -> Connector:
        """Change the given values: `paused`, and the schedule in either of its two forms.

        PATCH /connections/{connectionId}
        """
        given = {
            "paused": paused,
            "sync_frequency": sync_frequency,
            "schedule_type": schedule_type,
            "daily_sync_time": daily_sync_time,
            "schedule": schedule and schedule.model_dump(mode="json", exclude_defaults=True),
        }
        body = {name: value for name, value in given.items() if value is not None}
        return parse(Connector, self._request.send("PATCH", connection(connector_id), body=body))

    def delete_connector(self, connector_id: str) -> None:
        """Delete a connector; its data stays in the destination.

        DELETE /connections/{connectionId}
        """
        self._request.send("DELETE", connection(connector_id))

    def sync_connector(self, connector_id: str) -> None:
        """Start a sync now; a running one continues.

        POST /connections/{connectionId}/sync
        """
        self._request.send("POST", connection(connector_id, "/sync"), body={"force": False})

    def resync_connector(self, connector_id: str) -> None:
        """Sync the whole history of a connector again.

        POST /connections/{connectionId}/resync
        """
        self._request.send("POST", connection(connector_id, "/resync"), body={})

    def test_connector(self, connector_id: str) -> Connector:
        """Run the setup tests of a connector and return it with their results.

        POST /connections/{connectionId}/test
        """
        path = connection(connector_id, "/test")
        return parse(Connector, self._request.send("POST", path, body={}))

    def get_sync_history(
        self, connector_id: str, *, since: datetime, until: datetime
    ) -> Iterator[SyncRecord]:
        """Yield the syncs of a connector between two times, at most seven days apart.

        Without times Fivetran returns only the last hour.

        GET /connections/{connectionId}/sync-history
        """
        path = connection(connector_id, "/sync-history")
        window = {"start_time": _stamp(since), "end_time": _stamp(until)}
        return self._pages(SyncRecord, path, window, max_pages=MAX_SYNC_PAGES)

    def get_errors(self, connector_id: str) -> Iterator[ErrorRecord]:
        """Yield the errors of a connector, if the account offers them.

        GET /connections/{connectionId}/errors
        """
        return self._pages(ErrorRecord, connection(connector_id, "/errors"), {})

    def get_schemas(self, connector_id: str) -> SchemaConfig:
        """Return which schemas and tables are synced; raise NotFound before the source was read.

        GET /connections/{connectionId}/schemas
        """
        path = connection(connector_id, "/schemas")
        return parse(SchemaConfig, self._request.send("GET", path))

    def reload_schemas(self, connector_id: str) -> SchemaConfig:
        """Read the source now, and return its schemas and tables.

        POST /connections/{connectionId}/schemas/reload
        """
        path, body = connection(connector_id, "/schemas/reload"), {"exclude_mode": "PRESERVE"}
        return parse(SchemaConfig, self._request.send("POST", path, body=body))

    def update_schemas(
        self, connector_id: str, tables: Mapping[tuple[str, str], bool]
    ) -> SchemaConfig:
        """Switch tables, by (schema, table), on or off.

        PATCH /connections/{connectionId}/schemas
        """
        schemas: dict[str, Any] = {}
        for (schema, table), enabled in tables.items():
            patch = schemas.setdefault(schema, {"tables": {}})
            patch["tables"][table] = {"enabled": enabled}
            if enabled:
                # A table in a disabled schema would stay off.
                patch["enabled"] = True
        path = connection(connector_id, "/schemas")
        return parse(SchemaConfig, self._request.send("PATCH", path, body={"schemas": schemas}))

    def get_connect_card_url_for_connector(
        self, connector_id: str, *, redirect_uri: str
    ) -> ConnectCard:
        """Return a new Connect Card, valid for one day, that redirects to `redirect_uri`.

        POST /connections/{connectionId}/connect-card
        """
        body = {"connect_card_config": {"redirect_uri": redirect_uri}}
        path = connection(connector_id, "/connect-card")
        return parse(ConnectCard, self._request.send("POST", path, body=body).get("connect_card"))

    def close(self) -> None:
        """Close the pooled connections."""
        self._request.close()

    def _pages(
        self, model: type[Model], path: str, query: Mapping[str, str], max_pages: int | None = None
    ) -> Pages[Model]:
        return Pages(self._request, model, path, query, logged=self._logged, max_pages=max_pages)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
