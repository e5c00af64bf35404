"""Parts of the process that need several others: limits, portals, and the inbox of webhooks."""

import secrets
from collections.abc import Callable
from functools import partial

from pbf.cache.shared import SharedCache
from pbf.config import Settings
from pbf.connectors.access.client_limits import ClientLimits
from pbf.connectors.access.limiter import Limiter
from pbf.connectors.account.account_list import AccountList
from pbf.connectors.connector_list import OnList
from pbf.connectors.portal import MOST_PASTS, Portal, Tenant
from pbf.connectors.portals import Portals
from pbf.fivetran.client import ApiClient
from pbf.identity.tenants import Tenants
from pbf.redaction import hide
from pbf.signed_links import Signer
from pbf.store.store import Store
from pbf.timeline.webhook_inbox import Inbox


def build_limits(settings: Settings, limiter: Limiter, tenants: Callable[[], int]) -> ClientLimits:
    """Return the limits of requests; `tenants` returns how many tenants there are."""
    return ClientLimits(
        limiter,
        tenants=tenants,
        requests=settings.action_limit,
        all_requests=settings.total_action_limit,
        creations=settings.create_limit,
        trusted_proxies=settings.trusted_proxies,
    )


def build_portals(
    settings: Settings,
    limits: ClientLimits,
    tenants: Tenants,
    client: ApiClient,
    cache: SharedCache,
    store: Store,
    signer: Signer,
    on_list: OnList,
) -> Portals:
    """Return the portals of the tenants; `on_list` is given each list that is read."""
    account, pasts = AccountList(client, cache), SharedCache(max_keys=MOST_PASTS)

    def find(tenant_id: str) -> Tenant | None:
        entry = tenants.get(tenant_id)
        return Tenant(entry.id, entry.name, entry.group_id) if entry else None

    def build(tenant: Tenant) -> Portal:
        return Portal(
            tenant,
            client=client,
            cache=cache,
            store=store,
            signer=signer,
            limits=limits,
            account=account,
            pasts=pasts,
            on_list=on_list,
            policy=partial(tenants.policy, tenant.id),
            grace=settings.deletion_grace,
        )

    return Portals(find, lambda: tuple(entry.id for entry in tenants.all()), build)


def build_inbox(settings: Settings, store: Store, client: ApiClient, tenants: Tenants) -> Inbox:
    """Return what takes in webhooks; the embedded sandbox signs them with a random secret."""
    random = (secrets.token_hex(),) if settings.sandbox else ()
    hide(*random)
    return Inbox(
        store.received_events,
        secrets=settings.webhook_secrets + random,
        is_ours=lambda group_id: tenants.by_group(group_id) is not None,
        fivetrans_clock=client.now,
    )
