"""A connection for other Streamlit apps: `st.connection("fivetran", type=FivetranConnection)`."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pandas as pd
import streamlit as st
from streamlit.connections import BaseConnection

from pbf.clock import utc_now
from pbf.config import Settings, environment, load_settings
from pbf.config.secrets_toml import CONNECTION, settings_of
from pbf.connectors.access.caller import acting_as
from pbf.connectors.portal import Portal
from pbf.fivetran.history import SyncRecord
from pbf.fivetran.models import Connector, Service
from pbf.paths import SANDBOX_PATH
from pbf.rules.health import health
from pbf.runtime import Runtime, start

ACTOR = "connection"
# The names as typed are kept as long as the connection, unless PBF_DATABASE_URL says where.
IN_MEMORY = "sqlite://"
# Fivetran returns the syncs of at most seven days at once.
LONGEST_HISTORY = timedelta(days=7)
TTL = float | int | str | timedelta | None
TIMES = frozenset({"created_at", "succeeded_at", "failed_at", "start", "end"})
FUTURE = datetime.max.replace(tzinfo=UTC)

Item = TypeVar("Item")


class FivetranConnection(BaseConnection[Runtime]):
    """The services and connectors of one group of a Fivetran account, as DataFrames.

    The settings come from the keyword arguments of `st.connection`, then from
    `[connections.<name>]` in `.streamlit/secrets.toml`. A connection named "fivetran" reads the
    environment and `.env` before that section. Without credentials it uses a sandbox of its own.
    Results are kept for `ttl` as by `st.cache_data`: seconds, a text such as "10m", a timedelta,
    or None without a limit. Methods raise a PbfError whose text can be shown.
    """

    # What was read before a connector was created is read again.
    _revision = 0

    def _connect(self, **settings: Any) -> Runtime:
        section = settings_of(self._secrets.to_dict())
        surroundings = environment() if self._connection_name == CONNECTION else {}
        values = {**section, **surroundings, **settings_of(settings)}
        loaded = load_settings(values, dotenv=None)
        return start(replace(loaded, database_url=loaded.database_url or IN_MEMORY))

    @property
    def settings(self) -> Settings:
        """The settings that the connection uses; those that are secret are not in its text."""
        return self._instance.settings

    def services(self, *, ttl: TTL = 3600) -> pd.DataFrame:
        """Return the services that can be connected: id, name, category, description, links.

        `creatable` is whether the API can create a connector of the service.
        """
        return self._cached(
            "services", ttl, lambda portal: _services(portal.services().items, self._absolute)
        )

    def connectors(self, *, ttl: TTL = 60) -> pd.DataFrame:
        """Return the connectors: id, name, service, permanent name, status, states and times.

        `status` is the word that the dashboard shows; times are in UTC.
        """
        return self._cached(
            "connectors", ttl, lambda portal: _connectors(portal.connectors().items)
        )

    def syncs(self, connector_id: str, *, days: float = 7, ttl: TTL = 300) -> pd.DataFrame:
        """Return a connector's syncs of the last days, at most seven, the newest first.

        Columns: start and end (UTC), status and reason as Fivetran says them, and one for each
        volume that Fivetran reports. Raises NotFound if the account offers no history.
        """
        since = min(timedelta(days=days), LONGEST_HISTORY)

        def read(portal: Portal) -> pd.DataFrame:
            until = datetime.fromtimestamp(self._instance.client.now(), UTC)
            connector = portal.connector(connector_id)
            history = self._instance.client.get_sync_history(
                connector.id, since=until - since, until=until
            )
            return _syncs(list(history))

        return self._cached(f"syncs {connector_id} {since}", ttl, read)

    def create(self, service: str, name: str, *, attempt: str | None = None) -> str:
        """Create a connector and return its id; the next step is `card_url`.

        The same `attempt`, any text of yours, returns the connector of the first call again.
        Raises InvalidName or NameTaken with a sentence that says what to do.
        """
        with self._acting() as portal:
            connector = portal.create(service, name, public_url=self._origin, attempt=attempt)
        self._revision += 1
        return connector.id

    def card_url(self, connector_id: str, *, redirect_uri: str | None = None) -> str:
        """Return the address of a new Connect Card: a secret that lives for a day.

        The card leads back to `redirect_uri`, such as the address of your app.
        """
        with self._acting() as portal:
            url = portal.cards.form(
                connector_id, public_url=self._origin, redirect_uri=redirect_uri
            )
        return self._absolute(url.removeprefix(self._origin))

    def reset(self) -> None:
        """Close the connection; the next call opens it again."""
        if self._raw_instance is not None:
            self._raw_instance.close()
        super().reset()

    @property
    def _origin(self) -> str:
        """Where the sandbox's cards are; those of Fivetran have addresses of their own."""
        sandbox = self._instance.sandbox
        return sandbox.url if sandbox else self.settings.public_url or "http://localhost"

    def _absolute(self, url: str) -> str:
        """Return a URL that the app can show; a path is that of the embedded sandbox."""
        if not url.startswith(f"{SANDBOX_PATH}/"):
            return url
        return f"{self._origin}{url.removeprefix(SANDBOX_PATH)}"

    @contextmanager
    def _acting(self) -> Iterator[Portal]:
        with acting_as(ACTOR):
            yield self._instance.portal

    def _cached(self, what: str, ttl: TTL, read: Callable[[Portal], Item]) -> Item:
        """Return what `read` returns, kept for this connection."""

        def kept(key: str) -> Item:
            del key  # Streamlit keeps one result for each
            with self._acting() as portal:
                return read(portal)

        # As Streamlit's own connections do: one cache for each lifetime.
        kept.__qualname__ = f"{type(self).__qualname__}.{ttl}"
        keep = st.cache_data(ttl=ttl, show_spinner=False)(kept)
        return keep(f"{self._connection_instance_id} {self._revision} {what}")


def _services(services: Iterable[Service], absolute: Callable[[str], str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": service.id,
            "name": service.title,
            "category": service.type,
            "description": service.description,
            "docs": service.link_to_docs,
            "icon": absolute(service.icon_url),
            "creatable": service.is_creatable,
        }
        for service in services
    )


def _connectors(connectors: Iterable[Connector]) -> pd.DataFrame:
    now = utc_now()
    healths = ((connector, health(connector, now)) for connector in connectors)
    return _with_times(
        {
            "id": connector.id,
            "name": connector.title,
            "service": connector.service,
            "schema": connector.schema_name,
            "status": shown.word,
            "reason": shown.reason,
            "setup_state": connector.status.setup_state,
            "sync_state": connector.status.sync_state,
            "paused": connector.is_paused,
            "created_at": connector.created_at,
            "succeeded_at": connector.succeeded_at,
            "failed_at": connector.failed_at,
        }
        for connector, shown in healths
    )


def _syncs(syncs: Iterable[SyncRecord]) -> pd.DataFrame:
    ordered = sorted(syncs, key=lambda sync: sync.start or FUTURE, reverse=True)
    return _with_times(
        {
            "start": sync.start,
            "end": sync.end,
            "status": sync.status,
            "reason": sync.reason,
            **sync.volumes,
        }
        for sync in ordered
    )


def _with_times(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return a table whose times are times also where there are none."""
    frame = pd.DataFrame(list(rows))
    for name in TIMES.intersection(frame):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame
