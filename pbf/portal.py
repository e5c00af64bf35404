"""What one tenant may see and do; both doors go through it.

A `Portal` is bound to one tenant. Every id that comes from outside is looked up inside that
tenant's group; what is not there does not exist. No caller ever passes a group id.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pbf import reserve
from pbf.api_client import LARGEST_PAGE, ApiClient
from pbf.cache import Answer, SharedCache
from pbf.creation import Creator
from pbf.errors import (
    ApiError,
    Forbidden,
    GroupNotVisible,
    InvalidName,
    NotFound,
    StoreFailed,
    UnknownConnector,
    UnknownService,
)
from pbf.handoff import Signer
from pbf.health import is_moving
from pbf.journal import Journal
from pbf.models import ConnectCard, Connector, Service
from pbf.naming import PermanentName
from pbf.operations import Operations
from pbf.schedule import next_sync

if TYPE_CHECKING:
    from pbf.store import Store

logger = logging.getLogger("pbf")

SERVICES = "services"
SERVICES_LIFETIME = 3600.0
QUIET_LIFETIME = 60.0
MOVING_LIFETIME = 3.0
# When a scheduled sync begins can be worked out to about so many seconds.
ROUGHLY = 30.0
LONGEST_TYPED_NAME = 100
GONE = "There is no such connector. It may have been deleted."
CARD_AT_HAND = timedelta(minutes=1)


@dataclass(frozen=True)
class Tenant:
    """One customer of the vendor."""

    id: str
    name: str
    group_id: str


class Portal:
    """The services and connectors of one tenant."""

    def __init__(
        self,
        tenant: Tenant,
        *,
        client: ApiClient,
        cache: SharedCache,
        store: "Store",
        signer: Signer,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Bind everything to the tenant; the clock is that of the cache."""
        self.tenant = tenant
        self.signer = signer
        self.journal = Journal(store, tenant.group_id)
        self._client = client
        self._cache = cache
        self._store = store
        self._clock = clock
        self.operations = Operations(
            client,
            find=self.connector,
            forget=lambda: cache.forget(self._connectors_key),
            journal=self.journal,
        )
        self._creator = Creator(
            tenant.group_id,
            client=client,
            store=store,
            find=self.connector,
            existing=self._existing,
            required=self._required,
            forget=lambda: cache.forget(self._connectors_key),
            journal=self.journal,
        )
        self._made: dict[str, tuple[datetime, Connector]] = {}

    @property
    def services_at_hand(self) -> bool:
        """Whether nobody has to wait for the catalogue."""
        return self._cache.at_hand(SERVICES)

    @property
    def connectors_at_hand(self) -> bool:
        """Whether nobody has to wait for the connectors."""
        return self._cache.at_hand(self._connectors_key)

    def services(self) -> Answer[Service]:
        """Return the catalogue."""
        return self._cache.get(
            SERVICES,
            lambda: list(self._client.get_metadata()),
            lifetime=lambda _: SERVICES_LIFETIME,
        )

    @property
    def sparing(self) -> str:
        """Say so if lists are refreshed less often, since few requests are left in the hour."""
        return reserve.sparing(self._client.rate_limit)

    def connectors(self) -> Answer[Connector]:
        """Return the tenant's connectors under the names that people gave them.

        Raises GroupNotVisible if the configured group does not exist for this key.
        """
        return self._cache.get(
            self._connectors_key,
            self._fetch_connectors,
            lifetime=lambda found: reserve.stretched(
                _lifetime(found, self._clock()), self._client.rate_limit
            ),
        )

    def service(self, service_id: str) -> Service:
        """Return one service of the catalogue, or raise UnknownService."""
        for service in self.services().items:
            if service.id == service_id:
                return service
        raise UnknownService("There is no such service. Choose one from the list of services.")

    def connector(self, connector_id: str) -> Connector:
        """Return one of the tenant's connectors, or raise UnknownConnector.

        Raises the ApiError for which there is no newer list, if it is not in the last one.
        """
        known = self.connectors()
        if not any(connector.id == connector_id for connector in known.items):
            patience = reserve.stretched(MOVING_LIFETIME, self._client.rate_limit)
            if known.problem is None and self._clock() - known.fetched_at > patience:
                self._cache.forget(self._connectors_key)
            known = self.connectors()
        return _pick(known, "id", connector_id)

    def permanent_name(
        self, service_id: str, typed: str, *, attempt: str | None = None
    ) -> PermanentName:
        """Return what a connector named so would be called for ever; InvalidName if nothing.

        What `attempt` has reserved for itself is not taken.
        """
        return self._creator.name(service_id, _clean(typed), key=attempt)

    def create(
        self,
        service_id: str,
        typed: str,
        *,
        return_url: str,
        attempt: str | None = None,
        patience: float = 0.0,
    ) -> Connector:
        """Create a connector; the same `attempt` again returns what it made the first time.

        `return_url` is where our return route can be reached; the card leads back there.
        While the attempt is at work elsewhere, wait for it for `patience` seconds.
        Raises UnknownService, InvalidName, NameTaken, KeyReused, InProgress, StoreFailed or an
        ApiError.
        """

        def redirect(schema: str) -> str:
            return f"{return_url}?state={self.signer.state(self.tenant.id, schema_name=schema)}"

        service = self.service(service_id)
        connector = self._creator.create(
            service.id, _clean(typed), redirect=redirect, key=attempt, patience=patience
        )
        if connector.connect_card:
            self._made[connector.id] = (datetime.now(UTC), connector)
        return connector.model_copy(update={"connect_card": None})

    def settle_abandoned(self) -> None:
        """Find out what became of creations that nobody is at work on any more."""
        self._creator.settle_abandoned()

    def connect_card(self, connector_id: str, *, redirect_uri: str) -> ConnectCard:
        """Return a new card for one of the tenant's connectors."""
        with self.journal.noted("card", connector_id) as note:
            connector = note.about(self.connector(connector_id))
            return self._client.get_connect_card_url_for_connector(
                connector.id, redirect_uri=redirect_uri
            )

    def hand_off(self, connector_id: str, *, return_url: str) -> ConnectCard:
        """Return a card that leads back to our return route.

        The card that came with the creation serves the first time.
        """
        at, made = self._made.pop(connector_id, (None, None))
        if at and made and made.connect_card and datetime.now(UTC) - at < CARD_AT_HAND:
            with self.journal.noted("card") as note:
                note.about(made)
            return made.connect_card
        state = self.signer.state(self.tenant.id, connector_id=connector_id)
        return self.connect_card(connector_id, redirect_uri=f"{return_url}?state={state}")

    def invitation(self, connector_id: str) -> str:
        """Return a slip with which a colleague can finish the set-up of one of the connectors."""
        with self.journal.noted("invite", connector_id) as note:
            connector = note.about(self.connector(connector_id))
            return self.signer.invitation(self.tenant.id, connector.id)

    def come_back(self, state: str) -> Connector | None:
        """Return the connector that a return is about, read anew.

        None for a state that is forged, expired or used before. Raises UnknownConnector if the
        connector is gone, or an ApiError.
        """
        said = self.signer.read_state(state, self.tenant.id)
        if said is None or not self._store.use_slip(said.nonce):
            return None
        self._cache.forget(self._connectors_key)
        with self.journal.noted("return", said.connector_id, name=said.schema_name) as note:
            if said.connector_id:
                connector = self.connector(said.connector_id)
            else:
                connector = _pick(self.connectors(), "schema_name", said.schema_name)
            note.details = f"set-up {connector.status.setup_state}"
            return note.about(connector)

    @property
    def _connectors_key(self) -> str:
        return f"connectors:{self.tenant.group_id}"

    def _fetch_connectors(self) -> Sequence[Connector]:
        try:
            found = list(self._client.get_list_of_connectors_in_group(self.tenant.group_id))
        except (NotFound, Forbidden) as exc:
            raise GroupNotVisible(
                f"Fivetran shows this API key no group {self.tenant.group_id!r}. "
                "Check FIVETRAN_GROUP_ID and what the key may see."
            ) from exc
        try:
            names = self._store.names()
        except StoreFailed as error:
            # People find their connectors by the permanent names meanwhile.
            logger.warning("typed names: %s", error)
            names = {}
        return [
            connector.model_copy(
                update={
                    "display_name": names.get((connector.id, connector.schema_name), ""),
                    "connect_card": None,
                }
            )
            for connector in found
        ]

    def _existing(self) -> list[str]:
        return [connector.schema_name for connector in self.connectors().items]

    def _required(self, service_id: str) -> tuple[str, ...]:
        """Return the naming fields that the service's own metadata names; none if it has none."""
        try:
            answer = self._cache.get(
                f"service:{service_id}",
                lambda: [self._client.get_service(service_id)],
                lifetime=lambda _: SERVICES_LIFETIME,
            )
        except ApiError:
            return ()
        return answer.items[0].required


