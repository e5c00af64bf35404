"""What one tenant may see and do; both doors go through it.

A `Portal` is bound to one tenant. Every id that comes from outside is looked up inside that
tenant's group; what is not there does not exist. No caller ever passes a group id.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pbf.cache.entries import CachedList, Item, PartialList, keep_newest
from pbf.cache.shared import SharedCache
from pbf.connectors.audit import Journal
from pbf.connectors.client_limits import ClientLimits
from pbf.connectors.connect_card import Signer
from pbf.connectors.connector_list import Listing
from pbf.connectors.creation import Creator
from pbf.connectors.deletion import Remover
from pbf.connectors.operations import Operations
from pbf.errors import ApiError, InvalidName, InvalidRequest, NotCreatable, UnknownService
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import ConnectCard, Connector, Service
from pbf.rules import refresh
from pbf.rules.naming import PermanentName
from pbf.visible_text import ENDS, is_one_line

if TYPE_CHECKING:
    from pbf.store.store import Store

SERVICES = "services"
SERVICES_LIFETIME = 3600.0
LONGEST_TYPED_NAME = 100
# A past is asked for again when the connector's state changes; a page waits so long for it.
PAST_LIFETIME = 6 * 3600.0
PAST_PATIENCE = 3.0
MOST_PASTS = 256
# How Fivetran refuses to create what lacks API_CONFIGURABLE.
# https://fivetran.com/docs/rest-api/troubleshooting/unsupported-connector-service
UNSUPPORTED = "Unsupported connector service"
CARD_AT_HAND = timedelta(minutes=1)
MOST_CARDS = 1000


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
        limits: ClientLimits | None = None,
        grace: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Bind everything to the tenant, who has `grace` hours to undo a deletion.

        The clock is that of the cache. What the cache does not ask for counts in `limits`.
        """
        self.tenant = tenant
        self.signer = signer
        self.grace = grace
        self.journal = Journal(store, tenant.group_id)
        self._client = client
        self._limits = limits
        acting = client.admitted_by(limits.admit_request) if limits else client
        self._acting = acting
        self._cache = cache
        self._store = store
        group_id = tenant.group_id
        self._list = Listing(
            group_id,
            client=client,
            cache=cache,
            store=store,
            notice_running=lambda ids: self._remover.notice_running(ids),
            clock=clock,
        )
        find, forget = self._list.connector, self._list.forget
        self._remover = Remover(
            group_id,
            client=acting,
            store=store,
            journal=self.journal,
            find=find,
            forget=forget,
            leave_out=self._list.leave_out,
            grace=grace,
        )
        self.operations = Operations(
            acting, find=find, forget=forget, journal=self.journal, remover=self._remover
        )
        self._creator = Creator(
            group_id,
            client=acting,
            store=store,
            find=find,
            existing=self._list.names,
            required=self._required,
            forget=forget,
            journal=self.journal,
        )
        self._pasts = SharedCache(clock=clock, max_keys=MOST_PASTS)
        self._made: dict[str, tuple[datetime, Connector, ConnectCard]] = {}

    @property
    def services_at_hand(self) -> bool:
        """Whether nobody has to wait for the catalogue."""
        return self._cache.is_available(SERVICES)

    @property
    def connectors_at_hand(self) -> bool:
        """Whether nobody has to wait for the connectors."""
        return self._cache.is_available(self._list.key)

    def services(self) -> CachedList[Service]:
        """Return the catalogue."""
        return self._cache.get(
            SERVICES,
            lambda: PartialList(self._client.get_metadata()),
            lifetime=lambda _: SERVICES_LIFETIME,
        )

    @property
    def sparing(self) -> str:
        """Say so if lists are refreshed less often, since few requests are left in the hour."""
        return refresh.throttling_notice(self._client.rate_limit)

    def connectors(self) -> CachedList[Connector]:
        """Return the tenant's connectors under the names that people gave them.

        Raises GroupNotVisible if the configured group does not exist for this key.
        """
        return self._list.connectors()

    def deleted(self) -> CachedList[Connector]:
        """Return those that are hidden and wait to be deleted for good, the last one first."""
        return self._list.deleted()

    def past(self, key: str, ask: Callable[[], Item]) -> Item:
        """Return what was asked for under a key lately, waiting no longer than a moment for it.

        Raises an ApiError if there is none; what takes long is there at a later look.
        """
        answer = self._pasts.get(
            key, lambda: [ask()], lifetime=lambda _: PAST_LIFETIME, patience=PAST_PATIENCE
        )
        return answer.items[0]

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
        return self._list.connector(connector_id)

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
        Raises UnknownService, NotCreatable, InvalidName, NameTaken, KeyReused, InProgress,
        StoreFailed or an ApiError.
        """

        def redirect(schema: str) -> str:
            return f"{return_url}?state={self.signer.state(self.tenant.id, schema_name=schema)}"

        service = self.service(service_id)
        if not service.is_creatable:
            raise NotCreatable(dashboard_only(service))
        if self._limits and not (attempt and self._has_made(attempt)):
            self._limits.admit_creation()
        try:
            connector = self._creator.create(
                service.id, _clean(typed), redirect=redirect, key=attempt, patience=patience
            )
        except InvalidRequest as error:
            if UNSUPPORTED not in str(error):
                raise
            raise NotCreatable(dashboard_only(service)) from error
        if connector.connect_card:
            self._keep_card(connector, connector.connect_card)
        return connector.model_copy(update={"connect_card": None})

    def _has_made(self, attempt: str) -> bool:
        """Return whether an attempt has led to a connector that is still there."""
        connector_id = self._creator.made_by(attempt)
        return any(one.id == connector_id for one in self.connectors().items)

    def settle_abandoned(self) -> None:
        """Find out what became of creations that nobody is at work on any more."""
        self._creator.settle_abandoned()

    def carry_out_deletions(self) -> float | None:
        """Delete for good what is due; return when the next is due, in seconds since 1970."""
        return self._remover.carry_out_due()

    def connect_card(self, connector_id: str, *, redirect_uri: str) -> ConnectCard:
        """Return a new card for one of the tenant's connectors."""
        with self.journal.noted("card", connector_id) as note:
            connector = note.about(self.connector(connector_id))
            return self._acting.get_connect_card_url_for_connector(
                connector.id, redirect_uri=redirect_uri
            )

    def hand_off(self, connector_id: str, *, return_url: str) -> ConnectCard:
        """Return a card that leads back to our return route.

        The card that came with the creation serves the first time.
        """
        at, made, card = self._made.pop(connector_id, (None, None, None))
        if at and made and card and _now() - at < CARD_AT_HAND:
            with self.journal.noted("card") as note:
                note.about(made)
            return card
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
        if said is None or not self._store.use_token(said.nonce):
            return None
        with self.journal.noted("return", said.connector_id, name=said.schema_name) as note:
            # What was known before tells nothing of the set-up.
            connector = self._list.current(
                connector_id=said.connector_id, schema_name=said.schema_name
            )
            note.details = f"set-up {connector.status.setup_state}"
            return note.about(connector)

    def _keep_card(self, connector: Connector, card: ConnectCard) -> None:
        """Keep the card that came with a creation for a moment, and none for longer."""
        now = _now()
        for connector_id, (at, _, _) in tuple(self._made.items()):
            if now - at >= CARD_AT_HAND:
                self._made.pop(connector_id, None)
        keep_newest(self._made, connector.id, (now, connector, card), MOST_CARDS)

    def metadata(self, service_id: str) -> Service:
        """Return a service's own metadata, which tells more than the catalogue.

        Raises an ApiError if it cannot be read.
        """
        answer = self._cache.get(
            f"service:{service_id}",
            lambda: [self._client.get_service(service_id)],
            lifetime=lambda _: SERVICES_LIFETIME,
        )
        return answer.items[0]

    def _required(self, service_id: str) -> tuple[str, ...]:
        """Return the naming fields that the service's own metadata names; none if it has none."""
        try:
            return self.metadata(service_id).required
        except ApiError:
            return ()


def _now() -> datetime:
    return datetime.now(UTC)


def dashboard_only(service: Service) -> str:
    """Return why no connector of a service can be created here, and what to do instead."""
    return (
        f"{service.title} can be set up in Fivetran's own dashboard only. Ask whoever manages your "
        "Fivetran account to add it there; it then appears in the list of connectors."
    )


def _clean(typed: str) -> str:
    """Return a name as it can be kept; no database takes a NUL, or half a letter."""
    if len(typed) > LONGEST_TYPED_NAME:
        raise InvalidName(f"Type a name of at most {LONGEST_TYPED_NAME} characters.")
    name = typed.encode(errors="ignore").decode().replace("\0", "").strip(ENDS)
    if not is_one_line(name):
        raise InvalidName(
            "Type the name as one line of visible characters, "
            "without line breaks, direction marks or other invisible signs."
        )
    return name
