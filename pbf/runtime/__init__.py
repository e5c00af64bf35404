"""The parts of the process, built from the settings.

Only this module knows whether the sandbox is used instead of Fivetran.
"""

import hashlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from pbf.cache.shared import SharedCache
from pbf.config import DOTENV, Settings, environment, is_readable_by_others, load_settings
from pbf.connectors.access.client_limits import ClientLimits
from pbf.connectors.access.limiter import Limiter
from pbf.connectors.access.sign_in_limits import SignInLimits
from pbf.connectors.account.account_list import AccountList
from pbf.connectors.account.account_statuses import AccountStatuses
from pbf.connectors.connector_list import OnList
from pbf.connectors.portal import MOST_PASTS, Portal, Tenant
from pbf.connectors.portals import Portals
from pbf.errors import ConfigurationError, UnknownTenant
from pbf.fivetran.client import ApiClient
from pbf.fivetran.transport import Request
from pbf.identity.services import IdentityServices
from pbf.identity.services import build as build_identity
from pbf.identity.tenants import Tenants
from pbf.paths import PREFIX, SANDBOX_PATH, WEBHOOK_PATH, is_loopback
from pbf.redaction import hide, hide_pair, hide_password
from pbf.rules.timeline.events import EVENTS
from pbf.runtime.notifications import build_notifier, channels_of
from pbf.runtime.shared_redis import cache_backend, shared_limiter
from pbf.signed_links import Signer
from pbf.store.store import Store
from pbf.timeline.timelines import Timelines
from pbf.timeline.webhooks import Inbox
from pbf.watch.notifications.channels import ChannelService
from pbf.watch.notifications.notifier import Notifier

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from pbf.jobs.runner import JobSpec
    from pbf.sandbox.server import SandboxServer
    from pbf.watch.watch import Watch

log = logging.getLogger(__name__)

STORE_URL = "sqlite:///pbf.sqlite3"
STORE_IN_MEMORY = "sqlite://"
# The demo's tenants besides the first, and the sample customers of the sandbox.
DEMO_CUSTOMERS = {"globex": "Globex", "initech": "Initech"}


@dataclass(frozen=True)
class Runtime:
    """The parts of the process; `sandbox` is set if it is used instead of Fivetran."""

    settings: Settings
    client: ApiClient
    portals: Portals
    identity: IdentityServices
    signer: Signer
    cache: SharedCache
    store: Store
    sign_in_limits: SignInLimits
    limits: ClientLimits
    statuses: AccountStatuses
    timelines: Timelines
    inbox: Inbox
    sandbox: "SandboxServer | None" = None

    @property
    def portal(self) -> Portal:
        """The portal of the settings' own tenant: the only one while sign-in is off."""
        return next(self.portals.all())

    @cached_property
    def jobs(self) -> "Sequence[JobSpec]":
        """The background work, in which the runtime of one process at a time does each job."""
        from pbf.runtime.jobs import jobs

        return jobs(self)

    @cached_property
    def watch(self) -> "Watch":
        """Promises, incidents and status pages of all tenants."""
        from pbf.runtime.watch import watch_of

        return watch_of(self)

    @cached_property
    def notifier(self) -> Notifier:
        """What sends notifications of incidents."""
        return build_notifier(self)

    def channels(self, portal: Portal, person_id: str) -> ChannelService:
        """The channels that somebody may manage; `person_id` is empty for programs."""
        return channels_of(self, portal, person_id)

    def portals_to_work_on(self) -> Iterator[Portal]:
        """Yield the portals of tenants with background work; the others cost nothing."""
        for group_id in sorted(self.store.groups_to_work_on()):
            if entry := self.identity.tenants.by_group(group_id):
                with suppress(UnknownTenant):  # removed at this moment
                    yield self.portals.of(entry.id)

    def receive_from_sandbox(self, origin: str) -> None:
        """Have the embedded sandbox, if it is used, send webhooks to the server at an origin."""
        if self.sandbox:
            url = f"{origin}{PREFIX}{WEBHOOK_PATH}"
            self.sandbox.world.webhooks.keep(url, events=EVENTS, secret=self.inbox.secret)

    def close(self) -> None:
        """Close all parts."""
        self.cache.close()
        self.client.close()
        self.store.close()
        if self.sandbox:
            self.sandbox.stop()


_runtime: Runtime | None = None
_lock = threading.Lock()


def runtime() -> Runtime:
    """Return the process's runtime, starting it at the first call.

    Raises ConfigurationError as long as the settings are invalid.
    """
    global _runtime
    with _lock:
        if _runtime is None:
            settings = load_settings()
            if is_readable_by_others(DOTENV):
                log.warning("Other users of this machine can read .env. Run: chmod 600 .env")
            _runtime = start(settings)
        return _runtime


def use(replacement: Runtime | None) -> None:
    """Replace the runtime, for instance in a test; None starts a new one at the next call."""
    global _runtime
    with _lock:
        _runtime = replacement


def release_waiters() -> None:
    """Release the threads that wait for Fivetran, before the process ends."""
    # Without the lock, which a thread that starts the runtime may hold for long.
    if _runtime is not None:
        _runtime.cache.close()