def _pick(known: Answer[Connector], name: str, value: str) -> Connector:
    """Return the connector with a value; that an old list has none proves nothing."""
    for connector in known.items:
        if getattr(connector, name) == value:
            return connector
    raise known.problem or UnknownConnector(GONE)


def _clean(typed: str) -> str:
    """Return a name as it can be kept; no database takes a NUL, or half a letter."""
    if len(typed) > LONGEST_TYPED_NAME:
        raise InvalidName(f"Type a name of at most {LONGEST_TYPED_NAME} characters.")
    return typed.encode(errors="ignore").decode().replace("\0", "").strip()


def _lifetime(connectors: Sequence[Connector], now: float) -> float:
    """Return for how many seconds a list is fresh; a page more costs a request more.

    A list at rest is asked for sooner when one of its connectors is due to sync.
    """
    pages = -(-len(connectors) // LARGEST_PAGE)
    soon = min(MOVING_LIFETIME * max(pages, 1), QUIET_LIFETIME)
    waits = [moment.timestamp() - now for moment in map(next_sync, connectors) if moment]
    if any(abs(wait) < ROUGHLY for wait in waits):
        return soon
    if is_moving(connectors, datetime.fromtimestamp(now, UTC)):
        return soon
    return min([QUIET_LIFETIME, *(max(wait - ROUGHLY, soon) for wait in waits if wait > 0)])
