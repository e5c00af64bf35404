"""What one tenant may see and do; pages and routes both go through it.

A `Portal` is bound to one tenant. Every id that comes from outside is looked up inside that
tenant's group; what is not there does not exist. No caller ever passes a group id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pbf.cache.entries import CachedList, Item
from pbf.cache.shared import SharedCache
from pbf.clock import current_time
from pbf.connectors.access.caller import caller
from pbf.connectors.access.client_limits import ClientLimits
from pbf.connectors.account.account_list import AccountList
from pbf.connectors.audit import AuditLog
from pbf.connectors.cards.colleague_links import ColleagueLinks
from pbf.connectors.cards.connect_card import ConnectCards
from pbf.connectors.catalogue import Catalogue
from pbf.connectors.connector_list import ConnectorList, OnList
from pbf.connectors.context import Context
from pbf.connectors.creation import CreationService
from pbf.connectors.delayed_deletion import DeletionService
from pbf.connectors.operations import Operations
from pbf.connectors.planned.deletion_job import DueDeletions
from pbf.connectors.planned.maintenance import Maintenance
from pbf.connectors.taken_names import PermanentNames
from pbf.errors import ApiError, InvalidRequest, NotCreatable, UnknownService
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector, Service
from pbf.rules import list_lifetime
from pbf.rules.access.policy import Policy, no_policy
from pbf.rules.permanent_names import PermanentName, typed_name
from pbf.show_api.exchanges import carrying
from pbf.signed_links import Signer
from pbf.store.store import Store

# A connector's history is requested again when its state changes; a page waits so long for it.
PAST_LIFETIME = 6 * 3600.0
PAST_PATIENCE = 3.0
MOST_PASTS = 1024
# How Fivetran refuses to create what lacks API_CONFIGURABLE.
# https://fivetran.com/docs/rest-api/troubleshooting/unsupported-connector-service
UNSUPPORTED = "Unsupported connector service"


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
        store: Store,
        signer: Signer,
        limits: ClientLimits | None = None,
        account: AccountList | None = None,
        pasts: SharedCache | None = None,
        on_list: OnList | None = None,
        policy: Callable[[], Policy] = no_policy,
        grace: float,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Bind everything to the tenant, who has `grace` hours to undo a deletion.

        The clock is that of the cache. Requests that the cache does not make count in `limits`.
        Portals with the same `account` save requests by reading their lists together.
        `on_list` is given each list of connectors that is read.
        `pasts` keeps what was read of connectors' histories. `policy` returns what the tenant may
        see and do now.
        """
        self.tenant = tenant
        self.signer = signer
        self.grace = grace
        self._policy = policy
        self._client = client
        self._limits = limits
        self._cache = cache
        self._catalogue = Catalogue(client, cache)
        # Every service, to describe existing connectors; people choose from `services`.
        self.catalogue = self._catalogue.all
        self.last_catalogue = self._catalogue.last
        self.metadata = self._catalogue.metadata
        self._pasts = pasts or SharedCache(clock=clock, max_keys=MOST_PASTS)
        self._list = ConnectorList(
            tenant.group_id,
            client=client,
            cache=cache,
            store=store,
            account=account,
            on_list=on_list,
            clock=clock,
        )
        self.connectors = self._list.connectors
        self.last_connectors = self._list.last
        self.last_deleted = self._list.last_deleted
        self.deleted = self._list.deleted
        self.connector = self._list.connector
        admit = partial(limits.admit_request, tenant.id) if limits else None
        limited = client.admitted_by(admit) if admit else client
        audit_log = self.audit_log = AuditLog(store, tenant.group_id)
        self._build_services(
            Context(tenant.group_id, limited, store, self._list, audit_log, self.policy)
        )

    def _build_services(self, context: Context) -> None:
        self.cards = ConnectCards(context, self.tenant.id, self.signer)
        self.links = ColleagueLinks(
            context,
            self.signer,
            self.cards,
            tenant_id=self.tenant.id,
            tenant_name=self.tenant.name,
        )
        self._names = PermanentNames(context)
        self._creation = CreationService(context, self._names)
        self.settle_abandoned = self._creation.settle_abandoned
        deletion = DeletionService(context, grace=self.grace)
        self.carry_out_deletions = DueDeletions(context, deletion).carry_out
        self.operations = Operations(context, deletion)
        self.maintenance = Maintenance(context)

    def policy(self) -> Policy:
        """Return what the caller may see and do: the tenant's policy, narrowed by the session."""
        return self._policy().narrowed(caller().services)

    @property
    def services_available(self) -> bool:
        """Whether the catalogue is cached."""
        return self._catalogue.is_available

    @property
    def connectors_available(self) -> bool:
        """Whether the list of connectors is cached."""
        return self._cache.is_available(self._list.key)

    def services(self) -> CachedList[Service]:
        """Return the services that the policy and the caller's session allow.

        The revision changes with both of them too.
        """
        return self._catalogue.allowed_by(self.policy())

    def last_services(self) -> CachedList[Service] | None:
        """Return those of the catalogue in memory, however old; Fivetran is not asked."""
        return self._catalogue.last_allowed_by(self.policy())

    def hidden_services(self) -> tuple[Service, ...]:
        """Return the services that the policy and the session hide; for operators' eyes only."""
        allowed = {service.id for service in self.services().items}
        return tuple(item for item in self.catalogue().items if item.id not in allowed)

    @property
    def throttling_notice(self) -> str:
        """A sentence if lists are refreshed less often to save requests, else an empty text."""
        return list_lifetime.throttling_notice(self._client.latest.rate_limit)

    def past(self, key: str, read: Callable[[], Item]) -> Item:
        """Return what was read under a key lately; wait only a moment for it to be read.

        Raises an ApiError if there is nothing yet; what takes long is there at a later visit.
        """
        cached = self._pasts.get(
            f"{self.tenant.id} {key}",
            carrying(lambda: [read()]),
            lifetime=lambda _: PAST_LIFETIME,
            patience=PAST_PATIENCE,
        )
        return cached.items[0]

    def service(self, service_id: str) -> Service:
        """Return one service that the policy allows, or raise UnknownService."""
        for service in self.services().items:
            if service.id == service_id:
                return service
        raise UnknownService("There is no such service. Choose one from the list of services.")

    def permanent_name(
        self, service_id: str, typed: str, *, attempt: str | None = None
    ) -> PermanentName:
        """Return the permanent name of a connector named so, or raise InvalidName.

        A name that `attempt` itself has reserved is not taken.
        """
        typed, required = typed_name(typed), self._required(service_id)
        return self._names.name(
            self._names.new_attempt(service_id, typed, required=required, key=attempt)
        )

    def create(
        self,
        service_id: str,
        typed: str,
        *,
        public_url: str,
        attempt: str | None = None,
        patience: float = 0.0,
    ) -> Connector:
        """Create a connector; the same `attempt` again returns the connector of the first call.

        `public_url` is where browsers reach us; the card leads back there. If another process
        works on the attempt, wait for it for `patience` seconds.
        Raises UnknownService, NotCreatable, InvalidName, NameTaken, LimitReached, KeyReused,
        InProgress, StoreFailed or an ApiError.
        """
        service = self.service(service_id)
        if not service.is_creatable:
            raise NotCreatable(dashboard_only(service))
        try:
            connector = self._creation.create(
                service.id,
                typed_name(typed),
                required=self._required(service.id),
                redirect_uri=lambda name: self.cards.return_url(public_url, schema_name=name),
                admit=lambda: self._admit_creation(attempt),
                key=attempt,
                patience=patience,
            )
        except InvalidRequest as error:
            if UNSUPPORTED not in str(error):
                raise
            raise NotCreatable(dashboard_only(service)) from error
        self.cards.keep(connector)
        return connector.model_copy(update={"connect_card": None})

    def _admit_creation(self, attempt: str | None) -> None:
        """Count a creation against the limit, unless its attempt has created the connector."""
        if self._limits is None:
            return
        connector_id = attempt and self._creation.created_by(attempt)
        if not connector_id or connector_id not in {item.id for item in self.connectors().items}:
            self._limits.admit_creation(self.tenant.id, self.policy().limits.creations or "")

    def _required(self, service_id: str) -> tuple[str, ...]:
        """Return the naming fields that a service's own metadata names; none if it has none."""
        try:
            return self.metadata(service_id).required
        except ApiError:
            return ()


def dashboard_only(service: Service) -> str:
    """Return why no connector of a service can be created here, and what to do instead."""
    return (
        f"{service.title} can be set up in Fivetran's own dashboard only. Ask the administrator of "
        "your Fivetran account to add it there; it then appears in the list of connectors."
    )