def embedded_sandbox(
    environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """Serve the embedded sandbox (WSGI); 404 if it is not used."""
    try:
        sandbox = runtime().sandbox
    except ConfigurationError:
        sandbox = None
    serve = sandbox.app if sandbox else Response("There is no sandbox here.\n", 404)
    return serve(environ, start_response)


def start(settings: Settings) -> Runtime:
    """Return a runtime for the settings, with an embedded sandbox if they hold no credentials.

    Raises ConfigurationError if the database or the policy file cannot be opened.
    """
    _hide_secrets(settings)
    with ExitStack() as opened:  # closed again if a later part fails
        cache = SharedCache(backend=cache_backend(settings))
        opened.callback(cache.close)
        store = open_store(settings)
        opened.callback(store.close)
        sandbox = _start_sandbox(settings) if settings.sandbox else None
        if sandbox:
            opened.callback(sandbox.stop)
        started = _connected(settings, cache, store, sandbox)
        opened.pop_all()
    return started


def _connected(
    settings: Settings, cache: SharedCache, store: Store, sandbox: "SandboxServer | None"
) -> Runtime:
    """Return a runtime of parts that are open, with a client of the account."""
    account = sandbox.world if sandbox else settings
    key, secret, group_id = account.api_key or "", account.api_secret or "", account.group_id or ""
    hide_pair(key, secret)
    keys = settings.signing_keys or (_signing_key(secret, shared=sandbox is None),)
    api_url = sandbox.url if sandbox else settings.api_url
    client = ApiClient(Request(api_url, key, secret, timeout=settings.timeout))
    identity = build_identity(
        settings,
        store,
        group_id=group_id,
        signing_keys=keys,
        environ=environment(),
        check_group=client.get_group,
        demo_groups=_demo_groups(sandbox) if sandbox and settings.is_demo else None,
    )
    signer, limiter = Signer(*keys), shared_limiter(settings)
    limits = _limits(settings, limiter, lambda: len(identity.tenants.all()))
    timelines = Timelines(
        client,
        store,
        portal=lambda tenant_id: portals.of(tenant_id),
        groups=lambda: [tenant.group_id for tenant in identity.tenants.all()],
        days=settings.history_days,
        detail_days=settings.history_detail_days,
    )
    portals = _portals(
        settings, limits, identity.tenants, client, cache, store, signer, timelines.lists.put
    )
    return Runtime(
        settings=settings,
        client=client,
        portals=portals,
        identity=identity,
        signer=signer,
        cache=cache,
        store=store,
        sign_in_limits=SignInLimits(limiter, trusted_proxies=settings.trusted_proxies),
        limits=limits,
        statuses=AccountStatuses(client, cache, store),
        timelines=timelines,
        inbox=_inbox(settings, store, client, identity.tenants),
        sandbox=sandbox,
    )


def _inbox(settings: Settings, store: Store, client: ApiClient, tenants: Tenants) -> Inbox:
    """Return what takes in webhooks; the embedded sandbox signs them with a random secret."""
    random = (secrets.token_hex(),) if settings.sandbox else ()
    hide(*random)
    return Inbox(
        store.received_events,
        secrets=settings.webhook_secrets + random,
        is_ours=lambda group_id: tenants.by_group(group_id) is not None,
        fivetrans_clock=client.now,
    )


def _portals(
    settings: Settings,
    limits: ClientLimits,
    tenants: Tenants,
    client: ApiClient,
    cache: SharedCache,
    store: Store,
    signer: Signer,
    on_list: OnList,
) -> Portals:
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


def _demo_groups(sandbox: "SandboxServer") -> dict[str, str]:
    """Add the groups of the demo's tenants, with connectors; return them by tenant."""
    world = sandbox.world
    added = {tenant: world.add_customer(name).id for tenant, name in DEMO_CUSTOMERS.items()}
    return {"acme": world.group_id, **added}


def _start_sandbox(settings: Settings) -> "SandboxServer":
    from pbf.sandbox.server import SandboxServer

    # A proxy on this machine cannot always be distinguished from a person who uses it.
    public = not all(is_loopback(name) for name in settings.hosts)
    return SandboxServer(public_url=SANDBOX_PATH, close_control=public).start()


def _hide_secrets(settings: Settings) -> None:
    """Have the secrets redacted in logs, before anything uses them and may fail."""
    hide_pair(settings.api_key or "", settings.api_secret or "")
    hide(*settings.signing_keys, *settings.webhook_secrets)
    hide(settings.sign_in.oidc_client_secret, settings.sign_in.proxy_secret)
    for url in (settings.database_url, settings.redis_url, settings.mail_url):
        hide_password(url)


def _limits(settings: Settings, limiter: Limiter, tenants: Callable[[], int]) -> ClientLimits:
    return ClientLimits(
        limiter,
        tenants=tenants,
        requests=settings.action_limit,
        all_requests=settings.total_action_limit,
        creations=settings.create_limit,
        trusted_proxies=settings.trusted_proxies,
    )


def open_store(settings: Settings) -> Store:
    """Return the store of the settings.

    Raises ConfigurationError if it cannot be opened.
    """
    # An embedded sandbox loses its connectors at the end of the process, so the store may, too.
    default = STORE_IN_MEMORY if settings.sandbox else STORE_URL
    try:
        return Store(settings.database_url or default)
    except (SQLAlchemyError, ImportError, ValueError, TypeError):
        # The error may quote the URL with its password, so it is not chained into logs.
        raise ConfigurationError(
            "The database cannot be opened. Check PBF_DATABASE_URL; if it is not set, the working "
            "directory must be writable."
        ) from None


def _signing_key(secret: str, *, shared: bool) -> str:
    """Return the key that all processes of an account share; it does not reveal the secret."""
    if not shared:
        return secrets.token_hex()
    return hashlib.sha256(f"pbf signing key\0{secret}".encode()).hexdigest()
